//! The processes of a copy: who is left when a program has ended is ended, too, but for servers and engines.
//!
//! Whoever is left has the first process of the copy as its parent, which is this one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::host::{HostError, at};

const TABLE: &str = "/proc";
const ROUNDS: usize = 100;
const ROUND: Duration = Duration::from_millis(20);
/// Programs that are at work while others are asked about them.
static AT_WORK: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Spares a process, with all that it started, until it is let go.
pub fn keep(id: u32) {
    AT_WORK.lock().unwrap_or_else(PoisonError::into_inner).push(id);
}

/// Spares it no longer.
pub fn let_go(id: u32) {
    AT_WORK.lock().unwrap_or_else(PoisonError::into_inner).retain(|kept| *kept != id);
}

/// Ends every process but this one, those that are kept, and what these started.
///
/// # Errors
/// When one does not end.
pub fn end_others(kept: &[u32]) -> Result<(), HostError> {
    // A test is no copy: everything else on its machine would go.
    if std::process::id() != 1 {
        return Ok(());
    }
    let kept: Vec<u32> =
        kept.iter().copied().chain(AT_WORK.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect();
    for _ in 0..ROUNDS {
        let others = others(&parents()?, &kept);
        if others.is_empty() {
            return Ok(());
        }
        for id in others {
            if let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw) {
                let _ = kill_process(id, Signal::KILL);
            }
        }
        std::thread::sleep(ROUND);
    }
    Err(HostError { action: "end what a program left behind".to_owned(), reason: "it does not end".to_owned() })
}

/// Every process that is alive, with its parent.
fn parents() -> Result<BTreeMap<u32, u32>, HostError> {
    let table = Path::new(TABLE);
    let entries = std::fs::read_dir(table).map_err(|cause| at("read", table, cause))?.flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(numbers
        .filter_map(|id: u32| {
            Some((id, parent(&std::fs::read_to_string(table.join(id.to_string()).join("stat")).ok()?)?))
        })
        .collect())
}

/// From a line `12 (name) S 1 …` of proc_pid_stat(5); none of one that has ended and is only not yet waited for.
fn parent(stat: &str) -> Option<u32> {
    let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
    let state = rest.next()?;
    rest.next()?.parse().ok().filter(|_| !matches!(state, "Z" | "X"))
}

fn others(parents: &BTreeMap<u32, u32>, kept: &[u32]) -> Vec<u32> {
    let is_kept = |id: u32| {
        let mut line = std::iter::successors(Some(id), |id| parents.get(id).copied().filter(|parent| *parent > 1));
        line.any(|id| kept.contains(&id))
    };
    // Process 2 of a copy may be anybody's; a parent of 0 is outside of it.
    parents.iter().filter(|(id, parent)| **id != 1 && **parent != 0 && !is_kept(**id)).map(|(id, _)| *id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_and_engines_started_is_spared() {
        let parents = BTreeMap::from([(1, 0), (7, 1), (8, 7), (9, 8), (20, 1), (21, 20)]);
        assert_eq!(others(&parents, &[7]), [20, 21]);
        assert_eq!(parent("20 (a) b) S 1 20 20"), Some(1));
        assert_eq!(parent("20 (gone) Z 1 20 20"), None);
    }
}
