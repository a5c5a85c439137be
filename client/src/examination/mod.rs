//! An examination of the agent itself on this host: is it asked, is it believed, are its files in order?
//!
//! - `vendors`: anchors, feeds and plans
//! - `products`: journals, flags, engines and files
//!
//! It reads, and changes nothing. What cannot be looked at is a finding of its own.

mod products;
mod vendors;

use std::path::PathBuf;

use consign_metadata::name::{ChannelName, PackageName, ProductId, UnitName, VendorName};
use jiff::Timestamp;
use serde::Serialize;

use crate::agent::room;
use crate::configuration::{self, NewDefault};
use crate::engine::event::Reason;
use crate::host::gap::Gap;
use crate::host::kernel::socket;
use crate::host::{PackageManager, ServiceManager};
use crate::notice::Notice;
use crate::places::Places;
use crate::product::Product;
use crate::site::Policy;
use crate::trust::Trust;

/// What is looked at.
pub const LOOKS: [&str; 10] =
    ["hooks", "service", "anchors", "feeds", "plans", "site-files", "journals", "state", "clock", "room"];

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "finding", rename_all = "kebab-case")]
pub enum Finding {
    /// A file of the agent's own was removed: the package manager does not ask it.
    HookRemoved {
        /// The file, and where it can be copied from.
        #[serde(flatten)]
        removed: NewDefault,
    },
    /// Something else keeps the package manager from asking.
    HookNotAsked {
        /// What.
        #[serde(flatten)]
        gap: Gap,
    },
    /// The socket of the service is not there.
    ServiceUnreachable {
        /// Where it would be.
        socket: PathBuf,
    },
    /// An anchor cannot be used, or is missing.
    AnchorUnusable {
        /// Whose.
        vendor: VendorName,
        /// Why, in English.
        cause: String,
    },
    /// Something about a vendor's keys or repository.
    Vendor {
        /// What.
        #[serde(flatten)]
        notice: Notice,
    },
    /// No feed of a vendor was ever read.
    FeedMissing {
        /// Whose.
        vendor: VendorName,
    },
    /// The feed does not speak any more: nothing newer is believed.
    FeedExpired {
        /// Whose.
        vendor: VendorName,
        /// The channel.
        channel: ChannelName,
        /// When it ended.
        expired: Timestamp,
    },
    /// The feed on this host does not verify.
    FeedUnusable {
        /// Whose.
        vendor: VendorName,
        /// The channel.
        channel: ChannelName,
        /// Why, in English.
        cause: String,
    },
    /// The plan that a package installed cannot be used.
    PlanUnusable {
        /// The package.
        package: PackageName,
        /// Why, in English.
        cause: String,
    },
    /// A site's file cannot be used.
    SiteFile {
        /// What is wrong with it, in English.
        problem: String,
    },
    /// A journal cannot be replayed.
    JournalUnusable {
        /// The product.
        product: ProductId,
        /// The number of the upgrade.
        upgrade: u32,
        /// Why, in English.
        cause: String,
    },
    /// The engines are kept from starting, and no upgrade is the cause.
    FlagWithoutUpgrade {
        /// The product.
        product: ProductId,
        /// The flag.
        flag: PathBuf,
    },
    /// An upgrade stands in the middle, and nothing keeps the engines from starting.
    UpgradeWithoutFlag {
        /// The product.
        product: ProductId,
        /// The number of the upgrade.
        upgrade: u32,
    },
    /// A file that no agent has written.
    UnknownFile {
        /// The file.
        file: PathBuf,
    },
    /// The unit of an engine has not the condition that keeps it from starting in the middle of an upgrade.
    ConditionMissing {
        /// The product.
        product: ProductId,
        /// The unit.
        unit: UnitName,
    },
    /// The clock is behind what was written down or signed before.
    ClockBehind {
        /// What it says.
        now: Timestamp,
        /// What there was already.
        seen: Timestamp,
    },
    /// There is no room for what the agent writes.
    NoRoom {
        /// Where.
        folder: String,
        /// What is free.
        free_mib: u64,
        /// What has to be.
        needed_mib: u64,
    },
    /// Something could not be looked at.
    CouldNotLook {
        /// At what.
        what: String,
        /// Why not, in English.
        cause: String,
    },
}

impl Finding {
    /// Whether a person has to act.
    pub fn is_wrong(&self) -> bool {
        match self {
            Self::Vendor { notice } => notice.is_urgent(),
            _ => true,
        }
    }
}

/// The package of the agent itself.
const AGENT: &str = "consignee";

/// Looks at everything.
pub fn examine(
    places: &Places,
    packages: &dyn PackageManager,
    services: &dyn ServiceManager,
    now: Timestamp,
) -> Vec<Finding> {
    let removed = configuration::removed(places, AGENT).into_iter().map(|removed| Finding::HookRemoved { removed });
    let mut findings: Vec<Finding> = removed.collect();
    findings.extend(packages.gaps().into_iter().map(|gap| Finding::HookNotAsked { gap }));
    let socket = places.socket();
    if services.is_running() && !socket::is_there(&socket) {
        findings.push(Finding::ServiceUnreachable { socket });
    }
    findings.extend(Policy::read(places).err().map(|problem| Finding::SiteFile { problem: problem.to_string() }));
    let products = Product::all(places).unwrap_or_else(|cause| {
        findings.push(could_not_look("the products", cause));
        Vec::new()
    });
    match Trust::read(places) {
        Ok(trust) => {
            findings.extend(vendors::examine(places, &trust, &products, now));
            findings.extend(products::examine(places, &trust, services, &products, now));
        }
        Err(cause) => findings.push(could_not_look("the anchors", cause)),
    }
    if let Some(Reason::NoRoom { folder, free_mib, needed_mib }) = room::reasons(places) {
        findings.push(Finding::NoRoom { folder, free_mib, needed_mib });
    }
    once(findings)
}

/// The same line of a file is met by whoever reads it.
fn once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen: Vec<Finding> = Vec::new();
    for finding in findings {
        if !seen.contains(&finding) {
            seen.push(finding);
        }
    }
    seen
}

fn could_not_look(what: impl Into<String>, cause: impl std::fmt::Display) -> Finding {
    Finding::CouldNotLook { what: what.into(), cause: cause.to_string() }
}

#[cfg(test)]
mod tests;
