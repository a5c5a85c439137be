//! The adapter against the real dnf, rpm and createrepo_c, below a root of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;
use crate::host::rpm::sample::{Root, succeed};

mod failures;
mod python;

const LIMIT: Duration = Duration::from_secs(60);

const PLUGIN: &str = "usr/share/consignee/dnf/consignee.py";

/// What is installed beside the programs on such a host.
fn dist(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/rpm").join(path)
}

fn name(name: &str) -> PackageName {
    name.parse().unwrap()
}

/// A host with a repository of three releases, whose lists dnf has read, and the plugin.
struct World {
    root: Root,
    dnf: Dnf,
}

impl World {
    fn new() -> Self {
        let root = Root::empty();
        for version in ["1.0.0", "1.1.0", "1.2.0"] {
            root.build("acme-erp", version, "1");
            root.build_with("acme-web", version, "1", &format!("Requires: acme-erp = {version}-1"));
        }
        root.build("other", "1", "1");
        root.build("other", "2", "1");
        let places = root.places.clone();
        let dnf = Dnf { ask: Ask::by(&dist("usr/lib/consignee/dnf4"), &places), places, offered: Default::default() };
        let world = Self { root, dnf };
        world.publish();
        world.configure();
        world.run(&["makecache"]);
        world
    }

    fn publish(&self) {
        let publication = self.root.path().join("publication");
        let generation = publication.join("yum/stable/g/7");
        fs_err::create_dir_all(&generation).unwrap();
        let mut index = Command::new("createrepo_c");
        index.args(["--quiet", "--location-prefix", "../../../../", "--outputdir"]).arg(&generation);
        succeed(index.arg(&publication));
        let mirrors = format!("file://{}/\n", generation.display());
        fs_err::write(publication.join("yum/stable/mirrors"), mirrors).unwrap();
        fs_err::create_dir_all(publication.join("consign")).unwrap();
        fs_err::write(publication.join("consign/feed.pgp"), "0123456789").unwrap();
    }

    fn configure(&self) {
        let root = self.root.path().display();
        let write = |path: &str, text: String| {
            let path = self.root.places.at(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        };
        write("/etc/dnf/vars/releasever", "9\n".to_owned());
        write("/etc/dnf/dnf.conf", format!("[main]\ngpgcheck=0\nplugins=1\npluginpath={root}/plugins\n"));
        let mirrors = format!("file://{root}/publication/yum/stable/mirrors");
        write("/etc/yum.repos.d/acme.repo", format!("[acme-stable]\nname=acme\nmirrorlist={mirrors}\ngpgcheck=0\n"));
        // Where Debian's rpm has the database of root.
        fs_err::create_dir_all(self.root.places.at("/root")).unwrap();
        std::os::unix::fs::symlink("../var/lib/rpm", self.root.places.at("/root/.rpmdb")).unwrap();
        fs_err::create_dir_all(self.root.places.at("/plugins")).unwrap();
        self.write_plugin("");
    }

    /// The plugin as it is shipped, at the places of this root, with more behind it.
    fn write_plugin(&self, more: &str) {
        let root = self.root.path().display();
        let plugin = fs_err::read_to_string(dist(PLUGIN)).unwrap();
        let moved = |text: String, path: &str| text.replace(&format!("'{path}"), &format!("'{root}{path}"));
        let plugin = ["/usr/lib/consignee/", "/var/lib/consignee/"].iter().fold(plugin, |text, path| moved(text, path));
        let plugin = plugin.replace("ROOT = '/'", &format!("ROOT = '{root}'"));
        fs_err::write(self.root.places.at("/plugins/consignee.py"), plugin + more).unwrap();
    }

    /// A hook that writes down how it was called, and answers so.
    fn answer(&self, status: &str) {
        let hook = self.root.places.at("/usr/lib/consignee/consignee-hook");
        fs_err::create_dir_all(hook.parent().unwrap()).unwrap();
        let script = format!("#!/bin/sh\n{{ echo \"$*\"; cat; }} >>{}\n{status}\n", self.log().display());
        fs_err::write(&hook, script).unwrap();
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn log(&self) -> PathBuf {
        self.root.path().join("called")
    }

    fn called(&self) -> String {
        let text = fs_err::read_to_string(self.log()).unwrap_or_default();
        let _ = std::fs::remove_file(self.log());
        text
    }

    fn run(&self, words: &[&str]) -> (bool, String) {
        let (root, conf) = (self.root.path().display().to_string(), self.root.places.at("/etc/dnf/dnf.conf"));
        let mut command = Command::new("setsid");
        command.args(["dnf", "--assumeyes", "--config"]).arg(conf).arg(format!("--installroot={root}"));
        // A plugin that a test has changed in the same second is another one.
        command.env_remove("HOME").env("PYTHONDONTWRITEBYTECODE", "1");
        // Nobody is there.
        let output = command.arg("--releasever=9").args(words).stdin(Stdio::null()).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.success(), said)
    }

    fn installed(&self, package: &str) -> Option<String> {
        self.dnf.observe(&[name(package)]).unwrap().pop().map(|(_, found)| found.version)
    }

    fn hold(&self, cleared: &[&str], unattended: bool) {
        let cleared: Vec<String> = cleared.iter().map(|v| (*v).to_owned()).collect();
        let of = |package: &str| Hold { package: name(package), cleared: cleared.clone(), unattended };
        self.dnf.hold(&[of("acme-erp"), of("acme-web")]).unwrap();
        fs_err::write(self.dnf.places.managed(), "acme-erp\nacme-web\n").unwrap();
    }

    fn with_baseline() -> Self {
        let world = Self::new();
        assert_eq!(
            world.run(&["install", "acme-web-1.0.0", "acme-erp-1.0.0", "other-1"]).1.matches("Error").count(),
            0
        );
        assert_eq!(world.installed("acme-erp").as_deref(), Some("1.0.0-1"));
        world
    }
}

#[test]
fn what_is_offered_is_what_dnf_has_on_disk() {
    let world = World::with_baseline();
    assert_eq!(world.dnf.candidate(&name("acme-erp")).unwrap().as_deref(), Some("1.2.0-1"));
    assert_eq!(world.dnf.candidate(&name("nothing")).unwrap(), None);
    world.hold(&[], true);
    assert_eq!(world.dnf.candidate(&name("acme-erp")).unwrap().as_deref(), Some("1.2.0-1"), "our own hold counts not");
    fs_err::write(world.dnf.places.at("/etc/dnf/dnf.conf"), "[main]\nexcludepkgs=acme-erp-1.2*\n").unwrap();
    assert_eq!(world.dnf.candidate(&name("acme-erp")).unwrap().as_deref(), Some("1.1.0-1"), "the administrator's does");
    let (_, said) = world.run(&["upgrade", "--disableplugin=consignee", "--disableexcludes=all"]);
    assert_eq!(world.installed("acme-erp").as_deref(), Some("1.2.0-1"), "{said}");
    assert_eq!(world.dnf.candidate(&name("acme-erp")).unwrap(), None);
}

#[test]
fn a_publication_is_found_by_its_packages_and_its_files_are_fetched_and_limited() {
    let world = World::new();
    let [repository] = world.dnf.repositories(&[name("acme-erp")]).unwrap().try_into().unwrap();
    assert_eq!(repository.url, format!("file://{}/publication/", world.root.path().display()));
    assert_eq!(repository.channel, "stable");
    let published = world.root.path().join("publication/yum/stable/g/7/repodata/repomd.xml");
    assert_eq!(fs_err::read(&repository.entry_point).unwrap(), fs_err::read(published).unwrap());
    assert_eq!(world.dnf.fetch(&repository, "consign/feed.pgp", 10, LIMIT).unwrap(), b"0123456789");
    assert!(world.dnf.fetch(&repository, "consign/feed.pgp", 9, LIMIT).is_err());
    let error = world.dnf.fetch(&repository, "consign/none.pgp", 9, LIMIT).unwrap_err();
    assert!(error.action.ends_with("consign/none.pgp") && !error.reason.contains("Traceback"), "{error}");
    assert_eq!(world.dnf.repositories(&[name("nothing")]).unwrap(), []);
}

#[test]
fn exact_versions_are_fetched_and_installed_up_and_down() {
    let world = World::with_baseline();
    let source = world.dnf.source(&name("acme-erp"), "1.1.0-1").unwrap();
    assert!(source.file.is_some() || source.download.is_some());
    assert_eq!(world.dnf.source(&name("acme-erp"), "9-9").unwrap(), Source::default());
    let folder = tempfile::tempdir().unwrap();
    let file = world.dnf.fetch_package(&name("acme-erp"), "1.1.0-1", folder.path(), LIMIT).unwrap();
    assert_eq!(file.file_name().unwrap(), "acme-erp-1.1.0-1.noarch.rpm");
    assert!(world.dnf.fetch_package(&name("acme-erp"), "9-9", folder.path(), LIMIT).is_err());
    for version in ["1.2.0-1", "1.1.0-1"] {
        let wanted = ["acme-erp", "acme-web"].map(|package| (name(package), version.to_owned()));
        world.dnf.install(&wanted).unwrap();
        assert_eq!(world.installed("acme-web").as_deref(), Some(version));
    }
    let error = world.dnf.install(&[(name("acme-erp"), "9-9".to_owned())]).unwrap_err();
    assert!(error.reason.contains("acme-erp-9-9"), "{error}");
}

#[test]
fn what_is_not_cleared_stays_and_everything_else_is_upgraded() {
    let world = World::with_baseline();
    world.answer("exit 0");
    world.hold(&[], true);
    let (ended_well, said) = world.run(&["upgrade"]);
    assert!(ended_well, "{said}");
    assert_eq!(world.installed("acme-erp").as_deref(), Some("1.0.0-1"));
    assert_eq!(world.installed("other").as_deref(), Some("2-1"));
    world.hold(&["1.1.0-1"], false);
    world.run(&["upgrade"]);
    assert_eq!(world.installed("acme-erp").as_deref(), Some("1.0.0-1"), "nobody was there");
    world.hold(&["1.1.0-1"], true);
    let wanted = |version: &str| ["acme-erp", "acme-web"].map(|package| (name(package), version.to_owned()));
    assert!(world.dnf.install(&wanted("1.2.0-1")).is_err(), "held for the agent, too");
    let first = name("acme-release");
    assert_eq!(world.dnf.reach(&wanted("1.1.0-1"), &first).unwrap(), Reach::Plain);
    assert!(matches!(world.dnf.reach(&wanted("1.2.0-1"), &first).unwrap(), Reach::Never { .. }));
    world.run(&["upgrade"]);
    assert_eq!(world.installed("acme-web").as_deref(), Some("1.1.0-1"));
}

#[test]
fn the_barrier_hears_of_the_whole_transaction_and_stops_it() {
    let world = World::with_baseline();
    world.answer("exit 0");
    world.run(&["upgrade", "acme-erp"]);
    let called = world.called();
    let lines: Vec<&str> = called.lines().collect();
    let barrier = lines.iter().position(|line| *line == "barrier").expect("it was not asked");
    assert_eq!((lines[0], lines[barrier + 1]), ("look", "packages 1"));
    assert!(lines.contains(&"-\tacme-erp\t1.0.0-1\tnoarch\t"), "{called}");
    let comes =
        lines.iter().find(|line| line.starts_with("+\tacme-erp\t1.2.0-1\tnoarch\t/")).expect("it does not come");
    assert!(comes.ends_with("/acme-erp-1.2.0-1.noarch.rpm"), "{comes}");
    assert_eq!(lines[lines.len() - 2..], ["ended", "follow"]);
    world.run(&["reinstall", "acme-erp"]);
    assert!(world.called().contains("-\tacme-erp\t1.2.0-1\tnoarch\t\n"), "a reinstallation has a before, too");
    world.answer("exit 1");
    let (ended_well, said) = world.run(&["downgrade", "acme-erp-1.0.0", "acme-web-1.0.0"]);
    assert!(!ended_well && said.contains("refused by consignee"), "{said}");
    assert_eq!(world.installed("acme-erp").as_deref(), Some("1.2.0-1"));
}

#[test]
fn a_broken_hook_stands_in_the_way_of_our_packages_and_of_nothing_else() {
    let world = World::with_baseline();
    world.hold(&["1.1.0-1"], true);
    for broken in ["kill -SEGV $$", "kill -KILL $$", "exit 127", ""] {
        match broken {
            "" => fs_err::remove_file(world.root.places.at("/usr/lib/consignee/consignee-hook")).unwrap(),
            status => world.answer(status),
        }
        let (ended_well, said) = world.run(&["upgrade", "acme-erp"]);
        assert!(!ended_well && said.contains("dnf reinstall consignee"), "{said}");
        assert_eq!(world.installed("acme-erp").as_deref(), Some("1.0.0-1"));
        let (ended_well, said) = world.run(&["upgrade", "other"]);
        assert!(ended_well, "{said}");
        assert_eq!(world.installed("other").as_deref(), Some("2-1"));
        assert!(world.run(&["downgrade", "other"]).0);
    }
    let (ended_well, said) = world.run(&["remove", "acme-web"]);
    assert!(ended_well, "a removal was typed on purpose: {said}");
}

#[test]
fn a_hook_that_does_not_read_the_transaction_does_no_harm() {
    let world = World::with_baseline();
    world.answer("exit 0");
    let hook = world.root.places.at("/usr/lib/consignee/consignee-hook");
    fs_err::write(&hook, "#!/bin/sh\nexec <&-\nexit 0\n").unwrap();
    let (ended_well, said) = world.run(&["upgrade"]);
    assert!(ended_well, "{said}");
}

#[test]
fn an_image_that_is_built_on_the_host_is_none_of_our_business() {
    let world = World::with_baseline();
    world.answer("exit 1");
    world.hold(&[], true);
    let plugin = world.root.places.at("/plugins/consignee.py");
    let text = fs_err::read_to_string(&plugin).unwrap();
    let moved = text.replace(&format!("ROOT = '{}'", world.root.path().display()), "ROOT = '/'");
    fs_err::write(&plugin, moved).unwrap();
    let (ended_well, said) = world.run(&["upgrade"]);
    assert!(ended_well, "{said}");
    assert_eq!((world.installed("acme-erp").as_deref(), world.called().as_str()), (Some("1.2.0-1"), ""));
}

/// The host after a cut in the middle of the upgrade to 1.1.0.
fn after_a_cut() -> World {
    let world = World::with_baseline();
    world.answer("exit 0");
    world.hold(&["1.1.0-1"], true);
    for package in ["acme-erp", "acme-web"] {
        world.root.install_beside(&world.root.pool().join(format!("{package}-1.1.0-1.noarch.rpm")));
    }
    world
}

fn versions(world: &World, package: &str) -> usize {
    let found = Duplicates::read(&world.root.places).unwrap();
    1 + usize::from(found.ours.contains_key(package) || found.others.iter().any(|name| name == package))
}

#[test]
fn two_versions_that_a_cut_has_left_are_named() {
    let world = World::with_baseline();
    assert_eq!(world.dnf.repair(Repair::Ask), Ok(()));
    let world = after_a_cut();
    let error = world.dnf.repair(Repair::Ask).unwrap_err();
    assert!(error.reason.contains("two versions of acme-erp, acme-web"), "{error}");
    assert_eq!(versions(&world, "acme-erp"), 2);
}

#[test]
fn two_versions_become_one_where_the_site_lets_the_agent() {
    let world = after_a_cut();
    fs_err::write(world.root.places.at("/usr/share/acme-erp/version"), "torn").unwrap();
    assert_eq!(world.dnf.repair(Repair::Auto), Ok(()));
    assert_eq!((versions(&world, "acme-erp"), versions(&world, "acme-web")), (1, 1));
    assert_eq!(world.installed("acme-erp").as_deref(), Some("1.1.0-1"));
    let file = fs_err::read_to_string(world.root.places.at("/usr/share/acme-erp/version")).unwrap();
    assert_eq!(file, "1.1.0\n", "a file that the cut has torn is whole again");
    assert!(world.called().contains("barrier\n"), "its own barrier is asked as in any transaction");
}

#[test]
fn what_dnf_would_take_along_of_others_is_left_to_a_person() {
    let world = after_a_cut();
    world.root.install_beside(&world.root.pool().join("other-2-1.noarch.rpm"));
    let error = world.dnf.repair(Repair::Auto).unwrap_err();
    assert!(error.reason.ends_with("which also takes away the older versions of other"), "{error}");
    assert_eq!(world.dnf.also_repaired().unwrap(), ["other"]);
    // It is so: dnf knows no names here.
    let (ended_well, said) = world.run(&["remove", "--duplicates", "acme-erp"]);
    assert!(ended_well, "{said}");
    assert_eq!((versions(&world, "acme-erp"), versions(&world, "other")), (1, 1));
}
