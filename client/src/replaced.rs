//! The upgrades whose place another one takes, with the plans that lie beside their journals: what one of them
//! has done, only its own plan knows how to take back.

use consign_metadata::plan::UpgradePlan;

use crate::engine::machine::Upgrade;

/// One of them.
#[derive(Debug, Clone)]
pub struct Replaced {
    /// As its journal tells it.
    pub upgrade: Upgrade,
    /// Its plan; `None` where that cannot be verified any more.
    pub plan: Option<UpgradePlan>,
}

impl Replaced {
    /// The index of the step of this name in its list, where it was begun.
    pub fn begun(&self, name: &str) -> Option<usize> {
        let items = self.upgrade.header.items.iter();
        let index = items.enumerate().find(|(_, item)| item.name == name)?.0;
        (self.upgrade.attempts(index) > 0).then_some(index)
    }
}
