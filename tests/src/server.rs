//! A web server in the network of one host: the repositories a customer would reach.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::cgroup::Cgroup;
use crate::chroot::Chroot;
use crate::error::{Doing, LabError, Result};
use crate::host::Host;
use crate::network::Network;
use crate::wait::until;

/// nginx, serving a folder of this machine on `127.0.0.1:<port>` of one host. It is not on the
/// host: a power cut or a reboot does not stop it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    cgroup: Cgroup,
    network: Network,
    home: PathBuf,
    port: u16,
}

/// One line of the access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// GET, HEAD...
    pub method: String,
    /// The path with its query, as asked.
    pub path: String,
    /// The answer.
    pub status: u16,
    /// Bytes of body sent.
    pub bytes: u64,
}

impl Server {
    /// Serves a folder in the network of this host, and waits until it answers.
    pub fn start(host: &Host, folder: &Path, port: u16) -> Result<Server> {
        Server::stand(host.name(), host.folder(), host.network(), folder, port)
    }

    /// The same for a tree that is not booted yet.
    pub fn start_beside(chroot: &Chroot, folder: &Path, port: u16) -> Result<Server> {
        Server::stand(chroot.name(), chroot.path(), chroot.network(), folder, port)
    }

    fn stand(id: &str, host: &Path, network: Network, folder: &Path, port: u16) -> Result<Server> {
        let home = host.join(format!("server-{port}"));
        fs_err::create_dir_all(&home).doing("make a web server")?;
        let folder = fs_err::canonicalize(folder).doing("find the folder to serve")?;
        fs_err::write(home.join("nginx.conf"), configuration(&home, &folder, port)).doing("make a web server")?;
        // A group beside the host's: swept with it, not cut with it.
        let cgroup = Cgroup::named(&format!("{id}_server-{port}"));
        cgroup.create()?;
        let log = fs_err::File::create(home.join("nginx.log")).doing("make a web server")?;
        let join = r#"echo $$ >"$1"/cgroup.procs && PATH=$PATH:/usr/sbin && exec nsenter --net="$2" nginx -p "$3" -c "$3/nginx.conf""#;
        let child = Command::new("/bin/sh")
            .args(["-c", join, "join"])
            .args([cgroup.path(), network.file(), &home])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.into_file())
            .spawn()
            .doing("start nginx")?;
        let mut server = Server { child, cgroup, network, home, port };
        server.wait_answering()?;
        Ok(server)
    }

    fn wait_answering(&mut self) -> Result<()> {
        let what = format!("web server on port {} answering", self.port);
        let url = self.url();
        let answered = until(&what, Duration::from_secs(20), || {
            let ended = matches!(self.child.try_wait(), Ok(Some(_)));
            (ended || self.network.get(&url).is_ok()).then_some(!ended)
        })?;
        // Its own first request is not the test's.
        fs_err::write(self.home.join("access.log"), "").doing("clear the access log")?;
        if answered {
            return Ok(());
        }
        let said = fs_err::read_to_string(self.home.join("nginx.log")).unwrap_or_default();
        Err(LabError::Late { what, seconds: 0, detail: format!(": nginx ended: {said}") })
    }

    /// Its address, as the host sees it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Everything asked of it so far.
    pub fn requests(&self) -> Vec<Request> {
        let log = fs_err::read_to_string(self.home.join("access.log")).unwrap_or_default();
        log.lines().filter_map(request).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.cgroup.kill().and_then(|()| self.cgroup.wait_gone(Duration::from_secs(10)));
        let _reaped = self.child.wait();
    }
}

fn request(line: &str) -> Option<Request> {
    let mut fields = line.split(' ');
    Some(Request {
        method: fields.next()?.to_owned(),
        path: fields.next()?.to_owned(),
        status: fields.next()?.parse().ok()?,
        bytes: fields.next()?.parse().ok()?,
    })
}

fn configuration(home: &Path, folder: &Path, port: u16) -> String {
    let (home, folder) = (home.display(), folder.display());
    format!(
        "user root;
daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/nginx.log;
events {{ worker_connections 256; }}
http {{
    log_format lab '$request_method $request_uri $status $body_bytes_sent';
    access_log {home}/access.log lab;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder};
        autoindex on;
    }}
}}
"
    )
}
