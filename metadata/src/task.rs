//! Tasks: what only a person can do for an upgrade, before it, in the middle of it or after it.

use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::name::Label;
use crate::plan::When;
use crate::text::Text;

/// Something that a person has to do, and to say so. Since body format 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its name within the plan, by which it is ticked.
    pub id: Label,
    /// Which upgrades have it.
    #[serde(default)]
    pub when: When,
    /// What is to be done, in a sentence.
    pub summary: Text,
    /// How, in as many words as it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Text>,
    /// Whether what the person does keeps the upgrade from being taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub irreversible: bool,
}

impl Task {
    /// The digest a tick is for: of all its words, so that an edited task is open again.
    pub fn digest(&self) -> Sha256 {
        let detail = self.detail.as_ref();
        let english = detail.map(|text| text.en.as_str());
        let french = detail.and_then(|text| text.fr.as_deref());
        let words = [Some(self.summary.en.as_str()), self.summary.fr.as_deref(), english, french];
        Sha256::of(words.map(Option::unwrap_or_default).join("\0").as_bytes())
    }
}
