//! The network of one host: a loopback of its own that outlives a boot.
//!
//! Servers and clients stand in it without being on the host: a power cut takes neither, and every
//! host can use the same ports.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::error::{Doing, Result};
use crate::http::{self, Response};
use crate::outcome::tool;

const WIRE: &str = "wire";
/// Who has laid a wire, on it.
pub const NEAR: &str = "10.77.0.1";
/// Who is at the other end.
pub const FAR: &str = "10.77.0.2";

/// A network namespace kept by a file.
#[derive(Clone, Debug)]
pub struct Network {
    file: PathBuf,
}

impl Network {
    /// Makes the namespace of the host whose folder this is.
    pub(crate) fn create(folder: &Path) -> Result<Network> {
        let network = Network::of(folder);
        fs_err::write(&network.file, "").doing("make a network")?;
        let bind = format!("--net={}", network.file.display());
        tool("make a network", &["unshare", &bind, "true"])?;
        Ok(network)
    }

    pub(crate) fn of(folder: &Path) -> Network {
        Network { file: folder.join("net") }
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Puts the calling thread, and what it starts, into this network for good.
    pub(crate) fn enter(&self) -> Result<()> {
        let file = fs_err::File::open(&self.file).doing("enter a network")?;
        move_into_link_name_space(std::os::fd::AsFd::as_fd(&file), Some(LinkNameSpaceType::Network))
            .doing("enter a network")
    }

    /// Does something in this network, on a thread of its own.
    pub fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> Result<T> {
        thread::scope(|scope| {
            let worker = scope.spawn(|| self.enter().map(|()| act()));
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Lays a wire to the network of another host: this one is [`NEAR`] on it, the other one [`FAR`].
    pub fn join(&self, other: &Network) -> Result<()> {
        let far = other.file.display().to_string();
        self.inside(|| {
            tool("lay a wire", &["ip", "link", "add", WIRE, "type", "veth", "peer", "name", WIRE, "netns", &far])
        })??;
        for (network, address) in [(self, NEAR), (other, FAR)] {
            let address = format!("{address}/24");
            network.inside(|| tool("lay a wire", &["ip", "address", "add", &address, "dev", WIRE]))??;
            network.inside(|| tool("lay a wire", &["ip", "link", "set", WIRE, "up"]))??;
        }
        Ok(())
    }

    /// One HTTP request, as a neighbour of the host would make it; `Err` is the refusal.
    pub fn request(&self, method: &str, url: &str, body: &[u8]) -> std::result::Result<Response, String> {
        self.inside(|| http::request(method, url, body, Duration::from_secs(5))).map_err(|error| error.to_string())?
    }

    /// [`Network::request`] with GET.
    pub fn get(&self, url: &str) -> std::result::Result<Response, String> {
        self.request("GET", url, b"")
    }
}
