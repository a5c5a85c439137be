//! What `scripts/demo` shows: two releases of the example product, and a host that gets them.
//!
//! Every command is printed before it runs, so that it can be typed by hand in target/demo.

#![expect(clippy::print_stdout, reason = "a demonstration is there to be read")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use consign_lab::{AgentPackage, Host, Lab, Release, Server, Terminal, program};

const PORT: u16 = 8081;
const PATIENCE: Duration = Duration::from_secs(120);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let began = Instant::now();
    let folder = Lab::repository().join("target/demo");
    if folder.exists() {
        fs_err::remove_dir_all(&folder)?;
    }
    fs_err::create_dir_all(&folder)?;

    title("The vendor: a release project, keys, the first release");
    typed(&folder, "consign new acme")?;
    let project = folder.join("acme");
    replace(
        &project.join("consign.toml"),
        "https://packages.acme.example/debian",
        &format!("http://127.0.0.1:{PORT}"),
    )?;
    typed(&project, "consign key new --vendor acme --no-passphrase")?;
    typed(&project, "consign build --plan")?;
    typed(&project, "consign build")?;
    let agent = AgentPackage::current()?;
    let (package, certificate) = (agent.package.display(), agent.certificate.display());
    typed(&project, &format!("consign publish --agent {package} --agent-certificate {certificate}"))?;
    typed(&project, "consign verify public --certificate keys/certificate.pgp")?;

    if let Err(not_run) = Lab::can_host(Release::Bookworm) {
        second_release(&project)?;
        typed(&project, "consign verify public --certificate keys/certificate.pgp")?;
        println!("\nLeft out, because this machine cannot host a throw-away Debian: {not_run}");
        println!("  the host that installs 1.0.0, upgrades to 1.1.0 and shows every step");
        return Ok(());
    }
    on_a_host(&project)?;
    println!(
        "\nAll of it took {} s. The project and its repository are in {}.",
        began.elapsed().as_secs(),
        project.display()
    );
    Ok(())
}

fn on_a_host(project: &Path) -> Result<()> {
    title("The customer: a Debian 12 host, just booted");
    let host = Host::boot("demo", Release::Bookworm)?;
    let _server = Server::start(&host, &project.join("public"), PORT)?;
    host.copy_in(project.join("public/acme-release.deb"), "/root/acme-release.deb");
    quietly(&host, "apt-get install -qq -y /root/acme-release.deb");
    quietly(&host, "apt-get update -qq");
    on_terminal(&host, "apt-get install -q -y acme-ledger")?;
    host.wait_until("the first install", PATIENCE, || (host.exec(&["consignee", "status"]).code == 0).then_some(()));
    on_terminal(&host, "consignee status")?;
    on_terminal(&host, "curl -s -d 'first entry' http://127.0.0.1:8321/entries")?;

    title("The vendor: version 1.1.0, which changes the database");
    second_release(project)?;

    title("The customer: one evening, later");
    on_terminal(&host, "apt-get -q update")?;
    on_terminal(&host, "apt-get upgrade -q -y")?;
    host.wait_until("the upgrade", PATIENCE, || (host.exec(&["consignee", "status"]).code == 0).then_some(()));
    on_terminal(&host, "consignee history")?;
    on_terminal(&host, "curl -s http://127.0.0.1:8321/health http://127.0.0.1:8321/entries")?;
    Ok(())
}

fn second_release(project: &Path) -> Result<()> {
    replace(&project.join("app/bin/ledger"), "SCHEMA = 1", "SCHEMA = 2")?;
    replace(&project.join("consign.toml"), "version = \"1.0.0\"", "version = \"1.1.0\"")?;
    typed(project, "consign build --strict")?;
    typed(project, "consign publish")
}

/// Runs a command of the vendor's as its release engineer types it.
fn typed(folder: &Path, line: &str) -> Result<()> {
    println!("\n$ {line}");
    let mut words = line.split_whitespace();
    let name: PathBuf = program(words.next().unwrap_or_default());
    let status = Command::new(name).args(words).current_dir(folder).status()?;
    if status.success() { Ok(()) } else { Err(format!("{line}: {status}").into()) }
}

/// Runs a command on a terminal of the host and shows the screen.
fn on_terminal(host: &Host, line: &str) -> Result<()> {
    println!("\n# {line}");
    let mut terminal = Terminal::run(host, &["env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", line])?;
    let code = terminal.wait(PATIENCE);
    println!("{}", terminal.screen().trim_end());
    if code == 0 { Ok(()) } else { Err(format!("{line}: exit status {code}").into()) }
}

fn quietly(host: &Host, line: &str) {
    println!("\n# {line}");
    host.ok(&["sh", "-c", &format!("DEBIAN_FRONTEND=noninteractive {line}")]);
}

fn replace(file: &Path, old: &str, new: &str) -> Result<()> {
    let text = fs_err::read_to_string(file)?;
    if !text.contains(old) {
        return Err(format!("{} does not contain {old:?}", file.display()).into());
    }
    println!("\n$ sed -i 's,{old},{new},' {}", file.display());
    Ok(fs_err::write(file, text.replace(old, new))?)
}

fn title(text: &str) {
    println!("\n== {text} ==");
}
