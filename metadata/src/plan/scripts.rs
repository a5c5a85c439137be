//! Scripts of the versions in between: each runs once in the life of a product on a host.
//!
//! `scripts/5.0.4/pre-10-partners.py` belongs to version 5.0.4: whoever comes from before it and goes to it or
//! past it runs it. The plan names each with its digest, so that what runs is what the vendor signed.

use serde::{Deserialize, Serialize};

use super::RunStep;
use crate::digest::Sha256;
use crate::version::Version;

/// Scripts of the versions in between. Since format 3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptsStep {
    /// What runs each of them: `{script}` is its path, which comes last where it is nowhere else. Its
    /// `timeout_seconds` are each script's.
    pub run: RunStep,
    /// Where they are on the host.
    pub folder: String,
    /// All of them, by version and then by path.
    pub list: Vec<Script>,
}

/// A script of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Below the folder: `5.0.4/pre-10-partners.py`.
    pub path: String,
    /// Its version.
    pub version: Version,
    /// Of its content.
    pub sha256: Sha256,
}

impl ScriptsStep {
    /// Those between two versions, in the order in which they run: later than the one, and the other included.
    /// A product that is installed for the first time has nothing that they could change.
    pub fn between(&self, from: Option<&Version>, to: &Version) -> Vec<&Script> {
        let Some(from) = from else { return Vec::new() };
        let mut between: Vec<&Script> =
            self.list.iter().filter(|script| script.version > *from && script.version <= *to).collect();
        between.sort_by(|a, b| a.version.cmp(&b.version).then_with(|| a.path.cmp(&b.path)));
        between
    }

    /// What is wrong with it, if anything.
    pub(super) fn fault(&self) -> Option<String> {
        let leaves = |path: &str| path.starts_with('/') || path.split('/').any(|part| part.is_empty() || part == "..");
        if let Some(script) = self.list.iter().find(|script| leaves(&script.path)) {
            return Some(format!("the script {:?} is outside of its folder", script.path));
        }
        let mut seen = std::collections::BTreeSet::new();
        let twice = self.list.iter().find(|script| !seen.insert(&script.path));
        twice.map(|script| format!("the script {:?} is named twice", script.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(paths: &[(&str, &str)]) -> ScriptsStep {
        let script = |(path, version): &(&str, &str)| serde_json::json!({"path": path, "version": version, "sha256": Sha256::of(path.as_bytes())});
        let run = serde_json::json!({"name": "pre", "command": ["python3"], "user": "erp", "timeout_seconds": 5});
        let list: Vec<_> = paths.iter().map(script).collect();
        serde_json::from_value(serde_json::json!({"run": run, "folder": "/opt/erp/scripts", "list": list})).unwrap()
    }

    #[test]
    fn scripts_run_by_version_and_then_by_name() {
        let step = step(&[
            ("5.10.0/pre-a", "5.10.0"),
            ("5.2.0/pre-b", "5.2.0"),
            ("5.2.0/pre-a", "5.2.0"),
            ("5.0.4/pre-a", "5.0.4"),
        ]);
        let between = |from: Option<&str>, to: &str| -> Vec<String> {
            let from = from.map(|from| from.parse().unwrap());
            step.between(from.as_ref(), &to.parse().unwrap()).into_iter().map(|script| script.path.clone()).collect()
        };
        assert_eq!(between(Some("5.0.4"), "5.10.0"), ["5.2.0/pre-a", "5.2.0/pre-b", "5.10.0/pre-a"]);
        assert_eq!(between(Some("5.0.3"), "5.2.0"), ["5.0.4/pre-a", "5.2.0/pre-a", "5.2.0/pre-b"]);
        assert!(between(Some("5.2.0"), "5.2.0").is_empty());
        assert!(between(None, "5.10.0").is_empty());
    }

    #[test]
    fn a_script_does_not_leave_its_folder() {
        assert_eq!(step(&[("5.0.4/pre-a", "5.0.4")]).fault(), None);
        for path in ["/etc/x", "../x", "5.0.4/../../x", "5.0.4//x", ""] {
            assert!(step(&[(path, "5.0.4")]).fault().is_some(), "{path}");
        }
        assert!(step(&[("a", "1.0.0"), ("a", "1.0.0")]).fault().is_some());
    }
}
