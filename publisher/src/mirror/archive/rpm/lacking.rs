//! What hosts of rpm lack: the question and its answer.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::inventory::Host;
use super::offers::{Offers, Source};
use super::resolution::Resolution;
use crate::mirror::archive::Lacking;
use crate::mirror::archive::repomd::Repomd;
use crate::mirror::archive::taking::MAXIMUM_UNPACKED;
use crate::mirror::archive::unpack::reader;
use crate::repository::yum::Layout;

/// What hosts lack of a repository.
#[derive(Debug, Default)]
pub struct Lacked {
    /// The names of the packages.
    pub packages: BTreeSet<String>,
    /// The processors that they are for.
    pub architectures: BTreeSet<String>,
}

impl Lacking {
    /// The packages of a repository of yum that the hosts lack, by its `primary`. `scratch` is where what is unpacked
    /// may lie.
    ///
    /// # Errors
    /// An inventory that is none, or what cannot be had and who needs it.
    pub fn of_rpm(&self, primary: Source<'_>, scratch: &Path) -> Result<Lacked, String> {
        let mut vendors = Vec::new();
        for folder in &self.vendors {
            vendors.extend(primaries(folder)?.into_iter().map(|path| on_disk(path, scratch.to_owned())));
        }
        let mut offers = Offers::of(primary, vendors);
        let mut lacked = Lacked::default();
        for inventory in &self.inventories {
            let about = |problem: String| format!("cannot use {}: {problem}", inventory.display());
            let file = File::open(inventory).map_err(|cause| about(cause.to_string()))?;
            let host = Host::parse(BufReader::new(file)).map_err(about)?;
            self.one(&host, &mut offers, &mut lacked).map_err(about)?;
        }
        Ok(lacked)
    }

    /// What one host lacks. Each answer may ask for what was not looked for yet.
    fn one(&self, host: &Host, offers: &mut Offers<'_>, lacked: &mut Lacked) -> Result<(), String> {
        let found = loop {
            let found = Resolution::of(host, offers).packages(&self.packages);
            if !offers.look()? {
                break found?;
            }
        };
        lacked.architectures.extend(host.architecture.clone());
        let found = found.into_iter().map(|at| &offers.packages().all()[at]);
        for package in found.filter(|package| package.is_of_archive) {
            lacked.packages.insert(package.name.clone());
            if package.architecture != "noarch" && host.architecture.is_some() {
                lacked.architectures.insert(package.architecture.clone());
            }
        }
        Ok(())
    }
}

fn on_disk<'a>(path: PathBuf, scratch: PathBuf) -> Source<'a> {
    Box::new(move || {
        let failed = |cause: std::io::Error| format!("cannot read {}: {cause}", path.display());
        let file = File::open(&path).map_err(failed)?;
        let text = reader(&path.display().to_string(), file, MAXIMUM_UNPACKED, &scratch).map_err(failed)?;
        Ok(text as Box<dyn BufRead>)
    })
}

/// Of what hosts find in a folder: an ordinary repository, or a vendor's channels, each in the generation that its
/// list names.
fn primaries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if folder.join("repodata/repomd.xml").exists() {
        return Ok(vec![primary(folder)?]);
    }
    let mut found = Vec::new();
    for channel in fs::read_dir(folder.join("yum")).into_iter().flatten().flatten() {
        let name = channel.file_name().to_string_lossy().parse().ok();
        let list = fs::read_to_string(channel.path().join("mirrors")).ok();
        if let (Some(name), Some(list)) = (name, list) {
            let generation = Layout::of(&name).listed(&list).map(str::to_owned);
            let generation =
                generation.ok_or_else(|| format!("cannot use the list of {}", channel.path().display()))?;
            found.push(primary(&channel.path().join("g").join(generation))?);
        }
    }
    match found.is_empty() {
        true => Err(format!("cannot use {}: it has no repository of yum", folder.display())),
        false => Ok(found),
    }
}

fn primary(folder: &Path) -> Result<PathBuf, String> {
    let path = folder.join("repodata/repomd.xml");
    let text = fs::read_to_string(&path).map_err(|cause| format!("cannot read {}: {cause}", path.display()))?;
    let wrong = |reason: String| format!("cannot use {}: {reason}", path.display());
    let repomd = Repomd::parse(&text).map_err(wrong)?;
    let document = repomd.document("primary").ok_or_else(|| wrong("it has no primary".to_owned()))?;
    Ok(folder.join(document.file().map_err(wrong)?.path))
}
