//! A site that lives on what somebody carries to it: its mirror, and hosts that know nothing else.

use std::path::Path;

use crate::error::Result;
use crate::host::Host;
use crate::manager::Manager;
use crate::root::BaseSystem;
use crate::server::Server;
use crate::site::Site;
use crate::vendor::{REPOSITORY_PORT, Vendor};

/// Where the vendor answers while somebody carries from there. Hosts are told of another address, where nobody is.
const VENDOR: u16 = 8085;
/// Where the mirror of a site is served.
pub const MIRROR: u16 = 8090;
/// Where hosts find it, without `http://`.
pub const SITE: &str = "127.0.0.1:8090";

impl Vendor {
    /// Brings a mirror up to what is published, in the network of a host; then the vendor is out of reach again.
    pub fn carry(&self, host: &Host, mirror: &Path) -> Result<()> {
        let server = Server::start(host, &self.repository(), VENDOR)?;
        let (mirror, url) = (mirror.display().to_string(), format!("http://{SITE}"));
        let certificate = self.keys().join("certificate.pgp").display().to_string();
        let sync = ["mirror", "sync", &server.url(), &mirror, "--url", &url, "--certificate", &certificate];
        host.network().inside(|| self.consign(&sync))?.map(drop)
    }
}

impl Site {
    /// Boots a host that nobody has told of a vendor.
    pub fn bare(name: &str, system: impl Into<BaseSystem>, product: &str) -> Result<Site> {
        let system = system.into();
        Ok(Site::told_nothing(Host::boot(&format!("{name}-{}", system.name()), system)?, product))
    }

    /// Gets to know the vendor by its release package, as it lies in a mirror.
    #[track_caller]
    pub fn introduce_from(&self, mirror: &Path) {
        self.introduce(&mirror.join(self.release_package()));
    }

    /// How that is called.
    pub fn release_package(&self) -> String {
        format!("{}-release.{}", self.vendor(), self.manager().extension())
    }

    /// The file of that package that says where the repository is.
    pub fn sources(&self) -> String {
        match self.manager() {
            Manager::Apt => format!("/etc/apt/sources.list.d/{}-stable.sources", self.vendor()),
            Manager::Zypper => format!("/etc/zypp/repos.d/{}-stable.repo", self.vendor()),
            Manager::Dnf4 | Manager::Dnf5 | Manager::Rpm => format!("/etc/yum.repos.d/{}-stable.repo", self.vendor()),
        }
    }

    /// Writes there that it is at another address, without `http://`.
    #[track_caller]
    pub fn point_at(&self, address: &str) {
        self.host.shell(&format!("sed -i 's#127.0.0.1:{REPOSITORY_PORT}#{address}#' {}", self.sources()));
    }

    /// Looks what is new, and tells what was said: apt by `update`, dnf by an upgrade that finds new lists. What is
    /// held back is so still.
    #[track_caller]
    pub fn look(&self) -> String {
        self.host.lists_are_old();
        let looked = match self.manager() {
            Manager::Dnf4 | Manager::Dnf5 => self.host.dnf(&["--refresh", "upgrade"]),
            Manager::Apt | Manager::Zypper | Manager::Rpm => self.refresh(),
        };
        looked.expect_ok().text()
    }

    /// Installs a package of the product, of which there is none here yet, and waits until it runs.
    #[track_caller]
    pub fn begin(&self, package: &str) {
        self.look();
        self.install(&[package]).expect_ok();
        self.wait_status(0);
    }

    /// Upgrades as somebody does who has read the notes, waits until it is finished, and looks whether all is well.
    #[track_caller]
    pub fn go_on(&self, package: &str, native: &str) {
        self.consignee(&["ack", self.product(), "--all", "--yes"]);
        self.upgrade().expect_ok();
        self.wait_status(0);
        assert_eq!(self.host.installed(package).as_deref(), Some(native));
        self.host.assert_packages_sound();
    }

    fn vendor(&self) -> &str {
        self.product().split('/').next().unwrap_or_default()
    }
}
