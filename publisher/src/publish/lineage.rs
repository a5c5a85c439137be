//! Which `<vendor>-release` belongs to a generation: the published one, while nothing in it changes.
//!
//! Its versions are 1, 2, 3 and so on, counted in each format over all channels, which share one pool. The package is
//! rebuilt in memory of what it was: if that gives the content that is published, it stays.

use std::path::Path;

use consign_metadata::anchor::{AGENT_CERTIFICATE_FILE, ANCHOR_FILE, Anchor, WindowsPins};
use consign_metadata::document::Role;
use consign_metadata::openpgp::Keyring;
use jiff::Timestamp;

use super::PublishError;
use super::form::Form;
use super::introduction::{AgentKeys, IntroductionContent, anchor_path, package_name};
use crate::package::SignedPackage;
use crate::repository::{RepositoryError, RepositoryFormat, Retrieved};
use crate::sign::OpenPgpSigner;
use crate::store::{Key, Store};
use crate::trust::Trust;

/// The versions of `<vendor>-release` that exist.
#[derive(Debug)]
pub struct Lineage {
    /// The one that the channel offers.
    current: Option<Ancestor>,
    /// The highest of the pool, which may be of another channel or of a publish that was killed.
    highest: Option<Ancestor>,
    highest_version: u64,
    form: &'static Form,
}

#[derive(Debug)]
struct Ancestor {
    retrieved: Retrieved,
    version: u64,
    anchor: Anchor,
}

/// What becomes of the package.
#[derive(Debug)]
pub enum Descendant {
    /// A published one stays.
    Kept(Box<Retrieved>),
    /// A new one was built, into the folder that was given.
    Built(Box<SignedPackage>),
}

impl Lineage {
    /// Reads what is published.
    ///
    /// # Errors
    /// [`PublishError`]
    pub fn load(
        form: &'static Form,
        repository: &dyn RepositoryFormat,
        store: &dyn Store,
        trust: &Trust,
    ) -> Result<Self, PublishError> {
        let name = package_name(&trust.roles.vendor)?;
        let keyring = keyring(trust)?;
        let ancestor = |key: Key| -> Result<Option<Ancestor>, PublishError> {
            let Some(retrieved) = repository.in_pool(&key, &keyring)? else { return Ok(None) };
            Ok(Some(Ancestor::read(retrieved, trust)?))
        };
        let current = match repository.newest(&name) {
            Some(file) => ancestor(file.path.parse()?)?,
            None => None,
        };
        let versions = store.list(&(form.pool)(name.as_str())?)?.into_iter().filter_map(|listed| {
            let version = form.version_of(listed.key.file_name(), &name)?;
            Some((version, listed.key))
        });
        let (highest_version, highest) = match versions.max() {
            Some((version, key)) => (version, ancestor(key)?),
            None => (0, None),
        };
        Ok(Self { current, highest, highest_version, form })
    }

    /// The agent's keys that the channel's hosts trust so far.
    ///
    /// # Errors
    /// [`PublishError`]
    pub fn agent(&self, trust: &Trust) -> Result<Option<AgentKeys>, PublishError> {
        let Some(current) = &self.current else { return Ok(None) };
        let path = anchor_path(&trust.roles.vendor, AGENT_CERTIFICATE_FILE);
        let certificate = current.retrieved.installed(&path)?;
        Ok(certificate.map(|certificate| AgentKeys { certificate, keys: current.anchor.agent.clone() }))
    }

    /// By whom the channel's hosts want packages to be signed for Windows so far.
    pub fn windows(&self) -> Option<WindowsPins> {
        self.current.as_ref().and_then(|current| current.anchor.windows.clone())
    }

    /// The package for this content: a published one that has it, or the next.
    ///
    /// # Errors
    /// [`PublishError`]
    pub fn continued(
        self,
        content: &mut IntroductionContent<'_>,
        signer: Option<&dyn OpenPgpSigner>,
        now: Timestamp,
        folder: &Path,
    ) -> Result<Descendant, PublishError> {
        let (minimum_generation, maintainer) = (content.minimum_generation, content.maintainer.clone());
        for ancestor in [self.current, self.highest].into_iter().flatten() {
            // Alone these would make every publish a new package: the bound moves each time, and each
            // product of a vendor may have a maintainer of its own.
            content.maintainer = ancestor.retrieved.package.format().maintainer().unwrap_or_default().to_owned();
            let bound = ancestor.anchor.minimum_generation.get(content.channel);
            content.minimum_generation = bound.copied().unwrap_or(minimum_generation);
            let again = self.form.build(content, ancestor.version, now, folder)?;
            if again.content_digest() == ancestor.retrieved.package.content_digest() {
                return Ok(Descendant::Kept(Box::new(ancestor.retrieved)));
            }
        }
        (content.minimum_generation, content.maintainer) = (minimum_generation, maintainer);
        let unsigned = self.form.build(content, self.highest_version + 1, now, folder)?;
        let signer = signer.ok_or_else(|| PublishError::NoPackageKey(unsigned.file_name().to_owned()))?;
        if content.windows.is_some() && content.windows_signer.is_none() {
            return Err(PublishError::NoWindowsKey(unsigned.file_name().to_owned()));
        }
        let package = unsigned.sign(signer)?;
        Ok(Descendant::Built(Box::new(package)))
    }
}

impl Ancestor {
    fn read(retrieved: Retrieved, trust: &Trust) -> Result<Self, PublishError> {
        let key = &retrieved.key;
        let damaged = |reason: String| RepositoryError::damaged(key, reason);
        let version = plain_version(retrieved.package.version());
        let version = version.ok_or_else(|| damaged("it has no plain version".to_owned()))?;
        let path = anchor_path(&trust.roles.vendor, ANCHOR_FILE);
        let bytes = retrieved.installed(&path)?.ok_or_else(|| damaged(format!("it does not install {path}")))?;
        let anchor = Anchor::parse(&bytes).map_err(|cause| damaged(format!("its anchor {cause}")))?;
        Ok(Self { retrieved, version, anchor })
    }
}

/// The number in a native version: of an rpm it is followed by the packaging revision.
pub fn plain_version(native: &str) -> Option<u64> {
    native.split('-').next()?.parse().ok()
}

/// The keys that sign the vendor's packages.
pub fn keyring(trust: &Trust) -> Result<Keyring, PublishError> {
    let whose = trust.roles.vendor.to_string();
    trust.keyring(Role::Package).map_err(|cause| PublishError::Certificate { whose, cause })
}
