//! Files that the site may edit: nobody is ever asked about them, and nothing of the site's is lost.

use std::path::Path;
use std::time::Duration;

use consign_lab::{Archive, CANOPSIS, Product, Release, Site, Terminal, TinyPackage, Vendor, edit, lab};

const CONF: &str = "/etc/canopsis.conf";
const ONE: &str = "    { from = \"canopsis.conf\", to = \"/etc/canopsis.conf\"";
const UPGRADE: Duration = Duration::from_secs(240);

/// 3.25.0 with further configuration files: one that stays, and two that 3.26.0 does not have any more.
fn first(vendor: &Vendor) {
    let project = vendor.project(Product::canopsis("3.25.0")).unwrap();
    more(&project, &["removed", "old", "old-edited"], "one\n");
    vendor.release_project(&project).unwrap();
}

/// 3.26.0, in which every default is another one.
fn second(vendor: &Vendor) -> std::path::PathBuf {
    let project = vendor.project(Product::canopsis("3.26.0")).unwrap();
    more(&project, &["removed", "new"], "two\n");
    edit(&project.join("canopsis.conf"), &[("upgrades keep this file", "upgrades keep it")]).unwrap();
    vendor.release_project(&project).unwrap();
    project
}

fn more(project: &Path, names: &[&str], text: &str) {
    let mut entries = String::new();
    for name in names {
        fs_err::write(project.join(name), text).unwrap();
        entries += &format!("    {{ from = \"{name}\", to = \"/etc/canopsis/{name}\", config = true }},\n");
    }
    edit(&project.join("consign.toml"), &[(ONE, &format!("{entries}{ONE}"))]).unwrap();
}

/// The site edits, removes and edits what will be dropped; 3.26.0 is published and everything cleared.
fn edited(name: &str, release: Release) -> (Vendor, Site, std::path::PathBuf) {
    let vendor = Vendor::new("acme").unwrap();
    first(&vendor);
    let site = Site::open(name, release, &vendor, CANOPSIS).unwrap();
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.shell("stat -c '%U:%G %a' /etc/canopsis.conf"), "root:canopsis 640");
    site.host.ok(&["sed", "-i", "1i # of the site", CONF]);
    site.host.ok(&["rm", "/etc/canopsis/removed"]);
    site.host.write("/etc/canopsis/old-edited", "mine\n", 0o644);
    let project = second(&vendor);
    site.clear_canopsis();
    (vendor, site, project)
}

#[track_caller]
fn kept(site: &Site) {
    let status = site.wait_status(0).text();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.host.assert_packages_sound();
    assert!(site.host.read(CONF).starts_with("# of the site\n"), "{}", site.host.read(CONF));
    assert!(site.host.read(&format!("{CONF}.dpkg-dist")).contains("upgrades keep it"));
    assert_eq!(site.host.shell("stat -c '%U:%G %a' /etc/canopsis.conf"), "root:canopsis 640");
    assert!(status.contains(&format!("the vendor's new default is {CONF}.dpkg-dist")), "{status}");
    assert_eq!(site.status()["products"][0]["new_defaults"][0]["file"], CONF);
    let files = site.host.shell("cd /etc/canopsis && head -v *");
    assert_eq!(files, "==> new <==\ntwo\n\n==> old-edited.dpkg-bak <==\nmine");
}

#[test]
fn an_upgrade_typed_on_a_terminal_asks_nothing_about_edited_files() {
    lab!();
    let (_vendor, site, _) = edited("conf-terminal", Release::Trixie);
    let client = site.client();
    // Nobody answers: with a question it would stand there, engines down, until the end of days.
    let mut terminal = Terminal::run(&site.host, &["apt-get", "-y", "upgrade"]).unwrap();
    assert_eq!(terminal.wait(UPGRADE), 0, "{}", terminal.screen());
    let screen = terminal.screen();
    assert!(screen.contains(&format!("canopsis: {CONF} is the site's and stays")), "{screen}");
    assert!(!screen.contains("[default=N]"), "{screen}");
    kept(&site);
    // Merged by the site: there is nothing more to say.
    site.host.ok(&["rm", &format!("{CONF}.dpkg-dist")]);
    assert!(!site.wait_status(0).text().contains(CONF));
    site.nothing_was_lost(client);
}

#[test]
fn dpkg_with_nobody_to_answer_asks_nothing_either_and_a_purge_leaves_nothing() {
    lab!();
    let (_vendor, site, project) = edited("conf-dpkg", Release::Bookworm);
    let client = site.client();
    site.host.copy_in(project.join("dist/canopsis_3.26.0-1_all.deb"), "/root/canopsis.deb");
    let said = site.host.ok(&["sh", "-c", "dpkg -i /root/canopsis.deb </dev/null"]).text();
    assert!(said.contains(&format!("{CONF} is the site's and stays")), "{said}");
    kept(&site);
    site.nothing_was_lost(client);
    site.host.apt_get(&["purge", "canopsis"]).expect_ok();
    assert_eq!(site.host.shell("ls -d /etc/canopsis* || true"), "/etc/canopsis", "what was kept of a dropped file");
    assert_eq!(site.host.shell("ls /etc/canopsis"), "old-edited.dpkg-bak");
}

#[test]
fn files_of_a_package_from_before_consign_are_adopted_without_a_question() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open("conf-adopted", Release::Bookworm, &vendor, CANOPSIS).unwrap();
    let old = Archive::new("old").unwrap();
    let text = "[web]\naddress = 127.0.0.1\nport = 8082\n";
    let before = TinyPackage::new("canopsis", "3.25.0-0").file(CONF, text).file("/etc/canopsis/old", "one\n");
    old.add(&[before.script("conffiles", &format!("{CONF}\n/etc/canopsis/old\n"))]).unwrap();
    old.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    // No client: of that one there is nothing but its files.
    site.host.apt_get(&["install", "canopsis=3.25.0-0"]).expect_ok();
    site.host.write(CONF, format!("# of the site\n{text}"), 0o644);
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert_eq!(site.host.read(CONF), format!("# of the site\n{text}"));
    assert!(site.host.read(&format!("{CONF}.dpkg-dist")).contains("Where the web engine listens"));
    assert!(!site.host.exists("/etc/canopsis/old"));
    site.host.assert_packages_sound();
}

#[test]
fn a_repository_that_the_site_points_to_its_mirror_stays_there_without_a_question() {
    lab!();
    let (vendor, site) = Site::with_canopsis("conf-release", Release::Trixie, "3.25.0");
    let sources = "/etc/apt/sources.list.d/acme-stable.sources";
    site.host.ok(&["sed", "-i", "s,127.0.0.1,localhost,", sources]);
    let moved = [("url = \"http://127.0.0.1:8081\"", "url = \"http://127.0.0.2:8081\"")];
    vendor.release_edited(Product::canopsis("3.26.0"), &moved).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    site.host.ok(&["sh", "-c", "apt-get -y upgrade </dev/null"]);
    assert_eq!(site.host.installed("acme-release").as_deref(), Some("2"));
    assert!(site.host.read(sources).contains("localhost"));
    assert!(site.host.read(&format!("{sources}.dpkg-dist")).contains("127.0.0.2:8081"));
    site.host.apt_get(&["update"]).expect_ok();
}

/// A package beside the product, whose files are dpkg's own conffiles.
fn beside(version: &str, names: &[&str]) -> TinyPackage {
    let list = names.iter().map(|name| format!("/etc/beside.{name}\n")).collect::<String>();
    let package = TinyPackage::new("beside", version).script("conffiles", &list);
    let with_file = |package: TinyPackage, name: &&str| package.file(&format!("/etc/beside.{name}"), version);
    names.iter().fold(package, with_file)
}

/// dpkg asks about each of them: both have changed one, the site has removed one and had one before the vendor.
#[test]
fn where_dpkg_would_ask_about_the_files_of_another_package_the_agent_keeps_those_of_the_site() {
    lab!();
    let (vendor, site) = Site::with_canopsis("conf-beside", Release::Bookworm, "3.25.0");
    let archive = Archive::new("beside").unwrap();
    let comes = |version: &str, names: &[&str]| {
        archive.add(&[beside(version, names)]).unwrap();
        archive.give_to(&site.host);
        site.host.apt_get(&["update"]).expect_ok();
    };
    let needs = |product: Product, version: &str| {
        let needs = format!("depends.deb = [\"python3\", \"beside (>= {version})\"]");
        vendor.release_edited(product, &[("depends.deb = [\"python3\"]", &needs)]).unwrap();
    };
    let kept = |version: &str, names: &[&str]| {
        site.wait_status(0);
        assert_eq!(site.host.installed("beside").as_deref(), Some(version));
        assert_eq!(site.host.shell("cat /etc/beside.edited /etc/beside.first; ls /etc/beside.*"), names.join("\n"));
        site.host.assert_packages_sound();
    };
    comes("1", &["edited", "removed"]);
    site.host.apt_get(&["install", "beside"]).expect_ok();
    site.host.write("/etc/beside.edited", "mine\n", 0o644);
    site.host.write("/etc/beside.first", "mine\n", 0o644);
    site.host.ok(&["rm", "/etc/beside.removed"]);

    // An upgrade that ends at the question: what it left is finished by the agent.
    comes("2", &["edited", "removed", "first"]);
    needs(Product::canopsis("3.26.0"), "2");
    site.clear_canopsis();
    let asked = site.host.apt_get(&["upgrade"]).expect_code(100);
    assert!(asked.text().contains("end of file on stdin at conffile prompt"), "{asked}");
    let half_way = || (site.host.exec(&["consignee", "status", CANOPSIS]).code != 5).then_some(());
    site.host.wait_until("the agent has seen how it ended", UPGRADE, half_way);
    if site.host.exec(&["consignee", "status", CANOPSIS]).code != 0 {
        site.consignee(&["retry", CANOPSIS]);
    }
    let beside = ["mine", "mine", "/etc/beside.edited", "/etc/beside.edited.dpkg-dist", "/etc/beside.first"];
    let dist = ["/etc/beside.first.dpkg-dist", "/etc/beside.removed.dpkg-dist"];
    kept("2", &[&beside[..], &dist].concat());

    // One that the agent installs.
    comes("3", &["edited", "removed", "first"]);
    needs(Product::canopsis("3.26.1"), "3");
    site.clear_canopsis();
    site.consignee(&["upgrade", CANOPSIS, "--yes"]);
    kept("3", &[&beside[..], &dist].concat());
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.1-1"));
}
