//! The standing hold: locks in `/etc/zypp/locks`, a file that is the administrator's as well. Default deny.
//!
//! A lock of zypper has one condition on the version: newer than what is there, or than what was cleared. Ours
//! are known by their comment; everything else in the file stays as it is, to the byte. zypper writes the file
//! anew with each `addlock`, in an order of its own, and keeps comments.

use std::io::ErrorKind;
use std::path::Path;

use consign_metadata::name::PackageName;
use consign_metadata::rpm::version;

use crate::durable;
use crate::host::{Hold, HostError, Observed, at};
use crate::places::Places;

/// The file.
pub const FILE: &str = "/etc/zypp/locks";
/// Says to whoever lists the locks whose it is.
const COMMENT: &str = "comment: held by consignee, which also lifts it; why: consignee status";

/// The locks, one for each package that is there. A lock cannot tell who asks: what needs somebody to be there
/// stays held, until a person says otherwise to the agent.
pub fn text(holds: &[Hold], present: &[(PackageName, Observed)]) -> String {
    holds.iter().filter_map(|hold| lock(hold, present)).collect()
}

fn lock(hold: &Hold, present: &[(PackageName, Observed)]) -> Option<String> {
    let here = present.iter().find(|(name, _)| *name == hold.package).map(|(_, found)| found.version.as_str());
    let cleared = hold.cleared.iter().map(String::as_str).filter(|_| hold.unattended);
    let newest = here.into_iter().chain(cleared).filter(|version| is_version(version));
    let newest = newest.max_by(|a, b| version::compare(a, b))?;
    let package = &hold.package;
    Some(format!(
        "\ntype: package\nversion: > {newest}\nmatch_type: exact\ncase_sensitive: on\n{COMMENT}\nsolvable_name: {package}\n\n"
    ))
}

// What rpm allows in a version; anything else could be read as another word or line.
fn is_version(version: &str) -> bool {
    !version.is_empty() && version.bytes().all(|b| b.is_ascii_alphanumeric() || b".+~^_:-".contains(&b))
}

/// Replaces our locks, where they are not these already.
///
/// # Errors
/// When the file cannot be read or written.
pub fn write(places: &Places, locks: &str) -> Result<(), HostError> {
    let file = places.at(FILE);
    let before = read(&file)?;
    let others = of_others(&before);
    // zypper's own order is as good as ours.
    if sorted(&before) == sorted(&format!("{others}{locks}")) {
        return Ok(());
    }
    let end = if others.is_empty() || others.ends_with('\n') { "" } else { "\n" };
    let text = format!("{others}{end}{locks}");
    // Whoever adds a lock in this moment is heard, too.
    if read(&file)? != before {
        return write(places, locks);
    }
    let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
    let written = match text.is_empty() {
        true => durable::remove(&file),
        false => folder.and_then(|()| durable::replace_shared(&file, text.as_bytes())),
    };
    written.map_err(|cause| at("write", &file, cause))
}

fn read(file: &Path) -> Result<String, HostError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(cause) => Err(at("read", file, cause)),
    }
}

/// The file without our locks: each goes with the empty line before it and the one after it.
fn of_others(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        kept.push(line);
        if line.trim_end() != COMMENT {
            continue;
        }
        while kept.last().is_some_and(|line| is_of_a_lock(line)) {
            kept.pop();
        }
        kept.pop_if(|line| line.trim().is_empty());
        while lines.next_if(|line| is_of_a_lock(line)).is_some() {}
        lines.next_if(|line| line.trim().is_empty());
    }
    kept.concat()
}

// What libzypp reads as a line of a lock; any other ends it.
fn is_of_a_lock(line: &str) -> bool {
    line.starts_with('#') || line.contains(':')
}

fn sorted(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut locks: Vec<Vec<&str>> = lines.split(|line| line.trim().is_empty()).map(<[&str]>::to_vec).collect();
    locks.retain(|lock| !lock.is_empty());
    locks.iter_mut().for_each(|lock| lock.sort_unstable());
    locks.sort();
    locks
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADMINISTRATORS: &str = "# mine\n\ntype: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: kernel*\n\n\n\ncomment: no\nsolvable_name: other";

    fn hold(cleared: &[&str], unattended: bool) -> Hold {
        let cleared = cleared.iter().map(|version| (*version).to_owned()).collect();
        Hold { package: "acme-erp".parse().unwrap(), cleared, unattended }
    }

    fn version_of(holds: &[Hold], here: Option<&str>) -> Option<String> {
        let observed = |version: &str| Observed { version: version.to_owned(), configured: true };
        let present: Vec<_> = here.map(|here| ("acme-erp".parse().unwrap(), observed(here))).into_iter().collect();
        text(holds, &present).lines().find_map(|line| line.strip_prefix("version: > ")).map(str::to_owned)
    }

    #[test]
    fn what_is_newer_than_the_installed_or_the_cleared_version_is_locked() {
        assert_eq!(version_of(&[hold(&[], true)], Some("1.0.0-1")).as_deref(), Some("1.0.0-1"));
        assert_eq!(version_of(&[hold(&["1.10.0-1", "1.9.0-1"], true)], Some("1.0.0-1")).as_deref(), Some("1.10.0-1"));
        assert_eq!(version_of(&[hold(&["1.1.0-1"], false)], Some("1.0.0-1")).as_deref(), Some("1.0.0-1"));
        assert_eq!(version_of(&[hold(&["1.1.0-1"], true)], Some("1.2.0-1")).as_deref(), Some("1.2.0-1"));
        assert_eq!(version_of(&[hold(&["9\nversion: > 99"], true)], Some("1-1")).as_deref(), Some("1-1"));
        assert_eq!(version_of(&[hold(&[], true)], None), None);
    }

    #[test]
    fn locks_of_others_are_kept_to_the_byte() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let file = places.at(FILE);
        let here = [("acme-erp".parse().unwrap(), Observed { version: "1-1".to_owned(), configured: true })];
        let locks = text(&[hold(&[], true)], &here);
        write(&places, &locks).unwrap();
        assert_eq!(fs_err::read_to_string(&file).unwrap(), locks);
        write(&places, "").unwrap();
        assert!(!file.exists(), "the file goes with its last lock");
        fs_err::write(&file, format!("{ADMINISTRATORS}\n")).unwrap();
        for locks in [&*locks, &text(&[hold(&["2-1"], true)], &here)] {
            write(&places, locks).unwrap();
            assert_eq!(fs_err::read_to_string(&file).unwrap(), format!("{ADMINISTRATORS}\n{locks}"));
        }
        write(&places, "").unwrap();
        assert_eq!(fs_err::read_to_string(&file).unwrap(), format!("{ADMINISTRATORS}\n"));
    }

    #[test]
    fn an_order_of_zyppers_own_is_left_alone() {
        let here = [("acme-erp".parse().unwrap(), Observed { version: "1-1".to_owned(), configured: true })];
        let locks = text(&[hold(&[], true)], &here);
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        fs_err::create_dir_all(places.at("/etc/zypp")).unwrap();
        let mut lines: Vec<&str> = locks.trim().lines().collect();
        lines.reverse();
        let rewritten = format!("\n{}\n\n\nsolvable_name: other\n\n", lines.join("\n"));
        fs_err::write(places.at(FILE), &rewritten).unwrap();
        write(&places, &locks).unwrap();
        assert_eq!(fs_err::read_to_string(places.at(FILE)).unwrap(), rewritten);
        write(&places, "").unwrap();
        assert_eq!(fs_err::read_to_string(places.at(FILE)).unwrap(), "\nsolvable_name: other\n\n");
    }
}
