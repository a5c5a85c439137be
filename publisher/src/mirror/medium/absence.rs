//! What cannot be had from the media that are here, each named.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// So many are named; of more it is said how many there are.
const NAMED: usize = 20;

/// Files of an export that cannot be had from the media that are here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Absence {
    /// The export.
    pub export: String,
    /// How many volumes it has.
    pub of: u32,
    /// Files that are on volumes which are not here, and their bytes, by volume.
    pub volumes: BTreeMap<u32, BTreeMap<String, u64>>,
    /// What is wrong with volumes that are here.
    pub faults: BTreeSet<String>,
}

impl Absence {
    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        for (volume, files) in other.volumes {
            self.volumes.entry(volume).or_default().extend(files);
        }
        self.faults.extend(other.faults);
        self
    }

    fn sentences(&self) -> Vec<String> {
        let mut sentences: Vec<String> = self.faults.iter().take(NAMED).cloned().collect();
        let more = self.faults.len().saturating_sub(NAMED);
        sentences.extend((more > 0).then(|| format!("and {more} more")));
        for (volume, files) in &self.volumes {
            let (number, bytes) = (files.len(), files.values().sum::<u64>());
            let files = if number == 1 { "1 file".to_owned() } else { format!("{number} files") };
            let of = self.of;
            sentences.push(format!("volume {volume} of {of} is missing, with {files} of {} MB", megabytes(bytes)));
        }
        sentences
    }
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentences().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_volumes_are_named_with_what_they_hold_and_faults_come_first() {
        let files = |name: &str| BTreeMap::from([(name.to_owned(), 1_500_000)]);
        let one = Absence { export: "e".into(), of: 3, volumes: [(2, files("a"))].into(), ..Absence::default() };
        let faults = BTreeSet::from(["pool/x.deb is altered on volume 1".to_owned()]);
        let two = Absence { volumes: [(2, files("b")), (3, files("c"))].into(), faults, ..one.clone() };
        let words = "pool/x.deb is altered on volume 1; volume 2 of 3 is missing, with 2 files of 3 MB; \
            volume 3 of 3 is missing, with 1 file of 2 MB";
        assert_eq!(one.and(two).to_string(), words);
    }
}
