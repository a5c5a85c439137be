//! The agent's own program, out of the way of its package.
//!
//! Nobody can replace a program that somebody runs: a service that is stopped for Windows, but whose process is not
//! gone yet; a command that waits for an upgrade. A program that runs can be renamed, though. So what runs gets another
//! name, and what its package meets is a copy that nobody runs.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::host::{HostError, at};

/// How it is called where it runs on.
const ASIDE: &str = "replaced-";
/// How its copy is called, until it is whole.
const COPY: &str = "new";

/// Moves a program that runs into a folder on its volume; in its place is a copy that nobody runs.
///
/// # Errors
/// When it cannot be moved; it is then where it was.
pub fn step_aside(program: &Path, to: &Path) -> Result<(), HostError> {
    let cannot = |cause: io::Error| at("get out of the way of its package", program, cause);
    let copy = program.with_extension(COPY);
    duplicate(program, &copy).map_err(cannot)?;
    let aside = free(to);
    fs::rename(program, &aside).map_err(cannot)?;
    fs::rename(&copy, program).map_err(|cause| {
        let _ = fs::rename(&aside, program);
        cannot(cause)
    })
}

/// Removes those from a folder that nobody runs any more.
pub fn clear(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(ASIDE) {
            // Who still runs it keeps it.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// With its time as well: by that the service tells whether its program is another one.
fn duplicate(program: &Path, copy: &Path) -> io::Result<()> {
    fs::copy(program, copy)?;
    let file = File::options().write(true).open(copy)?;
    file.set_modified(fs::metadata(program)?.modified()?)?;
    file.sync_all()
}

fn free(folder: &Path) -> PathBuf {
    let names = (1_u32..).map(|number| folder.join(format!("{ASIDE}{number}.exe")));
    names.into_iter().find(|path| !path.exists()).expect("one of so many is free")
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::process::{Command, Stdio};

    use super::*;

    /// Set where this test is the program that runs, until nobody writes to it any more.
    const RUNS: &str = "CONSIGN_TEST_RUNS";
    const NAME: &str =
        "host::msi::program::tests::a_program_that_runs_is_replaced_by_another_and_goes_when_it_has_ended";

    #[test]
    fn a_program_that_runs_is_replaced_by_another_and_goes_when_it_has_ended() {
        if std::env::var_os(RUNS).is_some() {
            io::stdin().read_to_end(&mut Vec::new()).unwrap();
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (program, aside) = (folder.path().join("agent.exe"), folder.path().join("replaced-1.exe"));
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let before = fs::metadata(&program).unwrap();
        let mut running = Command::new(&program);
        let mut running = running.args(["--exact", NAME]).env(RUNS, "1").stdin(Stdio::piped()).spawn().unwrap();
        assert!(fs::write(&program, "newer").is_err(), "it runs");
        step_aside(&program, folder.path()).unwrap();
        let after = fs::metadata(&program).unwrap();
        assert_eq!((after.len(), after.modified().unwrap()), (before.len(), before.modified().unwrap()));
        clear(folder.path());
        assert!(aside.exists(), "it runs still");
        fs::remove_file(&program).unwrap();
        fs::write(&program, "newer").unwrap();
        drop(running.stdin.take());
        assert!(running.wait().unwrap().success());
        clear(folder.path());
        assert!(!aside.exists());
    }
}
