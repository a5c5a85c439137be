//! Scriptlets of an .rpm: one fixed template, like the scripts of a .deb, and none of them ever fails.
//!
//! rpm runs them in the root that it installs into, so no path has a root in front. `$1` is how many of the
//! package there will be: 1 and 2 in `%pre`, 0 and 1 in `%preun` and `%postun`.

pub mod foreign;

use consign_metadata::name::{PackageName, ProductId};

use crate::manifest::User;
use crate::package::rpm::Scripts;

const PRE: &str = include_str!("pre.sh");
const REPORT: &str = include_str!("report.sh");

/// The scriptlets of a module.
///
/// `shared` are folders of every system that the package must find and does not own.
pub fn scripts(product: &ProductId, package: &PackageName, users: &[User], shared: &[&str]) -> Scripts {
    let fill = |template: &str, script: &str| {
        Some(
            template
                .replace("@BEFORE@", &super::before(users, shared))
                .replace("@SCRIPT@", script)
                .replace("@PRODUCT@", &product.to_string())
                .replace("@PACKAGE@", package.as_str()),
        )
    };
    Scripts {
        pre: fill(PRE, "pre"),
        post: None,
        preun: fill(REPORT, "preun"),
        postun: fill(REPORT, "postun"),
        posttrans: fill(REPORT, "posttrans"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::process::Command;

    const HOOK: &str = "/usr/lib/consignee/consignee-hook";

    fn all() -> Vec<String> {
        let user = User {
            name: "erp".parse().unwrap(),
            home: "/var/lib/it's; false".to_owned(),
            shell: "/bin/bash".to_owned(),
            groups: vec!["adm".parse().unwrap()],
        };
        let made = scripts(&"acme/erp".parse().unwrap(), &"acme-erp".parse().unwrap(), &[user], &["/opt"]);
        [made.pre, made.preun, made.postun, made.posttrans].into_iter().flatten().collect()
    }

    /// Whether it succeeds where no program is found at all, not even getent.
    fn succeeds(script: &str) -> bool {
        let output = Command::new("/bin/sh").args(["-c", script, "sh", "1"]).env("PATH", "/nowhere").output();
        output.unwrap().status.success()
    }

    #[test]
    fn every_scriptlet_succeeds_where_nothing_it_needs_is_there() {
        for script in all() {
            assert!(!script.replace("$@", "").contains('@'), "{script}");
            assert!(succeeds(&script), "{script}");
        }
    }

    /// A hook of this mode that writes down that it was called, and what it does then.
    fn hook(folder: &Path, then: &str, mode: u32) -> String {
        let hook = folder.join("hook");
        fs::write(&hook, format!("#!/bin/sh\necho \"$*\" >>{}/called\n{then}\n", folder.display())).unwrap();
        fs::set_permissions(&hook, PermissionsExt::from_mode(mode)).unwrap();
        hook.display().to_string()
    }

    #[test]
    fn every_scriptlet_succeeds_whatever_the_hook_does() {
        for (then, mode, is_called) in
            [("exit 1", 0o755, true), ("kill -KILL $$", 0o755, true), ("exit 1", 0o644, false)]
        {
            for script in all() {
                let folder = tempfile::tempdir().unwrap();
                let hook = hook(folder.path(), then, mode);
                assert!(script.contains(HOOK), "{script}");
                assert!(succeeds(&script.replace(HOOK, &hook)), "{then}, mode {mode:o}: {script}");
                assert_eq!(folder.path().join("called").exists(), is_called, "{then}, mode {mode:o}: {script}");
            }
        }
    }

    #[test]
    fn every_scriptlet_succeeds_where_the_hook_cannot_be_started() {
        let folder = tempfile::tempdir().unwrap();
        let hook = hook(folder.path(), "", 0o755);
        fs::write(&hook, "#!/nowhere/sh\n").unwrap();
        for script in all() {
            assert!(succeeds(&script.replace(HOOK, &hook)), "{script}");
        }
    }

    #[test]
    fn nothing_is_started_stopped_or_fetched() {
        for script in all() {
            for word in ["systemctl", "service ", "/tmp", "chown", "chmod", "curl", "dnf", " rm ", "DPKG"] {
                assert!(!script.contains(word), "{word}: {script}");
            }
        }
    }
}
