//! The process that called the hook: the package manager, above the shell that it runs its hooks with.

use std::fs;
use std::time::{Duration, SystemTime};

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
    fn the_caller_began_before_now_and_after_the_boot() {
        let (began, now) = (began().unwrap(), SystemTime::now());
        let uptime = fs::read_to_string("/proc/uptime").unwrap();
        let uptime = Duration::from_secs_f64(uptime.split(' ').next().unwrap().parse::<f64>().unwrap() + 1.0);
        assert!(began <= now && began >= now - uptime, "{began:?}");
    }
}
