//! A web server for a folder of this machine, as a vendor has one.

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
        let home = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = home.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {place}/{kind}; "))
            .concat();
        let configuration = format!(
            "daemon off; master_process off; pid {place}/pid; error_log {place}/error.log;\nevents {{}}\n\
             http {{ access_log {place}/access.log; {temporary}\nserver {{ listen 127.0.0.1:{port}; root {}; }} }}\n",
            folder.display()
        );
        let file = home.path().join("nginx.conf");
        std::fs::write(&file, configuration).unwrap();
        let child = Command::new("nginx").arg("-e").arg(home.path().join("error.log")).arg("-c").arg(&file).spawn();
        let server = Self { child: child.unwrap(), port, home };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "nginx does not answer");
            std::thread::yield_now();
        }
        server
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
