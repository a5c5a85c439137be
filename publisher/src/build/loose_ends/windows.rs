//! What a product for Windows says and no host with Windows can do: its steps are the same on every system.

use consign_metadata::plan::Step;

use super::{Run, all_runs};
use crate::manifest::Project;

/// The user who is the system's own everywhere.
const SYSTEM: &str = "root";

/// A sentence for each program that cannot run there.
pub fn of(project: &Project) -> Vec<String> {
    let is_for_windows = project.modules.iter().any(|module| project.native_of(module).msi.is_some());
    if !is_for_windows {
        return Vec::new();
    }
    let in_shell = project.steps.iter().filter_map(Step::program).filter(|step| step.login_shell);
    let in_shell =
        in_shell.map(|step| (format!("step {:?}", step.name.as_str()), "it runs in a login shell".to_owned()));
    let runs = all_runs(project).into_iter().filter_map(|run| Some((obstacle(&run)?, run.step)));
    let all = runs.map(|(why, step)| (step, why)).chain(in_shell);
    all.map(|(step, why)| format!("{step} cannot run on Windows: {why}")).collect()
}

fn obstacle(run: &Run<'_>) -> Option<String> {
    let (user, program) = (run.user, run.command.first());
    if user != SYSTEM {
        return Some(format!("it runs as {user}"));
    }
    program.filter(|program| program.starts_with('/')).map(|program| format!("it runs {program}"))
}
