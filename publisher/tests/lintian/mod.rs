//! What Debian's own checker says of a package; shared by the suites that make one.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Tags we accept, each with its reason: `tag: reason`.
const ALLOWED: &str = include_str!("../../lintian-allowed");

fn allowed() -> BTreeMap<&'static str, &'static str> {
    let lines = ALLOWED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(": ").expect("every tag has a reason")).collect()
}

/// The errors and warnings that nobody has given a reason for.
pub fn complaints(package: &Path) -> Vec<String> {
    let mut command = Command::new("lintian");
    command.args(["--no-cfg", "--allow-root", "--tag-display-limit", "0"]).arg(package);
    let output = command.output().unwrap_or_else(|cause| panic!("cannot run lintian: {cause}"));
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code().is_some_and(|code| code <= 2), "{report}{}", String::from_utf8_lossy(&output.stderr));
    let allowed = allowed();
    let of_interest = |line: &&str| line.starts_with("E: ") || line.starts_with("W: ");
    let tag = |line: &str| {
        line.split_once(": ")
            .and_then(|(_, rest)| rest.split_once(": "))
            .map(|(_, rest)| rest.split(' ').next().unwrap_or_default().to_owned())
    };
    report
        .lines()
        .filter(of_interest)
        .filter(|line| !tag(line).is_some_and(|tag| allowed.contains_key(&*tag)))
        .map(str::to_owned)
        .collect()
}
