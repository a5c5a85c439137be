//! What rpmlint says of a package; shared by the suites that make one.

use std::path::Path;
use std::process::Command;

/// Checks we pass over, each with its reason: `check: reason`.
const ALLOWED: &str = include_str!("../../rpmlint-allowed");

/// The errors and warnings that nobody has given a reason for.
pub fn complaints(package: &Path) -> Vec<String> {
    let mut command = Command::new("rpmlint");
    let output = command.arg(package).output().unwrap_or_else(|cause| panic!("cannot run rpmlint: {cause}"));
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(report.contains("1 packages"), "{report}{}", String::from_utf8_lossy(&output.stderr));
    let lines = ALLOWED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let allowed: Vec<&str> = lines.map(|line| line.split_once(": ").expect("every check has a reason").0).collect();
    // `acme-erp.noarch: W: no-manual-page-for-binary erp`
    let check = |line: &str| line.split_once(": W: ").or(line.split_once(": E: ")).map(|(_, rest)| rest.to_owned());
    let of_interest = |line: &&str| line.contains(": E: ") || line.contains(": W: ");
    report
        .lines()
        .filter(of_interest)
        .filter(|line| !check(line).is_some_and(|check| allowed.contains(&check.split(' ').next().unwrap_or_default())))
        .map(str::to_owned)
        .collect()
}
