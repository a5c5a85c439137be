//! Packages that have nothing to do with Consign, on every kind of host: one description, a `.deb` or an
//! `.rpm` of it.

use crate::archive::{Archive, TinyPackage};
use crate::error::{Doing, Result};
use crate::manager::Manager;
use crate::outcome::tool;
use crate::root::BaseSystem;
use crate::site::Site;
use crate::yum::TinyRpm;

/// A package of somebody else's.
#[derive(Clone, Debug)]
pub struct ThirdParty {
    deb: TinyPackage,
    rpm: TinyRpm,
}

impl ThirdParty {
    /// A package with one file.
    pub fn new(name: &str, version: &str) -> ThirdParty {
        ThirdParty { deb: TinyPackage::new(name, version), rpm: TinyRpm::new(name, version) }
    }

    /// It needs a package, at this version or a later one.
    pub fn needs(self, package: &str, version: &str) -> ThirdParty {
        let deb = self.deb.field("Depends", &format!("{package} (>= {version})"));
        let rpm = self.rpm.field("Requires", &format!("{package} >= {version}"));
        ThirdParty { deb, rpm }
    }

    /// It cannot be beside a package older than this version.
    pub fn conflicts_below(self, package: &str, version: &str) -> ThirdParty {
        let deb = self.deb.field("Breaks", &format!("{package} (<< {version})"));
        let rpm = self.rpm.field("Conflicts", &format!("{package} < {version}"));
        ThirdParty { deb, rpm }
    }

    /// One more file.
    pub fn file(self, path: &str, text: &str) -> ThirdParty {
        ThirdParty { deb: self.deb.file(path, text), rpm: self.rpm.file(path, text) }
    }

    /// What runs before its files come.
    pub fn before(self, script: &str) -> ThirdParty {
        let deb = self.deb.script("preinst", &format!("#!/bin/sh\n{script}\n"));
        let rpm = self.rpm.script("%pre", script);
        ThirdParty { deb, rpm }
    }

    /// What runs after them.
    pub fn after(self, script: &str) -> ThirdParty {
        let deb = self.deb.script("postinst", &format!("#!/bin/sh\n{script}\n"));
        let rpm = self.rpm.script("%post", script);
        ThirdParty { deb, rpm }
    }

    /// What runs while another package is half way. dpkg has unpacked that one and not configured it; rpm
    /// has both versions of it in its database.
    pub fn while_comes(self, package: &str, script: &str) -> ThirdParty {
        let deb = self.deb.script("preinst", &format!("#!/bin/sh\n{script}\n"));
        let rpm = self.rpm.script(&format!("%triggerin -- {package}"), script);
        ThirdParty { deb, rpm }
    }
}

/// Their repository, which is a folder of the host that no key has signed.
#[derive(Debug)]
pub struct Shelf {
    debs: Archive,
    rpms: tempfile::TempDir,
}

impl Shelf {
    /// An empty one.
    pub fn new() -> Result<Shelf> {
        let rpms = tempfile::tempdir().doing("make a repository of others")?;
        Ok(Shelf { debs: Archive::new(NAME)?, rpms })
    }

    /// Adds packages, beside their other versions, and makes all of it known to a host whose administrator
    /// reads the lists.
    #[track_caller]
    pub fn offer(&self, site: &Site, packages: &[ThirdParty]) -> Result<()> {
        match site.host.system() {
            BaseSystem::Apt(_) | BaseSystem::Databases | BaseSystem::Desktop => {
                self.debs.add(&packages.iter().map(|package| package.deb.clone()).collect::<Vec<_>>())?;
                self.debs.give_to(&site.host);
            }
            BaseSystem::Rpm(_) => self.offer_rpms(site, packages)?,
        }
        site.refresh().expect_ok();
        Ok(())
    }

    fn offer_rpms(&self, site: &Site, packages: &[ThirdParty]) -> Result<()> {
        let folder = self.rpms.path();
        let built: Result<Vec<_>> = packages.iter().map(|package| package.rpm.build(folder)).collect();
        site.carry(&built?);
        tool("index a yum repository", &["createrepo_c", "--quiet", &folder.display().to_string()])?;
        site.host.ok(&["rm", "-rf", PLACE]);
        site.host.copy_in(folder, PLACE);
        let (repositories, scheme) = match site.manager() {
            Manager::Zypper => ("/etc/zypp/repos.d", "dir"),
            _ => ("/etc/yum.repos.d", "file"),
        };
        let text = format!(
            "[{NAME}]\nname={NAME}\nbaseurl={scheme}://{PLACE}\nenabled=1\nautorefresh=1\n\
             gpgcheck=0\nrepo_gpgcheck=0\npkg_gpgcheck=0\n"
        );
        site.host.write(&format!("{repositories}/{NAME}.repo"), text, 0o644);
        Ok(())
    }
}

const NAME: &str = "others";
const PLACE: &str = "/srv/archive/others";
