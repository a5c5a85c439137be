//! What is said on the agent's socket: one JSON line for the request, JSON lines for the answer, the
//! last of which ends it. Only root may connect. Codes, no sentences: the viewer words them.

use std::path::PathBuf;

use consign_metadata::digest::Sha256;
use consign_metadata::name::{ChannelName, Label, PackageName, ProductId, VendorName};
use consign_metadata::plan::{NoteReference, SideEffect};
use consign_metadata::version::{Class, Version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::acknowledgement::Subject;
use crate::engine::event::{Answer, Failure, Person, Reason};
use crate::notice::Notice;
use crate::report::state::Code;

/// What somebody wants of the agent's service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum Request {
    /// A hint that packages may have changed. Answered at once, before any work.
    Wake,
    /// The package manager has carried its transaction out, or given it up; its process may still be
    /// there and hold its lock. Answered at once.
    Ended,
    /// Look at what is offered and write the holds.
    Look {
        /// A person waits for the answer; where nobody does, the package lists were updated, and the
        /// package manager goes on after 30 s.
        #[serde(default)]
        patient: bool,
    },
    /// A transaction is about to unpack: check the gates, then prepare. Answered when prepared.
    Barrier {
        /// Every action of the transaction.
        actions: Vec<PackageAction>,
        /// Whether somebody is there: it was typed at a terminal.
        #[serde(default = "yes")]
        attended: bool,
    },
    /// A new package's preinst runs: gate and prepare unless a barrier has cleared it already.
    Preinst {
        /// Whose package it is.
        product: ProductId,
        /// Its native name.
        package: PackageName,
        /// The signed plan that it brings.
        plan: PathBuf,
        /// The native version that is configured now, if any.
        before: Option<String>,
        /// Whether somebody is there.
        #[serde(default = "yes")]
        attended: bool,
    },
    /// A package's script runs before its files are unpacked, in a transaction that cannot be refused any
    /// more: stop what a barrier has not prepared. Answered when stopped, never with a refusal.
    Arrive {
        /// Whose package it is.
        product: ProductId,
        /// Its native name.
        package: PackageName,
        /// Its file, where it could be found.
        archive: Option<PathBuf>,
        /// Whether somebody is there.
        #[serde(default = "yes")]
        attended: bool,
    },
    /// A package of the product is about to be removed: stop the engines. Answered when stopped.
    Remove {
        /// Whose package it is.
        product: ProductId,
        /// Its native name.
        package: PackageName,
    },
    /// A package of the product was purged: forget its journals, keep its backups.
    Purge {
        /// Whose package it was.
        product: ProductId,
        /// Its native name.
        package: PackageName,
    },
    /// What is offered may be installed whatever the site's rules on time and attendance say.
    Now {
        /// The product.
        product: ProductId,
        /// Who.
        by: Person,
    },
    /// The way to a version, stop by stop.
    Path {
        /// The product.
        product: ProductId,
        /// The version; the newest that can be reached where none is named.
        to: Option<Version>,
    },
    /// Go that way: prepare each upgrade, call the package manager for it, finish it. Answered at once.
    Upgrade {
        /// The product.
        product: ProductId,
        /// The version; the newest that can be reached where none is named.
        to: Option<Version>,
        /// The plans of all its upgrades as they were shown; where there are none, whatever they are now.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        plans: Vec<Sha256>,
        /// Who.
        by: Person,
    },
    /// A person has read or accepted something.
    Acknowledge {
        /// The product.
        product: ProductId,
        /// The version that is to be installed.
        version: Version,
        /// What, each by its digest.
        subjects: Vec<Subject>,
        /// Who.
        by: Person,
    },
    /// Go no further than the upgrade that is under way.
    Stay {
        /// The product.
        product: ProductId,
        /// Who.
        by: Person,
    },
    /// Look at the version that the data is at.
    Data {
        /// The product.
        product: ProductId,
        /// Who takes it for right as it is found; `None` where nobody does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accept: Option<Person>,
    },
    /// Which generations of a vendor's feeds this host knows, and which its repositories show.
    Feeds {
        /// Whose.
        vendor: VendorName,
    },
    /// An older generation is the one to go by from now on.
    AcceptOlder {
        /// Whose.
        vendor: VendorName,
        /// The channel.
        channel: ChannelName,
        /// The generation that its repository has shown.
        generation: u64,
        /// Who.
        by: Person,
    },
    /// A person's decision about an upgrade.
    Decide {
        /// The product.
        product: ProductId,
        /// What is to be done.
        decision: Decision,
        /// Who.
        by: Person,
    },
}

// A hook of an older agent, in the moment of its upgrade, does not say.
fn yes() -> bool {
    true
}

/// What a person may decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "kebab-case")]
pub enum Decision {
    /// Go on now with what only needs time.
    Resume,
    /// Try the step that failed, or the undo that failed, again.
    Retry,
    /// Go on after the step that failed.
    Skip,
    /// Take the upgrade back: packages and data.
    Rollback {
        /// Whether what was written since the product served again may be lost.
        accepts_data_loss: bool,
    },
    /// A task that the upgrade waits for is done.
    Done {
        /// Its name.
        task: Label,
    },
    /// About a step that was interrupted.
    Answer {
        /// What.
        answer: Answer,
    },
    /// The host was put right by hand.
    Rescue {
        /// The version the data is at.
        observed: Version,
    },
}

/// One action of a package manager's transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageAction {
    /// Native name.
    pub package: String,
    /// Native version before, if any.
    pub before: Option<String>,
    /// Native version after; `None` for a removal.
    pub after: Option<String>,
    /// The package file that is about to be unpacked; `None` for configure and remove.
    pub archive: Option<PathBuf>,
    /// Whether the package is removed.
    pub remove: bool,
}

/// A line of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// Work has begun; its journal can be followed. Not the last line.
    Working {
        /// The product.
        product: ProductId,
        /// Number of the upgrade.
        upgrade: u32,
    },
    /// The previous packages are fetched. Not the last line.
    Fetching {
        /// The product.
        product: ProductId,
        /// How much.
        bytes: u64,
    },
    /// Something was found of a product that keeps nothing from going ahead. Not the last line.
    Told {
        /// The product.
        product: ProductId,
        /// What.
        reasons: Vec<Reason>,
    },
    /// Understood; what follows happens by itself.
    Accepted,
    /// What is offered to this host, and the holds are written.
    Looked {
        /// By product.
        offers: Vec<Offer>,
        /// By vendor.
        #[serde(default)]
        notices: Vec<Notice>,
    },
    /// The way to a version.
    Path {
        /// Every stop, and what is out of reach.
        way: Way,
    },
    /// The plans are not those that were shown; nothing was begun.
    Changed,
    /// The data was looked at.
    Data {
        /// The version that it is at; `None` also where the plan does not tell how to look.
        found: Option<String>,
        /// Why nobody could look.
        failure: Option<Failure>,
    },
    /// The feeds were looked at.
    Feeds {
        /// By channel.
        feeds: Vec<FeedState>,
    },
    /// The transaction may go ahead.
    Pass,
    /// The transaction must not go ahead; nothing was changed.
    Refuse {
        /// By product, every reason at once.
        refusals: Vec<Refusal>,
    },
    /// The decision makes no sense in the state that the upgrade is in; nothing was changed.
    Undecidable {
        /// Which upgrade, and its state.
        upgrade: Undecidable,
    },
    /// The request could not be carried out.
    Failed {
        /// Why: a technical message in English.
        cause: String,
    },
}

/// An upgrade about which something was decided that its state does not allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undecidable {
    /// The product.
    pub product: ProductId,
    /// Its number.
    pub upgrade: u32,
    /// Its state, by the name in the state diagram.
    pub state: Code,
    /// Whether it was to be resumed, which takes an upgrade that only wants time.
    pub resume: bool,
}

/// The way of a product to a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// The version last finished.
    pub from: Version,
    /// One upgrade after the other; empty where there is nothing to go to.
    pub legs: Vec<Leg>,
    /// What was wanted, or is the newest, and cannot be reached.
    pub beyond: Vec<Offer>,
}

/// One upgrade of a way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leg {
    /// The version it starts from.
    pub from: Version,
    /// The stop that it goes to.
    pub to: Version,
    /// The class of the change.
    pub class: Class,
    /// Of the first: everything that is in the way; of later ones what a person can already do.
    pub held: Vec<Reason>,
    /// How long everything before its packages will probably take; null where nothing tells.
    pub preparation_seconds: Option<u64>,
    /// The notes that it knows.
    pub notes: Vec<NoteReference>,
    /// What it does beyond itself.
    pub side_effects: Vec<SideEffect>,
    /// The digest of its plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Sha256>,
    /// Whether some step of it cannot be taken back.
    #[serde(default)]
    pub is_irreversible: bool,
}

/// A product and what is offered for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// The product.
    pub product: ProductId,
    /// The version on this host.
    pub installed: Option<Version>,
    /// The version offered; `None` when there is nothing newer.
    pub offered: Option<Version>,
    /// Why it is held; empty when it is cleared.
    pub held: Vec<Reason>,
    /// What was found on the host and holds nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Reason>,
}

/// A feed as this host knows it, and as its repository shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedState {
    /// The channel.
    pub channel: ChannelName,
    /// The address of the repository, without credentials.
    pub url: String,
    /// The generation that this host knows; null where it knows none.
    pub known: Option<u64>,
    /// The lowest generation that the vendor's anchor lets hosts believe; 0 where it asks for none.
    pub minimum: u64,
    /// The generation that the repository shows; null where nobody could look.
    pub shown: Option<u64>,
    /// Until when that one is believed.
    pub believed_until: Option<Timestamp>,
    /// Why nobody could look, in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl FeedState {
    /// The generation that is shown, where it is older than the one that is known.
    pub fn older(&self) -> Option<u64> {
        self.shown.filter(|shown| self.known.is_some_and(|known| *shown < known))
    }
}

/// Why a transaction is refused for one product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// The product.
    pub product: ProductId,
    /// The version the transaction goes to, where it is known.
    pub to: Option<Version>,
    /// Every reason.
    pub reasons: Vec<Reason>,
}
