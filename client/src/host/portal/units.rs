//! The page's socket and service under systemd. The package brings both and enables neither.

use std::io;
use std::net::TcpListener;
use std::path::Path;

use listenfd::ListenFd;

use crate::durable;
use crate::host::command::HostCommand;
use crate::host::systemd::Systemd;
use crate::host::{HostError, at};
use crate::places::Places;

const SOCKET: &str = "consignee-page.socket";
const SERVICE: &str = "consignee-page.service";
/// What the site's choice makes of the socket's unit.
const CHOICE: &str = "/etc/systemd/system/consignee-page.socket.d/consignee.conf";
/// The addresses of this host, where its kernel speaks IPv6.
const SIX: &str = "/proc/net/if_inet6";

/// The sockets that systemd hands over; none where it has started nothing.
///
/// # Errors
/// When they are no sockets to listen on.
pub fn inherited() -> io::Result<Vec<TcpListener>> {
    let mut all = ListenFd::from_env();
    let taken = (0..all.len()).filter_map(|index| all.take_tcp_listener(index).transpose());
    taken.collect()
}

/// The port that systemd listens on for it; `None` where it is switched off.
///
/// # Errors
/// When systemd does not tell.
pub fn port(_places: &Places) -> Result<Option<u16>, HostError> {
    let found = Systemd::show(SOCKET, &["ActiveState", "Listen"])?;
    if found["ActiveState"] != "active" {
        return Ok(None);
    }
    // `[::1]:8080 (Stream)`; one line for each address, all with one port.
    let address = found["Listen"].split(' ').next().unwrap_or_default();
    let port = address.rsplit(':').next().and_then(|port| port.parse().ok());
    let unknown = || HostError { action: format!("look at {SOCKET}"), reason: format!("it listens on {address:?}") };
    port.map(Some).ok_or_else(unknown)
}

/// Switches it on, now and at every boot.
///
/// # Errors
/// When another program has the port, or systemd cannot.
pub fn switch_on(places: &Places, port: u16) -> Result<(), HostError> {
    let path = places.at(CHOICE);
    write(&path, &choice(port, Path::new(SIX).exists())).map_err(|cause| at("write", &path, cause))?;
    for words in [&["daemon-reload"][..], &["stop", SERVICE, SOCKET], &["enable", SOCKET], &["start", SOCKET]] {
        HostCommand::new("systemctl").args(words.iter().copied()).output()?;
    }
    Ok(())
}

/// Switches it off; whoever is logged in is out.
///
/// # Errors
/// When systemd cannot.
pub fn switch_off(places: &Places) -> Result<(), HostError> {
    for words in [&["disable", SOCKET][..], &["stop", SERVICE, SOCKET]] {
        HostCommand::new("systemctl").args(words.iter().copied()).output()?;
    }
    let path = places.at(CHOICE);
    durable::remove(&path).map_err(|cause| at("remove", &path, cause))?;
    HostCommand::new("systemctl").arg("daemon-reload").output()?;
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    durable::replace(path, text.as_bytes())
}

/// Both addresses of this host: were one left free, another user could be what a browser finds at `localhost`.
fn choice(port: u16, has_six: bool) -> String {
    let six = if has_six { format!("ListenStream=[::1]:{port}\n") } else { String::new() };
    format!(
        "# Written by consignee page --on, from port in [page] of /etc/consign/policy.toml.\n\
         [Socket]\nListenStream=\nListenStream=127.0.0.1:{port}\n{six}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_on_both_addresses_of_this_host_and_on_no_other() {
        let listens = |has_six| {
            let text = choice(8081, has_six);
            let lines = text.lines().filter_map(|line| line.strip_prefix("ListenStream="));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        // The first line takes the port of the package's unit away.
        assert_eq!(listens(true), ["", "127.0.0.1:8081", "[::1]:8081"]);
        assert_eq!(listens(false), ["", "127.0.0.1:8081"]);
    }
}
