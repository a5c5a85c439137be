//! Scripts of versions that hosts may have run: what is released once stays as it is.
//!
//! A host would find it out as well, but only with the engines stopped and the packages changed.

use consign_metadata::name::Label;
use consign_metadata::plan::{Script, Step, UpgradePlan};

/// Why a plan is no continuation of those that are published, if one of its scripts is another one now.
pub fn changed(plan: &UpgradePlan, published: &[UpgradePlan]) -> Option<String> {
    scripts(plan).find_map(|(step, script)| {
        let before = published.iter().find(|before| {
            scripts(before).any(|(name, old)| name == step && old.path == script.path && old.sha256 != script.sha256)
        })?;
        let (path, version) = (&script.path, &before.envelope.version);
        Some(format!(
            "script {path} is another one than in {version}, and hosts on which it ran would refuse it; leave it as it was, and give what is new a name of its own"
        ))
    })
}

/// Each with the step that runs it, which is a part of its name on a host.
fn scripts(plan: &UpgradePlan) -> impl Iterator<Item = (&Label, &Script)> {
    let steps = plan.body.steps.iter().filter_map(|step| match step {
        Step::Scripts(scripts) => Some(scripts),
        _ => None,
    });
    steps.flat_map(|step| step.list.iter().map(|script| (&step.run.name, script)))
}
