//! Mirrors and media whose machine loses its power while they are written: hosts see a whole generation, a medium is
//! whole or says that it is not, and the next run goes on with what was there.

#![expect(clippy::print_stdout, reason = "every moment is told")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use consign_lab::{Faults, Host, Product, Release, Server, Stick, Vendor, lab, program};
use serde_json::Value;

const VENDOR: u16 = 8085;
/// Without `CONSIGN_LONG`.
const FEW: u32 = 3;
const MANY: u32 = 20;
/// Of indexes, which a run that goes on reads again.
const INDEXES: u64 = 32 * 1024;
const CERTIFICATE: &str = "/root/keys/certificate.pgp";

fn cuts() -> u32 {
    if std::env::var_os("CONSIGN_LONG").is_some() { MANY } else { FEW }
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).into()
}

/// A host with `consign` and the vendor's certificate.
fn host(name: &str, vendor: &Vendor) -> Host {
    let host = Host::boot_on_disk(name, Release::Trixie).unwrap();
    host.copy_in(program("consign"), "/usr/bin/consign");
    host.copy_in(vendor.keys(), "/root/keys");
    host
}

fn run(host: &Host, command: &[String]) -> consign_lab::Outcome {
    host.exec(&command.iter().map(String::as_str).collect::<Vec<_>>())
}

fn sync(server: &Server) -> Vec<String> {
    let url = server.url();
    words(["consign", "mirror", "sync", &url, "/srv/mirror", "--certificate", CERTIFICATE, "--json"])
}

/// The bytes that a run received.
fn received(told: &str) -> u64 {
    serde_json::from_str::<Value>(told).unwrap()["received"].as_u64().unwrap()
}

/// The bytes of packages that are on the disk. A file may have its length there before it has its content.
fn good(host: &Host, vendor: &Vendor) -> u64 {
    let mut published = Vec::new();
    inodes(&vendor.repository().join("pool"), &mut published);
    let published: Vec<_> = published.into_iter().map(|(path, _)| std::fs::read(path).unwrap()).collect();
    let here = host.shell("find /srv/mirror/pool /srv/mirror/.consign/parts -type f 2>&- || true");
    let here = here.lines().map(|path| host.tree().read(path).unwrap());
    let is_good = |bytes: &Vec<u8>| published.iter().any(|file| file.starts_with(bytes));
    here.filter(is_good).map(|bytes| bytes.len() as u64).sum()
}

#[test]
fn a_mirror_that_loses_its_power_shows_a_whole_generation_and_goes_on() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let host = host("mirror-cuts", &vendor);
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let server = Server::start(&host, &vendor.repository(), VENDOR).unwrap();
    let command = sync(&server);
    // How long an undisturbed run takes, from nothing.
    host.ok(&["sync", "-f", "/srv"]);
    let since = Instant::now();
    let whole = received(&run(&host, &command).expect_ok().stdout);
    let length = since.elapsed();
    let verify = ["consign", "verify", "/srv/mirror", "--certificate", CERTIFICATE];
    for cut in 0..cuts() {
        host.shell("rm -rf /srv/mirror; sync -f /srv");
        let unit: Vec<_> = words(["systemd-run", "-q", "--collect"]).into_iter().chain(command.clone()).collect();
        run(&host, &unit).expect_ok();
        std::thread::sleep(length * cut / cuts());
        host.cut_losing_unsynced().unwrap();
        host.boot_again().unwrap();
        // Nothing yet, or all of it: a head that is there leads to files that are there.
        if host.exists("/srv/mirror/consign/stable/feed.pgp") {
            host.ok(&verify);
        }
        let kept = good(&host, &vendor);
        let again = received(&run(&host, &command).expect_ok().stdout);
        println!("cut {cut}: of {whole} bytes {kept} were on the disk, {again} came then");
        // What the disk has is not fetched again.
        assert!(again + kept <= whole + INDEXES, "cut {cut}: {kept} of {whole} were here, {again} came");
        host.ok(&verify);
    }
    assert!(length < Duration::from_secs(300));
}

/// A vendor's two releases on their way to a site: the site has the first, `medium` brings the second.
struct Carried {
    vendor: Vendor,
    folder: tempfile::TempDir,
}

impl Carried {
    fn new(host: &Host, vendor: Vendor) -> Self {
        let carried = Carried { vendor, folder: tempfile::tempdir().unwrap() };
        carried.release(host, "3.25.0");
        carried.ok(&carried.export(&carried.path("first"), &[]));
        carried.ok(&carried.import(&carried.path("first"), &carried.path("site")));
        carried.release(host, "3.26.0");
        carried.ok(&carried.export(&carried.path("medium"), &["--since", "1"]));
        carried
    }

    /// A release that the mirror has which is exported from.
    fn release(&self, host: &Host, version: &'static str) {
        self.vendor.release(Product::canopsis(version)).unwrap();
        let server = Server::start(host, &self.vendor.repository(), VENDOR).unwrap();
        let (url, mirror) = (server.url(), text(&self.path("mirror")));
        let sync = ["mirror", "sync", &url, &mirror, "--certificate", &self.certificate()];
        host.network().inside(|| self.vendor.consign(&sync)).unwrap().unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn certificate(&self) -> String {
        text(&self.vendor.keys().join("certificate.pgp"))
    }

    fn export(&self, to: &Path, more: &[&str]) -> Vec<String> {
        let words = ["mirror", "export", &text(&self.path("mirror")), "--to", &text(to), "--json"].map(str::to_owned);
        words.into_iter().chain(more.iter().map(|word| (*word).to_owned())).collect()
    }

    fn import(&self, medium: &Path, site: &Path) -> Vec<String> {
        words(["mirror", "import", &text(medium), &text(site), "--certificate", &self.certificate(), "--json"])
    }

    #[track_caller]
    fn ok(&self, line: &[String]) -> Value {
        let done = self.vendor.consign(&line.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        serde_json::from_str(&done.stdout).unwrap()
    }

    /// What readers of a mirror find wrong with it, apart from what is so while entry points are swapped one by one.
    fn findings(&self, site: &Path) -> Vec<String> {
        let verify = ["verify", &text(site), "--certificate", &self.certificate()];
        let said = self.vendor.try_consign(&verify).unwrap();
        let pairs = ["dists/stable/Release", "acme-release.", "/Packages.gz", "dists/stable/InRelease as it is"];
        let passing = |line: &str| {
            pairs.iter().any(|pair| line.contains(pair)) || line.contains("the feed offers it and no index lists it")
        };
        let mut lines: Vec<_> = said.stdout.lines().map(str::to_owned).collect();
        // The last line counts what was read, or says that nothing is wrong.
        let told = lines.pop().unwrap_or_default();
        let counted = told.starts_with("generation ") || told.starts_with("no feed");
        assert_eq!(said.code != 0, counted, "{said}");
        lines.retain(|line| said.code != 0 && !passing(line));
        lines
    }

    /// Pulls the stick at moments of a command that are spread over all of it. `reset` puts on it what is there
    /// before, `look` sees what is left.
    fn pulled(&self, stick: &Stick, line: &[String], reset: &dyn Fn(), look: &dyn Fn(&str)) {
        reset();
        let since = Instant::now();
        self.ok(line);
        let (length, mut at_work) = (since.elapsed(), 0);
        for cut in 0..cuts() {
            reset();
            stick.sync().unwrap();
            let mut child = begun(line);
            // The moment is what the test is about: nothing is waited for.
            std::thread::sleep(length * cut / cuts());
            let is_at_work = child.try_wait().unwrap().is_none();
            stick.pull().unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
            stick.plug().unwrap();
            at_work += u32::from(is_at_work);
            let what = format!("cut {cut} of {}, at work: {is_at_work}", cuts());
            println!("{what}");
            look(&what);
        }
        assert!(at_work * 4 >= cuts(), "the cuts came too late: {at_work}");
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn begun(line: &[String]) -> Child {
    let mut command = Command::new(program("consign"));
    command.args(line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// Every file below a folder, with what tells it from another one that took its place.
fn inodes(folder: &Path, found: &mut Vec<(PathBuf, u64)>) {
    use std::os::unix::fs::MetadataExt;
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let (path, metadata) = entry.map(|entry| (entry.path(), entry.metadata().unwrap())).unwrap();
        match metadata.is_dir() {
            true => inodes(&path, found),
            false => found.push((path, metadata.ino())),
        }
    }
}

#[test]
fn an_import_that_loses_its_power_shows_a_whole_generation_and_goes_on() {
    lab!();
    let host = Host::boot("import-cuts", Release::Trixie).unwrap();
    let carried = Carried::new(&host, Vendor::new("acme").unwrap());
    let stick = Stick::new("import-cuts").unwrap();
    let (site, pool) = (stick.folder().join("site"), |site: &Path| {
        let mut files = Vec::new();
        inodes(&site.join("pool"), &mut files);
        files.len() as u64
    });
    let line = carried.import(&carried.path("medium"), &site);
    let before = pool(&carried.path("site"));
    carried.pulled(&stick, &line, &|| copy(&carried.path("site"), &site), &|what| {
        assert_eq!(carried.findings(&site), Vec::<String>::new(), "{what}");
        let kept = pool(&site) - before;
        let told = &carried.ok(&line)["channels"][0];
        // What is in its place is not brought again.
        assert_eq!((&told["generation"], told["fetched"].as_u64()), (&2.into(), Some(1 - kept)), "{what}: {told}");
        assert_eq!(carried.findings(&site), Vec::<String>::new(), "{what}");
    });
}

#[test]
fn an_export_whose_stick_is_pulled_is_whole_or_unfinished_and_goes_on() {
    lab!();
    let host = Host::boot("export-cuts", Release::Trixie).unwrap();
    let carried = Carried::new(&host, Vendor::new("acme").unwrap());
    let stick = Stick::new("export-cuts").unwrap();
    let (medium, site) = (stick.folder().join("medium"), carried.path("taken"));
    let line = carried.export(&medium, &[]);
    let blobs = || {
        let mut files = Vec::new();
        inodes(&medium.join("consign-medium/blobs"), &mut files);
        files.retain(|(path, _)| path.extension().is_none());
        files
    };
    carried.pulled(&stick, &line, &|| copy(&carried.path("first"), &medium), &|what| {
        let _ = std::fs::remove_dir_all(&site);
        let import = carried.import(&medium, &site);
        let left = carried.vendor.try_consign(&import.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        let unfinished = left.code == 3 && left.text().contains("it holds no export, or one that was not finished");
        assert!(left.code == 0 || unfinished, "{what}: {left}");
        let kept = blobs();
        carried.ok(&line);
        let there = blobs();
        // What was on the stick is not written again.
        let again: Vec<_> = kept.iter().filter(|(path, _)| there.iter().any(|(other, _)| other == path)).collect();
        assert!(again.iter().all(|kept| there.contains(kept)), "{what}: {again:?} {there:?}");
        assert_eq!(carried.ok(&import)["channels"][0]["generation"], 2, "{what}");
        assert_eq!(carried.findings(&site), Vec::<String>::new(), "{what}");
    });
}

/// A build of `consign` with one sync less, as if that line of it were gone, and what a site finds after a cut.
#[test]
fn an_export_that_does_not_sync_is_found_out_by_what_follows_a_cut() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let host = host("export-lies", &vendor);
    let carried = Carried::new(&host, vendor);
    host.copy_in(carried.path("mirror"), "/srv/mirror");
    let faults = Faults::load_by_hand(&host).unwrap();
    let export = words(["consign", "mirror", "export", "/srv/mirror", "--to", "/srv/out"]);
    let import = ["consign", "mirror", "import", "/srv/out", "/srv/site", "--certificate", CERTIFICATE];
    let is_whole = |plan: &str| {
        host.shell("rm -rf /srv/site /srv/out; sync -f /srv");
        faults.plan(plan);
        run(&host, &faults.within(&export)).expect_ok();
        assert_eq!(faults.fired().is_some(), !plan.is_empty(), "{:?}", faults.calls("all"));
        host.cut_losing_unsynced().unwrap();
        host.boot_again().unwrap();
        host.exec(&import).code == 0
    };
    assert!(is_whole(""));
    // Somebody else on this machine may sync everything in between, and hide it.
    assert!((0..5).any(|_| !is_whole("lie */consign-medium/blobs/*")), "nobody noticed");
}

/// The same of a mirror, whose files wait for the disk together (`syncfs(2)`). What is imported waits one by one, too.
#[test]
fn a_mirror_that_does_not_sync_is_found_out_by_what_follows_a_cut() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let host = Host::boot("mirror-lies-together", Release::Trixie).unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let server = Server::start(&host, &vendor.repository(), VENDOR).unwrap();
    let stick = Stick::new("mirror-lies-together").unwrap();
    let (mirror, trace) = (text(&stick.folder().join("mirror")), stick.folder().with_file_name("trace"));
    let certificate = text(&vendor.keys().join("certificate.pgp"));
    let is_whole = |inject: &[&str]| {
        let _ = std::fs::remove_dir_all(&mirror);
        stick.sync().unwrap();
        let mut sync = Command::new("strace");
        sync.args(["-f", "-qq", "-e", "trace=syncfs"]).args(inject).arg("-o").arg(&trace).arg(program("consign"));
        sync.args(["mirror", "sync", &server.url(), &mirror, "--certificate", &certificate]);
        let done = host.network().inside(|| sync.output()).unwrap().unwrap();
        assert!(done.status.success(), "{done:?}");
        let traced = std::fs::read_to_string(&trace).unwrap();
        assert!(traced.contains("syncfs(") && traced.contains("INJECTED") != inject.is_empty(), "{traced}");
        stick.pull().unwrap();
        stick.plug().unwrap();
        vendor.try_consign(&["verify", &mirror, "--certificate", &certificate]).unwrap().code == 0
    };
    assert!(is_whole(&[]));
    // Somebody else on this machine may sync everything in between, and hide it.
    assert!((0..5).any(|_| !is_whole(&["-e", "inject=syncfs:retval=0"])), "nobody noticed");
}
