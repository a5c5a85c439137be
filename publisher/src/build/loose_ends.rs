//! What a release refers to and does not bring: users, programs, the targets of links, its own release note;
//! and parts of its manifest that do not go together.
//!
//! None of it is wrong for certain, since a dependency may bring it; most of the time it is a slip that
//! would show on a customer's host at night. So it is a warning, and `--strict` refuses it.

mod accounts;
mod contradictions;
mod windows;

use std::fmt;
use std::path::{Component, Path};

use consign_metadata::plan::{BackupPart, HealthCheck, Step};
use consign_metadata::prerequisite::Check;
use consign_metadata::version::Version;

use crate::manifest::Project;
use crate::package::PackageContents;
use crate::stage::Node;

/// Folders of the distribution: what is missing there a dependency brings.
const SYSTEM_FOLDERS: [&str; 8] = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/dev", "/proc"];
/// Below `/usr`, and yet never a dependency's.
const LOCAL: &str = "/usr/local";

/// What becomes of a file whose owner or group is unknown where it is unpacked.
const WITHOUT_ACCOUNT: &str = "unless a dependency does, root gets it";

/// Something that a release refers to and does not bring.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LooseEnd {
    /// The version has no release note of its own.
    Note(Version),
    /// A step, a health check or a prerequisite runs as somebody whom no module creates.
    User {
        /// The step: `step "migrate"`.
        step: String,
        /// The user.
        user: String,
    },
    /// A step or a prerequisite runs a program that no module installs.
    Program {
        /// The step: `step "migrate"`.
        step: String,
        /// The program.
        program: String,
    },
    /// Files of an owner whom no module creates: on the host they would be root's.
    Owner {
        /// The package.
        package: String,
        /// Where they are installed.
        path: String,
        /// The owner.
        user: String,
    },
    /// Files of a group that no module creates.
    Group {
        /// The package.
        package: String,
        /// Where they are installed.
        path: String,
        /// The group.
        group: String,
    },
    /// A symbolic link leads to where neither the product nor the distribution installs anything.
    Link {
        /// The package.
        package: String,
        /// The link.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// Parts of the manifest that do not go together.
    Contradiction(String),
}

impl fmt::Display for LooseEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(version) => {
                write!(f, "there is no release note on {version} ({version}.en.md in the folder of [notes])")
            }
            Self::User { step, user } => {
                write!(f, "{step} runs as {user}, whom no module creates (users = …); a dependency has to")
            }
            Self::Program { step, program } => write!(f, "{step} runs {program}, which no module installs"),
            Self::Owner { package, path, user } => {
                write!(f, "{package}: {path} belongs to {user}, whom no module creates (users = …): {WITHOUT_ACCOUNT}")
            }
            Self::Group { package, path, group } => {
                write!(f, "{package}: {path} has the group {group}, which no module creates: {WITHOUT_ACCOUNT}")
            }
            Self::Link { package, path, target } => {
                write!(f, "{package}: the link {path} leads to {target}, which no module installs")
            }
            Self::Contradiction(said) => f.write_str(said),
        }
    }
}

/// All of them, in order.
pub fn of(project: &Project, packages: &[PackageContents]) -> Vec<LooseEnd> {
    let mut found: Vec<_> = note(project).into_iter().chain(runs(project, packages)).chain(links(packages)).collect();
    found.extend(accounts::of(project));
    found.extend(contradictions::of(project, packages).into_iter().map(LooseEnd::Contradiction));
    found.extend(windows::of(project).into_iter().map(LooseEnd::Contradiction));
    found.sort();
    found.dedup();
    found
}

/// People upgrade to a version by what its note says.
pub fn note(project: &Project) -> Option<LooseEnd> {
    let version = &project.product.version;
    let written = project.notes.iter().any(|note| note.version == *version);
    (!written).then(|| LooseEnd::Note(version.clone()))
}

fn runs<'a>(project: &'a Project, packages: &'a [PackageContents]) -> impl Iterator<Item = LooseEnd> + 'a {
    let users = accounts::users(project);
    let mut found = Vec::new();
    for Run { step, user, command } in all_runs(project) {
        if !users.contains(user) {
            found.push(LooseEnd::User { step: step.clone(), user: user.to_owned() });
        }
        // What a login shell finds depends on its profile.
        if let Some(program) = command.first().filter(|program| program.starts_with('/') && !program.contains('{'))
            && !is_brought(program, packages)
        {
            found.push(LooseEnd::Program { step, program: program.clone() });
        }
    }
    found.into_iter()
}

/// Who runs what.
struct Run<'a> {
    step: String,
    user: &'a str,
    command: &'a [String],
}

fn all_runs(project: &Project) -> Vec<Run<'_>> {
    let steps = project.steps.iter().filter_map(Step::program);
    let steps = steps.map(|step| (format!("step {:?}", step.name.as_str()), &step.user, &step.command));
    let until = project.steps.iter().filter_map(|step| match step {
        Step::Until(until) => Some((step.name(), until.ready.check.as_ref()?)),
        _ => None,
    });
    let until = until.filter_map(|(name, check)| match check {
        HealthCheck::Command { command, user } => Some((format!("step {name:?}"), user, command)),
        HealthCheck::Http { .. } | HealthCheck::Tcp { .. } => None,
    });
    let mode = project.maintenance.iter().flat_map(|mode| {
        let programs = [("enter-maintenance", &mode.enter), ("leave-maintenance", &mode.leave)];
        programs
            .into_iter()
            .filter_map(|(name, command)| Some((format!("step {name:?}"), &mode.user, command.as_ref()?)))
    });
    let checks = match &project.health {
        Step::Health { checks, .. } => &checks[..],
        _ => &[],
    };
    let checks = checks.iter().filter_map(|check| match check {
        HealthCheck::Command { command, user } => Some(("step \"health\"".to_owned(), user, command)),
        HealthCheck::Http { .. } | HealthCheck::Tcp { .. } => None,
    });
    let asked = project.prerequisites.iter().filter_map(|asked| match &asked.check {
        Check::Command { command, user, .. } => Some((format!("prerequisite {:?}", asked.id.as_str()), user, command)),
        Check::FreeSpace { .. } => None,
    });
    let saved = project.backup.iter().flat_map(|backup| &backup.parts).filter_map(|part| match part {
        BackupPart::Command { name, save, user, .. } => Some((format!("backup {:?}", name.as_str()), user, save)),
        BackupPart::Files { .. } | BackupPart::Database { .. } => None,
    });
    let data = project.data.iter().map(|data| ("probe of the data".to_owned(), &data.probe.user, &data.probe.command));
    let all = steps.chain(until).chain(mode).chain(checks).chain(asked).chain(saved).chain(data);
    all.map(|(step, user, command)| Run { step, user, command }).collect()
}

fn links(packages: &[PackageContents]) -> impl Iterator<Item = LooseEnd> {
    let all = packages.iter().flat_map(|package| package.payload.entries().map(move |entry| (package, entry)));
    all.filter_map(|(package, (path, entry))| {
        let Node::Symlink { target } = &entry.node else { return None };
        let leads_to = resolved(path, target);
        (!is_brought(&leads_to, packages)).then(|| LooseEnd::Link {
            package: package.name.to_string(),
            path: format!("/{path}"),
            target: target.clone(),
        })
    })
}

/// Where a link leads, as an absolute path; links on the way are not followed.
fn resolved(path: &str, target: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let from = Path::new("/").join(path);
    for component in from.parent().unwrap_or(Path::new("/")).join(target).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir => drop(parts.pop()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    format!("/{}", parts.join("/"))
}

fn is_brought(path: &str, packages: &[PackageContents]) -> bool {
    let below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let of_the_system = SYSTEM_FOLDERS.iter().any(|folder| below(folder)) && !below(LOCAL);
    // A path behind a link of the tree is somebody's who looked; only the last step is checked here.
    let behind_a_link = |package: &PackageContents| {
        Path::new(path).ancestors().skip(1).any(|folder| {
            let entry = folder.to_str().and_then(|folder| package.payload.get(folder));
            entry.is_some_and(|entry| matches!(entry.node, Node::Symlink { .. }))
        })
    };
    of_the_system || packages.iter().any(|package| package.payload.get(path).is_some() || behind_a_link(package))
}
