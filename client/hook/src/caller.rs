//! The process that called the hook: the package manager, above the shell that it runs its hooks with.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// How far above a script rpm may be: a shell, rpm, whoever calls it.
const GENERATIONS: usize = 4;
/// Shells that may stand in between.
const SHELLS: [&str; 3] = ["sh", "dash", "bash"];
/// `USER_HZ` of proc(5), 100 on every architecture that the agent is built for.
const TICKS_PER_SECOND: f64 = 100.0;

/// When the package manager's run began; `None` where `/proc` does not tell.
pub fn began() -> Option<SystemTime> {
    let mut process = Process::of(std::os::unix::process::parent_id())?;
    while SHELLS.contains(&&*process.name) {
        process = Process::of(process.parent)?;
    }
    // apt runs each hook from a fork of itself.
    while let Some(parent) = Process::of(process.parent).filter(|parent| parent.name == process.name) {
        process = parent;
    }
    let uptime: f64 = fs::read_to_string("/proc/uptime").ok()?.split(' ').next()?.parse().ok()?;
    let age = Duration::try_from_secs_f64(uptime - process.started / TICKS_PER_SECOND).unwrap_or_default();
    SystemTime::now().checked_sub(age)
}

/// The arguments of the process that called; none where `/proc` does not tell.
pub fn arguments() -> Vec<String> {
    let line = fs::read(format!("/proc/{}/cmdline", std::os::unix::process::parent_id())).unwrap_or_default();
    line.split(|byte| *byte == 0).skip(1).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// Whether a process has called this one, through however many others.
pub fn is_above(process: u32) -> bool {
    let parent = std::os::unix::process::parent_id();
    let mut callers = std::iter::successors(Some(parent), |process| Some(Process::of(*process)?.parent));
    process > 1 && callers.any(|caller| caller == process)
}

/// The file of a package whose `%pre` runs: rpm tells a script neither its path nor its version, but has it
/// open. What it is says its signature; the name only tells it from others, where there are others.
pub fn open_package(package: &str) -> Option<PathBuf> {
    let parent = std::os::unix::process::parent_id();
    let callers = std::iter::successors(Some(parent), |process| Some(Process::of(*process)?.parent));
    callers.take(GENERATIONS).find_map(|process| package_of(process, package))
}

fn package_of(process: u32, package: &str) -> Option<PathBuf> {
    let files = fs::read_dir(format!("/proc/{process}/fd")).ok()?.flatten();
    let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let paths = files.filter_map(|file| fs::read_link(file.path()).ok());
    let mut packages: Vec<PathBuf> = paths.filter(|path| name(path).ends_with(".rpm")).collect();
    packages.sort();
    packages.dedup();
    let is_it = |path: &&PathBuf| {
        let name = name(path);
        let rest = name.strip_prefix(package).and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    match (packages.iter().find(is_it), packages.as_slice()) {
        (Some(found), _) => Some(found.clone()),
        // Somebody may have called it anything.
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

/// What `/proc/<pid>/stat` says.
struct Process {
    name: String,
    parent: u32,
    /// In ticks after the boot.
    started: f64,
}

impl Process {
    fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    // The name may hold spaces and parentheses.
    fn parse(stat: &str) -> Option<Self> {
        let (before, after) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = after.split(' ').collect();
        Some(Self {
            name: before.split_once('(')?.1.to_owned(),
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let stat = "42 (a) b (c) S 7 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 123456 1 2 3\n";
        let process = Process::parse(stat).unwrap();
        assert_eq!((&*process.name, process.parent, process.started), ("a) b (c", 7, 123_456.0));
        assert!(Process::parse("42 (x) S 7").is_none());
    }

    #[test]
    fn a_package_that_a_process_has_open_is_found_by_its_name() {
        let folder = std::env::temp_dir().join(format!("consignee-hook-{}-open", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let names = ["acme-erp-web-1.0-1.noarch.rpm", "acme-erp-1.0-1.noarch.rpm", "acme-erp-1.0.txt"];
        let open: Vec<fs::File> = names.iter().map(|name| fs::File::create(folder.join(name)).unwrap()).collect();
        let found = package_of(std::process::id(), "acme-erp");
        assert_eq!(found, Some(folder.join("acme-erp-1.0-1.noarch.rpm")));
        assert_eq!(package_of(std::process::id(), "acme"), None, "either of them");
        drop(open);
        let _renamed = fs::File::create(folder.join("latest.rpm")).unwrap();
        assert_eq!(package_of(std::process::id(), "acme"), Some(folder.join("latest.rpm")));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_caller_began_before_now_and_after_the_boot() {
        let (began, now) = (began().unwrap(), SystemTime::now());
        let uptime = fs::read_to_string("/proc/uptime").unwrap();
        let uptime = Duration::from_secs_f64(uptime.split(' ').next().unwrap().parse::<f64>().unwrap() + 1.0);
        assert!(began <= now && began >= now - uptime, "{began:?}");
    }
}
