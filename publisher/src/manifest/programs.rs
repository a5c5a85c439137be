//! Steps that are more than a program: one that is stopped when it is ready, the scripts of versions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;
use consign_metadata::plan::{HealthCheck, Ready, RunStep, Script, ScriptsStep, Step, UntilStep};
use consign_metadata::version::Version;

use super::command::Known;
use super::error::Fault;
use super::files::host_path;
use super::spanned::Spanned;
use super::steps::seconds;
use super::{Module, authored, health};

/// How long a program that is ready may take to end.
const STOP: u32 = 60;

/// What the release's steps are told by besides themselves.
pub(super) struct Release<'a> {
    pub known: &'a Known<'a>,
    pub version: &'a Version,
    pub supported_from: &'a Version,
    /// Where the scripts are found.
    pub modules: &'a [Module],
}

impl Release<'_> {
    /// A step, of which `run` is the program.
    pub fn step(&self, step: &authored::Step, run: RunStep) -> Result<Step, Fault> {
        match (&step.until, &step.scripts) {
            (None, None) => Ok(Step::Run(run)),
            (Some(until), None) => {
                let stop_seconds = seconds(until.get_ref().stop, STOP);
                Ok(Step::Until(UntilStep { run, ready: self.ready(until)?, stop_seconds }))
            }
            (None, Some(scripts)) => {
                let folder = host_path(&scripts.get_ref().folder)?.trim_end_matches('/').to_owned();
                let list = self.scripts(scripts.get_ref(), &folder)?;
                Ok(Step::Scripts(ScriptsStep { run, folder, list }))
            }
            (Some(_), Some(scripts)) => Err(Fault::at(scripts.span(), "a step has until or scripts, not both")),
        }
    }

    fn ready(&self, until: &Spanned<authored::Until>) -> Result<Ready, Fault> {
        let authored::Until { http, tcp, command, user, line, exit, stop: _ } = until.get_ref();
        let asked = authored::Health {
            http: http.clone(),
            tcp: tcp.clone(),
            command: command.clone(),
            user: user.clone(),
            within: None,
            stable: None,
        };
        let check: Option<HealthCheck> = match (http, tcp, command) {
            (None, None, None) => None,
            _ => Some(health::check(&Spanned::new(until.span(), asked), self.known)?),
        };
        let ready = Ready { check, line: line.clone(), exit: *exit };
        match ready.says_something() {
            true => Ok(ready),
            false => Err(Fault::at(until.span(), "nothing tells when the program is ready")
                .help("say one of http, tcp, command and line, or exit = true where it ends by itself")),
        }
    }

    fn scripts(&self, scripts: &authored::Scripts, folder: &str) -> Result<Vec<Script>, Fault> {
        let at = |message: String| Fault::at(scripts.folder.span(), message);
        let found: Vec<PathBuf> = self.modules.iter().filter_map(|module| below(module, folder)).collect();
        if found.is_empty() {
            return Err(at(format!("no module installs a folder {folder:?} (files = …)"))
                .help("scripts are files of a package, in one folder for each version: 5.0.4/pre-partners.py"));
        }
        let mut list = Vec::new();
        for root in found {
            for (path, version) in named(&root, &scripts.prefix).map_err(at)? {
                if version > *self.version {
                    return Err(at(format!("the script {path:?} is of a version later than {}", self.version)));
                }
                // Nobody comes from before that any more.
                if version > *self.supported_from {
                    let sha256 = digest(&root.join(&path)).map_err(at)?;
                    list.push(Script { path, version, sha256 });
                }
            }
        }
        list.sort_by(|a: &Script, b| a.version.cmp(&b.version).then_with(|| a.path.cmp(&b.path)));
        Ok(list)
    }
}

/// Folders in which no package of a distribution installs anything.
const OF_THE_SITE: [&str; 4] = ["/usr/local/", "/srv/", "/home/", "/root/"];

/// The programs of the steps that the site keeps: a host can look for them before the upgrade begins.
pub(super) fn of_the_site(steps: &[Step], modules: &[Module]) -> BTreeSet<String> {
    let programs = steps.iter().filter_map(Step::program).filter(|run| !run.login_shell);
    let programs =
        programs.flat_map(|run| run.command.first().into_iter().chain(run.done_probe.iter().flatten().take(1)));
    let is_brought = |program: &str| {
        let mut files = modules.iter().flat_map(|module| &module.files);
        files.any(|files| Path::new(program).starts_with(&files.to))
    };
    let is_theirs = |program: &&String| {
        OF_THE_SITE.iter().any(|folder| program.starts_with(folder)) && !program.contains('{') && !is_brought(program)
    };
    programs.filter(is_theirs).cloned().collect()
}

/// The folder of the project that a module installs there.
fn below(module: &Module, folder: &str) -> Option<PathBuf> {
    let inside = |files: &super::files::Files| {
        let rest = Path::new(folder).strip_prefix(&files.to).ok()?;
        Some(files.from.join(rest)).filter(|path| path.is_dir())
    };
    module.files.iter().find_map(inside)
}

/// The scripts below a folder, each with its version: those in `<version>/`, and files named by their version.
fn named(root: &Path, prefix: &str) -> Result<Vec<(String, Version)>, String> {
    let mut found = Vec::new();
    for name in names(root)? {
        if root.join(&name).is_dir() {
            let version: Version = name.parse().map_err(|_| format!("the folder {name:?} of scripts is no version"))?;
            let scripts = names(&root.join(&name))?.into_iter();
            let ours = scripts.filter(|script| script.starts_with(prefix) && root.join(&name).join(script).is_file());
            found.extend(ours.map(|script| (format!("{name}/{script}"), version.clone())));
        } else if let Some(version) = version_of_file(&name, prefix) {
            found.push((name, version));
        }
    }
    Ok(found)
}

/// `pre-5.0.4.py`, `5.0.4.sql`.
fn version_of_file(name: &str, prefix: &str) -> Option<Version> {
    let rest = name.strip_prefix(prefix)?.trim_start_matches(['-', '_']);
    let parse = |text: &str| text.parse().ok();
    parse(rest).or_else(|| parse(rest.rsplit_once('.')?.0))
}

/// In order; what editors and version control leave behind is not looked at.
fn names(folder: &Path) -> Result<Vec<String>, String> {
    let cannot = |cause: std::io::Error| format!("cannot read {}: {cause}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name().into_string();
        let name = name.map_err(|name| format!("the name of the script {name:?} is not UTF-8"))?;
        if !name.starts_with('.') && !name.ends_with('~') {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn digest(path: &Path) -> Result<Sha256, String> {
    let content = std::fs::read(path).map_err(|cause| format!("cannot read {}: {cause}", path.display()))?;
    Ok(Sha256::of(&content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_named_by_their_version() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["5.0.4/pre-b.py", "5.0.4/pre-a.py", "5.0.4/post-a.py", "5.0.4/.pre-x", "5.0.4/pre-a.py~"] {
            std::fs::create_dir_all(folder.path().join("5.0.4")).unwrap();
            std::fs::write(folder.path().join(path), "").unwrap();
        }
        for path in ["pre-5.2.0.py", "post-5.2.0.py", "5.1.0.sql", "README", "pre.py"] {
            std::fs::write(folder.path().join(path), "").unwrap();
        }
        let names = |prefix: &str| -> Vec<String> {
            named(folder.path(), prefix)
                .unwrap()
                .into_iter()
                .map(|(path, version)| format!("{path} {version}"))
                .collect()
        };
        assert_eq!(names("pre"), ["5.0.4/pre-a.py 5.0.4", "5.0.4/pre-b.py 5.0.4", "pre-5.2.0.py 5.2.0"]);
        assert_eq!(names("post-"), ["5.0.4/post-a.py 5.0.4", "post-5.2.0.py 5.2.0"]);
        assert_eq!(names("").len(), 4, "{:?}", names(""));
        std::fs::create_dir(folder.path().join("library")).unwrap();
        assert!(named(folder.path(), "pre").unwrap_err().contains("\"library\""));
    }
}
