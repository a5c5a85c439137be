//! What the agent costs on a host, as one line of JSON on standard output: `scripts/bench agent` prints it.
//!
//! Ten products of five packages each are upgraded in one transaction of apt; on another host the same files come as
//! plain packages, without the agent. What else works inside of apt is measured where a folder of packages is named.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the figures are its product")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use consign_lab::{Archive, Host, Release, Site, TinyPackage, Vendor, until};
use jiff::Timestamp;
use serde_json::{Value, json};

const PRODUCTS: usize = 10;
const PACKAGES: [&str; 5] = ["a", "b", "c", "d", "e"];
/// In each package: files of ten kilobytes.
const FILES: usize = 20;
const PATIENCE: Duration = Duration::from_secs(300);
const BOOTS: usize = 3;
const AGENT: &str = "consignee.service";

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let peers = std::env::args().nth(1).map(PathBuf::from);
    let (plain, peers) = without_the_agent(peers.as_deref())?;
    let mut figures = with_the_agent()?;
    figures["plain"] = plain;
    figures["peers"] = peers;
    println!("{figures}");
    Ok(())
}

fn told(what: &str) {
    eprintln!("costs: {what}");
}

fn names() -> impl Iterator<Item = String> {
    (1..=PRODUCTS).map(|number| format!("p{number:02}"))
}

fn content(file: usize) -> String {
    format!("line {file} of a file that is as long as many are\n").repeat(200)
}

fn unit(product: &str) -> String {
    format!(
        "[Unit]\nDescription={product}\n[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
    )
}

// Instants and processor time, taken on the host.

/// Notes an instant and the processor time of the host and of the agent, both in microseconds.
const STAMP: &str = "#!/bin/sh\n[ -z \"$2\" ] || cat >/dev/null\n\
    used() { sed -n 's/^usage_usec //p' \"/sys/fs/cgroup/$1/cpu.stat\" 2>/dev/null || echo 0; }\n\
    a=$(used system.slice/consignee.service)\necho \"$1 $(date +%s%N) $(used .) ${a:-0}\" >>/run/stamps\n";

/// Around what others do before apt unpacks (20…), and around what they do after it (from 98 on).
const HOOKS: [(&str, &str); 4] = [
    ("15stamp", "DPkg::Pre-Install-Pkgs { \"/usr/local/bin/stamp gate-begins drain\"; };\n"),
    ("25stamp", "DPkg::Pre-Install-Pkgs { \"/usr/local/bin/stamp gate-ends drain\"; };\n"),
    ("16stamp", "DPkg::Post-Invoke { \"/usr/local/bin/stamp dpkg-ends\"; };\n"),
    ("zzstamp", "DPkg::Post-Invoke { \"/usr/local/bin/stamp hooks-end\"; };\n"),
];

fn arm(host: &Host) {
    host.write("/usr/local/bin/stamp", STAMP, 0o755);
    for (name, text) in HOOKS {
        host.write(&format!("/etc/apt/apt.conf.d/{name}"), text, 0o644);
    }
}

#[derive(Clone, Debug)]
struct Stamp {
    name: String,
    at: Timestamp,
    host: f64,
    agent: f64,
}

/// What was noted, the first of each name.
fn stamps(host: &Host) -> Result<Vec<Stamp>> {
    let text = host.shell("cat /run/stamps");
    let mut stamps: Vec<Stamp> = Vec::new();
    for line in text.lines() {
        let [name, at, host, agent] = line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(format!("not a stamp: {line}").into());
        };
        let at = Timestamp::from_nanosecond(at.parse()?)?;
        let stamp = Stamp { name: name.to_owned(), at, host: host.parse()?, agent: agent.parse()? };
        if stamps.iter().all(|known| known.name != stamp.name) {
            stamps.push(stamp);
        }
    }
    Ok(stamps)
}

fn named<'a>(stamps: &'a [Stamp], name: &str) -> Result<&'a Stamp> {
    stamps.iter().find(|stamp| stamp.name == name).ok_or_else(|| format!("nothing was noted of {name}").into())
}

/// Between two of them: milliseconds on the clock, of the host's processors, of those the agent's service.
fn span(stamps: &[Stamp], from: &str, to: &str) -> Result<Value> {
    let (from, to) = (named(stamps, from)?, named(stamps, to)?);
    let agent = if to.agent < from.agent { to.agent } else { to.agent - from.agent };
    Ok(json!({
        "wall_ms": milliseconds(from.at, to.at),
        "host_cpu_ms": (to.host - from.host) / 1000.0,
        "agent_cpu_ms": agent / 1000.0,
    }))
}

fn milliseconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() * 1000.0
}

/// `apt-get upgrade` of what was downloaded before, in a unit of its own, between two stamps.
fn upgrade(host: &Host) -> Result<()> {
    host.apt_get(&["--download-only", "upgrade"]).expect_ok();
    host.shell("sync; rm -f /run/stamps");
    let script = "/usr/local/bin/stamp apt-begins; apt-get -q -y upgrade; status=$?; /usr/local/bin/stamp apt-ends; exit $status";
    let line = ["env", "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c", script];
    host.run(&line).expect_ok();
    Ok(())
}

// Without the agent.

fn plain(version: &str) -> Vec<TinyPackage> {
    let package = |product: &str, part: &str| {
        let mut package = TinyPackage::new(&format!("plain-{product}-{part}"), version);
        for file in 0..FILES {
            package = package.file(&format!("/opt/plain-{product}/{part}/file-{file}"), &content(file));
        }
        if part == PACKAGES[0] {
            package = package.file(&format!("/lib/systemd/system/plain-{product}.service"), &unit(product));
        }
        package
    };
    names().flat_map(|product| PACKAGES.map(|part| package(&product, part))).collect()
}

fn without_the_agent(peers: Option<&Path>) -> Result<(Value, Value)> {
    told("a host without the agent");
    let host = Host::boot("costs-plain", Release::Bookworm)?;
    let archive = Archive::new("plain")?;
    archive.add(&plain("1.0.0"))?;
    archive.give_to(&host);
    host.apt_get(&["update"]).expect_ok();
    let all: Vec<String> = names().flat_map(|p| PACKAGES.map(|part| format!("plain-{p}-{part}"))).collect();
    let install: Vec<&str> = ["install"].into_iter().chain(all.iter().map(String::as_str)).collect();
    host.apt_get(&install).expect_ok();
    let next = |version: &str| -> Result<Vec<Stamp>> {
        archive.add(&plain(version))?;
        archive.give_to(&host);
        host.apt_get(&["update"]).expect_ok();
        upgrade(&host)?;
        stamps(&host)
    };
    arm(&host);
    let alone = next("1.1.0")?;
    let plain = json!({
        "gate": span(&alone, "gate-begins", "gate-ends")?,
        "apt": span(&alone, "apt-begins", "apt-ends")?,
        "hooks": span(&alone, "dpkg-ends", "hooks-end")?,
    });
    let Some(peers) = peers else { return Ok((plain, Value::Null)) };
    host.copy_in(peers, "/srv/peers");
    host.shell("DEBIAN_FRONTEND=noninteractive apt-get -q -y install /srv/peers/*.deb");
    host.shell("printf '[apt]\\nfrontend=text\\nwhich=both\\nconfirm=false\\n' >/etc/apt/listchanges.conf");
    let beside = next("1.2.0")?;
    let resident = host.peak_memory_of("unattended-upgrades.service");
    let peers = json!({
        "apt-listchanges": span(&beside, "gate-begins", "gate-ends")?,
        "needrestart": span(&beside, "dpkg-ends", "hooks-end")?,
        "unattended-upgrades": { "resident_bytes": resident },
    });
    Ok((plain, peers))
}

// With it.

fn publish(vendor: &Vendor, folder: &Path, product: &str, version: &str, more: &str) -> Result<()> {
    let project = folder.join(format!("{product}-{version}"));
    let mut manifest = format!(
        "vendor = \"acme\"\n[product]\nname = \"{product}\"\nversion = \"{version}\"\nrevision = 1\n\
         summary = \"Measured\"\nmaintainer = \"Acme <packages@acme.example>\"\nsupported_from = \"1.0.0\"\n\
         upgrades = [\"patch\", \"minor\"]\nengines = [\"{product}.service\"]\n\n\
         [repository]\nurl = \"http://127.0.0.1:8081\"\n\n{more}"
    );
    for part in PACKAGES {
        let tree = project.join(part);
        fs_err::create_dir_all(&tree)?;
        for file in 0..FILES {
            fs_err::write(tree.join(format!("file-{file}")), content(file) + version)?;
        }
        let units = if part == PACKAGES[0] { format!("units = [\"{product}.service\"]\n") } else { String::new() };
        manifest += &format!(
            "\n[[module]]\npackage = \"{product}-{part}\"\narchitecture = \"all\"\n\
             files = [{{ from = \"{part}/\", to = \"/opt/{product}/{part}\" }}]\n{units}"
        );
    }
    fs_err::write(project.join(format!("{product}.service")), unit(product))?;
    fs_err::write(project.join("consign.toml"), manifest)?;
    Ok(vendor.release_project(&project)?)
}

fn with_the_agent() -> Result<Value> {
    let (vendor, folder) = (Vendor::new("acme")?, tempfile::tempdir()?);
    let release = |version: &str| names().try_for_each(|name| publish(&vendor, folder.path(), &name, version, ""));
    told("publishing ten products");
    release("1.0.0")?;
    told("a host with the agent");
    let host = Host::boot("costs", Release::Bookworm)?;
    let mut site = Site::on(host, &vendor, "acme/p01")?;
    let all: Vec<String> = names().flat_map(|p| PACKAGES.map(|part| format!("{p}-{part}"))).collect();
    let install: Vec<&str> = ["install"].into_iter().chain(all.iter().map(String::as_str)).collect();
    site.host.apt_get(&install).expect_ok();
    all_are_completed(&site)?;
    release("1.1.0")?;
    told("looking at what is offered");
    let look = looked(&site)?;
    arm(&site.host);
    told("upgrading it");
    let (peak, after) = upgraded(&site)?;
    let noted = stamps(&site.host)?;
    let mut figures = upgrade_figures(&site, &noted, after)?;
    figures["look"] = look;
    figures["peak_bytes"] = json!(peak);
    figures["gone_after_s"] = json!(gone(&site)?);
    told("cutting its power");
    figures["resume"] = resume(&vendor, folder.path(), &mut site)?;
    Ok(figures)
}

/// `apt-get update` until all of it is cleared: a look has 20 s for the network, which is enough unless others work.
fn looked(site: &Site) -> Result<Value> {
    let (mut looks, mut wall) = (0, 0.0);
    let clear = || {
        let begun = std::time::Instant::now();
        site.host.apt_get(&["update"]).expect_ok();
        (looks, wall) = (looks + 1, begun.elapsed().as_secs_f64() * 1000.0);
        (states(site) == vec!["cleared"; PRODUCTS]).then_some(())
    };
    until("every upgrade is cleared", PATIENCE, clear)?;
    Ok(json!({ "looks": looks, "wall_ms": wall }))
}

/// The state of the newest upgrade of each product.
fn states(site: &Site) -> Vec<String> {
    let status = site.host.exec(&["consignee", "status", "--json"]).stdout;
    let status: Value = serde_json::from_str(&status).unwrap_or_default();
    let products = status["products"].as_array().cloned().unwrap_or_default();
    products.iter().map(|one| one["upgrade"]["state"].as_str().unwrap_or_default().to_owned()).collect()
}

fn all_are_completed(site: &Site) -> Result<()> {
    let are = || (states(site) == vec!["completed"; PRODUCTS]).then_some(());
    until("every upgrade is completed", PATIENCE, are).map_err(|late| format!("{late}: {:?}", states(site)).into())
}

/// The upgrade, with the peak of the agent's memory until all engines run, and the processor time of the host then.
fn upgraded(site: &Site) -> Result<(u64, f64)> {
    let (peak, over) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                peak.fetch_max(site.host.peak_memory_of(AGENT).unwrap_or(0), Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let outcome = upgrade(&site.host).and_then(|()| all_are_completed(site));
        over.store(true, Ordering::SeqCst);
        outcome
    })?;
    let used = site.host.shell("sed -n 's/^usage_usec //p' /sys/fs/cgroup/cpu.stat").parse()?;
    Ok((peak.into_inner(), used))
}

/// From when to when a step ran.
type Interval = (Timestamp, Timestamp);

/// The steps of the newest upgrade of each product, the one of the packages left out.
fn steps(site: &Site) -> Result<Vec<Vec<Interval>>> {
    let mut all = Vec::new();
    for name in names() {
        let folder = format!("/var/lib/consignee/acme/{name}/journal");
        let text = site.host.shell(&format!("cat {folder}/$(ls {folder} | tail -n 1)/records.jsonl"));
        let (mut begun, mut intervals) = (None, Vec::new());
        for line in text.lines() {
            let record: Value = serde_json::from_str(line)?;
            let at = || record["at"].as_str().unwrap_or_default().parse::<Timestamp>();
            match record["event"].as_str() {
                Some("step-started") => begun = Some(at()?),
                Some("step-succeeded" | "step-failed") => intervals.extend(begun.take().zip(at().ok())),
                _ => {}
            }
        }
        all.push(intervals);
    }
    Ok(all)
}

/// The time that any of them covers within a span, in milliseconds.
fn covered(intervals: &[Interval], from: Timestamp, to: Timestamp) -> f64 {
    let (mut sum, mut until) = (0.0, from);
    for (begun, ended) in intervals {
        let (begun, ended) = ((*begun).max(until), (*ended).min(to));
        if ended > begun {
            sum += milliseconds(begun, ended);
            until = ended;
        }
    }
    sum
}

fn upgrade_figures(site: &Site, noted: &[Stamp], used: f64) -> Result<Value> {
    let steps = steps(site)?;
    let mut together = steps.concat();
    together.sort();
    let done = together.iter().map(|(_, ended)| *ended).max().ok_or("no step has run")?;
    let at = |name: &str| named(noted, name).map(|stamp| stamp.at);
    let (begins, ends, dpkg_ends) = (at("gate-begins")?, at("gate-ends")?, at("dpkg-ends")?);
    let mut gate = span(noted, "gate-begins", "gate-ends")?;
    gate["steps_ms"] = json!(covered(&together, begins, ends));
    // Products are finished side by side: the one whose steps take longest is what nobody can be faster than.
    let longest = steps.iter().map(|of_one| covered(of_one, dpkg_ends, done)).fold(0.0, f64::max);
    let finish = json!({
        "wall_ms": milliseconds(dpkg_ends, done),
        "steps_ms": longest,
        "host_cpu_ms": (used - named(noted, "dpkg-ends")?.host) / 1000.0,
    });
    Ok(json!({
        "products": PRODUCTS,
        "packages": PRODUCTS * PACKAGES.len(),
        "gate": gate,
        "apt": span(noted, "apt-begins", "apt-ends")?,
        "finish": finish,
    }))
}

/// Until no process of the agent's is left, in seconds from the last question to it.
fn gone(site: &Site) -> Result<f64> {
    let asked = std::time::Instant::now();
    let left = || site.host.exec(&["pgrep", "-x", "consignee"]).stdout.is_empty().then_some(());
    until("no process of the agent is left", PATIENCE, left)?;
    Ok(asked.elapsed().as_secs_f64())
}

/// One product's step is cut off by the power, again and again: how long the agent takes to decide what follows.
fn resume(vendor: &Vendor, folder: &Path, site: &mut Site) -> Result<Value> {
    let step = "[[step]]\nname = \"migrate\"\nrun = [\"/bin/sleep\", \"3600\"]\n";
    publish(vendor, folder, "p01", "1.2.0", step)?;
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["upgrade"]).expect_ok();
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for boot in 0..BOOTS {
        let started = || (site.events().last()? == "step-started").then_some(());
        let is_at_it = |site: &Site| site.status()["products"][0]["upgrade"]["step"]["name"] == "migrate";
        until("the step at work", PATIENCE, || started().filter(|()| is_at_it(site)))?;
        site.host.shell("sync");
        site.host.cut();
        site.host.boot_again()?;
        site.serve_again(vendor)?;
        let asked = || site.journal().into_iter().rfind(|record| record["event"] == "asked");
        let count = |site: &Site| site.events().iter().filter(|event| *event == "asked").count();
        let record = until("the decision", PATIENCE, || asked().filter(|_| count(site) > boot))?;
        cpu.push(site.host.processor_time_of(AGENT).ok_or("the agent has gone already")?.as_secs_f64() * 1000.0);
        let decided: Timestamp = record["at"].as_str().unwrap_or_default().parse()?;
        wall.push(milliseconds(boot_service(site)?, decided));
        site.consignee(&["answer", "acme/p01", "rerun"]);
    }
    Ok(json!({ "wall_ms": wall, "agent_cpu_ms": cpu }))
}

/// When the unit was started that wakes the agent at boot.
fn boot_service(site: &Site) -> Result<Timestamp> {
    let show = "systemctl show --value --property=ExecMainStartTimestampMonotonic consignee-reconcile.service";
    let microseconds: i128 = site.host.shell(show).parse()?;
    let offset = "python3 -c 'import time; print(time.time_ns() - time.monotonic_ns())'";
    let offset: i128 = site.host.shell(offset).parse()?;
    Ok(Timestamp::from_nanosecond(microseconds * 1000 + offset)?)
}
