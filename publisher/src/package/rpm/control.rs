//! What only rpm wants to know of a package: relations, scriptlets, a trigger, capabilities.

use std::collections::BTreeMap;

use super::Relation;

/// What only rpm wants to know of a package.
#[derive(Debug, Clone, Default)]
pub struct RpmControl {
    /// Its relations to other packages.
    pub relations: Relations,
    /// Its scriptlets.
    pub scripts: Scripts,
    /// A script that is run once after a transaction.
    pub trigger: Option<TransactionTrigger>,
    /// Capabilities of its files, by their absolute paths.
    pub capabilities: BTreeMap<String, String>,
}

/// Relations; those that rpm needs to read the package are added by the packager.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the tag of the same name in a spec file")]
pub struct Relations {
    /// `Requires(pre)`: what has to be there before `%pre` is run.
    pub requires_pre: Vec<Relation>,
    pub requires: Vec<Relation>,
    pub recommends: Vec<Relation>,
    pub suggests: Vec<Relation>,
    pub conflicts: Vec<Relation>,
    pub obsoletes: Vec<Relation>,
    pub provides: Vec<Relation>,
}

/// Scriptlets for `/bin/sh`, by their name in a spec file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the scriptlet of the same name")]
pub struct Scripts {
    pub pre: Option<String>,
    pub post: Option<String>,
    pub preun: Option<String>,
    pub postun: Option<String>,
    pub posttrans: Option<String>,
}

/// `%transfiletriggerin`: run once, after a transaction that installed something below a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionTrigger {
    /// The path.
    pub below: String,
    /// The script.
    pub script: String,
}
