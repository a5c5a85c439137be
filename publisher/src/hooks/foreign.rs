//! The scripts of a package that was built by others, with our report in them.
//!
//! Ours comes first in each: the agent's preinst may refuse, and must before anything was done; its prerm
//! stops the engines in the order of the plan; what postinst and postrm tell is a hint that nobody waits
//! for, and the transaction is watched to its end anyway. What theirs answers is what dpkg gets.
//!
//! A shell script stays itself: our lines stand between its first line and the rest, so that its name, its
//! arguments and its own `set` are as they were. debconf starts a script once more, by its name, and our
//! lines know it. Any other program (Python, Perl, a binary) is carried beside ours as a file of the
//! control archive and called by it. dpkg keeps only `postrm` once a package was removed, so one that is
//! no shell script stays as it is, and the agent is not told of a purge.

use std::collections::BTreeMap;

use consign_metadata::name::{PackageName, ProductId};

const NAMES: [&str; 4] = ["preinst", "postinst", "prerm", "postrm"];
const SHELLS: [&str; 3] = ["sh", "dash", "bash"];
const LINES: &str = include_str!("foreign-lines.sh");
const CALL: &str = include_str!("foreign-call.sh");
/// Carried beside the scripts of a package with conffiles.
const SET_ASIDE: &str = "consign-set-aside";
/// What preinst says of the agent without its hook, as ours does.
const MISSING: &str = "\
    if [ \"${1:-}\" = upgrade ] && [ ! -x \"${DPKG_ROOT:-}/usr/lib/consignee/consignee-hook\" ] &&
        [ -e \"${DPKG_ROOT:-}/usr/bin/consignee\" ]; then
        echo \"consignee: its hook is missing; repair it with: apt-get install --reinstall consignee\" >&2
        exit 1
    fi
";
const CONFFILES: &str = include_str!("conffiles.sh");

/// By name, whether it may be run, and its content.
pub type Members = BTreeMap<String, (bool, Vec<u8>)>;

/// The scripts of a package, and what has to lie beside them. With the `version` of one that has conffiles,
/// dpkg is kept from asking about them.
pub fn scripts<'a>(
    product: &ProductId,
    package: &PackageName,
    version: Option<&str>,
    own: impl Fn(&str) -> Option<&'a [u8]>,
) -> Members {
    let mut members = Members::new();
    if let Some(version) = version {
        let script = CONFFILES.replace("@PACKAGE@", package.as_str()).replace("@VERSION@", version);
        members.insert(SET_ASIDE.to_owned(), (true, script.into_bytes()));
    }
    for name in NAMES {
        let report = report(product, package, name, version.is_some());
        let script = match own(name) {
            None => [b"#!/bin/sh\nset -e\n", report.as_bytes(), b"exit 0\n"].concat(),
            Some(script) => match after_shell_line(script) {
                Some(at) => [&script[..at], report.as_bytes(), &script[at..]].concat(),
                None if name == "postrm" => continue,
                None => {
                    members.insert(format!("consign-foreign-{name}"), (true, script.to_vec()));
                    let call = CALL.replace("@SCRIPT@", name);
                    [b"#!/bin/sh\nset -e\n", report.as_bytes(), call.as_bytes()].concat()
                }
            },
        };
        members.insert(name.to_owned(), (true, script));
    }
    members
}

/// How a script looks after conffiles: where the engines are stopped, so after preinst's report and before
/// the others'.
fn set_aside(script: &str) -> (String, String) {
    // In dpkg's temporary folder it has the plain name, in its info folder the package's before it.
    let from = format!("\"${{0%{script}}}{SET_ASIDE}\"");
    match script {
        "preinst" => (String::new(), format!("    {from} preinst \"$@\" || exit $?\n")),
        "postinst" => (format!("    {from} postinst \"$@\" || exit $?\n"), String::new()),
        // Gone when it is purged.
        "postrm" => (format!("    [ ! -x {from} ] || {from} postrm \"$@\" || :\n"), String::new()),
        _ => Default::default(),
    }
}

fn report(product: &ProductId, package: &PackageName, script: &str, has_conffiles: bool) -> String {
    let (before, after) = if has_conffiles { set_aside(script) } else { Default::default() };
    // Only preinst passes the agent's answer on, and only it is given the plan.
    let (plan, otherwise, missing) = match script {
        "preinst" => (" \"${0%/*}/consign-plan\"", "exit $?", MISSING),
        _ => ("", ":", ""),
    };
    LINES
        .replace("@BEFORE@", &before)
        .replace("@AFTER@", &after)
        .replace("@MISSING@", missing)
        .replace("@SCRIPT@", script)
        .replace("@PRODUCT@", &product.to_string())
        .replace("@PACKAGE@", package.as_str())
        .replace("@PLAN@", plan)
        .replace("@OTHERWISE@", otherwise)
}

/// Where the second line of a shell script begins.
fn after_shell_line(script: &[u8]) -> Option<usize> {
    let line = script.strip_prefix(b"#!")?;
    let length = line.iter().position(|byte| *byte == b'\n')?;
    let mut words = std::str::from_utf8(&line[..length]).ok()?.split_ascii_whitespace();
    let program = words.next()?;
    let program = if program.ends_with("/env") { words.next()? } else { program };
    let is_shell = SHELLS.contains(&program.rsplit('/').next().unwrap_or_default());
    is_shell.then_some(2 + length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn made(name: &str, script: Option<&str>) -> Members {
        let own = |asked: &str| script.filter(|_| asked == name).map(str::as_bytes);
        scripts(&"acme/erp".parse().unwrap(), &"acme-erp".parse().unwrap(), None, own)
    }

    fn text(members: &Members, name: &str) -> String {
        String::from_utf8(members[name].1.clone()).unwrap()
    }

    #[test]
    fn a_shell_script_is_kept_behind_our_lines() {
        for first in ["#!/bin/sh", "#! /bin/bash -e", "#!/usr/bin/env sh", "#!/bin/dash"] {
            let rest = "set -u\necho \"$0\" \"$@\"\nexit 3\n";
            let script = text(&made("postinst", Some(&format!("{first}\n{rest}"))), "postinst");
            assert!(script.starts_with(&format!("{first}\n# ")) && script.ends_with(&format!("\n{rest}")), "{script}");
        }
    }

    #[test]
    fn another_program_is_carried_beside_ours() {
        let python = "#!/usr/bin/python3\nprint('x')\n";
        let members = made("prerm", Some(python));
        assert_eq!(text(&members, "consign-foreign-prerm"), python);
        assert!(text(&members, "prerm").contains("consign-foreign-prerm"));
        assert!(!made("postrm", Some(python)).contains_key("postrm"), "dpkg would lose it before the purge");
    }

    #[test]
    fn the_shell_accepts_every_script_also_with_strict_settings() {
        let members = made("preinst", Some("#!/bin/sh\nset -eu\necho own \"$1\"\n"));
        for (_, script) in members.values() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("script");
            std::fs::write(&path, script).unwrap();
            let strict = Command::new("sh").args(["-eu"]).arg(&path).arg("install").output().unwrap();
            assert!(strict.status.success(), "{strict:?}");
            assert!(!String::from_utf8_lossy(script).replace("$@", "").contains('@'));
        }
        assert!(text(&members, "preinst").contains("\"${0%/*}/consign-plan\" \"$@\" || exit $?"));
        assert!(text(&members, "preinst").contains("--reinstall consignee"));
    }
}
