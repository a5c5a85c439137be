//! Backup: saves what the upgrade may change, with the engines stopped. Its undo is the one restore.
//!
//! - [`files`]: files and folders, by tar
//! - [`command`]: programs of the vendor's
//! - [`database`]: a database, by the agent itself
//! - [`staging`]: a place for a file where its program can write it
//!
//! A part is saved, verified, digested and synced before the next is begun, and the seal comes last. A restore
//! verifies every part before it touches anything, and may be begun anew as often as it is cut off: the backup
//! stays as it is.

pub mod command;
pub mod database;
pub mod files;
pub mod staging;

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::plan::{self, BackupPart};

use super::{Done, Scene, Step, Trouble, run};
use crate::backup::{self, BackupError, Contents, Seal, SealedPart};
use crate::engine::event::Failure;
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
        BackupPart::Files { paths, .. } => Box::new(files::Files { paths }),
        BackupPart::Command { save, verify, restore, user, .. } => {
            Box::new(command::Command { save, verify: verify.as_deref(), restore, user })
        }
        BackupPart::Database { database, .. } => Box::new(database::Stored { database }),
    }
}

impl Step for Backup<'_> {
    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        if let Some(seal) = self.counts_already(scene)? {
            scene.note(&format!("the backup of upgrade {} counts", seal.upgrade));
            return Ok(Done::Done);
        }
        let Some(from) = scene.header().from.clone() else { return Ok(Done::Done) };
        let begun = scene.context.clock.now();
        let folder = scene.context.product.backup(scene.header().upgrade);
        begin(&folder)?;
        let saved = self.backup.parts.iter().map(|part| self.save(scene, &folder, part));
        let parts = saved.collect::<Result<Vec<_>, _>>()?;
        let seal = Seal::new(scene.header(), from, begun, scene.context.clock.now(), parts);
        scene.note(&format!("sealed: {} bytes in {} parts", seal.bytes(), seal.parts.len()));
        Ok(seal.write(scene.context.product).map(|()| Done::Done)?)
    }

    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        let item = usize::try_from(scene.item).unwrap_or_default();
        if !scene.upgrade().has_gone_past(item) {
            scene.note("nothing has changed since the backup");
            return Ok(());
        }
        let seal = backup::of_unit(scene.context.product, scene.header())?;
        let seal = seal.ok_or_else(|| host("the backup has no seal"))?;
        seal.verify(scene.context.product)?;
        let folder = scene.context.product.backup(seal.upgrade);
        for sealed in &seal.parts {
            let known = self.backup.parts.iter().find(|part| *part.name() == sealed.name);
            let known = known.ok_or_else(|| host(format!("the plan has no part {} of the backup", sealed.name)))?;
            let work = self.work(scene, &folder, folder.join(&sealed.file));
            scene.note(&format!("restore {}", sealed.name));
            part(known).restore(&work, &sealed.contents)?;
        }
        forget_scripts(scene)
    }
}

impl Backup<'_> {
    /// What was sealed by an attempt that was cut off, or by the upgrade whose place this one takes.
    fn counts_already(&self, scene: &Scene<'_>) -> Result<Option<Seal>, Trouble> {
        let product = scene.context.product;
        let Some(seal) = backup::of_unit(product, scene.header())? else { return Ok(None) };
        match seal.verify(product) {
            Ok(()) => Ok(Some(seal)),
            Err(problem) if seal.upgrade == scene.header().upgrade => {
                scene.note(&problem.to_string());
                Ok(None)
            }
            Err(problem) => Err(problem.into()),
        }
    }

    fn save(&self, scene: &Scene<'_>, folder: &Path, saved: &BackupPart) -> Result<SealedPart, Trouble> {
        let name = saved.name().clone();
        let file = format!("{name}.saved");
        let work = self.work(scene, folder, folder.join(&file));
        scene.note(&format!("save {name}"));
        let contents = part(saved).save(&work)?;
        settle(&work.file)?;
        let (sha256, bytes) = backup::digest(&work.file)?;
        Ok(SealedPart { name, file, bytes, sha256, contents })
    }

    fn work<'w>(&self, scene: &'w Scene<'w>, folder: &Path, file: PathBuf) -> Work<'w> {
        let limit = Duration::from_secs(u64::from(self.backup.timeout_seconds));
        Work { scene, folder: folder.to_owned(), file, limit }
    }
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
    fs::DirBuilder::new().recursive(true).mode(0o711).create(folder)?;
    let all = folder.parent().unwrap_or(folder);
    fs::set_permissions(all, PermissionsExt::from_mode(0o711))?;
    Ok(File::open(all)?.sync_all()?)
}

/// A file that is root's alone, on the disk.
fn settle(file: &Path) -> Result<(), Trouble> {
    let open = File::open(file)?;
    open.set_permissions(PermissionsExt::from_mode(0o600))?;
    open.sync_all()?;
    Ok(file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?)
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
