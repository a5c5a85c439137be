//! The page of a Windows host: the agent's service serves it while a file says so.

use std::io;
use std::net::TcpListener;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::durable;
use crate::host::kernel::files;
use crate::host::{HostError, at};
use crate::places::Places;

const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct On {
    /// 1.
    format: u32,
    /// Where.
    port: u16,
}

/// Nobody hands sockets over here.
///
/// # Errors
/// None.
pub fn inherited() -> io::Result<Vec<TcpListener>> {
    Ok(Vec::new())
}

/// The port that it is switched on for; `None` where it is off.
///
/// # Errors
/// When the file cannot be read.
pub fn port(places: &Places) -> Result<Option<u16>, HostError> {
    let path = file(places);
    let on = durable::read(&path, FORMAT, |on: &On| on.format).map_err(|cause| at("read", &path, cause))?;
    Ok(on.map(|on| on.port))
}

/// Switches it on; the service sees it within seconds.
///
/// # Errors
/// When the file cannot be written.
pub fn switch_on(places: &Places, port: u16) -> Result<(), HostError> {
    let path = file(places);
    let folder = files::create_folders(&places.tickets(), 0o700);
    let text = serde_json::to_vec(&On { format: FORMAT, port }).map_err(io::Error::other);
    let written = folder.and(text).and_then(|text| durable::replace(&path, &text));
    written.map_err(|cause| at("write", &path, cause))
}

/// Switches it off.
///
/// # Errors
/// When the file is still there.
pub fn switch_off(places: &Places) -> Result<(), HostError> {
    let path = file(places);
    durable::remove(&path).map_err(|cause| at("remove", &path, cause))
}

fn file(places: &Places) -> PathBuf {
    places.tickets().join("on")
}
