//! The first record of a journal: everything that must not change under a running upgrade.

use consign_metadata::digest::Sha256;
use consign_metadata::name::{PackageName, ProductId};
use consign_metadata::plan::OnInterrupt;
use consign_metadata::text::Text;
use consign_metadata::version::{Class, Version};
use serde::{Deserialize, Serialize};

/// The first record: everything that must not change under a running upgrade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`], [`FORMAT_WITH_ADD_ONS`] or [`FORMAT_WITH_BACKUP`], whichever carries it.
    pub format: u32,
    /// Number of the upgrade on this host, from 1, within its product.
    pub upgrade: u32,
    /// The product.
    pub product: ProductId,
    /// Digest of the plan; the signed plan itself lies beside the journal.
    pub plan: Sha256,
    /// The version last finished; `None` for a first install.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Version>,
    /// The version that is upgraded to.
    pub to: Version,
    /// Its packaging revision.
    pub revision: u32,
    /// The class of the change by the vendor's rule; `None` for a first install.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// The packages on this host that take part.
    pub modules: Vec<ModuleChange>,
    /// The list that is walked, frozen.
    pub items: Vec<Item>,
    /// The earlier upgrade whose place this one takes, if it did not finish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<u32>,
    /// Whether the product has served people since `from`: the upgrade whose place this one takes was past its
    /// point of no return. Taking this one back loses what was written then.
    #[serde(default, skip_serializing_if = "is_false")]
    pub has_served: bool,
    /// The add-ons whose steps are in the list; their signed plans lie beside the journal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<JoinedAddOn>,
    /// The agent that wrote this record.
    pub agent: Version,
}

impl Header {
    /// Whether nothing of the product was on the host before: it is installed for the first time, or was
    /// removed and comes again. Then nobody can have stopped an engine on purpose.
    pub fn arrives(&self) -> bool {
        self.from.is_none() || self.modules.iter().all(|module| module.before.is_none())
    }
}

/// An add-on that joined an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinedAddOn {
    /// Its product.
    pub product: ProductId,
    /// Its version.
    pub version: Version,
    /// Digest of its plan.
    pub plan: Sha256,
}

/// A package before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleChange {
    /// Its native name.
    pub package: PackageName,
    /// Its native version before; `None` when it was not installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Its native version after.
    pub after: String,
}

/// One item of the list, with what the transition table has to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Name of the step in the plan.
    pub name: String,
    /// Whether this is the package transaction, which is observed and never run.
    #[serde(default, skip_serializing_if = "is_false")]
    pub packages: bool,
    /// What a person has to do, where the item is a task: it waits until somebody says that it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Text>,
    /// Whether it can be taken back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub undo: bool,
    /// Whether data may be lost by going back once it has started.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_return: bool,
    /// What follows when it is found interrupted.
    pub on_interrupt: OnInterrupt,
}

fn is_false(value: &bool) -> bool {
    !*value
}
