//! Conffiles of packages that others build: dpkg owns them, and never asks about them.

use std::path::Path;
use std::time::Duration;

use consign_lab::{Host, RecordClient, Release, Site, Terminal, Vendor, edit, lab};

mod wrapped;

use wrapped::{client, in_python, nothing_is_missing, nothing_was_lost, packagers, publish_wrapped};

const LEDGER: &str = "acme/ledger";
const SOON: Duration = Duration::from_secs(60);
const UPGRADE: Duration = Duration::from_secs(240);
const FIRST: [&str; 5] = ["dropped", "edited", "made", "removed", "untouched"];
const SECOND: [&str; 5] = ["edited", "made", "new", "removed", "untouched"];

/// Conffiles of a package, all with one text.
fn with(names: [&'static str; 5], text: &'static str) -> impl Fn(&Path) {
    move |debian| at(debian, &names.map(|name| (name, "etc/acme")), text)
}

/// Files in places of their own: by name the folder.
fn at(debian: &Path, files: &[(&str, &str)], text: &str) {
    let install = debian.join("install");
    let mut list = std::fs::read_to_string(&install).unwrap();
    for (name, folder) in files {
        std::fs::write(debian.with_file_name(name), text).unwrap();
        list += &format!("{name} {folder}\n");
    }
    std::fs::write(install, list).unwrap();
}

/// What the site makes of the files of the first version.
fn touch(host: &Host) {
    host.write("/etc/acme/edited", "mine\n", 0o640);
    host.write("/etc/acme/dropped", "mine\n", 0o644);
    host.ok(&["chgrp", "adm", "/etc/acme/edited"]);
    host.ok(&["rm", "/etc/acme/removed"]);
}

/// 1.0.0 on hosts where one of its files was there before, the site's choices, and 1.1.0 cleared.
fn edited(name: &str, releases: &[Release], second: impl Fn(&Path)) -> (Vendor, Vec<Site>) {
    let vendor = Vendor::new("acme").unwrap();
    publish_wrapped(&vendor, "1.0.0", 1, with(FIRST, "one\n"));
    let sites: Vec<Site> = std::thread::scope(|scope| {
        let open = |release: &Release| {
            let (release, vendor) = (*release, &vendor);
            scope.spawn(move || installed(name, release, vendor))
        };
        let opened: Vec<_> = releases.iter().map(open).collect();
        opened.into_iter().map(|site| site.join().unwrap()).collect()
    });
    publish_wrapped(&vendor, "1.1.0", 2, |debian| {
        with(SECOND, "two\n")(debian);
        second(debian);
    });
    for site in &sites {
        clear(site);
    }
    (vendor, sites)
}

fn installed(name: &str, release: Release, vendor: &Vendor) -> Site {
    let site = Site::open(name, release, vendor, LEDGER).unwrap();
    site.host.write("/etc/acme/made", "mine\n", 0o600);
    site.host.ok(&["sh", "-c", "apt-get -y install acme-ledger </dev/null"]);
    site.wait_status(0);
    let made = site.host.shell("cd /etc/acme && head -v made made.dpkg-dist");
    assert_eq!(made, "==> made <==\nmine\n\n==> made.dpkg-dist <==\none");
    touch(&site.host);
    site
}

fn clear(site: &Site) {
    site.host.apt_get(&["update"]).expect_ok();
    site.consignee(&["ack", LEDGER, "--all", "--yes"]);
}

/// The same on every one, at the same time.
fn on_each(sites: Vec<Site>, check: impl Fn(Site) + Sync) {
    let check = &check;
    std::thread::scope(|scope| sites.into_iter().for_each(|site| drop(scope.spawn(move || check(site)))));
}

/// What is in the folder: the site's, and beside it what is new.
#[track_caller]
fn kept(host: &Host, made: &str) {
    let files =
        host.shell("cd /etc/acme && for file in *; do echo \"$file $(stat -c '%U:%G %a' $file) $(cat $file)\"; done");
    let expected = format!(
        "dropped root:root 644 mine\nedited root:adm 640 mine\nedited.dpkg-dist root:adm 640 two\n\
         ledger.conf root:root 644 port = 8321\n{made}new root:root 644 two\nuntouched root:root 644 two"
    );
    assert_eq!(files, expected);
    assert!(!host.exists("/var/lib/consignee/.conffiles"), "the record outlived the upgrade");
    let known = host.shell("dpkg-query -W -f '${Conffiles}' acme-ledger | grep /etc/acme/edited");
    assert!(known.contains(&host.shell("echo two | md5sum | cut -c1-32")), "dpkg was not told: {known}");
    host.assert_packages_sound();
}

const MADE: &str = "made root:root 600 mine\nmade.dpkg-dist root:root 600 two\n";

#[track_caller]
fn finished(site: &Site, client: RecordClient) {
    let status = site.wait_status(0).text();
    assert_eq!(site.host.installed("acme-ledger").as_deref(), Some("1.1.0-1"));
    assert_eq!(site.host.shell("curl -sf http://127.0.0.1:8321/health | grep -o 'schema\": 2'"), "schema\": 2");
    kept(&site.host, MADE);
    assert!(status.contains("the vendor's new default is /etc/acme/edited.dpkg-dist"), "{status}");
    nothing_was_lost(site, client);
}

#[test]
fn an_upgrade_with_nobody_to_answer_asks_nothing_about_conffiles() {
    lab!();
    let (_vendor, sites) = edited("conffiles", &Release::ALL, |_| {});
    on_each(sites, |site| {
        let client = client(&site);
        let said = site.host.ok(&["sh", "-c", "apt-get -y upgrade </dev/null"]).text();
        assert!(said.contains("/etc/acme/edited is the site's and stays"), "{said}");
        assert_eq!(client.ledger().outages().len(), 1);
        finished(&site, client);
    });
}

#[test]
fn an_upgrade_typed_on_a_terminal_asks_nothing_about_conffiles() {
    lab!();
    let (_vendor, sites) = edited("conffiles-terminal", &[Release::Trixie], in_python);
    let [site] = &sites[..] else { panic!() };
    let client = client(site);
    let mut terminal = Terminal::run(&site.host, &["apt-get", "-y", "upgrade"]).unwrap();
    assert_eq!(terminal.wait(UPGRADE), 0, "{}", terminal.screen());
    assert!(!terminal.screen().contains("[default=N]"), "{}", terminal.screen());
    finished(site, client);
    // Merged by the site: there is nothing more to say.
    site.host.ok(&["rm", "/etc/acme/edited.dpkg-dist", "/etc/acme/made.dpkg-dist"]);
    assert!(!site.wait_status(0).text().contains("/etc/acme"));
    site.host.apt_get(&["purge", "acme-ledger"]).expect_ok();
    assert_eq!(site.host.shell("ls -d /etc/acme /usr/share/consignee/conffiles 2>/dev/null || true"), "");
}

/// Everything is set aside and nothing unpacked; the old version is still the one that dpkg knows.
#[test]
fn a_power_cut_after_the_files_were_set_aside_loses_nothing() {
    lab!();
    let (vendor, sites) = edited("conffiles-cut", &Release::ALL, |debian| {
        edit(&debian.join("preinst"), &[("set -e\n", "set -e\nwhile [ -e /srv/hang ]; do sleep 0.1; done\n")]).unwrap();
    });
    on_each(sites, |mut site| {
        let client = client(&site);
        site.host.write("/srv/hang", "", 0o644);
        let upgrade = std::thread::spawn({
            let entrance = site.host.entrance();
            move || entrance.exec(&["sh", "-c", "apt-get -y upgrade </dev/null"])
        });
        site.host.wait_until("the file is set aside", SOON, || {
            (site.host.shell("cat /etc/acme/removed 2>/dev/null || true") == "two").then_some(())
        });
        assert_eq!(site.host.read("/etc/acme/edited"), "two\n");
        assert_eq!(site.host.read("/etc/acme/edited.dpkg-consign"), "mine\n");
        site.host.cut();
        upgrade.join().unwrap();
        site.host.boot_again().unwrap();
        site.serve_again(&vendor).unwrap();
        site.host.ok(&["rm", "/srv/hang"]);
        site.host.exec(&["sh", "-c", "dpkg --configure -a </dev/null"]);
        site.host.ok(&["sh", "-c", "apt-get -y upgrade </dev/null"]);
        finished(&site, client);
    });
}

/// Unpacked and not configured, which is where dpkg would have asked.
#[test]
fn a_power_cut_before_the_package_is_configured_loses_nothing() {
    lab!();
    let (vendor, sites) = edited("conffiles-unpacked", &Release::ALL, |_| {});
    on_each(sites, |mut site| {
        let client = client(&site);
        site.host.ok(&[
            "sh",
            "-c",
            "cd /root && apt-get download acme-ledger && dpkg --unpack acme-ledger_1.1.0-1_all.deb",
        ]);
        site.host.cut();
        site.host.boot_again().unwrap();
        site.serve_again(&vendor).unwrap();
        assert_eq!(site.host.read("/etc/acme/edited.dpkg-consign"), "mine\n");
        // Once more from the start, then to the end.
        site.host.ok(&["sh", "-c", "dpkg --unpack /root/acme-ledger_1.1.0-1_all.deb </dev/null"]);
        assert_eq!(site.host.read("/etc/acme/edited.dpkg-consign"), "mine\n");
        site.host.ok(&["sh", "-c", "dpkg --configure -a </dev/null"]);
        finished(&site, client);
    });
}

#[test]
fn an_upgrade_that_dpkg_gives_up_puts_the_files_of_the_site_back() {
    lab!();
    let (_vendor, sites) = edited("conffiles-given-up", &Release::ALL, |debian| {
        edit(&debian.join("preinst"), &[("set -e\n", "set -e\n[ ! -e /srv/fail ] || exit 1\n")]).unwrap();
    });
    on_each(sites, |site| {
        let client = client(&site);
        let before = site.host.shell("cd /etc/acme && ls -l --time-style=full-iso");
        site.host.write("/srv/fail", "", 0o644);
        site.host.exec(&["sh", "-c", "apt-get -y upgrade </dev/null"]).expect_code(100);
        assert_eq!(site.host.shell("cd /etc/acme && ls -l --time-style=full-iso"), before);
        assert!(!site.host.exists("/var/lib/consignee/.conffiles"));
        site.host.ok(&["rm", "/srv/fail"]);
        site.wait_status(0);
        site.host.ok(&["sh", "-c", "apt-get -y upgrade </dev/null"]);
        finished(&site, client);
    });
}

#[test]
fn the_conffiles_of_an_ordinary_package_are_taken_over_without_a_question() {
    lab!();
    for release in Release::ALL {
        let folder = tempfile::tempdir().unwrap();
        let package = packagers::debhelper("1.0.0-1", 1, folder.path(), with(FIRST, "one\n"));
        let host = Host::boot(&format!("conffiles-ordinary-{}", release.name()), release).unwrap();
        host.copy_in(&package, "/root/acme-ledger.deb");
        host.apt_get(&["install", "/root/acme-ledger.deb"]).expect_ok();
        host.ok(&["runuser", "-u", "acme-ledger", "--", "/opt/acme-ledger/bin/ledger", "migrate"]);
        touch(&host);
        let vendor = Vendor::new("acme").unwrap();
        publish_wrapped(&vendor, "1.1.0", 2, with(SECOND, "two\n"));
        // No client: it stands in the end, for its note, with nobody who could say what is stored.
        let site = Site::on(host, &vendor, LEDGER).unwrap();
        site.host.ok(&["sh", "-c", "apt-get -y full-upgrade </dev/null"]);
        kept(&site.host, "made root:root 644 two\n");
    }
}

#[test]
fn links_diversions_and_folders_of_the_site_stay_as_they_are() {
    lab!();
    for release in Release::ALL {
        let files =
            [("linked", "etc/acme"), ("dangling", "etc/acme"), ("diverted", "etc/acme"), ("deep", "etc/acme/d/e")];
        let vendor = Vendor::new("acme").unwrap();
        let all = [&files[..], &[("plain", "opt/acme-ledger"), ("plain-edited", "opt/acme-ledger")]].concat();
        publish_wrapped(&vendor, "1.0.0", 1, |debian| at(debian, &all, "one\n"));
        let site = Site::open("conffiles-links", release, &vendor, LEDGER).unwrap();
        site.host.apt_get(&["install", "acme-ledger"]).expect_ok();
        site.wait_status(0);
        let client = client(&site);
        site.host.write("/srv/linked", "mine\n", 0o644);
        site.host.shell(
            "cd /etc/acme && ln -sf /srv/linked linked && ln -sf /srv/nowhere dangling && rm -r d && \
             dpkg-divert --quiet --local --rename --add $PWD/diverted && echo mine | tee diverted >diverted.distrib && \
             echo mine >/opt/acme-ledger/plain-edited",
        );
        publish_wrapped(&vendor, "1.1.0", 2, |debian| {
            at(debian, &all, "two\n");
            let now = "/opt/acme-ledger/plain\n/opt/acme-ledger/plain-edited\n";
            std::fs::write(debian.join("conffiles"), now).unwrap();
        });
        site.host.apt_get(&["update"]).expect_ok();
        site.consignee(&["ack", LEDGER, "--all", "--yes"]);
        site.host.ok(&["sh", "-c", "apt-get -y upgrade </dev/null"]);
        site.wait_status(0);
        let said = site.host.shell(
            "cd /etc/acme && readlink linked dangling && stat -c '%U %a' d/e && ls d/e && head -v linked* diver* *.dpkg-dist && \
             cd /opt/acme-ledger && head -v plain*",
        );
        let shown = |files: &[(&str, &str)]| {
            files.iter().map(|(name, text)| format!("==> {name} <==\n{text}\n")).collect::<Vec<_>>().join("\n")
        };
        let acme = [
            ("linked", "mine"),
            ("linked.dpkg-dist", "two"),
            ("diverted", "mine"),
            ("diverted.distrib", "mine"),
            ("diverted.distrib.dpkg-dist", "two"),
            ("dangling.dpkg-dist", "two"),
            ("diverted.distrib.dpkg-dist", "two"),
            ("linked.dpkg-dist", "two"),
        ];
        let opt = [("plain", "two"), ("plain-edited", "mine"), ("plain-edited.dpkg-dist", "two")];
        let expected = format!("/srv/linked\n/srv/nowhere\nroot 755\n{}{}", shown(&acme), shown(&opt));
        assert_eq!(said, expected.trim_end());
        assert_eq!(site.host.read("/srv/linked"), "mine\n");
        nothing_was_lost(&site, client);
        site.host.assert_packages_sound();
    }
}

/// 1.2.0 as `consign build` makes it, with three of the files.
fn publish_own(vendor: &Vendor) {
    let project = wrapped::project(vendor, "1.2.0", 2);
    let mut files = "files = [{ from = \"app/\", to = \"/opt/acme-ledger\" }".to_owned();
    let old = format!("{files}]");
    for name in ["edited", "removed", "untouched"] {
        std::fs::write(project.join(name), "three\n").unwrap();
        files += &format!(", {{ from = \"{name}\", to = \"/etc/acme/{name}\", config = true }}");
    }
    edit(&project.join("consign.toml"), &[(&old, &format!("{files}]"))]).unwrap();
    vendor.release_project(&project).unwrap();
}

#[test]
fn a_package_of_our_own_takes_the_files_over_from_a_wrapped_one() {
    lab!();
    let (vendor, sites) = edited("conffiles-own", &[Release::Bookworm], |_| {});
    let [site] = &sites[..] else { panic!() };
    let first = client(site);
    site.host.ok(&["sh", "-c", "apt-get -y upgrade </dev/null"]);
    finished(site, first);
    publish_own(&vendor);
    clear(site);
    let client = client(site);
    site.host.ok(&["sh", "-c", "apt-get -y upgrade </dev/null"]);
    site.wait_status(0);
    assert_eq!(site.host.installed("acme-ledger").as_deref(), Some("1.2.0-1"));
    let files = site.host.shell("cd /etc/acme && head -v $(ls | grep -E 'edited|removed|untouched')");
    let expected = "==> edited <==\nmine\n\n==> edited.dpkg-dist <==\nthree\n\n==> untouched <==\nthree";
    assert_eq!(files, expected);
    nothing_was_lost(site, client);
    site.host.assert_packages_sound();
}

/// One without our lines finds the files of the site where they were, though the wrapped one had set them aside.
#[test]
fn an_ordinary_package_over_an_unpacked_one_finds_the_files_of_the_site() {
    lab!();
    let (_vendor, sites) = edited("conffiles-back", &Release::ALL, |_| {});
    let folder = tempfile::tempdir().unwrap();
    let package = packagers::debhelper("1.0.0-1", 1, folder.path(), with(FIRST, "one\n"));
    on_each(sites, |site| {
        let client = client(&site);
        site.host.ok(&["sh", "-c", "cd /root && apt-get download acme-ledger"]);
        site.host.ok(&["sh", "-c", "dpkg --unpack /root/acme-ledger_1.1.0-1_all.deb </dev/null"]);
        assert_eq!(site.host.read("/etc/acme/edited"), "two\n");
        site.host.copy_in(&package, "/root/ordinary.deb");
        site.host.ok(&["sh", "-c", "dpkg -i /root/ordinary.deb </dev/null"]);
        // dpkg itself leaves what it had unpacked of a file that the ordinary one does not have.
        let files = site.host.shell("cd /etc/acme && head -v $(ls | grep -v new.dpkg-new)");
        let texts = [
            ("dropped", "mine"),
            ("edited", "mine"),
            ("ledger.conf", "port = 8321"),
            ("made", "mine"),
            ("made.dpkg-dist", "one"),
            ("untouched", "one"),
        ];
        let expected: Vec<_> = texts.map(|(name, text)| format!("==> {name} <==\n{text}\n")).into();
        assert_eq!(files, expected.join("\n").trim_end());
        nothing_is_missing(&site, client);
    });
}
