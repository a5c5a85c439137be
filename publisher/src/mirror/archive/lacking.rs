//! What hosts lack for what is to be installed on them, told by apt itself: it is asked with the host's own list of
//! what is installed, and with indexes that were verified before. Nothing of the host has to run for that, and nothing
//! is installed or fetched; what is carried in the end is verified as always.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::mirror::MirrorError;
use crate::repository::apt::deb822::{field, paragraphs};

/// Hosts, and what is to be installed on each of them.
#[derive(Debug, Clone, Default)]
pub struct Lacking {
    /// Their `/var/lib/dpkg/status`; of rpm, what its query said.
    pub inventories: Vec<PathBuf>,
    /// Mirrors of vendors' repositories, which the hosts have as well.
    pub vendors: Vec<PathBuf>,
    /// What is to be installed.
    pub packages: BTreeSet<String>,
}

/// The folder in which apt finds one host and what it is offered.
struct Desk<'a> {
    folder: &'a Path,
    suite: &'a str,
}

impl Lacking {
    /// The names of the packages of a suite that the hosts lack. `files` are its `InRelease` and its indexes, by their
    /// paths below the root.
    ///
    /// # Errors
    /// [`MirrorError::Archive`], in apt's words.
    pub fn names(
        &self,
        suite: &str,
        components: &BTreeSet<String>,
        files: Vec<(String, Box<dyn Read>)>,
    ) -> Result<BTreeSet<String>, MirrorError> {
        let failed = |reason: String| MirrorError::Archive { suite: suite.to_owned(), reason };
        let folder = tempfile::tempdir().map_err(|cause| failed(format!("cannot make a folder for apt: {cause}")))?;
        let desk = Desk { folder: folder.path(), suite };
        desk.lay_out(files, &self.sources(&desk, components).map_err(failed)?).map_err(failed)?;
        let mut names = BTreeSet::new();
        for inventory in &self.inventories {
            names.extend(desk.ask(inventory, &self.packages).map_err(failed)?);
        }
        Ok(names)
    }

    /// `sources.list`: what is in it was verified before.
    fn sources(&self, desk: &Desk<'_>, components: &BTreeSet<String>) -> Result<String, String> {
        let components: Vec<&str> = components.iter().map(String::as_str).collect();
        let (archive, components) = (desk.archive(), components.join(" "));
        let mut text = format!("deb [trusted=yes] file:{} {} {components}\n", archive.display(), desk.suite);
        for vendor in &self.vendors {
            let vendor = std::fs::canonicalize(vendor).map_err(|e| format!("cannot read {}: {e}", vendor.display()))?;
            let dists = vendor.join("dists");
            let channels = std::fs::read_dir(&dists).map_err(|e| format!("cannot read {}: {e}", dists.display()))?;
            for channel in channels.flatten().filter(|channel| channel.path().join("InRelease").exists()) {
                let channel = channel.file_name();
                text += &format!("deb [trusted=yes] file:{} {} main\n", vendor.display(), channel.to_string_lossy());
            }
        }
        Ok(text)
    }
}

impl Desk<'_> {
    fn archive(&self) -> PathBuf {
        self.folder.join("archive")
    }

    fn lay_out(&self, files: Vec<(String, Box<dyn Read>)>, sources: &str) -> Result<(), String> {
        for folder in ["etc/parts", "etc/preferences.d", "state/lists/partial", "cache/archives/partial", "log"] {
            let folder = self.folder.join(folder);
            std::fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
        }
        for (path, content) in files {
            write(&self.archive().join(path), content)?;
        }
        write(&self.folder.join("etc/sources.list"), sources.as_bytes())
    }

    /// What one host lacks.
    fn ask(&self, inventory: &Path, packages: &BTreeSet<String>) -> Result<BTreeSet<String>, String> {
        let about = |problem: &str| format!("cannot use {}: {problem}", inventory.display());
        let status = std::fs::read_to_string(inventory).map_err(|cause| about(&cause.to_string()))?;
        let architecture = architecture(&status).ok_or_else(|| about(kind(&status)))?;
        write(&self.folder.join("state/status"), status.as_bytes())?;
        let configuration = self.folder.join("apt.conf");
        write(&configuration, self.configuration(architecture).as_bytes())?;
        let apt = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            let wanted: Vec<&str> = packages.iter().map(String::as_str).filter(|_| arguments[0] == "install").collect();
            command.env("APT_CONFIG", &configuration).env("LC_ALL", "C.UTF-8").args(arguments).args(wanted);
            let done = command.output().map_err(|cause| format!("cannot ask apt-get what a host lacks: {cause}"))?;
            match done.status.success() {
                true => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
                false => Err(about(String::from_utf8_lossy(&done.stderr).trim())),
            }
        };
        apt(&["update", "-qq"])?;
        let archive = format!("'file:{}/", self.archive().display());
        Ok(named(&apt(&["install", "-qq", "-y", "--print-uris", "--"])?, &archive))
    }

    /// An apt of its own: nothing of this machine's counts.
    fn configuration(&self, architecture: &str) -> String {
        let folder = self.folder.display();
        format!(
            "Dir \"{folder}\";\nDir::Etc \"etc\";\nDir::Etc::Parts \"parts\";\nDir::State \"state\";\n\
             Dir::State::status \"{folder}/state/status\";\nDir::Cache \"cache\";\nDir::Log \"log\";\n\
             APT::Architecture \"{architecture}\";\nAPT::Architectures {{ \"{architecture}\"; }};\n\
             APT::Sandbox::User \"root\";\nAcquire::Languages \"none\";\nAcquire::Check-Valid-Until \"false\";\n"
        )
    }
}

/// The names in the lines `'file:/…/pool/h/hello_1_amd64.deb' hello_1_amd64.deb 11110 SHA256:…` of an archive.
fn named(uris: &str, archive: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let file = line.rsplit_once("' ")?.1.split_whitespace().next()?;
        Some(file.split_once('_')?.0.to_owned())
    };
    uris.lines().filter(|line| line.starts_with(archive)).filter_map(name).collect()
}

/// What it is instead.
fn kind(inventory: &str) -> &'static str {
    match inventory.lines().any(|line| line.starts_with("P ")) {
        true => "it is the inventory of a host of rpm, which `consign mirror yum` takes",
        false => "it is no /var/lib/dpkg/status of a host",
    }
}

/// That of dpkg, which every host has.
fn architecture(status: &str) -> Option<&str> {
    let dpkg = paragraphs(status).find(|stanza| field(stanza, "Package") == Some("dpkg"))?;
    field(dpkg, "Architecture")
}

fn write(path: &Path, mut content: impl Read) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    let made = std::fs::create_dir_all(folder).and_then(|()| File::create(path));
    let written = made.and_then(|mut file| io::copy(&mut content, &mut file).map(drop));
    written.map_err(|cause| format!("cannot write {}: {cause}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_of_the_archive_are_named() {
        let uris = "'file:/x/archive/pool/main/h/hello/hello_2.10-3_amd64.deb' hello_2.10-3_amd64.deb 53136 SHA256:ab\n\
                    'file:/srv/acme/pool/acme-erp_1.0.0-1_all.deb' acme-erp_1.0.0-1_all.deb 11 SHA256:cd\n";
        assert_eq!(named(uris, "'file:/x/archive/"), ["hello".to_owned()].into());
    }

    #[test]
    fn a_host_says_of_what_architecture_it_is() {
        let status = "Package: adduser\nStatus: install ok installed\nArchitecture: all\n\n\
                      Package: dpkg\nStatus: install ok installed\nArchitecture: arm64\n";
        assert_eq!(architecture(status), Some("arm64"));
        assert_eq!(architecture("adduser 3.137 all\n"), None);
    }
}
