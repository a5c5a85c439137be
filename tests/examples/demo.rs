//! What `scripts/demo` shows: two releases of the example product, and a host that gets them; with `--rpm` a
//! host of dnf.
//!
//! Every command is printed before it runs, so that it can be typed by hand in target/demo.

#![expect(clippy::print_stdout, reason = "a demonstration is there to be read")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use consign_lab::{AgentPackage, BaseSystem, Host, Lab, Release, RpmSystem, Server, Terminal, program};

const PORT: u16 = 8081;
const PATIENCE: Duration = Duration::from_secs(120);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What is typed on the two kinds of hosts.
struct Customer {
    system: BaseSystem,
    title: &'static str,
    /// The package that introduces the vendor.
    introduction: &'static str,
    install_introduction: &'static str,
    refresh: &'static str,
    install: &'static str,
    look: &'static str,
    upgrade: &'static str,
}

const APT: Customer = Customer {
    system: BaseSystem::Apt(Release::Bookworm),
    title: "a Debian 12 host, just booted",
    introduction: "acme-release.deb",
    install_introduction: "apt-get install -qq -y /root/acme-release.deb",
    refresh: "apt-get update -qq",
    install: "apt-get install -q -y acme-ledger",
    look: "apt-get -q update",
    upgrade: "apt-get upgrade -q -y",
};

const DNF: Customer = Customer {
    system: BaseSystem::Rpm(RpmSystem::Dnf4Trixie),
    title: "a host with dnf 4, just booted",
    introduction: "acme-release.rpm",
    install_introduction: "dnf -q -y install /root/acme-release.rpm",
    refresh: "dnf -q -y makecache",
    install: "dnf -y install acme-ledger",
    look: "dnf -y --refresh upgrade",
    upgrade: "dnf -y upgrade",
};

fn main() -> Result<()> {
    let customer = match std::env::args().nth(1).as_deref() {
        None => APT,
        Some("--rpm") => DNF,
        Some(other) => return Err(format!("{other}: only --rpm is known").into()),
    };
    let began = Instant::now();
    let folder = Lab::repository().join("target/demo");
    if folder.exists() {
        fs_err::remove_dir_all(&folder)?;
    }
    fs_err::create_dir_all(&folder)?;
    let project = first_release(&folder, &customer)?;
    if let Err(not_run) = Lab::can_host(customer.system) {
        second_release(&project)?;
        typed(&project, "consign verify public --certificate keys/certificate.pgp")?;
        println!("\nLeft out, because this machine cannot host a throw-away host: {not_run}");
        println!("  the host that installs 1.0.0, upgrades to 1.1.0 and shows every step");
        return Ok(());
    }
    on_a_host(&project, &customer)?;
    println!(
        "\nAll of it took {} s. The project and its repository are in {}.",
        began.elapsed().as_secs(),
        project.display()
    );
    Ok(())
}

/// A project from nothing to its first publication.
fn first_release(folder: &Path, customer: &Customer) -> Result<PathBuf> {
    title("The vendor: a release project, keys, the first release");
    typed(folder, "consign new acme")?;
    let project = folder.join("acme");
    let manifest = project.join("consign.toml");
    replace(&manifest, "https://packages.acme.example/linux", &format!("http://127.0.0.1:{PORT}"))?;
    let mut agents = vec![AgentPackage::current()?];
    if let BaseSystem::Rpm(_) = customer.system {
        replace(&manifest, "# formats =", "formats =")?;
        let needs = "depends.deb = [\"python3\"]";
        replace(&manifest, needs, &format!("{needs}\ndepends.rpm = [\"python3\"]"))?;
        agents.push(AgentPackage::rpm()?);
    }
    typed(&project, "consign key new --vendor acme --no-passphrase")?;
    typed(&project, "consign build --plan")?;
    typed(&project, "consign build")?;
    let given: String = agents.iter().map(|agent| format!(" --agent {}", agent.package.display())).collect();
    let certificate = agents[0].certificate.display();
    typed(&project, &format!("consign publish{given} --agent-certificate {certificate}"))?;
    typed(&project, "consign verify public --certificate keys/certificate.pgp")?;
    Ok(project)
}

fn on_a_host(project: &Path, customer: &Customer) -> Result<()> {
    title(&format!("The customer: {}", customer.title));
    let host = Host::boot("demo", customer.system)?;
    let _server = Server::start(&host, &project.join("public"), PORT)?;
    let introduction = customer.introduction;
    host.copy_in(project.join("public").join(introduction), &format!("/root/{introduction}"));
    quietly(&host, customer.install_introduction);
    quietly(&host, customer.refresh);
    on_terminal(&host, customer.install)?;
    host.wait_until("the first install", PATIENCE, || (host.exec(&["consignee", "status"]).code == 0).then_some(()));
    on_terminal(&host, "consignee status")?;
    on_terminal(&host, "curl -s -d 'first entry' http://127.0.0.1:8321/entries")?;

    title("The vendor: version 1.1.0, which changes the database");
    second_release(project)?;

    title("The customer: one evening, later");
    on_terminal(&host, customer.look)?;
    // On a machine that is busy a look may come to the end of its time; the next one goes on from there.
    let held = || host.exec(&["consignee", "status"]).text().contains("consignee notes acme/ledger");
    let look_again = || host.exec(&["sh", "-c", customer.refresh]);
    host.wait_until("the offer", PATIENCE, || (held() || (look_again().code == 0 && held())).then_some(()));
    on_terminal(&host, "consignee notes acme/ledger")?;
    on_terminal(&host, "consignee ack acme/ledger --all --yes")?;
    on_terminal(&host, customer.upgrade)?;
    host.wait_until("the upgrade", PATIENCE, || (host.exec(&["consignee", "status"]).code == 0).then_some(()));
    on_terminal(&host, "consignee status")?;
    on_terminal(&host, "consignee history")?;
    on_terminal(&host, "curl -s http://127.0.0.1:8321/health http://127.0.0.1:8321/entries")?;
    Ok(())
}

fn second_release(project: &Path) -> Result<()> {
    replace(&project.join("app/bin/ledger"), "SCHEMA = 1", "SCHEMA = 2")?;
    replace(&project.join("consign.toml"), "version = \"1.0.0\"", "version = \"1.1.0\"")?;
    replace(&project.join("consign.toml"), "[notes]", "[notes]\nacknowledge = [\"1.1.0\"]")?;
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
    println!("{}", terminal.seen().trim_end());
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
    println!("\n$ sed -i 's,{},{},' {}", escaped(old), escaped(new), file.display());
    Ok(fs_err::write(file, text.replace(old, new))?)
}

/// As sed takes it: a bracket begins a set of characters, a line end is a word of its own.
fn escaped(text: &str) -> String {
    text.replace('[', "\\[").replace('\n', "\\n")
}

fn title(text: &str) {
    println!("\n== {text} ==");
}
