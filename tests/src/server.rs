//! A web server in the network of one host: the repositories a customer would reach.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::authority::Certified;
use crate::chroot::Chroot;
use crate::error::{Doing, LabError, Result};
use crate::host::Host;
use crate::neighbour::Neighbour;
use crate::network::Network;
use crate::wait::until;

/// nginx, serving a folder of this machine on `127.0.0.1:<port>` of one host. It is not on the
/// host: a power cut or a reboot does not stop it.
#[derive(Debug)]
pub struct Server {
    nginx: Neighbour,
    network: Network,
    home: PathBuf,
    port: u16,
    guard: Guard,
}

/// Who may read what is served.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Only who has this name and password (HTTP basic authentication).
    pub login: Option<(String, String)>,
    /// Over TLS, with this certificate.
    pub tls: Option<Certified>,
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
    /// Serves a folder in the network of this host, and waits until it answers. What the host has read of a server that
    /// was here before is old now.
    pub fn start(host: &Host, folder: &Path, port: u16) -> Result<Server> {
        host.lists_are_old();
        Server::start_guarded(host, folder, port, Guard::default())
    }

    /// The same, not for everybody.
    pub fn start_guarded(host: &Host, folder: &Path, port: u16, guard: Guard) -> Result<Server> {
        Server::stand(host.name(), host.folder(), host.network(), folder, port, guard)
    }

    /// The same for a tree that is not booted yet.
    pub fn start_beside(chroot: &Chroot, folder: &Path, port: u16) -> Result<Server> {
        Server::stand(chroot.name(), chroot.path(), chroot.network(), folder, port, Guard::default())
    }

    fn stand(id: &str, host: &Path, network: Network, folder: &Path, port: u16, guard: Guard) -> Result<Server> {
        let home = host.join(format!("server-{port}"));
        fs_err::create_dir_all(&home).doing("make a web server")?;
        let folder = fs_err::canonicalize(folder).doing("find the folder to serve")?;
        fs_err::write(home.join("nginx.conf"), configuration(&home, &folder, port, &guard))
            .doing("make a web server")?;
        let users = guard.login.iter().map(|(name, password)| format!("{name}:{{PLAIN}}{password}\n"));
        fs_err::write(home.join("users"), users.collect::<String>()).doing("make a web server")?;
        let at = home.display().to_string();
        let nginx = Neighbour::start(
            &format!("{id}_server-{port}"),
            &network,
            &home.join("nginx.log"),
            &["nginx", "-p", &at, "-c", &format!("{at}/nginx.conf")],
        )?;
        let mut server = Server { nginx, network, home, port, guard };
        server.wait_answering()?;
        Ok(server)
    }

    fn wait_answering(&mut self) -> Result<()> {
        let what = format!("web server on port {} answering", self.port);
        // Whatever it answers to this: over TLS it is a complaint, but an answer.
        let url = format!("http://127.0.0.1:{}/", self.port);
        let answered = until(&what, Duration::from_secs(20), || {
            let ended = self.nginx.has_ended();
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
        let scheme = if self.guard.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}/", self.port)
    }

    /// Everything asked of it so far.
    pub fn requests(&self) -> Vec<Request> {
        let log = fs_err::read_to_string(self.home.join("access.log")).unwrap_or_default();
        log.lines().filter_map(request).collect()
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

fn configuration(home: &Path, folder: &Path, port: u16, guard: &Guard) -> String {
    let (home, folder) = (home.display(), folder.display());
    let login = match guard.login {
        Some(_) => format!("auth_basic private; auth_basic_user_file {home}/users;"),
        None => String::new(),
    };
    let (ssl, certificate) = match &guard.tls {
        Some(Certified { certificate, key, .. }) => {
            (" ssl", format!("ssl_certificate {}; ssl_certificate_key {};", certificate.display(), key.display()))
        }
        None => ("", String::new()),
    };
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
        listen 127.0.0.1:{port}{ssl};
        {certificate}
        {login}
        root {folder};
        autoindex on;
    }}
}}
"
    )
}
