//! dpkg is cut off while it unpacks the product: half-installed, and to be installed again. Beside it a package with a
//! conffile that the site has edited waits to be configured. Nobody is asked about that, and nothing of it is lost.
//! What dpkg names then is the version that was there, and apt wants its archive: no list need have it.

use std::process::Stdio;

use consign_lab::{Archive, Faults, Host, Release, TinyPackage, lab};

use crate::chain::{Chain, End};

const CONFFILE: &str = "/etc/beside.conf";
const OWN: &str = "/etc/canopsis.conf";
const NEEDS: (&str, &str) = ("depends.deb = [\"python3\"]", "depends.deb = [\"python3\", \"beside (>= 2)\"]");

/// A package with a conffile that is another one in each version.
fn beside(version: &str) -> TinyPackage {
    let text = format!("version = {version}\n");
    TinyPackage::new("beside", version).file(CONFFILE, &text).script("conffiles", &format!("{CONFFILE}\n"))
}

/// The site has edited both files, and what comes needs the new version of the package beside it.
fn edited(chain: &mut Chain) {
    let host = &chain.site.host;
    let archive = Archive::new("beside").unwrap();
    archive.add(&[beside("1")]).unwrap();
    archive.give_to(host);
    host.apt_get(&["update"]).expect_ok();
    host.apt_get(&["install", "beside"]).expect_ok();
    host.write(CONFFILE, "mine\n", 0o644);
    host.shell(&format!("echo '# mine' >>{OWN}; sync {CONFFILE} {OWN} /etc"));
    archive.add(&[beside("2")]).unwrap();
    archive.give_to(host);
    chain.publish_edited(&[NEEDS]);
    chain.site.refresh();
    chain.sync_lists();
}

/// An upgrade as far as dpkg, which stands in the middle of the product's files. There `meets` does something to it.
#[track_caller]
fn upgrade_that_meets(chain: &mut Chain, faults: &Faults, meets: impl FnOnce(&mut Chain)) {
    faults.plan("stop rename */bin/canopsis-engine");
    let (upgrade, entrance) = (chain.site.manager().upgrade(), chain.site.host.entrance());
    let mut command = entrance.command(&upgrade.iter().map(String::as_str).collect::<Vec<_>>());
    std::thread::scope(|scope| {
        let running = scope.spawn(move || command.stdin(Stdio::null()).output());
        chain.site.host.wait_until("dpkg stands", crate::FINISH, || faults.fired());
        assert_eq!(status(&chain.site.host, &BOTH), WRECKED);
        meets(chain);
        running.join().unwrap().unwrap();
    });
}

const WRECKED: &str = "beside unpacked ok\ncanopsis half-installed reinstreq";

const BOTH: [&str; 2] = ["beside", "canopsis"];

fn status(host: &Host, packages: &[&str]) -> String {
    let query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status} ${db:Status-Eflag}\\n"];
    host.ok(&[&query[..], packages].concat()).stdout.trim_end().to_owned()
}

/// A repository that has only the newest version, or lists that are gone: none has this one any more.
fn forgotten(host: &Host, version: &str) {
    let edit = format!(
        "import glob\n\
         for path in glob.glob('/var/lib/apt/lists/*_Packages'):\n\
         \x20   text = open(path).read().split('\\n\\n')\n\
         \x20   kept = [p for p in text if 'Package: canopsis\\n' not in p + '\\n' or 'Version: {version}\\n' not in p + '\\n']\n\
         \x20   open(path, 'w').write('\\n\\n'.join(kept))\n"
    );
    host.ok(&["python3", "-c", &edit]);
    host.shell("rm -f /var/cache/apt/*.bin; sync -f /var/lib/apt/lists");
    assert!(!host.shell("apt-cache madison canopsis").contains(version));
}

#[track_caller]
fn is_right(mut chain: Chain) {
    assert_eq!(chain.ends("dpkg was cut off"), End::Completed);
    chain.calls().assert_once(false, "dpkg was cut off");
    let host = &chain.site.host;
    assert_eq!(status(host, &BOTH), "beside installed ok\ncanopsis installed ok");
    assert_eq!(host.read(CONFFILE), "mine\n");
    // What is in the vendor's own is dpkg's to sync: it unpacks a conffile without that.
    assert!(host.exists(&format!("{CONFFILE}.dpkg-dist")), "{}", chain.told());
    assert!(host.read(OWN).ends_with("# mine\n"), "{}", host.read(OWN));
    // dpkg's words where it would have asked and nobody was there.
    assert!(!chain.agent_says("conffile prompt"), "{}", chain.told());
    chain.over();
}

#[test]
fn a_product_that_a_power_cut_left_half_installed_is_whole_again_and_edited_conffiles_stay() {
    lab!();
    let mut chain = Chain::on_disk("wreck-cut", Release::Bookworm);
    let faults = Faults::load_into_dpkg(&chain.site.host).unwrap();
    edited(&mut chain);
    upgrade_that_meets(&mut chain, &faults, Chain::cut);
    chain.boot();
    assert_eq!(status(&chain.site.host, &BOTH), WRECKED);
    is_right(chain);
}

#[test]
fn a_product_whose_dpkg_was_killed_is_whole_again_without_a_person_where_the_site_says_so() {
    lab!();
    let mut chain = Chain::begin("wreck-kill", Release::Trixie);
    let faults = Faults::load_into_dpkg(&chain.site.host).unwrap();
    edited(&mut chain);
    chain.site.host.write("/etc/consign/policy.toml", "repair = \"auto\"\n", 0o644);
    upgrade_that_meets(&mut chain, &faults, |chain| {
        forgotten(&chain.site.host, "3.26.1-1");
        chain.site.host.shell("kill -KILL $(pidof dpkg)");
    });
    chain.site.wait_status(0);
    assert!(!chain.site.journal().iter().any(|record| record["by"].is_object()), "somebody typed something");
    is_right(chain);
}

#[test]
fn a_product_that_a_power_cut_left_half_put_back_is_put_back_though_no_list_has_its_newer_version() {
    lab!();
    let mut chain = Chain::on_disk("wreck-back", Release::Bookworm);
    let faults = Faults::load_into_dpkg(&chain.site.host).unwrap();
    chain.publish();
    chain.upgrade_that_hangs();
    faults.plan("stop rename */bin/canopsis-engine");
    let host = &chain.site.host;
    host.ok(&["pkill", "-KILL", "-f", "canopsinit"]);
    host.wait_until("dpkg stands", crate::FINISH, || faults.fired());
    forgotten(host, "3.26.2-1");
    chain.cut();
    chain.boot();
    assert_eq!(status(&chain.site.host, &["canopsis"]), "canopsis half-installed reinstreq");
    assert_eq!(chain.ends("dpkg was cut off on the way back"), End::TakenBack);
    assert_eq!(status(&chain.site.host, &["canopsis"]), "canopsis installed ok");
    chain.over();
}
