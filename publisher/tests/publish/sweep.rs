//! A command that changes a repository, under strace: killed or failed at any call that it makes; and the order in
//! which it writes, which a power cut cares for and a kill does not.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// What is swept.
pub struct Sweep<'a> {
    /// Everything that changes files, or decides whether they are changed.
    pub calls: &'a [&'static str],
    /// Where strace writes.
    pub trace: PathBuf,
    /// The command.
    pub command: &'a dyn Fn() -> Command,
    /// Makes everything as it was before it.
    pub reset: &'a dyn Fn(),
}

impl Sweep<'_> {
    pub fn traced(&self, options: &[&str]) -> ExitStatus {
        let told = (self.command)();
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o"]).arg(&self.trace).args(options).arg(told.get_program()).args(told.get_args());
        if let Some(folder) = told.get_current_dir() {
            command.current_dir(folder);
        }
        command.output().unwrap().status
    }

    pub fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(&self.trace).unwrap().lines().map(str::to_owned).collect()
    }

    /// How often an undisturbed run makes each call in one thread, which is what a fault counts by.
    pub fn count(&self) -> BTreeMap<&'static str, usize> {
        (self.reset)();
        assert!(self.traced(&["-e", &format!("trace={}", self.calls.join(","))]).success());
        let lines = self.lines();
        let made = |call: &str| {
            let mut threads: BTreeMap<&str, usize> = BTreeMap::new();
            for line in lines.iter().filter(|line| line.contains(&format!(" {call}("))) {
                *threads.entry(line.split(' ').next().unwrap()).or_default() += 1;
            }
            threads.into_values().max().unwrap_or(0)
        };
        self.calls.iter().map(|call| (*call, made(call))).filter(|(_, times)| *times > 0).collect()
    }

    pub fn fault(&self, call: &str, time: usize, fault: &str) -> ExitStatus {
        (self.reset)();
        let inject = format!("inject={call}:{fault}:when={time}");
        self.traced(&["-e", &format!("trace={call}"), "-e", &inject])
    }

    /// Kills it at these calls, and has looked each time at what it left; how often that was.
    pub fn killed(&self, calls: &[&str], sample: usize, look: &dyn Fn(&str, &str)) -> usize {
        let mut killed = 0;
        for (call, times) in self.count().into_iter().filter(|(call, _)| calls.contains(call)) {
            for time in points(times, sample) {
                let what = format!("killed at {call} {time} of {times}");
                let status = self.fault(call, time, "signal=KILL");
                if status.signal() != Some(9) {
                    // How often threads wake each other differs from run to run, and so do the last calls.
                    let is_last = call == "write" || time * 10 > times * 9;
                    assert!(is_last && status.success(), "{what}: the fault did not fire");
                    continue;
                }
                look(call, &what);
                killed += 1;
            }
        }
        killed
    }

    /// Kills leave the page cache; a power cut does not. A file is synced before it gets its name, alone or with
    /// everything else, and its folder after; and no entry point is swapped before all that it can name has been.
    pub fn assert_order(&self) {
        (self.reset)();
        let calls = "trace=fsync,syncfs,write,rename,renameat,renameat2";
        assert!(self.traced(&["-y", "-s", "4096", "-e", calls]).success());
        let lines = self.lines();
        let synced = |line: &str, path: &str| {
            is_call(line, "syncfs") || is_call(line, "fsync") && line.contains(&format!("<{path}>)"))
        };
        let (mut added, mut swapped) = (Vec::new(), Vec::new());
        for (at, line) in lines.iter().enumerate() {
            let Some([from, to]) = line.contains("/.consign/").then(|| quoted(line)).flatten() else { continue };
            let written =
                lines[..at].iter().rposition(|line| is_call(line, "write") && line.contains(&format!("<{from}>,")));
            assert!(
                lines[written.unwrap_or(0)..at].iter().any(|line| synced(line, &from)),
                "{from} is not synced before {to} is its name"
            );
            let folder = Path::new(&to).parent().unwrap().display().to_string();
            let durable = lines.iter().skip(at + 1).position(|line| synced(line, &folder)).map(|after| at + 1 + after);
            let durable = durable.unwrap_or_else(|| panic!("{folder} is not synced after {to} is in it"));
            match kind(&to) {
                Kind::Added => added.push((durable, to)),
                Kind::Swapped => swapped.push((at, durable, to)),
                Kind::Own => {}
            }
        }
        for ((_, durable, entry), (next, ..)) in swapped.iter().zip(swapped.iter().skip(1)) {
            assert!(durable < next, "{entry} is not durable when the next one is swapped");
        }
        assert!(added.len() >= 4 && swapped.len() >= 4, "{added:#?} {swapped:#?}");
        let (first, _, entry) = swapped.first().unwrap();
        for (durable, name) in &added {
            assert!(durable < first, "{name} is not durable when {entry} is swapped");
        }
        assert!(swapped.last().unwrap().2.ends_with("/feed.pgp"), "{swapped:#?}");
    }
}

enum Kind {
    /// Under a name that never changes.
    Added,
    /// An entry point.
    Swapped,
    /// What readers do not see.
    Own,
}

fn kind(path: &str) -> Kind {
    let folders = ["/pool/", "/plans/", "/shards/", "/by-hash/", "/consign/windows/"];
    let in_generation = path.contains("/g/") && !path.contains("/g/latest/");
    match path {
        path if path.rsplit('/').nth(1) == Some(".consign") => Kind::Own,
        path if in_generation || folders.iter().any(|folder| path.contains(folder)) => Kind::Added,
        // Documents of the folder of yum that is swapped in place have their digest for a name.
        path if path.contains("/g/latest/") && path.ends_with(".xml.gz") => Kind::Added,
        _ => Kind::Swapped,
    }
}

/// All of them, or a few that are spread evenly, the first and the last among them.
pub fn points(times: usize, sample: usize) -> Vec<usize> {
    if std::env::var_os("CONSIGN_LONG").is_some() || times <= sample {
        return (1..=times).collect();
    }
    (0..sample).map(|n| 1 + n * (times - 1) / (sample - 1)).collect()
}

/// Whether a line of strace is that call, begun.
fn is_call(line: &str, call: &str) -> bool {
    line.split_once(' ').is_some_and(|(_, rest)| rest.trim_start().starts_with(&format!("{call}(")))
}

/// The two paths of a renaming.
fn quoted(line: &str) -> Option<[String; 2]> {
    let is_renaming = ["rename", "renameat", "renameat2"].iter().any(|call| is_call(line, call));
    let paths: Vec<_> = is_renaming.then(|| line.split('"').skip(1).step_by(2))?.collect();
    <[&str; 2]>::try_from(paths).ok().map(|paths| paths.map(str::to_owned))
}
