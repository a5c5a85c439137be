//! What a program of a vendor's may take of its host.

use serde::{Deserialize, Serialize};

/// What a program may take of its host; the host's own defaults where nothing is said. Since format 3.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limits {
    /// The most memory it and everything it starts may have together, in MiB: `MemoryMax` of
    /// systemd.resource-control(5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
    /// Whether all of it ends when the kernel ends one of its processes for want of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom_policy: Option<OomPolicy>,
    /// From -1000, never ended for want of memory, to 1000, first of all: proc_pid_oom_score_adj(5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom_score: Option<i16>,
    /// Its share of the processor by nice(2): from -20, before all others, to 19, after them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nice: Option<i8>,
    /// Its share of the processor against other units, from 1 to 10000; others have 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_weight: Option<u16>,
}

/// `OOMPolicy` of systemd.service(5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum OomPolicy {
    /// Whatever is left of it is asked to end.
    Stop,
    /// Whatever is left of it is ended at once.
    Kill,
    /// The others go on.
    Continue,
}

impl Limits {
    /// What is outside of what the host understands, if anything.
    pub fn fault(&self) -> Option<&'static str> {
        let outside = |wrong: bool, what| wrong.then_some(what);
        outside(self.memory_mib == Some(0), "memory_mib is from 1 on")
            .or(outside(
                self.oom_score.is_some_and(|n| !(-1000..=1000).contains(&n)),
                "oom_score is from -1000 to 1000",
            ))
            .or(outside(self.nice.is_some_and(|n| !(-20..=19).contains(&n)), "nice is from -20 to 19"))
            .or(outside(self.cpu_weight.is_some_and(|n| !(1..=10000).contains(&n)), "cpu_weight is from 1 to 10000"))
    }
}
