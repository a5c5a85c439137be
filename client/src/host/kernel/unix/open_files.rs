//! Who has which files open: `/proc`, process by process (proc(5)).
//!
//! Opened, mapped and running files count alike, and so does one that was replaced or deleted since: its
//! process goes on with the old one.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::host::open_files::{Holder, Sought};
use crate::host::{HostError, at};

const PROC: &str = "/proc";
/// What the kernel puts behind the name of a file that has none any more.
const DELETED: &str = " (deleted)";

/// Every process that has one of these files open, but for those of units that are left out.
///
/// # Errors
/// When a process cannot be looked at, for want of rights. One that has ended has no files.
pub fn holders(sought: &Sought, is_left_out: &dyn Fn(&str) -> bool) -> Result<Vec<Holder>, HostError> {
    let processes = std::fs::read_dir(PROC).map_err(|cause| at("list", Path::new(PROC), cause))?;
    let mut found = Vec::new();
    for entry in processes.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        match of_process(&entry.path(), pid, sought, is_left_out) {
            Ok(more) => found.extend(more),
            Err(cause) if is_gone(&cause) => {}
            Err(cause) => return Err(at("look at the files of process", Path::new(&pid.to_string()), cause)),
        }
    }
    found.sort_unstable();
    Ok(found)
}

// It ended while it was looked at, or is none of the system's: ESRCH.
fn is_gone(cause: &io::Error) -> bool {
    cause.kind() == ErrorKind::NotFound || cause.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

fn of_process(folder: &Path, pid: u32, sought: &Sought, is_left_out: &dyn Fn(&str) -> bool) -> io::Result<Vec<Holder>> {
    let groups = std::fs::read_to_string(folder.join("cgroup"))?;
    // What starts everything else runs nothing of a product's, and in a container it may not be looked at.
    if pid == 1 || pid == std::process::id() || units(&groups).any(is_left_out) {
        return Ok(Vec::new());
    }
    let ours = |name: PathBuf| is_one_of(&name, folder, sought);
    let held: BTreeSet<PathBuf> = names(folder)?.into_iter().filter_map(ours).collect();
    if held.is_empty() {
        return Ok(Vec::new());
    }
    let process = std::fs::read_to_string(folder.join("comm"))?.trim_end().to_owned();
    let unit = units(&groups).filter(|unit| unit.ends_with(".service")).last().map(str::to_owned);
    Ok(held.into_iter().map(|file| Holder { file, pid, process: process.clone(), unit: unit.clone() }).collect())
}

/// The slices, services and scopes that a process is in, outermost first.
fn units(groups: &str) -> impl Iterator<Item = &str> {
    groups.lines().filter_map(|line| line.splitn(3, ':').nth(2)).flat_map(|path| path.split('/'))
}

/// What a process runs, has open and has mapped.
fn names(folder: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut names = BTreeSet::new();
    match std::fs::read_link(folder.join("exe")) {
        Ok(name) => drop(names.insert(name)),
        // A thread of the kernel's runs no file and has none.
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(names),
        Err(cause) => return Err(cause),
    }
    for entry in std::fs::read_dir(folder.join("fd"))?.flatten() {
        names.extend(std::fs::read_link(entry.path()).ok());
    }
    let maps = std::fs::read(folder.join("maps"))?;
    let maps = String::from_utf8_lossy(&maps);
    names.extend(maps.lines().filter_map(|line| line.find('/').map(|start| PathBuf::from(&line[start..]))));
    Ok(names)
}

fn is_sought(sought: &Sought, path: &Path) -> bool {
    sought.files.contains(path) || sought.below.iter().any(|folder| path.starts_with(folder))
}

/// The file, where the name is that of one of them, and not of another in a container of its own.
fn is_one_of(name: &Path, process: &Path, sought: &Sought) -> Option<PathBuf> {
    let text = name.to_str()?;
    let (path, is_deleted) = match text.strip_suffix(DELETED) {
        Some(path) => (Path::new(path), true),
        None => (name, false),
    };
    if !is_sought(sought, path) {
        return None;
    }
    let same = |one: &Path, other: &Path| {
        let identity = |path: &Path| std::fs::metadata(path).map(|found| (found.dev(), found.ino(), found.is_dir()));
        matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other && !one.2)
    };
    // The root of the process, as it sees it.
    let seen = process.join("root").join(path.strip_prefix("/").ok()?);
    (is_deleted || same(&seen, path)).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    struct Held(Child);

    impl Drop for Held {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// A process that has a file open, as its standard input.
    fn holding(path: &Path) -> Held {
        let file = std::fs::File::open(path).unwrap();
        // Its program is its own from the moment `spawn` returns.
        Held(Command::new("sleep").arg("600").stdin(file).stdout(Stdio::null()).spawn().unwrap())
    }

    fn found(files: &[&Path]) -> Vec<Holder> {
        let files = files.iter().map(|path| path.to_path_buf()).collect();
        holders(&Sought { files, ..Sought::default() }, &|_| false).unwrap()
    }

    #[test]
    fn a_file_is_named_with_who_has_it_open_also_when_it_was_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (open, other) = (folder.path().join("open"), folder.path().join("other"));
        std::fs::write(&open, "").unwrap();
        std::fs::write(&other, "").unwrap();
        let held = holding(&open);
        let [holder] = &found(&[&open, &other])[..] else { panic!() };
        assert_eq!((&holder.file, &*holder.process, holder.pid), (&open, "sleep", held.0.id()));
        std::fs::remove_file(&open).unwrap();
        std::fs::write(&open, "new").unwrap();
        assert_eq!(found(&[&open]).len(), 1, "the old file is open");
        drop(held);
        assert_eq!(found(&[&open]), []);
    }

    #[test]
    fn a_program_that_runs_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("report");
        std::fs::copy("/bin/sleep", &program).unwrap();
        let held = Held(Command::new(&program).arg("600").spawn().unwrap());
        assert_eq!(found(&[&program]).iter().map(|held| held.pid).collect::<Vec<_>>(), [held.0.id()]);
    }

    #[test]
    fn every_file_below_a_folder_of_data_counts_and_none_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let (data, beside) = (folder.path().join("data"), folder.path().join("data-beside"));
        std::fs::create_dir(&data).unwrap();
        std::fs::write(&beside, "").unwrap();
        std::fs::write(data.join("erp.db"), "").unwrap();
        let (held, _other) = (holding(&data.join("erp.db")), holding(&beside));
        let sought = Sought { below: vec![data.clone()], ..Sought::default() };
        let found = holders(&sought, &|_| false).unwrap();
        let found: Vec<_> = found.iter().map(|holder| (holder.pid, &holder.file)).collect();
        assert_eq!(found, [(held.0.id(), &data.join("erp.db"))]);
    }

    #[test]
    fn what_its_own_engines_have_open_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let open = folder.path().join("open");
        std::fs::write(&open, "").unwrap();
        let _held = holding(&open);
        let sought = Sought { files: [open].into(), ..Sought::default() };
        assert_eq!(holders(&sought, &|_| true).unwrap(), []);
    }

    #[test]
    fn the_units_of_a_process_are_told_from_its_control_group() {
        let instance = "0::/system.slice/system-canopsis\\x2dengine.slice/canopsis-engine@main.service\n";
        assert_eq!(units(instance).last(), Some("canopsis-engine@main.service"));
        assert!(units("0::/system.slice/erp.service/worker\n").any(|unit| unit == "erp.service"));
        assert!(units("12:cpu:/\n1:name=systemd:/user.slice/session-3.scope\n").any(|unit| unit == "session-3.scope"));
    }
}
