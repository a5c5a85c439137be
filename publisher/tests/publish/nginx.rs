//! A web server for a folder of this machine, as a vendor has one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// nginx on a port of its own.
pub struct Nginx {
    child: Child,
    port: u16,
    home: tempfile::TempDir,
}

impl Nginx {
    /// Serves a folder, which need not be there yet.
    pub fn of(folder: &Path) -> Self {
        Self::configured(&format!("server {{\n    listen 80;\n    root {};\n}}\n", folder.display()))
    }

    /// Serves as a configuration of one server says, but at a port of its own.
    pub fn configured(server: &str) -> Self {
        // A port that was free a moment ago may be another server's by now, which then answers instead.
        (0..20).find_map(|_| Self::on_some_port(server)).expect("nginx finds no port")
    }

    fn on_some_port(server: &str) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = home.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {place}/{kind}; "))
            .concat();
        let whose = format!("location = /whose {{ access_log off; return 200 {place}; }}");
        let server = server.replace("listen 80;", &format!("listen 127.0.0.1:{port}; {whose}"));
        let configuration = format!(
            "daemon off; master_process off; pid {place}/pid; error_log {place}/error.log;\nevents {{}}\n\
             http {{ access_log {place}/access.log; {temporary}\n{server} }}\n"
        );
        let file = home.path().join("nginx.conf");
        std::fs::write(&file, configuration).unwrap();
        let child = Command::new("nginx").arg("-e").arg(home.path().join("error.log")).arg("-c").arg(&file).spawn();
        let mut server = Self { child: child.unwrap(), port, home };
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            match server.answer() {
                Some(answer) => return answer.ends_with(server.home.path().to_str().unwrap()).then_some(server),
                None if server.child.try_wait().unwrap().is_some() => return None,
                None => std::thread::yield_now(),
            }
        }
        None
    }

    fn answer(&self) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        stream.write_all(b"GET /whose HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests it answered.
    pub fn requests(&self) -> String {
        std::fs::read_to_string(self.home.path().join("access.log")).unwrap()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
