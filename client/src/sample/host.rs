//! A host whose packages and engines are only pretended.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use consign_metadata::name::{PackageName, UnitName};
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::NativeVersions;

use jiff::Timestamp;

use crate::engine::event::EngineState;
use crate::host::program::{Ended, Program, Programs};
use crate::host::{
    Arrival, HeldOpen, Hold, HostError, Identity, Observed, OwnPackage, PackageManager, Repository, ServiceManager,
    Source,
};
use crate::site::Repair;

/// What the host has, and what was done to it.
#[derive(Default)]
pub struct State {
    pub packages: BTreeMap<String, Observed>,
    pub candidate: Option<String>,
    pub repositories: Vec<Repository>,
    pub files: BTreeMap<String, Vec<u8>>,
    /// The address of a repository that takes all the time it is given, and answers nothing.
    pub mute: Option<String>,
    pub archives: BTreeMap<PathBuf, Vec<u8>>,
    /// Where versions of packages can be had, by `name version`; the files are real.
    pub sources: BTreeMap<String, Source>,
    /// What a repository sends.
    pub downloads: BTreeMap<String, Vec<u8>>,
    /// What the files of any package take.
    pub unpacked: u64,
    /// The files of the packages that are there, which are real.
    pub owned: Vec<PathBuf>,
    /// The lists of files, and what waits for a reboot, cannot be read.
    pub unreadable: bool,
    /// What waits for a reboot.
    pub waiting: Option<Vec<String>>,
    pub holds: BTreeMap<String, Vec<String>>,
    pub unattended: BTreeSet<String>,
    pub wakes: BTreeSet<Timestamp>,
    pub transaction: Option<u32>,
    pub running: BTreeSet<String>,
    pub stubborn: BTreeSet<String>,
    /// Units that would start in the middle of an upgrade.
    pub unguarded: BTreeSet<String>,
    pub done: Vec<String>,
    pub exit: i32,
    /// Programs that fail.
    pub failing: BTreeSet<String>,
    /// What the program `probe` says of the data.
    pub data: String,
    /// A file that has it instead, where it is to be saved and restored.
    pub data_in: Option<PathBuf>,
    /// What programs answer.
    pub answers: BTreeMap<String, String>,
    /// Whether another host has the lock in the database.
    pub locked: bool,
    /// The programs that stay.
    pub staying: BTreeSet<String>,
    /// What the program `migrate` brings them to.
    pub migrated: Option<String>,
    /// The package manager fails.
    pub broken: bool,
    /// No repository sends a package.
    pub unreachable: bool,
    /// What somebody does while packages are downloaded.
    pub meanwhile: Option<Box<dyn FnOnce() + Send>>,
    /// What is not configured is there in two versions.
    pub twice: bool,
    /// Nobody tells of packages: how they came.
    pub arrival: Option<Arrival>,
    /// Somebody has files of the packages open.
    pub held_open: Option<HeldOpen>,
    /// How often the agent looks by itself.
    pub every: Option<Duration>,
    /// The agent's own package.
    pub own: Option<OwnPackage>,
    /// The newest agent that a feed names; it cannot be brought where that is missing.
    pub newest_agent: Option<String>,
}

/// The host.
#[derive(Clone, Default)]
pub struct Host(Arc<Mutex<State>>);

impl Host {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn set(&self, package: &str, version: &str, configured: bool) {
        self.state().packages.insert(package.to_owned(), Observed { version: version.to_owned(), configured });
    }

    /// What was done since it was last asked.
    pub fn done(&self) -> Vec<String> {
        std::mem::take(&mut self.state().done)
    }

    pub fn running(&self) -> Vec<String> {
        self.state().running.iter().cloned().collect()
    }
}

fn error(action: &str) -> HostError {
    HostError { action: action.to_owned(), reason: "it is pretended".to_owned() }
}

impl PackageManager for Host {
    fn native<'a>(&self, versions: &'a NativeVersions) -> Option<&'a str> {
        versions.deb.as_deref()
    }
    fn observe(&self, packages: &[PackageName]) -> Result<Vec<(PackageName, Observed)>, HostError> {
        let state = self.state();
        let found = |name: &PackageName| Some((name.clone(), state.packages.get(name.as_str())?.clone()));
        Ok(packages.iter().filter_map(found).collect())
    }
    fn files(&self, _: &[PackageName]) -> Result<Vec<PathBuf>, HostError> {
        if self.state().unreadable { Err(error("list files")) } else { Ok(self.state().owned.clone()) }
    }
    fn reboot(&self) -> Result<Option<Vec<String>>, HostError> {
        if self.state().unreadable { Err(error("tell")) } else { Ok(self.state().waiting.clone()) }
    }
    fn candidate(&self, _: &PackageName) -> Result<Option<String>, HostError> {
        Ok(self.state().candidate.clone())
    }
    fn repositories(&self, _: &[PackageName]) -> Result<Vec<Repository>, HostError> {
        Ok(self.state().repositories.clone())
    }
    fn fetch(&self, from: &Repository, path: &str, maximum: u64, limit: Duration) -> Result<Vec<u8>, HostError> {
        let state = self.state();
        if state.mute.as_ref() == Some(&from.url) {
            std::thread::sleep(limit);
            return Err(error("wait any longer"));
        }
        let bytes = state.files.get(path).ok_or_else(|| error(&format!("fetch {path}")))?;
        if bytes.len() as u64 > maximum { Err(error("take so much")) } else { Ok(bytes.clone()) }
    }
    fn hold(&self, holds: &[Hold]) -> Result<(), HostError> {
        let free = holds.iter().filter(|hold| hold.unattended);
        self.state().unattended = free.map(|hold| hold.package.to_string()).collect();
        self.state().holds = holds.iter().map(|hold| (hold.package.to_string(), hold.cleared.clone())).collect();
        Ok(())
    }
    fn extension(&self) -> &'static str {
        "deb"
    }
    fn check(&self, _: &[u8], _: &str, _: &Keyring) -> Result<(), HostError> {
        Ok(())
    }
    fn plan_in(&self, archive: &Path, _: &Keyring) -> Result<Vec<u8>, HostError> {
        self.state().archives.get(archive).cloned().ok_or_else(|| error("trust the package"))
    }
    /// A package file is pretended, too: its first line is its name and version.
    fn identify(&self, archive: &Path, _: &Keyring) -> Result<Identity, HostError> {
        let text = std::fs::read_to_string(archive).map_err(|_| error("read the package"))?;
        let (package, version) =
            text.lines().next().and_then(|line| line.split_once(' ')).ok_or_else(|| error("trust"))?;
        let file = format!("{package}_{version}.deb");
        let unpacked = self.state().unpacked;
        Ok(Identity { package: package.parse().unwrap(), version: version.to_owned(), file, unpacked })
    }
    fn file_in(&self, folder: &Path, package: &PackageName, version: &str) -> Option<PathBuf> {
        Some(folder.join(format!("{package}_{version}.deb"))).filter(|path| path.exists())
    }
    fn source(&self, package: &PackageName, version: &str) -> Result<Source, HostError> {
        Ok(self.state().sources.get(&format!("{package} {version}")).cloned().unwrap_or_default())
    }
    fn fetch_package(
        &self,
        package: &PackageName,
        version: &str,
        folder: &Path,
        _: Duration,
    ) -> Result<PathBuf, HostError> {
        let mut state = self.state();
        state.done.push(format!("fetch {package} {version}"));
        let bytes = state.downloads.get(&format!("{package} {version}")).ok_or_else(|| error("fetch"))?;
        let path = folder.join("fetched");
        std::fs::write(&path, bytes).unwrap();
        Ok(path)
    }
    fn transaction(&self) -> Result<Option<u32>, HostError> {
        Ok(self.state().transaction)
    }
    fn arrival(&self, _: &[PackageName], _: bool) -> Result<Arrival, HostError> {
        Ok(self.state().arrival.unwrap_or(Arrival::Known))
    }
    fn held_open(&self, _: &[PackageName]) -> Result<Option<HeldOpen>, HostError> {
        Ok(self.state().held_open.clone())
    }
    fn fetch_agent(&self) -> Result<Option<String>, HostError> {
        self.state().newest_agent.clone().map(Some).ok_or_else(|| error("fetch the agent"))
    }
    fn own_package(&self) -> Result<Option<OwnPackage>, HostError> {
        Ok(self.state().own.clone())
    }
    fn look_every(&self) -> Option<Duration> {
        self.state().every
    }
    fn repair(&self, may: Repair) -> Result<(), HostError> {
        let mut state = self.state();
        state.done.push("repair".to_owned());
        if state.twice && may == Repair::Ask {
            return Err(error("take a version away unasked"));
        }
        if state.broken {
            return Err(error("configure the packages"));
        }
        state.packages.values_mut().for_each(|package| package.configured = true);
        Ok(())
    }
    fn download(&self, versions: &[(PackageName, String)]) -> Result<(), HostError> {
        if let Some(act) = { self.state().meanwhile.take() } {
            act();
        }
        let mut state = self.state();
        state.done.extend(versions.iter().map(|(package, version)| format!("download {package} {version}")));
        if state.unreachable { Err(error("download")) } else { Ok(()) }
    }
    fn put_back(&self, files: &[PathBuf], gone: &[PackageName]) -> Result<(), HostError> {
        for file in files {
            let text = std::fs::read_to_string(file).map_err(|_| error("read the package"))?;
            let (package, version) =
                text.lines().next().and_then(|line| line.split_once(' ')).ok_or_else(|| error("trust"))?;
            let mut state = self.state();
            state.done.push(format!("put back {package} {version}"));
            if state.broken {
                return Err(error(&format!("put back {package}")));
            }
            let installed = Observed { version: version.to_owned(), configured: true };
            state.packages.insert(package.to_owned(), installed);
        }
        gone.iter().for_each(|package| drop(self.state().packages.remove(package.as_str())));
        Ok(())
    }
    fn install(&self, versions: &[(PackageName, String)]) -> Result<(), HostError> {
        let mut state = self.state();
        for (package, version) in versions {
            state.done.push(format!("install {package} {version}"));
            if state.broken {
                return Err(error(&format!("install {package}")));
            }
            let installed = Observed { version: version.clone(), configured: true };
            state.packages.insert(package.to_string(), installed);
        }
        Ok(())
    }
}

impl ServiceManager for Host {
    fn wake_at(&self, moment: Timestamp) -> Result<(), HostError> {
        self.state().wakes.insert(moment);
        Ok(())
    }
    fn is_running(&self) -> bool {
        true
    }
    fn observe(&self, unit: &UnitName) -> Result<Option<EngineState>, HostError> {
        let active = self.state().running.contains(unit.as_str());
        Ok(Some(EngineState { active, enabled: active }))
    }
    fn stop(&self, units: &[UnitName], _: Duration) -> Result<(), HostError> {
        let mut state = self.state();
        for unit in units {
            if state.stubborn.contains(unit.as_str()) {
                return Err(error(&format!("stop {unit}")));
            }
            if state.running.remove(unit.as_str()) {
                state.done.push(format!("stop {unit}"));
            }
        }
        Ok(())
    }
    fn is_guarded(&self, unit: &UnitName) -> Result<bool, HostError> {
        Ok(!self.state().unguarded.contains(unit.as_str()))
    }
    fn reload(&self) -> Result<(), HostError> {
        self.state().done.push("reload".to_owned());
        Ok(())
    }
    fn start(&self, unit: &UnitName, _: Duration) -> Result<(), HostError> {
        let mut state = self.state();
        state.running.insert(unit.to_string());
        state.done.push(format!("start {unit}"));
        Ok(())
    }
    fn enable(&self, _: &UnitName) -> Result<(), HostError> {
        Ok(())
    }
    fn disable(&self, unit: &UnitName) -> Result<(), HostError> {
        self.state().done.push(format!("disable {unit}"));
        Ok(())
    }
    fn describe(&self, _: &UnitName) -> String {
        "pretended".to_owned()
    }
    fn is_active(&self, unit: &UnitName) -> Result<bool, HostError> {
        Ok(self.state().running.contains(unit.as_str()))
    }
}

impl Programs for Host {
    fn run(&self, program: &Program) -> Result<Ended, HostError> {
        // The one program that is not pretended: what it saves has to be there.
        if program.command[0].ends_with("/tar") {
            let status = std::process::Command::new(&program.command[0]).args(&program.command[1..]).status();
            return Ok(Ended::Exit(status.unwrap().code().unwrap_or(-1)));
        }
        let mut state = self.state();
        if program.command[0] == "probe" {
            let data = state.data_in.as_ref().map(|file| std::fs::read_to_string(file).unwrap_or_default());
            std::fs::write(&program.log, data.as_ref().unwrap_or(&state.data)).map_err(|_| error("write a log"))?;
            return Ok(Ended::Exit(0));
        }
        if let Some(answer) = state.answers.get(&program.command[0]) {
            std::fs::write(&program.log, answer).map_err(|_| error("write a log"))?;
            return Ok(Ended::Exit(0));
        }
        state.done.push(program.command.join(" "));
        if program.command[0] == "migrate" {
            state.data = state.migrated.clone().unwrap_or(state.data.clone());
            state.data_in.iter().for_each(|file| std::fs::write(file, &state.data).unwrap());
        }
        let fails = state.failing.contains(&program.command[0]);
        Ok(Ended::Exit(if fails { 1 } else { state.exit }))
    }
    fn run_until(
        &self,
        program: &Program,
        _: Duration,
        is_ready: &mut dyn FnMut() -> bool,
    ) -> Result<Ended, HostError> {
        match is_ready() {
            true => Ok(Ended::Stopped { killed: false }),
            false => self.run(program),
        }
    }
    fn start(&self, program: &Program) -> Result<Option<Ended>, HostError> {
        let mut state = self.state();
        let said = if state.locked { "consign: elsewhere\n" } else { "consign: held\n" };
        std::fs::write(&program.log, said).map_err(|_| error("write a log"))?;
        state.staying.insert(program.unit.clone());
        Ok(None)
    }
    fn is_at_work(&self, unit: &str) -> Result<bool, HostError> {
        Ok(self.state().staying.contains(unit))
    }
    fn end(&self, unit: &str) -> Result<(), HostError> {
        self.state().staying.remove(unit);
        Ok(())
    }
}
