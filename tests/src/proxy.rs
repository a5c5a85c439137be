//! A forward proxy in the network of one host: the only way out at many sites.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Doing, Result};
use crate::host::Host;
use crate::neighbour::Neighbour;
use crate::wait::until;

/// tinyproxy, on `127.0.0.1:<port>` of one host.
#[derive(Debug)]
pub struct Proxy {
    _tinyproxy: Neighbour,
    home: PathBuf,
    port: u16,
}

impl Proxy {
    /// Lets who has this name and password through, to any port.
    pub fn start(host: &Host, port: u16, login: (&str, &str)) -> Result<Proxy> {
        let home = host.folder().join(format!("proxy-{port}"));
        fs_err::create_dir_all(&home).doing("make a proxy")?;
        let at = home.display();
        let (user, password) = login;
        let configuration = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nLogLevel Info\nLogFile \"{at}/proxy.log\"\n\
             BasicAuth {user} {password}\n"
        );
        fs_err::write(home.join("tinyproxy.conf"), configuration).doing("make a proxy")?;
        let tinyproxy = Neighbour::start(
            &format!("{}_proxy-{port}", host.name()),
            &host.network(),
            &home.join("tinyproxy.err"),
            &["tinyproxy", "-d", "-c", &format!("{at}/tinyproxy.conf")],
        )?;
        let proxy = Proxy { _tinyproxy: tinyproxy, home, port };
        // It refuses a request without credentials: it is there.
        let url = proxy.url();
        until("proxy answering", Duration::from_secs(20), || host.network().get(&url).ok().map(drop))?;
        Ok(proxy)
    }

    /// Its address, as the host sees it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// What was asked of it: `CONNECT host:port`, `GET http://…`.
    pub fn requests(&self) -> Vec<String> {
        let log = fs_err::read_to_string(self.home.join("proxy.log")).unwrap_or_default();
        let asked = log.lines().filter_map(|line| line.split_once("): ").filter(|_| line.contains("Request")));
        asked.map(|(_, request)| request.to_owned()).collect()
    }
}
