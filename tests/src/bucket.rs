//! A bucket in the network of one host: a server that speaks S3, which `scripts/s3` builds.

use std::path::Path;
use std::time::Duration;

use crate::error::{Doing, Result};
use crate::host::Host;
use crate::lab::Lab;
use crate::neighbour::Neighbour;
use crate::outcome::Outcome;
use crate::vendor::Vendor;
use crate::wait::until;

const NAME: &str = "packages";
const KEY: &str = "AKIACONSIGNLAB";
const SECRET: &str = "a-secret-of-the-lab";
/// Where who has the key writes.
const CLOSED: u16 = 8091;
/// Where everybody reads.
const OPEN: u16 = 8092;

/// A bucket that everybody reads and one key writes. It is not on the host.
#[derive(Debug)]
pub struct Bucket {
    _servers: [Neighbour; 2],
}

impl Bucket {
    /// Starts it in the network of this host, and waits until it answers.
    pub fn start(host: &Host) -> Result<Bucket> {
        let folder = host.folder().join("s3");
        fs_err::create_dir_all(folder.join(NAME)).doing("make a bucket")?;
        let server = |port: u16, more: &[&str]| {
            let program = Lab::folder().join("s3/bin/s3s-fs").display().to_string();
            let (port, place) = (port.to_string(), folder.display().to_string());
            let mut argv = vec![program.as_str(), "--host", "127.0.0.1", "--port", &port, &place];
            argv.extend(more);
            let name = format!("{}_s3-{port}", host.name());
            Neighbour::start(&name, &host.network(), &host.folder().join(format!("s3-{port}.log")), &argv)
        };
        let servers = [server(CLOSED, &["--access-key", KEY, "--secret-key", SECRET])?, server(OPEN, &[])?];
        for port in [CLOSED, OPEN] {
            let url = format!("http://127.0.0.1:{port}/{NAME}/none");
            until("a bucket (scripts/s3)", Duration::from_secs(20), || host.network().get(&url).ok())?;
        }
        Ok(Bucket { _servers: servers })
    }

    /// Where hosts find a place in it, without `http://`.
    pub fn address(&self, prefix: &str) -> String {
        format!("127.0.0.1:{OPEN}/{NAME}/{prefix}")
    }

    /// Pushes a mirror, by who has the key.
    pub fn push(&self, host: &Host, vendor: &Vendor, mirror: &Path, prefix: &str) -> Result<Outcome> {
        let (mirror, place) = (mirror.display().to_string(), format!("s3://{NAME}/{prefix}"));
        let (endpoint, url) = (format!("http://127.0.0.1:{CLOSED}"), format!("http://{}", self.address(prefix)));
        let push = ["mirror", "push", &mirror, &place, "--endpoint", &endpoint, "--url", &url];
        let environment = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)];
        host.network().inside(|| vendor.consign_with(&environment, &push))?
    }
}
