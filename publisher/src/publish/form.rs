//! The forms of `<vendor>-release`: one for each kind of repository that a host can subscribe to.

use std::path::Path;

use consign_metadata::document::Role;
use consign_metadata::name::PackageName;
use jiff::Timestamp;

use super::PublishError;
use super::introduction::{IntroductionContent, add_config};
use super::windows_form;
use crate::package::deb::Deb;
use crate::package::msi::Msi;
use crate::package::rpm::Rpm;
use crate::package::{PackageContents, PackageError, Packager, UnsignedPackage};
use crate::repository::apt::{pool_folder, sources};
use crate::repository::windows;
use crate::repository::yum::subscription::Subscription;
use crate::stage::{StageError, StagedTree};
use crate::store::{Key, StoreError};

/// A form of the package.
#[derive(Debug)]
pub struct Form {
    /// How its file name ends.
    pub extension: &'static str,
    /// What follows the number in its version.
    revision: &'static str,
    packager: fn(&IntroductionContent<'_>) -> Box<dyn Packager>,
    /// Where its versions are in the pool.
    pub pool: fn(&str) -> Result<Key, StoreError>,
    fill: fn(&IntroductionContent<'_>, &str, &mut PackageContents) -> Result<(), PublishError>,
}

/// For hosts with apt.
pub const APT: Form = Form {
    extension: ".deb",
    revision: "",
    packager: |_| Box::new(Deb),
    pool: pool_folder,
    fill: |content, version, package| {
        package.native.deb = Some(version.to_owned());
        subscribed(content, package, apt)
    },
};
/// For hosts with dnf or zypper.
pub const YUM: Form = Form {
    extension: ".rpm",
    revision: "-1",
    packager: |_| Box::new(Rpm::default()),
    pool: pool_folder,
    fill: |content, version, package| {
        package.native.rpm = Some(version.to_owned());
        subscribed(content, package, yum)
    },
};
/// For hosts with Windows.
pub const WINDOWS: Form = Form {
    extension: ".msi",
    revision: "-1",
    packager: |content| Box::new(Msi { signer: content.windows_signer.clone() }),
    pool: |name| windows::pool_folder(name).parse(),
    fill: windows_form::fill,
};

impl Form {
    /// The number of the version that a file of the pool has, if it is the package in this form.
    pub fn version_of(&self, file_name: &str, package: &PackageName) -> Option<u64> {
        let rest = file_name.strip_suffix(self.extension)?.strip_prefix(package.as_str())?;
        rest.strip_prefix(['_', '-'])?.split(['_', '-']).next()?.parse().ok()
    }

    /// The package at a version of its own.
    ///
    /// # Errors
    /// [`PublishError`]
    pub fn build(
        &self,
        content: &IntroductionContent<'_>,
        version: u64,
        now: Timestamp,
        folder: &Path,
    ) -> Result<UnsignedPackage, PublishError> {
        let mut package = content.package()?;
        (self.fill)(content, &format!("{version}{}", self.revision), &mut package)?;
        Ok((self.packager)(content).build(&package, now, folder)?)
    }
}

/// What the agent reads, and what the package manager reads beside it.
fn subscribed(
    content: &IntroductionContent<'_>,
    package: &mut PackageContents,
    subscribe: fn(&IntroductionContent<'_>, &mut StagedTree) -> Result<(), PublishError>,
) -> Result<(), PublishError> {
    package.payload = content.anchors().map_err(PackageError::from)?;
    subscribe(content, &mut package.payload)
}

/// `index` alone is what `Signed-By` names: apt knows no roles and would take an index by any key.
fn apt(content: &IntroductionContent<'_>, tree: &mut StagedTree) -> Result<(), PublishError> {
    let vendor = &content.trust.roles.vendor;
    let keyring = format!("/usr/share/keyrings/{vendor}-archive-keyring.pgp");
    let bad = |cause| PublishError::Certificate { whose: vendor.to_string(), cause };
    let index = content.trust.certificate_of(Role::Index).map_err(bad)?;
    let lay_down = || -> Result<(), StageError> {
        tree.add_bytes(&keyring, index, 0o644)?;
        // The site may point the subscription to a mirror, so both are configuration files.
        let subscription = sources::subscription(content.url, content.channel, &keyring);
        add_config(tree, &format!("/etc/apt/sources.list.d/{vendor}-{}.sources", content.channel), subscription)?;
        let limits = sources::limits(vendor, &content.packages);
        add_config(tree, &format!("/etc/apt/preferences.d/{}", sources::limits_file(vendor)), limits)
    };
    Ok(lay_down().map_err(PackageError::from)?)
}

/// dnf and zypper know no roles either, and ask one list of keys for the index and for packages. Which of them
/// a host has is not asked: each reads its own folder only.
fn yum(content: &IntroductionContent<'_>, tree: &mut StagedTree) -> Result<(), PublishError> {
    let vendor = &content.trust.roles.vendor;
    let bad = |whose: &str| {
        let whose = whose.to_owned();
        move |cause| PublishError::Certificate { whose, cause }
    };
    let own = format!("/etc/pki/rpm-gpg/RPM-GPG-KEY-{vendor}");
    let mut keys = vec![(own, crate::trust::armored(&content.trust.certificate).map_err(bad(vendor.as_str()))?)];
    if let Some(agent) = &content.agent {
        let certificate = crate::trust::armored(&agent.certificate).map_err(bad("the agent"))?;
        keys.push((format!("/etc/pki/rpm-gpg/RPM-GPG-KEY-{vendor}-{}", super::AGENT), certificate));
    }
    let paths: Vec<String> = keys.iter().map(|(path, _)| path.clone()).collect();
    let (url, channel, packages) = (content.url, content.channel, &content.packages);
    let subscription = Subscription { url, vendor, channel, keys: &paths, packages };
    let file = format!("{vendor}-{channel}.repo");
    let lay_down = || -> Result<(), StageError> {
        for (path, certificate) in keys {
            tree.add_bytes(&path, certificate, 0o644)?;
        }
        add_config(tree, &format!("/etc/yum.repos.d/{file}"), subscription.text())?;
        add_config(tree, &format!("/etc/zypp/repos.d/{file}"), subscription.zypper())
    };
    Ok(lay_down().map_err(PackageError::from)?)
}
