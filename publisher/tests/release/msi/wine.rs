//! Packages installed, upgraded and removed by Wine's Windows Installer, with no display: the nearest there is to
//! Windows on Linux. It shows neither access lists nor recovery actions, nor who signed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use consign::build::Release;
use jiff::Timestamp;

use super::{Project, TIME};
use crate::sample::{output_of, text};

/// A service that does nothing until it is stopped.
const SERVICE: &str = r#"
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
int main(void) {
    SERVICE_TABLE_ENTRYA table[] = {{NAME, service}, {0, 0}};
    return !StartServiceCtrlDispatcherA(table);
}
"#;

/// A Windows of its own.
struct Wine {
    project: Project,
}

impl Wine {
    fn new() -> Self {
        let project = Project::new();
        let wine = Self { project };
        // An account of its own Wine has not; and it boots whenever nothing has run for a while.
        wine.project.sample.replace("start = \"automatic-delayed\"", "start = \"manual\"");
        wine.project.sample.replace("account = \"virtual\"", "account = \"LocalSystem\"");
        wine.project.sample.write("service.c", SERVICE);
        for (service, program) in [("AcmeErp", "win/erp.exe"), ("Consignee", "agent.exe")] {
            let (source, program, name) = (wine.path("service.c"), wine.path(program), format!("-DNAME=\"{service}\""));
            output_of("x86_64-w64-mingw32-gcc", &["-O2", "-s", &name, "-o", text(&program), text(&source)]);
        }
        wine.wine(&["wineboot", "-i"]);
        output_of("sh", &["-c", &format!("WINEPREFIX={} wineserver -w", wine.path("prefix").display())]);
        wine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.project.sample.path().join(name)
    }

    fn wine(&self, arguments: &[&str]) -> String {
        let mut wine = Command::new("wine");
        wine.env("WINEPREFIX", self.path("prefix")).env("WINEARCH", "win64").env("WINEDEBUG", "-all");
        wine.env("WINEDLLOVERRIDES", "mscoree,mshtml=").env_remove("DISPLAY");
        // Into a file: what stays running holds a pipe open, and whoever waits for its end waits for the shutdown.
        let (said, null) = (self.path("said"), std::process::Stdio::null);
        wine.args(arguments).stdin(null()).stderr(null()).stdout(fs::File::create(&said).unwrap()).status().unwrap();
        String::from_utf8_lossy(&fs::read(said).unwrap()).replace('\r', "")
    }

    /// The package of a version, which has it in a file, and this default of its configuration.
    fn build(&self, version: &str, default: &str) -> PathBuf {
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
    fn msiexec(&self, how: &str, package: &Path, more: &str) -> i32 {
        let package = format!("Z:{}", package.display()).replace('/', "\\");
        let line = format!("msiexec {how} {package} /qn {more} & echo STATUS=!ERRORLEVEL!");
        let said = self.wine(&["cmd", "/v:on", "/c", &line]);
        let status = said.lines().find_map(|line| line.trim().strip_prefix("STATUS="));
        status.unwrap_or_else(|| panic!("{said}")).trim().parse().unwrap()
    }

    fn drive(&self, path: &str) -> PathBuf {
        self.path("prefix/drive_c").join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.drive(path)).unwrap_or_default()
    }

    fn recorded(&self) -> String {
        self.wine(&["reg", "query", "HKLM\\Software\\Consignee\\Packages\\acme-erp", "/s"])
    }

    fn service(&self, name: &str) -> String {
        self.wine(&["sc", "query", name])
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        let _ = Command::new("wineserver").arg("-k").env("WINEPREFIX", self.path("prefix")).status();
    }
}

#[test]
fn a_package_is_installed_upgraded_and_removed_and_what_is_the_sites_stays() {
    let wine = Wine::new();
    let [first, candidate, second] =
        [("1.0.0", "port = 1"), ("1.1.0-rc.1", "port = 1"), ("1.1.0", "port = 2")].map(|(v, c)| wine.build(v, c));
    let version = "Program Files/Acme/ERP/bin/version.txt";
    let (edited, default) = ("ProgramData/Acme/ERP/erp.conf", "ProgramData/Acme/ERP/erp.conf.default");

    // Nobody would start it; and a choice there is none of.
    assert_eq!(wine.msiexec("/i", &first, ""), 1603);
    assert_eq!(wine.msiexec("/i", &first, "CONSIGNEE=later OPTION_EDITION=small"), 1603);
    assert!(!wine.drive(version).exists());
    assert_eq!(wine.msiexec("/i", &first, "CONSIGNEE=later OPTION_EDITION=pro"), 0);
    assert_eq!((wine.read(version).as_str(), wine.read(edited).as_str()), ("1.0.0", "port = 1"));
    assert!(wine.drive("Program Files/Consignee/plans/acme-erp.pgp").exists());
    assert!(wine.recorded().contains("1.0.0-1") && wine.recorded().contains("acme/erp"), "{}", wine.recorded());
    assert!(wine.service("AcmeErp").contains("STOPPED"), "{}", wine.service("AcmeErp"));

    // The agent, as it were, which a package starts; and the product as the agent would have started it.
    fs::copy(wine.path("agent.exe"), wine.drive("agent.exe")).unwrap();
    wine.wine(&["sc", "create", "Consignee", "binPath=", "C:\\agent.exe", "start=", "demand"]);
    wine.wine(&["net", "start", "AcmeErp"]);
    assert!(wine.service("AcmeErp").contains("RUNNING"), "{}", wine.service("AcmeErp"));
    fs::write(wine.drive(edited), "port = 99").unwrap();
    assert_eq!(wine.msiexec("/i", &candidate, ""), 0);
    assert!(wine.service("Consignee").contains("RUNNING"), "{}", wine.service("Consignee"));
    assert!(wine.service("AcmeErp").contains("STOPPED"), "{}", wine.service("AcmeErp"));
    assert_eq!((wine.read(version).as_str(), wine.read(edited).as_str()), ("1.1.0-rc.1", "port = 99"));

    // A pre-release is upgraded to its release, which has its numbers.
    assert_eq!(wine.msiexec("/i", &second, ""), 0);
    assert_eq!((wine.read(version).as_str(), wine.read(default).as_str()), ("1.1.0", "port = 2"));
    assert_eq!(wine.read(edited), "port = 99");
    let recorded = wine.recorded();
    assert!(recorded.contains("1.1.0-1") && recorded.contains("pro") && !recorded.contains("1.0.0"), "{recorded}");
    let uninstall = wine.wine(&["reg", "query", "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall", "/s"]);
    assert_eq!(uninstall.matches("Acme ERP").count(), 1, "{uninstall}");

    // What is older is refused and changes nothing.
    assert_eq!(wine.msiexec("/i", &first, ""), 1603);
    assert_eq!(wine.read(version), "1.1.0");

    assert_eq!(wine.msiexec("/x", &second, ""), 0);
    assert!(!wine.drive("Program Files/Acme/ERP").exists() && !wine.drive(default).exists());
    assert_eq!(wine.read(edited), "port = 99", "what the site wrote stays");
    assert!(!wine.recorded().contains("Version"), "{}", wine.recorded());
    assert!(!wine.service("AcmeErp").contains("STATE"), "{}", wine.service("AcmeErp"));
}
