//! Maintainer scripts: one fixed template. They make accounts and folders that belong to nobody, report an event to the agent, and nothing else.
//!
//! No script starts or stops anything, runs a program of the vendor's or holds text from a manifest but
//! names that were checked. Only preinst may refuse, because only then nothing was changed yet; all others
//! exit 0 whatever happens, since a failing script leaves dpkg in a state that a person must repair.
//! `DPKG_ROOT` is what dpkg sets when it installs into another root.

pub mod foreign;
pub mod rpm;

use consign_metadata::name::{PackageName, ProductId};

use crate::manifest::User;
use crate::package::deb::Scripts;

const PREINST: &str = include_str!("preinst.sh");
const REPORT: &str = include_str!("report.sh");

/// The named trigger by which the agent runs once, after the last package was configured.
pub const FINISH_TRIGGER: &str = "activate-noawait consign-finish";

/// The scripts of a module.
///
/// `shared` are folders of every system that the package must find and does not own.
pub fn scripts(product: &ProductId, package: &PackageName, users: &[User], shared: &[&str]) -> Scripts {
    let fill = |template: &str, script: &str| {
        template
            .replace("@BEFORE@", &before(users, shared))
            .replace("@SCRIPT@", script)
            .replace("@PRODUCT@", &product.to_string())
            .replace("@PACKAGE@", package.as_str())
            .into_bytes()
    };
    Scripts {
        preinst: Some(fill(PREINST, "preinst")),
        postinst: Some(fill(REPORT, "postinst")),
        prerm: Some(fill(REPORT, "prerm")),
        postrm: Some(fill(REPORT, "postrm")),
    }
}

/// Files are unpacked with the names of their owners, so these must exist before.
fn before(users: &[User], shared: &[&str]) -> String {
    let mut lines: String = shared.iter().map(|path| format!("    folder {path}\n")).collect();
    for User { name, home, shell, groups } in users {
        let (home, shell) = (quoted(home), quoted(shell));
        lines.push_str(&format!("    account {name} {home} {shell}\n"));
        for group in groups {
            lines.push_str(&format!("    member {name} {group}\n"));
        }
    }
    if lines.is_empty() { "    :\n".to_owned() } else { lines }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    fn user(home: &str) -> User {
        User {
            name: "erp".parse().unwrap(),
            home: home.to_owned(),
            shell: "/bin/bash".to_owned(),
            groups: vec!["adm".parse().unwrap()],
        }
    }

    fn text(script: Option<Vec<u8>>) -> String {
        String::from_utf8(script.unwrap()).unwrap()
    }

    fn made(users: &[User]) -> Scripts {
        scripts(&"acme/erp".parse().unwrap(), &"acme-erp".parse().unwrap(), users, &["/opt"])
    }

    #[test]
    fn the_shell_accepts_every_script() {
        let scripts = made(&[user("/var/lib/it's")]);
        for script in [scripts.preinst, scripts.postinst, scripts.prerm, scripts.postrm] {
            let script = text(script);
            assert!(!script.replace("$@", "").contains('@'), "{script}");
            let mut shell = Command::new("sh").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
            shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
            assert!(shell.wait().unwrap().success(), "{script}");
        }
    }

    #[test]
    fn a_home_cannot_become_a_command() {
        let preinst = text(made(&[user("/tmp/'; touch /tmp/owned; '")]).preinst);
        assert!(preinst.contains(r"account erp '/tmp/'\''; touch /tmp/owned; '\''' '/bin/bash'"), "{preinst}");
    }

    #[test]
    fn nothing_is_started_stopped_or_fetched() {
        let scripts = made(&[user("/opt/erp")]);
        for script in [scripts.preinst, scripts.postinst, scripts.prerm, scripts.postrm] {
            let script = text(script);
            // What a person is told to type is not typed by a script.
            let acts: Vec<&str> = script.lines().filter(|line| !line.trim_start().starts_with("echo ")).collect();
            let script = acts.join("\n");
            for word in ["systemctl", "service ", "/tmp", "chown", "chmod", "curl", "wget", "apt", " rm "] {
                assert!(!script.contains(word), "{word}: {script}");
            }
        }
    }
}
