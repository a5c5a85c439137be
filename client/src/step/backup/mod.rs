//! Backup: saves what the upgrade may change, with the engines stopped. Its undo is the one restore.
//!
//! - `files`: files and folders, by tar; on Windows `copies`, by the agent itself
//! - [`command`]: programs of the vendor's
//! - [`database`]: a database, by the agent itself
//! - [`staging`]: a place for a file where its program can write it
//!
//! A part is saved, verified, digested and synced before the next is begun, and the seal comes last. A restore
//! verifies every part before it touches anything, and may be begun anew as often as it is cut off: the backup
//! stays as it is.

pub mod command;
#[cfg(windows)]
mod copies;
pub mod database;
#[cfg(unix)]
mod files;
pub mod staging;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::plan::{self, BackupPart};
use consign_metadata::version::Version;

use super::{Done, Scene, Step, Trouble, run};
use crate::backup::{self, BackupError, Contents, Seal, SealedPart};
use crate::durable;
use crate::engine::event::Failure;
use crate::host::kernel::files as kernel;
use crate::host::program::Program;
use crate::scripts::Ran;

/// The step.
pub struct Backup<'a> {
    /// As the plan describes it.
    pub backup: &'a plan::Backup,
}

/// One part at work.
pub struct Work<'a> {
    /// The step.
    pub scene: &'a Scene<'a>,
    /// The folder of the backup.
    pub folder: PathBuf,
    /// The file of the part.
    pub file: PathBuf,
    /// How long a program of it may take.
    pub limit: Duration,
}

/// Something that is saved into one file and restored from it.
pub trait Part {
    /// Writes the file, which is not there, and verifies that it can be restored from.
    ///
    /// # Errors
    /// [`Trouble`]
    fn save(&self, work: &Work<'_>) -> Result<Contents, Trouble>;

    /// Brings back what the file holds. May have been cut off before, at any place.
    ///
    /// # Errors
    /// [`Trouble`]
    fn restore(&self, work: &Work<'_>, contents: &Contents) -> Result<(), Trouble>;
}

/// From the plan's word to the part.
fn part(part: &BackupPart) -> Box<dyn Part + '_> {
    match part {
        #[cfg(unix)]
        BackupPart::Files { paths, .. } => Box::new(files::Files { paths }),
        #[cfg(windows)]
        BackupPart::Files { paths, .. } => Box::new(copies::Copies { paths }),
        BackupPart::Command { save, verify, restore, user, .. } => {
            Box::new(command::Command { save, verify: verify.as_deref(), restore, user })
        }
        BackupPart::Database { database, .. } => Box::new(database::Stored { database }),
    }
}

impl Step for Backup<'_> {
    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        let Some(from) = scene.header().from.clone() else { return Ok(Done::Done) };
        let (own, earlier) = self.sealed(scene)?;
        let missing = self.backup.parts.iter().filter(|part| !self.is_held(scene, &earlier, part));
        let missing: Vec<&BackupPart> = missing.collect();
        if own.is_some() || (missing.is_empty() && !earlier.is_empty()) {
            return Ok(Done::Done);
        }
        let folder = scene.context.product.backup(scene.header().upgrade);
        let made = self.make(scene, &folder, &missing, from);
        if made.is_err() {
            // It counts for nothing, and where it has filled the disk the way back has to be written down there.
            let _ = fs::remove_dir_all(&folder);
        }
        made.map(|()| Done::Done)
    }

    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        let item = usize::try_from(scene.item).unwrap_or_default();
        if !scene.upgrade().has_gone_past(item) {
            scene.note("nothing has changed since the backup");
            return Ok(());
        }
        let seals = backup::of_unit(scene.context.product, scene.header())?;
        if seals.is_empty() {
            return Err(host("the backup has no seal"));
        }
        seals.iter().try_for_each(|seal| seal.verify(scene.context.product))?;
        seals.iter().try_for_each(|seal| self.restore(scene, seal))?;
        forget_scripts(scene)
    }
}

impl Backup<'_> {
    fn make(&self, scene: &Scene<'_>, folder: &Path, parts: &[&BackupPart], from: Version) -> Result<(), Trouble> {
        let begun = scene.context.clock.now();
        begin(folder)?;
        let parts = parts.iter().map(|part| self.save(scene, folder, part)).collect::<Result<Vec<_>, _>>()?;
        let seal = Seal::new(scene.header(), from, begun, scene.context.clock.now(), parts);
        scene.note(&format!("sealed: {} bytes in {} parts", seal.bytes(), seal.parts.len()));
        Ok(seal.write(scene.context.product)?)
    }

    /// What counts already: what an attempt of this upgrade has sealed that was cut off after it, and what was
    /// sealed by those whose place it takes.
    fn sealed(&self, scene: &Scene<'_>) -> Result<(Option<Seal>, Vec<Seal>), Trouble> {
        let product = scene.context.product;
        let (own, earlier): (Vec<_>, Vec<_>) = backup::of_unit(product, scene.header())?
            .into_iter()
            .partition(|seal| seal.upgrade == scene.header().upgrade);
        for seal in &earlier {
            seal.verify(product)?;
            scene.note(&format!("the backup of upgrade {} counts", seal.upgrade));
        }
        let is_good = |seal: &Seal| match seal.verify(product) {
            Ok(()) => true,
            Err(problem) => {
                scene.note(&problem.to_string());
                false
            }
        };
        Ok((own.into_iter().find(is_good), earlier))
    }

    /// Whether a backup of before holds a part just as this plan describes it.
    fn is_held(&self, scene: &Scene<'_>, earlier: &[Seal], part: &BackupPart) -> bool {
        let has = |seal: &Seal| seal.parts.iter().any(|sealed| sealed.name == *part.name());
        earlier
            .iter()
            .any(|seal| has(seal) && self.saved_by(scene, seal).is_some_and(|backup| backup.parts.contains(part)))
    }

    /// The plan's word by which a backup was saved. It is restored by that, too: the plan of a fix may save its
    /// parts otherwise, or not at all.
    fn saved_by<'s>(&'s self, scene: &Scene<'s>, seal: &Seal) -> Option<&'s plan::Backup> {
        if seal.upgrade == scene.header().upgrade {
            return Some(self.backup);
        }
        let replaced = scene.context.replaced.iter();
        let found = replaced.into_iter().find(|earlier| earlier.upgrade.header.upgrade == seal.upgrade)?;
        found.plan.as_ref()?.backup()
    }

    fn restore(&self, scene: &Scene<'_>, seal: &Seal) -> Result<(), Trouble> {
        let folder = scene.context.product.backup(seal.upgrade);
        // Where that one cannot be verified any more, this one may know the part as well.
        let saved_by = self.saved_by(scene, seal).unwrap_or(self.backup);
        for sealed in &seal.parts {
            let known = saved_by.parts.iter().find(|part| *part.name() == sealed.name);
            let known = known.ok_or_else(|| host(format!("no plan has the part {} of the backup", sealed.name)))?;
            scene.note(&format!("restore {}", sealed.name));
            let work = work(scene, saved_by, &folder, folder.join(&sealed.file));
            part(known).restore(&work, &sealed.contents)?;
        }
        Ok(())
    }

    fn save(&self, scene: &Scene<'_>, folder: &Path, saved: &BackupPart) -> Result<SealedPart, Trouble> {
        let name = saved.name().clone();
        let file = format!("{name}.saved");
        let work = work(scene, self.backup, folder, folder.join(&file));
        scene.note(&format!("save {name}"));
        let contents = part(saved).save(&work)?;
        settle(&work.file)?;
        let (sha256, bytes) = backup::digest(&work.file)?;
        Ok(SealedPart { name, file, bytes, sha256, contents })
    }
}

fn work<'w>(scene: &'w Scene<'w>, backup: &plan::Backup, folder: &Path, file: PathBuf) -> Work<'w> {
    let limit = Duration::from_secs(u64::from(backup.timeout_seconds));
    Work { scene, folder: folder.to_owned(), file, limit }
}

impl Work<'_> {
    /// Runs a program to its end, which must be 0.
    ///
    /// # Errors
    /// [`Trouble::Failed`] with the end of its output.
    pub fn run(&self, command: Vec<String>, user: &str) -> Result<(), Trouble> {
        let program = Program {
            unit: run::unit(self.scene.header(), self.scene.item),
            command,
            user: user.to_owned(),
            login_shell: false,
            environment: Default::default(),
            working_folder: None,
            limit: self.limit,
            limits: Default::default(),
            log: self.scene.log.clone(),
        };
        let ended = self.scene.context.programs.run(&program)?;
        run::failure(&program, ended).map_or(Ok(()), |failure| Err(failure.into()))
    }
}

/// The data is from before every script that this upgrade ran, and those whose place it takes.
fn forget_scripts(scene: &Scene<'_>) -> Result<(), Trouble> {
    let (product, header) = (scene.context.product, scene.header());
    let replaced = product.replaced_by(header).into_iter().map(|upgrade| upgrade.header.upgrade);
    let all: Vec<u32> = replaced.chain([header.upgrade]).collect();
    Ok(Ran::of(product)?.take_out_all(product, &all)?)
}

/// An empty folder that only root can list; programs of the vendor's go through it.
fn begin(folder: &Path) -> Result<(), Trouble> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    kernel::create_folders(folder, 0o711)?;
    let all = folder.parent().unwrap_or(folder);
    kernel::set_mode(all, 0o711)?;
    Ok(durable::sync_folder(all)?)
}

/// A file that is root's alone, on the disk.
fn settle(file: &Path) -> Result<(), Trouble> {
    kernel::set_mode(file, 0o600)?;
    kernel::sync_file(file)?;
    Ok(durable::sync_folder_of(file)?)
}

/// A failure of the agent's own.
pub(super) fn host(reason: impl Into<String>) -> Trouble {
    Failure::Host { reason: reason.into() }.into()
}

impl From<BackupError> for Trouble {
    fn from(error: BackupError) -> Self {
        Self::Failed(Failure::Host { reason: error.to_string() })
    }
}
