//! What a manifest says and can hardly mean: each part of it is right, and together they do not do what
//! they are there for.

use std::collections::BTreeSet;
use std::path::Path;

use consign_metadata::plan::{BackupPart, ScriptsStep, Step, Undo};
use consign_metadata::version::Version;

use crate::manifest::Project;
use crate::package::PackageContents;
use crate::stage::Node;

/// All of them, a sentence for each.
pub fn of(project: &Project, packages: &[PackageContents]) -> Vec<String> {
    let mut found = idle_scripts(project, packages);
    found.extend(no_way_back(project));
    found.extend(untested(project));
    found.extend(foreign_paths(project, packages));
    found
}

/// Scripts of versions that no step takes, and steps that take none of those that are there.
fn idle_scripts(project: &Project, packages: &[PackageContents]) -> Vec<String> {
    let steps: Vec<&ScriptsStep> = project.steps.iter().filter_map(scripts).collect();
    let folders: BTreeSet<&str> = steps.iter().map(|step| step.folder.as_str()).collect();
    let mut found = Vec::new();
    for folder in folders {
        let here = || steps.iter().filter(|step| step.folder == folder);
        let taken: BTreeSet<&str> = here().flat_map(|step| &step.list).map(|script| script.path.as_str()).collect();
        let there = scripts_below(folder, packages, &project.product.supported_from);
        let idle = there.iter().filter(|path| !taken.contains(path.as_str()));
        found.extend(idle.map(|path| format!("{path} lies in {folder}, the folder of a [[step]], and none takes it")));
        if !there.is_empty() {
            let without = here().filter(|step| step.list.is_empty());
            found.extend(without.map(|step| {
                format!("step {:?} takes no script of {folder}: no name begins with its prefix", step.run.name.as_str())
            }));
        }
    }
    found
}

fn scripts(step: &Step) -> Option<&ScriptsStep> {
    match step {
        Step::Scripts(scripts) => Some(scripts),
        _ => None,
    }
}

/// `5.0.4/pre-a.py` for each file in the folder of a version that a host may come to from before it.
fn scripts_below(folder: &str, packages: &[PackageContents], supported_from: &Version) -> Vec<String> {
    let all = packages.iter().flat_map(|package| package.payload.entries());
    let files = all.filter(|(_, entry)| matches!(entry.node, Node::File { .. }));
    let below = files.filter_map(|(path, _)| path.strip_prefix(folder.trim_start_matches('/'))?.strip_prefix('/'));
    let is_script = |path: &&str| {
        let Some((version, name)) = path.split_once('/') else { return false };
        let due = version.parse::<Version>().is_ok_and(|version| version > *supported_from);
        due && !name.contains('/') && !name.starts_with('.') && !name.ends_with('~')
    };
    below.filter(is_script).map(str::to_owned).collect()
}

/// A backup is there to go back to, and a step that runs in every upgrade says that nobody can.
fn no_way_back(project: &Project) -> Option<String> {
    project.backup.as_ref()?;
    let programs = project.steps.iter().filter_map(Step::program);
    let mut always = programs.filter(|run| run.when == Default::default());
    let run = always.find(|run| run.undo == Undo::Impossible)?;
    Some(format!(
        "[backup] is declared, and step {:?} (undo = \"impossible\") keeps every upgrade from going back; where the backup holds what it changes, say undo = \"from-backup\"",
        run.name.as_str()
    ))
}

/// In maintenance the product is tested before anybody works with it.
fn untested(project: &Project) -> Option<String> {
    project.maintenance.as_ref()?;
    let Step::Health { checks, .. } = &project.health else { return None };
    let said = "[maintenance] is declared, and there is no [[health]]: nothing is tested before people work again";
    checks.is_empty().then(|| said.to_owned())
}

/// A path that is saved and belongs to nothing of the release is a slip, most of the time.
fn foreign_paths(project: &Project, packages: &[PackageContents]) -> Vec<String> {
    let parts = project.backup.iter().flat_map(|backup| &backup.parts);
    let paths = parts.filter_map(|part| match part {
        BackupPart::Files { paths, .. } => Some(paths),
        BackupPart::Command { .. } | BackupPart::Database { .. } => None,
    });
    let installed = packages.iter().flat_map(|package| package.payload.entries());
    let folders: Vec<String> = installed.map(|(path, _)| format!("/{path}")).collect();
    let homes = project.modules.iter().flat_map(|module| &module.users).map(|user| user.home.clone());
    let own: Vec<String> = folders.into_iter().chain(homes).collect();
    let is_own =
        |path: &str| own.iter().any(|own| Path::new(own).starts_with(path) || Path::new(path).starts_with(own));
    let foreign = paths.flatten().filter(|path| !is_own(path) && !is_own_on_windows(project, path));
    foreign.map(|path| format!("[backup] saves {path}, which is in no module's folders or files")).collect()
}

/// `{data.<package>}` and `{install.<package>}` are a module's, with all that is in them.
fn is_own_on_windows(project: &Project, path: &str) -> bool {
    let folder = path.strip_prefix('{').and_then(|path| path.split_once('}')).map(|(folder, _)| folder);
    let Some((_, package)) = folder.and_then(|folder| folder.split_once('.')) else { return false };
    project.modules.iter().any(|module| module.windows.is_some() && module.package.as_str() == package)
}
