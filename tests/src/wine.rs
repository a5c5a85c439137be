//! A throw-away Windows: a prefix of Wine, copied from the one that `scripts/wine` makes, without a display.
//!
//! Wine is no Windows: it has no elevation and no Restart Manager, its shell sees eight bits of an exit code, and a
//! failed upgrade does not bring the old product back. What passes here has not been seen on Windows.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::lab::{Lab, NotRun};

/// The Windows, until it is dropped.
#[derive(Debug)]
pub struct Wine {
    folder: TempDir,
}

impl Wine {
    /// One with nothing on it but the agent's program, as `C:\Program Files\Consignee\consignee.exe`.
    ///
    /// # Errors
    /// Where `scripts/wine` or `scripts/agent --windows` has not run on this machine.
    pub fn with_agent() -> Result<Self, NotRun> {
        let template = Lab::folder().join("wine/template");
        let built = Lab::repository().join("target/agent/windows");
        let (agent, words) = (built.join("consignee.exe"), built.join("host-words.exe"));
        let scripts = [(template.join("made"), "scripts/wine"), (words.clone(), "scripts/agent --windows")];
        for (needed, script) in scripts {
            if !needed.exists() {
                return Err(NotRun::because(&format!("{} is missing (run {script})", needed.display())));
            }
        }
        let failed = |cause: io::Error| NotRun::because(&format!("no copy of {}: {cause}", template.display()));
        let folder = TempDir::new_in(Lab::folder().join("wine")).map_err(failed)?;
        let copied = Command::new("cp").arg("-a").arg(&template).arg(folder.path().join("prefix")).status();
        copied.map_err(failed)?;
        let wine = Self { folder };
        let program = wine.path(r"C:\Program Files\Consignee\consignee.exe");
        fs_err::create_dir_all(program.parent().unwrap_or(&program))
            .and_then(|()| fs_err::copy(&agent, &program))
            .and_then(|_| fs_err::copy(&words, wine.path(r"C:\host-words.exe")))
            .map_err(failed)?;
        wine.boot();
        Ok(wine)
    }

    /// The same with the agent's unit tests, as `C:\unit-tests.exe`.
    ///
    /// # Errors
    /// Also where they are not built.
    pub fn with_unit_tests() -> Result<Self, NotRun> {
        let built = Lab::repository().join("target/agent/windows/unit-tests.exe");
        let wine = Self::with_agent()?;
        let missing = |cause| NotRun::because(&format!("{cause} (run scripts/agent --windows)"));
        fs_err::copy(&built, wine.path(r"C:\unit-tests.exe")).map_err(missing)?;
        Ok(wine)
    }

    // What the first command starts inherits its streams, and all of it ends when nobody has been there for a while.
    fn boot(&self) {
        for words in [["wineserver", "-p"].as_slice(), &["wine", "wineboot"]] {
            let mut command = self.command(words[0]);
            command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let status = command.status();
            assert!(status.as_ref().is_ok_and(ExitStatus::success), "{words:?}: {status:?}");
        }
    }

    /// A path of Windows' on this machine.
    pub fn path(&self, windows: &str) -> PathBuf {
        let below = windows.trim_start_matches(r"C:\").replace('\\', "/");
        self.folder.path().join("prefix/drive_c").join(below)
    }

    /// Runs a program with its arguments, for a minute at most.
    pub fn run(&self, words: &[&str]) -> Output {
        let mut command = self.command("timeout");
        command.args(["60", "wine"]).args(words);
        command.output().unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// The same of one that must end with 0; what it wrote to stdout.
    pub fn ok(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    /// Installs a package of this machine, with properties as in `OPTION_EDITION=pro`.
    pub fn install(&self, package: &Path, properties: &[&str]) {
        let package = windows_path(package);
        self.ok(&[&["msiexec", "/i", &package, "/qn"], properties].concat());
    }

    /// Puts a program of the suites (`tests/fixtures/windows`) in the place of one of Windows' own.
    pub fn put_in_place(&self, source: &str, path: &str, libraries: &[&str]) {
        let source = Lab::repository().join("tests/fixtures/windows").join(source);
        let program = self.path(path);
        fs_err::create_dir_all(program.parent().unwrap_or(&program)).expect("a folder for a program");
        let _ = fs_err::remove_file(&program);
        let mut command = Command::new("x86_64-w64-mingw32-gcc");
        let compiled = command.args(["-O1", "-s", "-o"]).arg(&program).arg(&source).args(libraries).status();
        assert!(compiled.as_ref().is_ok_and(ExitStatus::success), "{}: {compiled:?}", source.display());
    }

    /// Says one word of the host adapters (`client/examples/host-words.rs`), and answers what is answered.
    pub fn word(&self, words: &[&str]) -> String {
        self.ok(&[&[r"C:\host-words.exe"], words].concat()).trim().to_owned()
    }

    /// Says one word, and answers what Wine itself says of it on one of its channels (`+eventlog`).
    pub fn heard(&self, channel: &str, words: &[&str]) -> String {
        let mut command = self.command("timeout");
        command.args(["60", "wine", r"C:\host-words.exe"]).args(words).env("WINEDEBUG", channel);
        let output = command.output().unwrap_or_else(|error| panic!("{words:?}: {error}"));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// What each process of this Windows that runs a program has of its own in memory, in KiB: the program itself,
    /// which Wine reads where Windows only maps it, and the rest.
    pub fn memory(&self, program: &str) -> Vec<(u64, u64)> {
        let prefix = format!("WINEPREFIX={}", self.folder.path().join("prefix").display());
        let is_it = |folder: &Path| {
            let has = |file: &str, text: &str| {
                let bytes = fs_err::read(folder.join(file)).unwrap_or_default();
                bytes.split(|byte| *byte == 0).any(|part| String::from_utf8_lossy(part).contains(text))
            };
            has("cmdline", program) && has("environ", &prefix)
        };
        let processes = fs_err::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
        processes
            .filter(|folder| is_it(folder))
            .filter_map(|folder| Some(own_memory(&fs_err::read_to_string(folder.join("smaps")).ok()?)))
            .collect()
    }

    /// The agent's command.
    pub fn consignee(&self, arguments: &[&str]) -> Output {
        self.run(&[&[r"C:\Program Files\Consignee\consignee.exe"], arguments].concat())
    }

    /// Starts a program and leaves it running; all of them end with a reboot.
    pub fn start(&self, words: &[&str]) -> Child {
        let mut command = self.command("wine");
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// Kills the agent's service, as a crash does; the processes that it was.
    pub fn kill(&self) -> Vec<PathBuf> {
        let processes = self.agents();
        for process in &processes {
            let number = process.file_name().unwrap_or_default();
            let killed = Command::new("kill").arg("-9").arg(number).status();
            // It may have ended by itself meanwhile.
            let is_gone = killed.as_ref().is_ok_and(ExitStatus::success) || !process.exists();
            assert!(is_gone, "{number:?}: {killed:?}");
        }
        processes
    }

    /// The same, and starts it again, unless a package does.
    pub fn crash(&self) {
        let killed = self.kill();
        assert!(!killed.is_empty(), "there is no agent to kill");
        let deadline = Instant::now() + Duration::from_secs(120);
        // Whoever controls services hears of it a moment later.
        loop {
            let started = self.run(&["net", "start", "Consignee"]);
            if started.status.success() || self.agents().iter().any(|process| !killed.contains(process)) {
                return;
            }
            let said = String::from_utf8_lossy(&started.stdout);
            assert!(Instant::now() < deadline, "the agent does not start again: {said}");
        }
    }

    /// Stops the agent's service, and waits for its process: who is told that a service has stopped may still find its
    /// program in use, and the installer of Wine leaves such a file for a restart.
    pub fn stop_agent(&self) {
        self.run(&["net", "stop", "Consignee"]);
        self.wait_for("Consignee", "STOPPED");
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.agents().is_empty() {
            assert!(Instant::now() < deadline, "the agent's service has stopped, and its process is still there");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Takes its power away: everything ends, and nothing boots.
    pub fn cut(&self) {
        self.end();
    }

    /// The processes of the agent's service, in `/proc`.
    fn agents(&self) -> Vec<PathBuf> {
        let ours = format!("WINEPREFIX={}\0", self.folder.path().join("prefix").display());
        let processes = fs_err::read_dir("/proc").expect("processes").flatten().map(|entry| entry.path());
        let is_agent = |process: &PathBuf| {
            let of = |name: &str| fs_err::read_to_string(process.join(name)).unwrap_or_default();
            of("cmdline").trim_end_matches('\0').ends_with("consignee.exe\0service") && of("environ").contains(&ours)
        };
        processes.filter(is_agent).collect()
    }

    /// Ends everything, and boots again.
    pub fn reboot(&self) {
        self.end();
        self.boot();
    }

    /// Starts the agent's service.
    pub fn serve(&self) {
        let line = r#""C:\Program Files\Consignee\consignee.exe" service"#;
        self.ok(&["sc", "create", "Consignee", "binPath=", line, "start=", "demand"]);
        self.ok(&["net", "start", "Consignee"]);
        self.wait_for("Consignee", "RUNNING");
    }

    /// Waits until the service control manager says this of a service, which may not be there yet.
    pub fn wait_for(&self, service: &str, state: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let said = String::from_utf8_lossy(&self.run(&["sc", "query", service]).stdout).into_owned();
            if said.contains(state) {
                return;
            }
            assert!(Instant::now() < deadline, "{service} is not {state}: {said}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("WINEPREFIX", self.folder.path().join("prefix")).env("WINEARCH", "win64");
        command.env("WINEDEBUG", "-all").env_remove("DISPLAY");
        // What is put in the place of a program of its own counts.
        command.env("WINEDLLOVERRIDES", "mscoree,mshtml=;msiexec.exe=n,b");
        command.current_dir(Path::new("/"));
        command
    }

    /// All processes of this prefix, and of no other.
    fn end(&self) {
        let _ = self.command("wineserver").arg("-k").status();
        let _ = self.command("wineserver").arg("-w").status();
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        self.end();
    }
}

/// A path of this machine as a Wine has it.
pub fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', r"\")
}

/// Where programs of 64 bits begin and where libraries may, which is far enough.
const PROGRAM: std::ops::Range<u64> = 0x1_4000_0000..0x1_5000_0000;

/// The sums of `Anonymous:` of a table as proc_pid_smaps(5) has it: the program's, and the others'.
fn own_memory(table: &str) -> (u64, u64) {
    let (mut program, mut rest, mut is_program) = (0, 0, false);
    for line in table.lines() {
        let begin = line.split_once('-').and_then(|(begin, _)| u64::from_str_radix(begin, 16).ok());
        is_program = begin.map_or(is_program, |begin| PROGRAM.contains(&begin));
        let Some(figure) = line.strip_prefix("Anonymous:") else { continue };
        let kibibytes: u64 = figure.trim().trim_end_matches(" kB").parse().unwrap_or(0);
        *(if is_program { &mut program } else { &mut rest }) += kibibytes;
    }
    (program, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_told_from_the_rest() {
        let table = "140001000-141443000 r-xp 00000000 00:00 0\nRss:    20744 kB\nAnonymous:      20744 kB\n\
                     00022000-00320000 rw-p 00000000 00:00 0\nAnonymous:        976 kB\n\
                     7f00-8000 rw-p 00000000 00:00 0 [heap]\nAnonymous:          8 kB\n";
        assert_eq!(own_memory(table), (20744, 984));
    }
}
