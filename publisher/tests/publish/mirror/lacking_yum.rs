//! What hosts of rpm lack, beside what dnf itself would fetch for them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::scene::Scene;
use crate::dnf;
use crate::nginx::Nginx;
use crate::project::{consign, err, ok, out};

/// A distribution, a vendor, and a host of rpm that has nothing of this machine's.
struct Hosts {
    scene: Scene,
    server: Nginx,
}

/// What is built: `name version`, and the lines of its header; a line that begins with `/` is a file.
type Tiny<'a> = (&'a str, &'a str, &'a [&'a str]);

/// The distribution of most tests. The host has what stands first.
const INSTALLED: [Tiny<'_>; 3] = [
    ("base", "1", &["/usr/bin/sh", "Provides: glibc = 2.36"]),
    ("libold", "1", &[]),
    // Would break with a newer libold: it has to come along.
    ("langpack", "1", &["Requires: libold = 1"]),
];
const NEWER: [Tiny<'_>; 12] = [
    ("libold", "2", &["Provides: libold(new)"]),
    ("langpack", "2", &["Requires: libold = 2"]),
    ("tool", "1", &[]),
    (
        "tool",
        "2",
        &[
            "Requires: libold >= 2",
            "Requires: /usr/bin/helper",
            "Requires: /usr/bin/sh",
            "Requires: glibc >= 2.30",
            "Requires: (extra or nobody-has-it)",
            "Requires: (tool-langpack if langpack)",
            "Requires: (tool-gui if desktop)",
            "Recommends: nice",
            "Recommends: nobody-has-it",
        ],
    ),
    ("helper", "1", &["/usr/bin/helper"]),
    ("extra", "1", &[]),
    ("tool-langpack", "1", &[]),
    ("tool-gui", "1", &[]),
    ("nice", "1", &[]),
    ("nice-tool", "1", &["Supplements: (nice and tool)"]),
    ("base", "2", &[]),
    ("unrelated", "1", &["Requires: tool"]),
];

fn build(folder: &Path, (name, version, lines): Tiny<'_>) {
    let top = tempfile::tempdir().unwrap();
    let (files, header): (Vec<&str>, Vec<&str>) = lines.iter().partition(|line| line.starts_with('/'));
    let made: String = files.iter().map(|path| format!("install -D /dev/null %{{buildroot}}{path}\n")).collect();
    let (header, files) = (header.join("\n"), files.join("\n"));
    let text = format!(
        "Name: {name}\nVersion: {version}\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\nAutoReqProv: no\n\
         {header}\n%description\n%install\n{made}%files\n{files}\n"
    );
    let spec = top.path().join("x.spec");
    std::fs::write(&spec, text).unwrap();
    let mut command = Command::new("rpmbuild");
    command.args(["--quiet", "-bb", "--define", &format!("_topdir {}", top.path().display())]);
    ok(command.args(["--define", &format!("_rpmdir {}", folder.display())]).arg(&spec));
}

impl Hosts {
    /// A distribution of these packages, and a vendor whose `erp` is this.
    fn new(distribution: &[Tiny<'_>], erp: &[&str]) -> Self {
        let scene = Scene::new();
        let path = |name: &str| scene.site().join(name);
        for package in distribution {
            build(&path("distribution"), *package);
        }
        build(&path("vendor"), ("erp", "1", erp));
        for name in ["distribution", "vendor"] {
            ok(Command::new("createrepo_c").args(["--quiet", "--no-database"]).arg(path(name)));
        }
        let gpg = |arguments: &[&str]| {
            let mut command = Command::new("gpg");
            command.args(["--batch", "--yes", "--quiet", "--homedir"]).arg(path("gpg")).args(arguments);
            command
        };
        std::fs::create_dir(path("gpg")).unwrap();
        ok(gpg(&["--import"]).arg(scene.project.path("keys/index.secret.pgp")));
        ok(gpg(&["--detach-sign", "--armor"]).arg(path("distribution/repodata/repomd.xml")));
        let server = Nginx::of(&path("distribution"));
        Self { scene, server }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scene.site().join(name)
    }

    fn dnf(&self, arguments: &[&str]) -> Command {
        let repository = |name: &str| format!("[{name}]\nname=x\nbaseurl=file://{}\n", self.path(name).display());
        let text = format!("[main]\ngpgcheck=0\n{}{}", repository("distribution"), repository("vendor"));
        std::fs::write(self.path("dnf.conf"), text).unwrap();
        dnf::command(self.scene.site(), arguments)
    }

    /// A host that has these packages, by what it says itself when the line of the help is typed there.
    fn with(&self, packages: &[&str]) -> String {
        ok(self.dnf(&["install"]).args(packages));
        let line = typed();
        // Debian's rpm keeps its database in another place than others do.
        let found =
            out(&ok(Command::new("find").arg(self.path("root")).args(["-name", "rpmdb.sqlite", "-printf", "%h"])));
        let database = format!("rpm --dbpath {found} -qa");
        ok(Command::new("sh").current_dir(self.scene.site()).args(["-c", &line.replace("rpm -qa", &database)]));
        self.path("inventory").display().to_string()
    }

    /// The packages of the distribution that dnf fetches for `erp`.
    fn fetched(&self) -> BTreeSet<String> {
        let into = format!("--downloaddir={}", self.path("fetched").display());
        ok(&mut self.dnf(&["install", "--downloadonly", &into, "erp"]));
        let mut fetched = files(&self.path("fetched"));
        assert!(fetched.remove("erp-1-1.noarch.rpm"));
        fetched
    }

    fn sync(&self, arguments: &[&str]) -> Output {
        let mut command = consign();
        command.args(["mirror", "yum", &self.server.url()]).arg(self.path("slice")).args(arguments);
        command.arg("--keyring").arg(self.scene.project.certificate()).output().unwrap()
    }

    fn lacking(&self, inventory: &str) -> Output {
        let vendor = self.path("vendor").display().to_string();
        self.sync(&["--needed-by", inventory, "--vendor", &vendor, "--install", "erp"])
    }

    fn carried(&self) -> BTreeSet<String> {
        files(&self.path("slice"))
    }

    #[track_caller]
    fn refused(&self, output: &Output, words: &str) {
        assert_eq!(output.status.code(), Some(3), "{}{}", out(output), err(output));
        assert!(err(output).contains(words), "{}", err(output));
        assert_eq!(self.carried(), BTreeSet::new());
    }
}

/// What is typed on a host, as the help has it.
fn typed() -> String {
    let help = out(&ok(consign().args(["mirror", "yum", "--help"])));
    help.lines().map(str::trim).find(|line| line.starts_with("rpm -qa")).unwrap().to_owned()
}

fn files(folder: &Path) -> BTreeSet<String> {
    if !folder.exists() {
        return BTreeSet::new();
    }
    let found = out(&ok(Command::new("find").arg(folder).args(["-name", "*.rpm", "-printf", "%f\n"])));
    found.lines().map(str::to_owned).collect()
}

#[test]
fn what_a_host_of_rpm_lacks_is_what_dnf_would_fetch_and_stays_so_from_a_timer() {
    let hosts = Hosts::new(&[&INSTALLED[..], &NEWER[..]].concat(), &["Requires: tool >= 2"]);
    let inventory = hosts.with(&["base-1", "libold-1", "langpack-1"]);
    let done = hosts.lacking(&inventory);
    assert!(done.status.success(), "{}", err(&done));
    let fetched = hosts.fetched();
    assert!(fetched.contains("langpack-2-1.noarch.rpm") && fetched.contains("nice-tool-1-1.noarch.rpm"), "{fetched:?}");
    // A package is carried in all its versions, as one is that was named.
    let others = ["libold-1", "langpack-1", "tool-1"].map(|name| format!("{name}-1.noarch.rpm"));
    assert_eq!(hosts.carried(), &fetched | &others.into());
    let again = hosts.sync(&[]);
    assert!(again.status.success() && out(&again).contains("nothing is newer"), "{}{}", out(&again), err(&again));
}

#[test]
fn of_several_packages_that_would_do_all_are_carried_that_can_be_installed() {
    let distribution: [Tiny<'_>; 7] = [
        ("base", "1", &[]),
        ("postfix", "1", &["Provides: mta", "Requires: postfix-data"]),
        ("postfix-data", "1", &[]),
        ("exim", "1", &["Provides: mta"]),
        ("sendmail", "1", &["Provides: mta", "Requires: nobody-has-it"]),
        ("mta-known", "1", &["Provides: known"]),
        ("other-known", "1", &["Provides: known"]),
    ];
    let hosts = Hosts::new(&distribution, &["Requires: mta", "Requires: known", "Requires: mta-known"]);
    let inventory = hosts.with(&["base"]);
    let done = hosts.lacking(&inventory);
    assert!(done.status.success(), "{}", err(&done));
    let expected = ["exim", "mta-known", "postfix", "postfix-data"].map(|name| format!("{name}-1-1.noarch.rpm"));
    assert_eq!(hosts.carried(), expected.into(), "not what cannot be installed, nor what need not come");
    assert!(hosts.fetched().is_subset(&hosts.carried()), "{:?}", hosts.fetched());
}

#[test]
fn what_cannot_be_had_is_named_with_who_needs_it() {
    let distribution: [Tiny<'_>; 5] = [
        ("base", "1", &[]),
        ("tool", "1", &["Requires: lib >= 3"]),
        ("lib", "2", &[]),
        ("old", "1", &["Requires: base = 1"]),
        ("base", "2", &[]),
    ];
    let hosts = Hosts::new(&distribution, &["Requires: tool"]);
    let inventory = hosts.with(&["base-1", "old"]);
    let told = hosts.lacking(&inventory);
    hosts.refused(&told, "erp-1-1.noarch needs tool, and tool-1-1.noarch needs lib >= 3, which neither the host has");
    assert!(!hosts.dnf(&["install", "--downloadonly", "erp"]).output().unwrap().status.success());
    let nobody = hosts.sync(&["--needed-by", &inventory, "--install", "no-such"]);
    hosts.refused(&nobody, "nobody has the package no-such");
    // dnf says the same of what another package of the host stands in the way of.
    build(&hosts.path("vendor"), ("erp", "2", &["Requires: base >= 2"]));
    ok(Command::new("createrepo_c").args(["--quiet", "--no-database"]).arg(hosts.path("vendor")));
    let words = "base-2-1.noarch takes away what old-1-1.noarch on the host needs: base = 1";
    hosts.refused(&hosts.lacking(&inventory), words);
    assert!(!hosts.dnf(&["--refresh", "install", "--downloadonly", "erp-2"]).output().unwrap().status.success());
}

#[test]
fn a_host_that_lacks_nothing_and_inventories_of_another_kind_are_told_apart() {
    let hosts = Hosts::new(&[("base", "1", &[])], &["Requires: base"]);
    let inventory = hosts.with(&["base"]);
    hosts.refused(&hosts.lacking(&inventory), "the hosts lack nothing that it has");
    let status = hosts.path("status").display().to_string();
    std::fs::write(&status, "Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n").unwrap();
    hosts.refused(&hosts.lacking(&status), "it is the list of a host of dpkg, which `consign mirror apt` takes");
    std::fs::write(&status, "bash-5.2.26-3.fc40.x86_64\n").unwrap();
    hosts.refused(&hosts.lacking(&status), "`consign mirror yum --help` has the line that makes one");
    let nowhere = hosts.sync(&["--needed-by", &inventory, "--vendor", "/nowhere", "--install", "erp"]);
    hosts.refused(&nowhere, "cannot use /nowhere: it has no repository of yum");

    let mut apt = consign();
    apt.args(["mirror", "apt", &hosts.scene.server.url()]).arg(hosts.path("apt")).args(["--suite", "stable"]);
    apt.args(["--needed-by", &inventory, "--install", "erp", "--keyring"]).arg(hosts.scene.project.certificate());
    hosts.scene.release("erp", "1.0.0");
    let told = apt.output().unwrap();
    hosts.refused(&told, "it is the inventory of a host of rpm, which `consign mirror yum` takes");
}

#[test]
fn the_line_that_is_typed_on_a_host_is_the_same_wherever_it_is_printed() {
    for page in ["mirror.md", "mirror-operator.md", "operateur-de-miroir.md"] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page)).unwrap();
        assert!(text.contains(&format!("\n{}", typed())), "{page}");
    }
}
