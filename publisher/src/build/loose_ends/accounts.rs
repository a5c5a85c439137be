//! The owners and groups of what a release installs, and which of them a host is sure to know.

use std::collections::BTreeSet;

use super::LooseEnd;
use crate::manifest::Project;

/// The users of every Debian host (base-passwd, apt, systemd, dbus); anybody else has to be created.
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
/// The groups of every Debian host that are no user's own.
const SYSTEM_GROUPS: [&str; 24] = [
    "adm",
    "tty",
    "disk",
    "kmem",
    "dialout",
    "fax",
    "voice",
    "cdrom",
    "floppy",
    "tape",
    "sudo",
    "audio",
    "dip",
    "operator",
    "src",
    "shadow",
    "utmp",
    "video",
    "sasl",
    "plugdev",
    "staff",
    "users",
    "nogroup",
    "systemd-journal",
];
/// Users whose group has another name.
const WITHOUT_GROUP: [&str; 3] = ["sync", "_apt", "nobody"];

/// Whom a host knows when the release is installed.
pub(super) fn users(project: &Project) -> BTreeSet<&str> {
    let created = project.modules.iter().flat_map(|module| &module.users).map(|user| user.name.as_str());
    created.chain(SYSTEM_USERS).collect()
}

fn groups(project: &Project) -> BTreeSet<&str> {
    let users = project.modules.iter().flat_map(|module| &module.users);
    // The groups that a user joins are made where they are missing.
    let created = users.flat_map(|user| user.groups.iter().chain([&user.name])).map(|name| name.as_str());
    let system = SYSTEM_USERS.into_iter().filter(|user| !WITHOUT_GROUP.contains(user));
    created.chain(system).chain(SYSTEM_GROUPS).collect()
}

/// The lines of the manifest whose owner or group nobody brings.
pub(super) fn of(project: &Project) -> Vec<LooseEnd> {
    let (users, groups) = (users(project), groups(project));
    let mut found = Vec::new();
    for module in &project.modules {
        let files = module.files.iter().map(|files| (&files.to, &files.how.owner, &files.how.group));
        let folders =
            module.folders.iter().map(|folder| (&folder.path, &folder.attributes.owner, &folder.attributes.group));
        for (path, owner, group) in files.chain(folders) {
            let (package, path) = (module.package.to_string(), path.clone());
            // Where no group is said it is the owner's, of whom one sentence is enough.
            if !groups.contains(&**group) && group != owner {
                found.push(LooseEnd::Group { package: package.clone(), path: path.clone(), group: group.clone() });
            }
            if !users.contains(&**owner) {
                found.push(LooseEnd::Owner { package, path, user: owner.clone() });
            }
        }
    }
    found
}
