//! Where everything is on a host. All of it hangs below one root so that tests can have their own.

use std::path::{Path, PathBuf};

use consign_metadata::name::{PackageName, ProductId, VendorName};

use crate::host::kernel::folders;

/// The folders and files of the agent.
///
/// | what | where | whose |
/// |---|---|---|
/// | the site's choices | `/etc/consign` | the administrator's, never shipped |
/// | anchors and plans | `/usr/share/consignee` | the packages' |
/// | state | `/var/lib/consignee` | the agent's |
/// | socket | `/run/consignee/agent.sock` | root's |
///
/// Where that is on Windows: `docs/windows.md`.
#[derive(Debug, Clone)]
pub struct Places {
    root: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Self { root: PathBuf::from("/") }
    }
}

impl Places {
    /// A host below another root than `/`.
    pub fn below(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// An absolute path of the host.
    pub fn at(&self, absolute: &str) -> PathBuf {
        folders::at(&self.root, absolute)
    }

    /// The agent's state.
    pub fn state(&self) -> PathBuf {
        self.at("/var/lib/consignee")
    }

    /// One package name a line: those whose transactions concern the agent. Read by the hook.
    pub fn managed(&self) -> PathBuf {
        self.state().join("managed")
    }

    /// The file whose lock says that an agent is at work. No vendor can have this name.
    pub fn lease(&self) -> PathBuf {
        self.state().join("agent.lease")
    }

    /// What is known of a vendor's feeds. No product can have this name.
    pub fn feed(&self, vendor: &VendorName) -> PathBuf {
        self.state().join(vendor.as_str()).join(".feed")
    }

    /// Plans and release notes of a vendor's packages that no feed tells of. No channel can have this name.
    pub fn of_packages(&self, vendor: &VendorName) -> PathBuf {
        self.feed(vendor).join(".packages")
    }

    /// The state of a product.
    pub fn product(&self, id: &ProductId) -> PathBuf {
        self.state().join(id.vendor.as_str()).join(id.product.as_str())
    }

    /// The site's choices for the whole host.
    pub fn policy(&self) -> PathBuf {
        self.at("/etc/consign/policy.toml")
    }

    /// The site's choices for a product.
    pub fn site(&self, id: &ProductId) -> PathBuf {
        self.at("/etc/consign").join(id.vendor.as_str()).join(format!("{}.toml", id.product))
    }

    /// The anchors of all vendors.
    pub fn anchors(&self) -> PathBuf {
        self.at(consign_metadata::anchor::FOLDER)
    }

    /// The signed plans of all installed packages.
    pub fn plans(&self) -> PathBuf {
        self.at(consign_metadata::plan::INSTALLED_FOLDER)
    }

    /// The signed plan that a package installed.
    pub fn plan_of(&self, package: &PackageName) -> PathBuf {
        self.plans().join(format!("{package}.pgp"))
    }

    /// The release notes that a package installed, a text in a file.
    pub fn notes_of(&self, package: &PackageName) -> PathBuf {
        folders::notes(&self.root, package.as_str())
    }

    /// The socket of the agent's service.
    pub fn socket(&self) -> PathBuf {
        folders::socket(&self.root)
    }

    /// The codes that open the page.
    pub fn tickets(&self) -> PathBuf {
        folders::tickets(&self.root)
    }

    /// The root itself.
    pub fn root(&self) -> &Path {
        &self.root
    }
}
