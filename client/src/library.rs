//! What this host holds about an upgrade beside its journal: the plan, the texts of its notes, and what
//! people acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;
use consign_metadata::feed::{MAXIMUM_SHARD_SIZE, Shard};
use consign_metadata::name::{ProductId, VendorName};
use consign_metadata::plan::{NoteReference, SideEffect, UpgradePlan};
use consign_metadata::task::Task;
use consign_metadata::text::Language;
use consign_metadata::version::Version;
use jiff::Timestamp;

use crate::acknowledgement::{self, Acknowledgement, Acknowledgements, Subject};
use crate::add_on::Joined;
use crate::engine::event::{Person, Reason};
use crate::engine::journal::JournalError;
use crate::engine::machine::Upgrade;
use crate::feed::accepted;
use crate::outage;
use crate::places::Places;
use crate::product::{PLAN_FILE, Product};
use crate::report::history::{Deed, DeedKind, PastGeneration};
use crate::report::notes::{self, Note, NotesReport};
use crate::report::plan::{AddOns, PlanReport};
use crate::report::procedure::Procedure;
use crate::site;
use crate::trust::{self, Trust};

/// The largest note that is read; what a vendor may write is less.
const MAXIMUM_NOTE_SIZE: u64 = 1024 * 1024;

/// Why it cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The product never had an upgrade.
    #[error("cannot find an upgrade of {0}")]
    NoUpgrade(ProductId),
    /// A journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Something on the host cannot be read; the technical reason.
    #[error("{0}")]
    Unreadable(String),
    /// It cannot be used or trusted, or not be written; the technical reason.
    #[error("{0}")]
    Failed(String),
}

/// The newest upgrade of a product, with all that explains it.
pub struct Library {
    /// Its plan, verified.
    pub plan: UpgradePlan,
    joined: Joined,
    upgrade: Upgrade,
    acknowledged: Acknowledgements,
    texts: BTreeMap<Sha256, String>,
}

impl Library {
    /// Gathers it.
    ///
    /// # Errors
    /// When there is no upgrade, or its plan or the acknowledgements cannot be read or trusted.
    pub fn of(places: &Places, product: &Product) -> Result<Self, LibraryError> {
        let upgrade = product.newest()?.ok_or_else(|| LibraryError::NoUpgrade(product.id.clone()))?;
        let file = product.upgrade_folder(upgrade.header.upgrade).join(PLAN_FILE);
        let plans = trust::read_plan(&file).and_then(|signed| {
            let (what, trust) = (file.display().to_string(), Trust::read(places)?);
            Ok((trust.plan(&product.id, &what, &signed)?, Joined::kept(&trust, product, &upgrade.header)?))
        });
        let (plan, joined) = plans.map_err(|error| LibraryError::Failed(error.to_string()))?;
        Ok(Self { joined, upgrade, acknowledged: read(product)?, texts: texts(places, &plan), plan })
    }

    /// The notes on the way, or all that came with the release.
    pub fn notes(&self, language: Language, all: bool) -> NotesReport {
        let header = &self.upgrade.header;
        let chosen: Vec<&NoteReference> = match all {
            true => self.plan.envelope.notes.iter().collect(),
            false => notes::between(&self.plan.envelope.notes, header.from.as_ref(), &header.to),
        };
        let text = |digest: &Sha256| self.texts.get(digest).cloned();
        let notes = chosen.iter().map(|note| Note::of(note, self.has_read(note), language, text)).collect();
        NotesReport::new(header.product.clone(), header.from.clone(), header.to.clone(), notes)
    }

    /// The list of steps, with the site's options filled in.
    ///
    /// # Errors
    /// When the site's file cannot be used.
    pub fn plan(&self, places: &Places) -> Result<PlanReport, LibraryError> {
        let chosen = |plan| site::options(places, plan).map_err(|error| LibraryError::Failed(error.to_string()));
        let options = chosen(&self.plan)?;
        let of_add_ons = self.joined.plans.iter().map(|plan| Ok((plan.id(), chosen(plan)?)));
        let add_ons = AddOns { joined: &self.joined, options: of_add_ons.collect::<Result<_, LibraryError>>()? };
        let accepted = |effect: &SideEffect| self.has_accepted(effect);
        let done = |task: &Task| self.has_done(task);
        let report = PlanReport::of(&self.plan, &self.upgrade, &options, &add_ons, accepted, done);
        let product = Product::new(places, self.plan.id());
        Ok(PlanReport { outage_estimate_seconds: outage::estimate(&product), ..report })
    }

    /// The same as a document.
    ///
    /// # Errors
    /// When the site's file cannot be used.
    pub fn procedure(&self, places: &Places, product: &Product, language: Language) -> Result<String, LibraryError> {
        let options = site::options(places, &self.plan).map_err(|error| LibraryError::Failed(error.to_string()))?;
        let (previous, notes) = (self.previous(places), self.notes(language, false).notes);
        let procedure = Procedure {
            header: &self.upgrade.header,
            unmet: self.upgrade.unmet(),
            plan: &self.plan,
            previous: previous.as_ref(),
            options: &options,
            notes: &notes,
            flag: &Product::new(&Places::default(), product.id.clone()).flag(),
            nearest: &|folder| nearest(places, folder),
        };
        Ok(procedure.markdown(language))
    }

    // While another release than that of the plan is installed it is the one before.
    fn previous(&self, places: &Places) -> Option<UpgradePlan> {
        let installed = Trust::read(places).and_then(|trust| trust.installed(places)).ok()?;
        let plans = installed.into_iter().filter_map(|found| found.plan.ok()).map(|(plan, _)| plan);
        plans.into_iter().find(|plan| plan.id() == self.plan.id() && plan.digest != self.plan.digest)
    }

    fn has_read(&self, note: &NoteReference) -> bool {
        let subject = Subject::Note { version: note.version.clone(), sha256: note.digest() };
        self.acknowledged.is_acknowledged(&subject, &self.upgrade.header.to)
    }

    fn has_done(&self, task: &Task) -> bool {
        let subject = Subject::Task { id: task.id.clone(), sha256: task.digest() };
        self.acknowledged.is_acknowledged(&subject, &self.upgrade.header.to)
    }

    fn has_accepted(&self, effect: &SideEffect) -> bool {
        let subject = Subject::SideEffect { id: effect.id.clone(), sha256: effect.digest() };
        self.acknowledged.is_acknowledged(&subject, &self.upgrade.header.to)
    }
}

fn nearest(places: &Places, folder: &str) -> String {
    let above = Path::new(folder).ancestors().find(|path| places.at(&path.to_string_lossy()).exists());
    above.unwrap_or(Path::new("/")).display().to_string()
}

fn read(product: &Product) -> Result<Acknowledgements, LibraryError> {
    Acknowledgements::read(product).map_err(|error| LibraryError::Unreadable(error.to_string()))
}

/// Writes down what a person accepts, on the way to a version.
///
/// # Errors
/// When it cannot be written.
pub fn acknowledge(product: &Product, to: &Version, asked: &[Reason], by: &Person) -> Result<(), LibraryError> {
    let at = Timestamp::now();
    let new: Vec<_> = asked
        .iter()
        .filter_map(subject)
        .map(|subject| Acknowledgement { at, by: by.clone(), subject, version: to.clone() })
        .collect();
    acknowledgement::acknowledge(product, &new).map_err(|error| LibraryError::Failed(error.to_string()))
}

/// What an acknowledgement of this reason would be about; `None` where a person can acknowledge nothing.
pub fn subject(reason: &Reason) -> Option<Subject> {
    match reason {
        Reason::NoteUnread { version, sha256 } => Some(Subject::Note { version: version.clone(), sha256: *sha256 }),
        Reason::SideEffectUnacknowledged { id, sha256 } => {
            Some(Subject::SideEffect { id: id.clone(), sha256: *sha256 })
        }
        Reason::TakenBack { upgrade } => Some(Subject::TakenBack { upgrade: *upgrade }),
        Reason::TaskOpen { id, sha256, .. } => Some(Subject::Task { id: id.clone(), sha256: *sha256 }),
        _ => None,
    }
}

/// What people acknowledged of a product, for its history.
///
/// # Errors
/// When the file cannot be read.
pub fn deeds(product: &Product) -> Result<Vec<(Version, Deed)>, LibraryError> {
    let deed = |one: Acknowledgement| {
        let (what, subject) = match one.subject {
            Subject::Note { version, .. } => (DeedKind::AcknowledgedNote, version.to_string()),
            Subject::SideEffect { id, .. } => (DeedKind::AcknowledgedSideEffect, id.to_string()),
            Subject::TakenBack { upgrade } => (DeedKind::AcknowledgedTakenBack, upgrade.to_string()),
            Subject::Task { id, .. } => (DeedKind::DidTask, id.to_string()),
        };
        (one.version, Deed { at: one.at, by: one.by, what, subject: Some(subject) })
    };
    Ok(read(product)?.all.into_iter().map(deed).collect())
}

/// The older generations that people have accepted of the feeds of these products' vendors.
///
/// # Errors
/// When a file of theirs cannot be read.
pub fn generations(places: &Places, products: &[Product]) -> Result<Vec<PastGeneration>, LibraryError> {
    let vendors: BTreeSet<&VendorName> = products.iter().map(|product| &product.id.vendor).collect();
    let mut found = Vec::new();
    for vendor in vendors {
        let all = accepted::all(places, vendor).map_err(|cause| LibraryError::Unreadable(cause.to_string()))?;
        found.extend(all.into_iter().map(|acceptance| PastGeneration { vendor: vendor.clone(), acceptance }));
    }
    Ok(found)
}

/// Notes that a plan refers to, with what this host has of their texts.
pub fn notes_of(places: &Places, product: &ProductId, notes: &[NoteReference], language: Language) -> Vec<Note> {
    let mut texts = of_feed(&places.feed(&product.vendor), product);
    texts.extend(of_package(&places.of_packages(&product.vendor)));
    notes.iter().map(|note| Note::of(note, false, language, |digest| texts.get(digest).cloned())).collect()
}

/// The texts of the notes that are on this host: those that came with the feed, and those that the packages
/// installed. Each is told by its digest, which the signed plan names, so it does not matter where it lay.
fn texts(places: &Places, plan: &UpgradePlan) -> BTreeMap<Sha256, String> {
    let mut texts = of_feed(&places.feed(&plan.envelope.vendor), &plan.id());
    texts.extend(of_package(&places.of_packages(&plan.envelope.vendor)));
    for module in &plan.body.modules {
        texts.extend(of_package(&places.notes_of(&module.package)));
    }
    texts
}

fn of_feed(folder: &Path, product: &ProductId) -> BTreeMap<Sha256, String> {
    let shards = files(folder, 3, "json").into_iter().filter_map(|path| small(&path, MAXIMUM_SHARD_SIZE));
    let shards = shards.filter_map(|bytes| Shard::parse(&bytes, product).ok());
    shards.flat_map(|shard| shard.notes).map(|(digest, note)| (digest, note.text)).collect()
}

fn of_package(folder: &Path) -> BTreeMap<Sha256, String> {
    let texts = files(folder, 0, "md").into_iter().filter_map(|path| small(&path, MAXIMUM_NOTE_SIZE));
    texts.filter_map(|bytes| Some((Sha256::of(&bytes), String::from_utf8(bytes).ok()?))).collect()
}

fn small(path: &Path, maximum: u64) -> Option<Vec<u8>> {
    let is_small = std::fs::metadata(path).is_ok_and(|file| file.len() <= maximum);
    is_small.then(|| std::fs::read(path).ok()).flatten()
}

fn files(folder: &Path, depth: u32, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => found.extend(files(&path, depth - 1, ending)),
            Ok(kind) if kind.is_file() && path.extension().is_some_and(|end| end == ending) => found.push(path),
            _ => {}
        }
    }
    found
}
