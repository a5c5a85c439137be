//! What a release refers to and does not bring: users, programs, the targets of links.
//!
//! None of it is wrong for certain, since a dependency may bring it; most of the time it is a slip that
//! would show on a customer's host at night. So it is a warning, and `--strict` refuses it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Component, Path};

use consign_metadata::plan::{HealthCheck, Step};

use crate::manifest::Project;
use crate::package::PackageContents;
use crate::stage::Node;

/// The users of every Debian host (base-passwd, apt); anybody else has to be created.
const SYSTEM_USERS: [&str; 20] = [
    "root",
    "daemon",
    "bin",
    "sys",
    "sync",
    "games",
    "man",
    "lp",
    "mail",
    "news",
    "uucp",
    "proxy",
    "www-data",
    "backup",
    "list",
    "irc",
    "_apt",
    "nobody",
    "systemd-network",
    "messagebus",
];
/// Folders of the distribution: what is missing there a dependency brings.
const SYSTEM_FOLDERS: [&str; 8] = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/dev", "/proc"];
/// Below `/usr`, and yet never a dependency's.
const LOCAL: &str = "/usr/local";

/// Something that a release refers to and does not bring.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LooseEnd {
    /// A step or a health check runs as somebody whom no module creates.
    User {
        /// The step.
        step: String,
        /// The user.
        user: String,
    },
    /// A step runs a program that no module installs.
    Program {
        /// The step.
        step: String,
        /// The program.
        program: String,
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
}

impl fmt::Display for LooseEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { step, user } => {
                write!(f, "step {step:?} runs as {user}, whom no module creates (users = …); a dependency has to")
            }
            Self::Program { step, program } => write!(f, "step {step:?} runs {program}, which no module installs"),
            Self::Link { package, path, target } => {
                write!(f, "{package}: the link {path} leads to {target}, which no module installs")
            }
        }
    }
}

/// All of them, in order.
pub fn of(project: &Project, packages: &[PackageContents]) -> Vec<LooseEnd> {
    let mut found: Vec<_> = steps(project, packages).chain(links(packages)).collect();
    found.sort();
    found.dedup();
    found
}

fn steps<'a>(project: &'a Project, packages: &'a [PackageContents]) -> impl Iterator<Item = LooseEnd> + 'a {
    let created: BTreeSet<&str> =
        project.modules.iter().flat_map(|module| &module.users).map(|user| user.name.as_str()).collect();
    let mut found = Vec::new();
    for (step, user, command) in runs(project) {
        if !created.contains(user) && !SYSTEM_USERS.contains(&user) {
            found.push(LooseEnd::User { step: step.to_owned(), user: user.to_owned() });
        }
        // What a login shell finds depends on its profile.
        if let Some(program) = command.first().filter(|program| program.starts_with('/') && !program.contains('{'))
            && !is_brought(program, packages)
        {
            found.push(LooseEnd::Program { step: step.to_owned(), program: program.clone() });
        }
    }
    found.into_iter()
}

/// Who runs what: step, user, command.
fn runs(project: &Project) -> Vec<(&str, &str, &[String])> {
    let steps = project.steps.iter().map(|step| (step.name.as_str(), step.user.as_str(), &step.command[..]));
    let checks = match &project.health {
        Step::Health { checks, .. } => &checks[..],
        _ => &[],
    };
    let checks = checks.iter().filter_map(|check| match check {
        HealthCheck::Command { command, user } => Some(("health", user.as_str(), &command[..])),
        HealthCheck::Http { .. } | HealthCheck::Tcp { .. } => None,
    });
    steps.chain(checks).collect()
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
