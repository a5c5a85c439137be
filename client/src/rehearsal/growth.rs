//! How much was written to the layers of a copy, by file system: at most at any moment, and beyond what was there
//! when the steps began.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::verdict::Grown;
use crate::host::kernel::files;

const SHORTEST: Duration = Duration::from_millis(500);
/// Looking takes no more than this part of the time.
const SHARE: u32 = 10;

/// Layers that are looked at until this ends.
pub struct Growth {
    end: Sender<()>,
    looking: JoinHandle<Vec<Grown>>,
}

impl Growth {
    /// What is there now does not count.
    pub fn begin(layers: Vec<(PathBuf, PathBuf)>) -> Self {
        let (end, ended) = channel();
        let before: Vec<u64> = layers.iter().map(|(_, upper)| taken(upper)).collect();
        let looking = std::thread::spawn(move || {
            let mut most = before.clone();
            loop {
                let began = Instant::now();
                for ((_, upper), most) in layers.iter().zip(&mut most) {
                    *most = (*most).max(taken(upper));
                }
                let pause = SHORTEST.max(began.elapsed() * SHARE);
                if ended.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
            for ((_, upper), most) in layers.iter().zip(&mut most) {
                *most = (*most).max(taken(upper));
            }
            let grown = layers.into_iter().zip(most.into_iter().zip(before));
            grown.map(|((folder, _), (most, before))| Grown { folder, bytes: most - before }).collect()
        });
        Self { end, looking }
    }

    /// What was written, where anything was.
    pub fn end(self) -> Vec<Grown> {
        drop(self.end);
        let grown = self.looking.join().unwrap_or_default();
        grown.into_iter().filter(|grown| grown.bytes > 0).collect()
    }
}

/// How many bytes a file, or a folder with all that is in it, takes on the disk. What is removed while it is looked
/// at takes nothing.
pub fn taken(path: &Path) -> u64 {
    let Ok(found) = path.symlink_metadata() else { return 0 };
    let own = files::taken(&found);
    if !found.is_dir() {
        return own;
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| taken(&entry.path())).fold(own, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_does_not_count_and_what_went_again_does() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("restored"), vec![1; 3 << 20]).unwrap();
        let growth = Growth::begin(vec![(PathBuf::from("/var"), folder.path().to_owned())]);
        std::fs::write(folder.path().join("temporary"), vec![1; 5 << 20]).unwrap();
        std::thread::sleep(SHORTEST * 3);
        std::fs::remove_file(folder.path().join("temporary")).unwrap();
        let grown = growth.end();
        assert_eq!(grown.len(), 1);
        assert!((5 << 20..6 << 20).contains(&grown[0].bytes), "{grown:?}");
    }
}
