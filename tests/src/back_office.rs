//! The back office of three modules: how its vendor releases it, and how it gets onto a Windows server.
//!
//! Its vendor's repository is served on this machine's loopback, which is that of every Wine as well.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::code_signer::CodeSigner;
use crate::error::{Doing, Result};
use crate::lab::Lab;
use crate::outcome::tool;
use crate::vendor::{Vendor, edit};
use crate::wait::until;
use crate::wine::Wine;

/// Where the agent keeps what it knows, on the Windows.
pub const STATE: &str = r"C:\ProgramData\Consignee";
/// What its migration writes down.
pub const MIGRATIONS: &str = r"C:\migrations.log";
const PROGRAMS: [(&str, &str); 2] = [("AcmeDatabase", "database/database.exe"), ("AcmeJobs", "backoffice/jobs.exe")];
/// In the order in which a person installs them.
const MODULES: [&str; 3] = ["acme-database", "acme-backoffice", "acme-webshop"];

/// The vendor, its repository, and the web server of that.
#[derive(Debug)]
pub struct BackOffice {
    vendor: Vendor,
    folder: TempDir,
    server: Option<Child>,
    /// Who signs packages for Windows.
    signer: Option<CodeSigner>,
    /// Of the repository.
    port: u16,
    /// Of the product itself.
    health: u16,
}

impl BackOffice {
    /// One that has released nothing yet.
    pub fn new() -> Result<BackOffice> {
        let (vendor, folder) = (Vendor::new("acme")?, TempDir::new().doing("make a folder for releases")?);
        let [port, health] = free_ports()?;
        let mut this = BackOffice { vendor, folder, server: None, signer: None, port, health };
        fs_err::create_dir_all(this.vendor.repository()).doing("make a repository")?;
        this.serve()?;
        Ok(this)
    }

    /// The same vendor, whose packages are signed for Windows from now on.
    pub fn sign_as(&mut self, signer: CodeSigner) {
        self.signer = Some(signer);
    }

    /// Builds a release and publishes it. `edits` are made in its manifest: (part, with).
    pub fn release(&self, version: &str, edits: &[(&str, &str)]) -> Result<()> {
        let project = self.project(version, edits)?;
        let (manifest, output) = (text(&project.join("consign.toml")), project.join("dist"));
        let key = text(&self.vendor.keys().join("package.secret.pgp"));
        let for_windows = self.signer.as_ref().map(|signer| text(&signer.key()));
        let for_windows: Vec<&str> = for_windows.iter().flat_map(|key| ["--windows-key", key]).collect();
        let arguments = ["build", "--manifest", &manifest, "--output", &text(&output), "--key", &key];
        self.vendor.consign(&[&arguments[..], &for_windows].concat())?;
        let packages: Vec<String> = MODULES.iter().map(|module| text(&self.package(module, version))).collect();
        let (repository, keys) = (text(&self.vendor.repository()), text(&self.vendor.keys()));
        let mut arguments = vec!["publish", "--manifest", &manifest, "--folder", &repository, "--keys", &keys];
        arguments.extend(for_windows);
        arguments.extend(packages.iter().map(String::as_str));
        self.vendor.consign(&arguments).map(drop)
    }

    /// Publishes an agent beside the product, of which this release was published.
    pub fn publish_agent(&self, release: &str, package: &Path, certificate: &Path) -> Result<()> {
        let manifest = text(&self.folder.path().join(release).join("consign.toml"));
        let (repository, keys) = (text(&self.vendor.repository()), text(&self.vendor.keys()));
        let [package, certificate] = [package, certificate].map(text);
        let arguments = ["publish", "--renew", "--manifest", &manifest, "--folder", &repository, "--keys", &keys];
        let agent = ["--agent", &package, "--agent-certificate", &certificate];
        self.vendor.consign(&[&arguments[..], &agent].concat()).map(drop)
    }

    /// The repository as it is served.
    pub fn repository(&self) -> PathBuf {
        self.vendor.repository()
    }

    /// The file of a module, as it was built.
    pub fn package(&self, module: &str, version: &str) -> PathBuf {
        self.folder.path().join(format!("{version}/dist/{module}-{version}-1.x64.msi"))
    }

    /// Installs the vendor's release package: who the vendor is, and where its repository is.
    pub fn introduce(&self, wine: &Wine) {
        wine.install(&self.vendor.repository().join("acme-release.msi"), &[]);
    }

    /// Installs a release as a person does: each package, from its file.
    /// `chosen` are properties, as in `OPTION_COUNTRY=be`.
    pub fn install(&self, wine: &Wine, version: &str, chosen: &[&str]) {
        for module in MODULES {
            wine.install(&self.package(module, version), chosen);
        }
    }

    /// What the product itself answers: its version.
    pub fn answers(&self) -> Option<String> {
        let url = format!("http://127.0.0.1:{}/health", self.health);
        let answer = crate::http::request("GET", &url, b"", Duration::from_secs(2)).ok()?;
        Some(answer.body.trim().to_owned())
    }

    /// Puts the web server away; whoever asks is refused.
    pub fn close(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// Serves the repository.
    pub fn serve(&mut self) -> Result<()> {
        let (port, folder) = (self.port.to_string(), text(&self.vendor.repository()));
        let mut command = Command::new("python3");
        command.args(["-m", "http.server", "--bind", "127.0.0.1", "--directory", &folder, &port]);
        let log = fs_err::File::create(self.folder.path().join("server.log")).doing("start a web server")?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.into_parts().0);
        self.server = Some(command.spawn().doing("start a web server")?);
        let url = format!("http://127.0.0.1:{port}/");
        let is_there = || crate::http::request("GET", &url, b"", Duration::from_secs(2)).ok();
        until("the web server", Duration::from_secs(20), is_there).map(drop)
    }

    /// The paths that were asked of the web server since it began.
    pub fn asked(&self) -> Vec<String> {
        let log = fs_err::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
        let paths = log.lines().filter_map(|line| line.split("\"GET ").nth(1)?.split(' ').next());
        paths.map(str::to_owned).collect()
    }

    fn project(&self, version: &str, edits: &[(&str, &str)]) -> Result<PathBuf> {
        let project = self.folder.path().join(version);
        let url = format!("http://127.0.0.1:{}/", self.port);
        BackOffice::write_project(&project, version, [&url, &self.health.to_string()], edits)?;
        if let Some(signer) = &self.signer {
            fs_err::copy(signer.certificate(), project.join("windows.pem")).doing("make a release")?;
            let pinned = ("[notes]", "[windows]\ncertificate = \"windows.pem\"\n\n[notes]");
            edit(&project.join("consign.toml"), &[pinned])?;
        }
        Ok(project)
    }

    /// Writes the project of a release, with its programs, into a folder that is not there yet. Said are where hosts
    /// find its repository, and the port at which the product itself answers; `edits` are made in its manifest.
    pub fn write_project(
        project: &Path,
        version: &str,
        [url, health]: [&str; 2],
        edits: &[(&str, &str)],
    ) -> Result<()> {
        let fixture = Lab::repository().join("tests/fixtures/backoffice");
        tool("copy a product", &["cp", "-a", &text(&fixture), &text(project)])?;
        for (name, content) in [
            ("backoffice/web/index.html", version),
            ("webshop/index.html", version),
            ("database.toml", "# as it comes\n"),
            ("backoffice.toml", "# as it comes\n"),
            (&*format!("notes/{version}.en.md"), "# Something new\n"),
        ] {
            let path = project.join(name);
            fs_err::create_dir_all(path.parent().unwrap_or(project)).doing("make a release")?;
            fs_err::write(&path, content).doing("make a release")?;
        }
        for (service, program) in PROGRAMS {
            compile(project, version, service, program, health)?;
        }
        let url = format!("[repository]\nurl = \"{url}\"\n\n[[module]]\npackage = \"acme-database\"");
        let ours = [
            ("@VERSION@", version),
            ("[[module]]\npackage = \"acme-database\"", &url),
            // Wine has no accounts of services, and starts what is delayed whenever it boots.
            ("account = \"virtual\"", "account = \"LocalSystem\""),
            ("account = \"NetworkService\"", "account = \"LocalSystem\""),
            ("start = \"automatic-delayed\"", "start = \"manual\""),
            ("8443", health),
        ];
        edit(&project.join("consign.toml"), &[&ours[..], edits].concat())
    }
}

impl Drop for BackOffice {
    fn drop(&mut self) {
        self.close();
    }
}

fn compile(project: &Path, version: &str, service: &str, program: &str, health: &str) -> Result<()> {
    let (source, program) = (text(&project.join("programs.c")), project.join(program));
    fs_err::create_dir_all(program.parent().unwrap_or(project)).doing("make a release")?;
    let defined = [format!("-DNAME=\"{service}\""), format!("-DVERSION=\"{version}\"")];
    let port = format!("-DPORT={health}");
    let mut words = vec!["x86_64-w64-mingw32-gcc", "-O1", "-s", &defined[0], &defined[1]];
    if service == "AcmeJobs" {
        words.push(&port);
    }
    let program = text(&program);
    words.extend(["-o", &program, &source, "-lws2_32"]);
    tool("compile a product", &words).map(drop)
}

/// Two that nobody listens on now.
fn free_ports() -> Result<[u16; 2]> {
    let held = [TcpListener::bind("127.0.0.1:0"), TcpListener::bind("127.0.0.1:0")];
    let [one, other] = held.map(|listener| listener.and_then(|listener| listener.local_addr()));
    Ok([one.doing("find a port")?.port(), other.doing("find a port")?.port()])
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
