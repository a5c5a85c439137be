//! zypper: what libzypp tells the plugins of its commit, in frames on standard input that are answered on
//! standard output.
//!
//! A plugin can stop nothing, and one that does not answer in 30 s is ended, so each frame is answered at
//! once. What is kept is the number of the process: from its commit on it is a transaction, while before it
//! only reads or asks. The `%pre` of a package says the same, for the run that brings the agent itself.

use std::io::{self, BufRead, Write};

use crate::caller;
use crate::host::Host;

const ANSWER: &[u8] = b"ACK\n\n\0";

/// What a frame is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Begins,
    Ends,
    Disconnect,
    Other,
}

impl Frame {
    fn of(bytes: &[u8]) -> Self {
        match bytes.split(|byte| *byte == b'\n').next() {
            Some(b"COMMITBEGIN") => Self::Begins,
            // The first is left out where a package could not be installed.
            Some(b"COMMITEND" | b"PLUGINEND") => Self::Ends,
            Some(b"_DISCONNECT") => Self::Disconnect,
            _ => Self::Other,
        }
    }
}

/// Answers until libzypp has said everything; `ended` is called when packages are as they will be.
pub fn converse(host: &Host, input: &mut impl BufRead, output: &mut impl Write, ended: impl Fn()) -> u8 {
    let (mut frame, mut is_open) = (Vec::new(), false);
    while input.read_until(0, &mut frame).is_ok_and(|length| length > 0) {
        let about = Frame::of(&frame);
        match about {
            Frame::Begins => {
                begins(host);
                is_open = true;
            }
            Frame::Ends if is_open => {
                is_open = false;
                let _ = std::fs::remove_file(host.commit());
                ended();
            }
            _ => {}
        }
        if output.write_all(ANSWER).and_then(|()| output.flush()).is_err() || about == Frame::Disconnect {
            break;
        }
        frame.clear();
    }
    0
}

/// Says that the zypper above this process changes packages from now on. Where there is none nothing is said.
pub fn begins(host: &Host) {
    if let Some(process) = above(host) {
        let _ = write(host, process);
    }
}

fn write(host: &Host, process: u32) -> io::Result<()> {
    let path = host.commit();
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    // Renamed into place: whoever reads it meanwhile reads a number.
    let new = path.with_extension("new");
    std::fs::write(&new, format!("{process}\n"))?;
    std::fs::rename(new, path)
}

/// The process that has zypper's lock, if it has called us.
fn above(host: &Host) -> Option<u32> {
    let process = std::fs::read_to_string(host.zypper_lock()).ok()?.trim().parse().ok()?;
    caller::is_above(process).then_some(process)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::path::PathBuf;

    fn host(name: &str, process: u32) -> (Host, PathBuf) {
        let folder = std::env::temp_dir().join(format!("consignee-hook-{}-{name}", std::process::id()));
        std::fs::create_dir_all(folder.join("run")).unwrap();
        std::fs::write(folder.join("run/zypp.pid"), format!("{process}\n")).unwrap();
        (Host::below(&folder), folder)
    }

    /// How often it said that all is over, and whether it is marked as open in the end.
    fn told(name: &str, process: u32, frames: &[&str]) -> (u32, usize, bool) {
        let (host, folder) = host(name, process);
        let (mut output, ended) = (Vec::new(), Cell::new(0));
        let input: String = frames.iter().map(|frame| format!("{frame}\n\n{{}}\0")).collect();
        let mut input = input.as_bytes();
        assert_eq!(converse(&host, &mut input, &mut output, || ended.set(ended.get() + 1)), 0);
        let is_open = host.commit().exists();
        std::fs::remove_dir_all(folder).unwrap();
        let answers = output.windows(ANSWER.len()).filter(|part| *part == ANSWER).count();
        assert_eq!(output.len(), answers * ANSWER.len());
        (ended.get(), answers, is_open)
    }

    #[test]
    fn every_frame_is_answered_and_the_end_is_told_once() {
        let parent = std::os::unix::process::parent_id();
        let all = ["PLUGINBEGIN", "COMMITBEGIN", "COMMITEND", "PLUGINEND", "_DISCONNECT", "COMMITBEGIN"];
        assert_eq!(told("all", parent, &all), (1, 5, false));
        // A package could not be installed.
        assert_eq!(told("failed", parent, &["PLUGINBEGIN", "COMMITBEGIN", "PLUGINEND"]), (1, 3, false));
        // Ended by zypper, which goes on.
        assert_eq!(told("cut", parent, &["PLUGINBEGIN", "COMMITBEGIN"]), (0, 2, true));
        assert_eq!(told("nothing", parent, &["PLUGINBEGIN", "PLUGINEND"]), (0, 2, false));
    }

    #[test]
    fn only_the_zypper_that_has_called_us_is_marked() {
        assert_eq!(told("other", std::process::id() + 1_000_000, &["COMMITBEGIN"]), (0, 1, false));
    }
}
