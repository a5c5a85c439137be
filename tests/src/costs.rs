//! What the programs of a host cost: CPU time of its control groups, memory of their processes.

use std::path::PathBuf;
use std::time::Duration;

use crate::cgroup::Cgroup;
use crate::host::Host;

impl Host {
    /// The most memory in use at once, in bytes, by any process that a unit of the host has now; none where it has none.
    pub fn peak_memory_of(&self, unit: &str) -> Option<u64> {
        let processes = std::fs::read_to_string(self.group_of(unit).join("cgroup.procs")).ok()?;
        processes.lines().filter_map(peak).max()
    }

    /// The processor time that a unit has taken since it was started; none where it does not run.
    pub fn processor_time_of(&self, unit: &str) -> Option<Duration> {
        processor_time(&std::fs::read_to_string(self.group_of(unit).join("cpu.stat")).ok()?)
    }

    fn group_of(&self, unit: &str) -> PathBuf {
        Cgroup::named(self.name()).path().join("payload/system.slice").join(unit)
    }
}

/// `VmHWM` of `/proc/<pid>/status` is in KiB.
fn peak(pid: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    kib.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib * 1024)
}

/// `usage_usec` of `cpu.stat`, in microseconds.
fn processor_time(stat: &str) -> Option<Duration> {
    let used = stat.lines().find_map(|line| line.strip_prefix("usage_usec "))?;
    used.parse().ok().map(Duration::from_micros)
}
