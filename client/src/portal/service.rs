//! The page as a process of its own, started by its socket, that ends when nobody is there; or, where no socket starts
//! anything, as a thread of the agent's service.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use super::Portal;
use super::server::{self, IDLE};
use crate::host::kernel::process;
use crate::host::portal;
use crate::places::Places;
use crate::site::Policy;

/// How often it is seen that it was switched on.
const LOOK: Duration = Duration::from_secs(2);
/// When it is tried again, where another program has the port.
const AGAIN: Duration = Duration::from_secs(30);

/// Serves on the sockets that were handed over, or on the port that the site chose.
///
/// # Errors
/// When there is nothing to listen on, or what was handed over is open to other hosts.
pub fn run(places: Places) -> io::Result<()> {
    let handed_over = portal::inherited()?;
    let is_started_by_socket = !handed_over.is_empty();
    let listeners = match is_started_by_socket {
        true => handed_over,
        false => server::listeners(Policy::read(&places).map_err(io::Error::other)?.page)?,
    };
    let port = port_of(&listeners)?;
    log::info!("the page is at http://localhost:{port}/");
    let portal = Arc::new(Portal::new(places, port));
    server::serve(portal, listeners, &mut |portal: &Portal, idle: Duration| {
        !portal.is_visited() && ((is_started_by_socket && idle >= IDLE) || process::is_replaced())
    })
}

/// Serves whenever it is switched on, on a thread of its own, for as long as the process lives.
pub fn stand_by(places: Places) {
    std::thread::spawn(move || {
        loop {
            if let Ok(Some(port)) = portal::port(&places)
                && let Err(problem) = serve_while_on(&places, port)
            {
                log::warn!("cannot serve the page on port {port}: {problem}");
                std::thread::sleep(AGAIN);
            }
            std::thread::sleep(LOOK);
        }
    });
}

fn serve_while_on(places: &Places, port: u16) -> io::Result<()> {
    let listeners = server::listeners(port)?;
    log::info!("the page is at http://localhost:{port}/");
    let portal = Arc::new(Portal::new(places.clone(), port));
    let is_off = |portal: &Portal| !matches!(portal::port(&portal.places), Ok(Some(now)) if now == port);
    server::serve(portal, listeners, &mut |portal: &Portal, _: Duration| is_off(portal))
}

/// The port of all of them. One that other hosts reach is not served: the site's own unit may say anything.
///
/// # Errors
/// When one is not of this host alone, or has another port.
fn port_of(listeners: &[TcpListener]) -> io::Result<u16> {
    let addresses = listeners.iter().map(TcpListener::local_addr).collect::<io::Result<Vec<_>>>()?;
    let first = addresses.first().map(|address| address.port());
    let port = first.ok_or_else(|| io::Error::other("there is no socket to listen on"))?;
    match addresses.iter().find(|address| !address.ip().is_loopback() || address.port() != port) {
        Some(other) => Err(io::Error::other(format!("cannot serve the page on {other}: it is for this host alone"))),
        None => Ok(port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_other_hosts_reach_is_not_served() {
        let own = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = TcpListener::bind("0.0.0.0:0").unwrap();
        assert_eq!(port_of(std::slice::from_ref(&own)).unwrap(), own.local_addr().unwrap().port());
        assert!(port_of(&[open]).unwrap_err().to_string().contains("for this host alone"));
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(port_of(&[own, other]).is_err(), "another port");
        assert!(port_of(&[]).is_err());
    }
}
