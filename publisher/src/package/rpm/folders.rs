//! Folders that every host has. They belong to packages of the distribution, whose modes differ from one
//! to the next, and rpm refuses two packages that say different things of one folder. Those that only
//! packages of ours have are in each of them alike, and go with the last.

use crate::stage::{Entry, Node, StagedTree};

/// Owned by `filesystem`, `setup`, `systemd` and the like of every distribution with rpm.
const SYSTEM: &[&str] = &[
    "boot",
    "dev",
    "etc",
    "etc/cron.d",
    "etc/cron.daily",
    "etc/default",
    "etc/logrotate.d",
    "etc/opt",
    "etc/pki",
    "etc/pki/rpm-gpg",
    "etc/profile.d",
    "etc/sudoers.d",
    "etc/sysconfig",
    "etc/systemd",
    "etc/systemd/system",
    "etc/yum.repos.d",
    "home",
    "opt",
    "root",
    "run",
    "srv",
    "tmp",
    "usr",
    "usr/bin",
    "usr/include",
    "usr/lib",
    "usr/lib/dnf",
    "usr/lib/sysctl.d",
    "usr/lib/systemd",
    "usr/lib/systemd/system",
    "usr/lib/systemd/system-preset",
    "usr/lib/sysusers.d",
    "usr/lib/tmpfiles.d",
    "usr/lib/udev",
    "usr/lib/udev/rules.d",
    "usr/lib64",
    "usr/libexec",
    "usr/local",
    "usr/local/bin",
    "usr/sbin",
    "usr/share",
    "usr/share/applications",
    "usr/share/bash-completion",
    "usr/share/bash-completion/completions",
    "usr/share/dbus-1",
    "usr/share/doc",
    "usr/share/licenses",
    "usr/share/man",
    "usr/share/man/man1",
    "usr/share/man/man5",
    "usr/share/man/man7",
    "usr/share/man/man8",
    "usr/share/polkit-1",
    "usr/src",
    "var",
    "var/cache",
    "var/lib",
    "var/log",
    "var/opt",
    "var/spool",
];
/// The tree without the folders that belong to others.
pub fn own(tree: &StagedTree) -> StagedTree {
    let mut own = tree.clone();
    for (path, entry) in tree.entries() {
        if is_foreign(path, entry) {
            own.remove(path);
        }
    }
    own
}

fn is_foreign(path: &str, entry: &Entry) -> bool {
    let plain = entry.node == Node::Folder && entry.attributes == crate::stage::Attributes::root(0o755);
    plain && SYSTEM.contains(&path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Attributes;

    #[test]
    fn what_belongs_to_the_system_is_left_to_it() {
        let mut tree = StagedTree::default();
        tree.add_bytes("/usr/share/consignee/plans/x.pgp", vec![], 0o644).unwrap();
        tree.add_bytes("/opt/acme/bin/x", vec![], 0o755).unwrap();
        tree.add_folder("/var/log", Attributes::root(0o700)).unwrap();
        let own = own(&tree);
        let paths: Vec<_> = own.entries().map(|(path, _)| path).collect();
        let consignee = ["usr/share/consignee", "usr/share/consignee/plans", "usr/share/consignee/plans/x.pgp"];
        assert_eq!(paths, [&["opt/acme", "opt/acme/bin", "opt/acme/bin/x"][..], &consignee, &["var/log"]].concat());
    }
}
