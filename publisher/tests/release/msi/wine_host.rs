//! A Windows of Wine's for packages, with no display: the nearest there is to Windows on Linux. It shows neither
//! access lists nor recovery actions, nor who signed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use consign::build::Release;
use jiff::Timestamp;

use super::{Project, TIME};
use crate::sample::{output_of, text};

/// A service that does nothing until it is stopped.
pub const SERVICE: &str = r#"
#include <stdio.h>
#include <windows.h>
static SERVICE_STATUS status;
static SERVICE_STATUS_HANDLE handle;
static HANDLE end;
static void WINAPI control(DWORD code) {
    if (code != SERVICE_CONTROL_STOP) return;
    status.dwCurrentState = SERVICE_STOPPED;
    SetServiceStatus(handle, &status);
    SetEvent(end);
}
static void WINAPI service(DWORD count, LPSTR *arguments) {
    end = CreateEventA(0, 1, 0, 0);
    handle = RegisterServiceCtrlHandlerA(NAME, control);
    status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status.dwCurrentState = SERVICE_RUNNING;
    status.dwControlsAccepted = SERVICE_ACCEPT_STOP;
    SetServiceStatus(handle, &status);
    WaitForSingleObject(end, INFINITE);
}
#ifdef VERSION
const char version[] = VERSION;
#endif
int main(int count, char **words) {
#ifdef VERSION
    if (count > 99) puts(version);
#endif
    SERVICE_TABLE_ENTRYA table[] = {{NAME, service}, {0, 0}};
    return !StartServiceCtrlDispatcherA(table);
}
"#;

/// A Windows of its own.
pub struct Wine {
    pub project: Project,
}

impl Wine {
    pub fn new() -> Self {
        let project = Project::new();
        let wine = Self { project };
        // An account of its own Wine has not; and it boots whenever nothing has run for a while.
        wine.project.sample.replace("start = \"automatic-delayed\"", "start = \"manual\"");
        wine.project.sample.replace("account = \"virtual\"", "account = \"LocalSystem\"");
        wine.project.sample.write("service.c", SERVICE);
        for (service, program) in [("AcmeErp", "win/erp.exe"), ("Consignee", "agent.exe")] {
            wine.compile("service.c", program, &[&format!("-DNAME=\"{service}\"")]);
        }
        wine.boot();
        wine
    }

    /// From the template that `scripts/wine` makes, where it is there: that takes no time.
    fn boot(&self) {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/lab");
        let lab = std::env::var_os("CONSIGN_LAB").map_or(repository, PathBuf::from);
        let template = lab.join("wine/template");
        if template.join("made").exists() {
            output_of("cp", &["-a", text(&template), text(&self.path("prefix"))]);
        }
        self.wine(&["wineboot", "-i"]);
        output_of("sh", &["-c", &format!("WINEPREFIX={} wineserver -w", self.path("prefix").display())]);
    }

    /// A program of Windows, compiled here from C with these words before it.
    pub fn compile(&self, source: &str, program: &str, words: &[&str]) {
        let (source, program) = (self.path(source), self.path(program));
        let own = ["-O2", "-s", "-o", text(&program), text(&source)];
        output_of("x86_64-w64-mingw32-gcc", &[words, &own, &["-lmsi"]].concat());
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.project.sample.path().join(name)
    }

    pub fn wine(&self, arguments: &[&str]) -> String {
        let mut wine = Command::new("wine");
        wine.env("WINEPREFIX", self.path("prefix")).env("WINEARCH", "win64").env("WINEDEBUG", "-all");
        wine.env("WINEDLLOVERRIDES", "mscoree,mshtml=").env_remove("DISPLAY");
        // Into a file: what stays running holds a pipe open, and whoever waits for its end waits for the shutdown.
        let (said, null) = (self.path("said"), std::process::Stdio::null);
        wine.args(arguments).stdin(null()).stderr(null()).stdout(fs::File::create(&said).unwrap()).status().unwrap();
        String::from_utf8_lossy(&fs::read(said).unwrap()).replace('\r', "")
    }

    /// The package of a version, which has it in a file, and this default of its configuration.
    pub fn build(&self, version: &str, default: &str) -> PathBuf {
        self.project.sample.write("win/version.txt", version);
        self.project.sample.write("erp.conf", default);
        let manifest = fs::read_to_string(self.project.sample.manifest_path()).unwrap();
        let lines = manifest.lines().map(|line| match line.starts_with("version = ") {
            true => format!("version = \"{version}\"\n"),
            false => format!("{line}\n").replace("acknowledge = [\"1.1.0\"]", ""),
        });
        self.project.sample.write("consign.toml", &lines.collect::<String>());
        let (time, folder) = (Timestamp::from_second(TIME).unwrap(), self.path("dist"));
        let release = Release::prepare(&self.project.sample.load()).unwrap();
        let mut built = release.build(&self.project.signer(), time, &folder, &mut |_| {}).unwrap();
        built.remove(0).package.path().to_owned()
    }

    /// The whole exit status; the shell cuts it to eight bits.
    pub fn msiexec(&self, how: &str, package: &Path, more: &str) -> i32 {
        let package = format!("Z:{}", package.display()).replace('/', "\\");
        let line = format!("msiexec {how} {package} /qn {more} & echo STATUS=!ERRORLEVEL!");
        let said = self.wine(&["cmd", "/v:on", "/c", &line]);
        let status = said.lines().find_map(|line| line.trim().strip_prefix("STATUS="));
        status.unwrap_or_else(|| panic!("{said}")).trim().parse().unwrap()
    }

    pub fn drive(&self, path: &str) -> PathBuf {
        self.path("prefix/drive_c").join(path)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.drive(path)).unwrap_or_default()
    }

    pub fn recorded(&self) -> String {
        self.wine(&["reg", "query", "HKLM\\Software\\Consignee\\Packages\\acme-erp", "/s"])
    }

    /// Starts a service. Wine gives one ten seconds, which on a busy machine are not always enough.
    pub fn start(&self, name: &str) {
        let runs = |_| {
            self.wine(&["net", "start", name]);
            self.service(name).contains("RUNNING")
        };
        assert!((0..10).any(runs), "{}", self.service(name));
    }

    pub fn service(&self, name: &str) -> String {
        self.wine(&["sc", "query", name])
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        let _ = Command::new("wineserver").arg("-k").env("WINEPREFIX", self.path("prefix")).status();
    }
}
