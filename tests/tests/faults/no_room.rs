//! File systems that are really full: where the backup is written, where the journal is, where the data are restored.
//! `consignee status` names the one that is, and what to do; with room again all goes on.

use consign_lab::{CANOPSIS, Release, Site, lab};

use crate::chain::{Chain, End};

const STATE: &str = "/var/lib/consignee/acme/canopsis";
const DATA: &str = "/var/lib/canopsis";
const BIG: &str = "/var/lib/canopsis/big";
const DROP_IN: &str = "/etc/systemd/system/canopsis-engine@main.service.d/fill.conf";

/// Puts a folder on a small file system of its own, with nobody at work in it.
fn on_its_own(site: &Site, folder: &str, size: &str) {
    site.host.ok(&["systemctl", "stop", "consignee.service"]);
    site.host.shell(&format!(
        "set -e; cp -a {folder} /srv/moved; mount -t tmpfs -o size={size},mode=755 tmpfs {folder}; \
         cp -a /srv/moved/. {folder}/; rm -rf /srv/moved"
    ));
}

/// Takes all the room that is left in a folder but so many KiB.
fn fill(folder: &str, but: u32) -> String {
    format!(
        "left=$(($(df --output=avail -k {folder} | tail -n 1) - {but})); \
         [ $left -le 0 ] || head -c $((left * 1024)) /dev/zero >>{folder}/filler"
    )
}

/// What is said of a file system while it is full.
#[track_caller]
fn is_named(site: &Site, folder: &str) {
    let what = format!("df -h {folder}");
    let mut last = None;
    let named = consign_lab::until("the full file system named", crate::FINISH, || {
        let status = site.host.exec(&["consignee", "status", "--language", "en", CANOPSIS]);
        let is_named = status.text().contains(&what) && status.text().contains(" MiB are free");
        last = Some(status);
        is_named.then_some(())
    });
    assert!(named.is_ok(), "{folder} is not named: {last:?}");
}

#[test]
fn a_file_system_that_is_full_is_named_and_with_room_again_all_goes_on() {
    lab!();
    let mut chain = Chain::begin("no-room", Release::Bookworm);
    chain.out_of_service(|site| {
        on_its_own(site, STATE, "48m");
        on_its_own(site, DATA, "64m");
    });
    // It does not shrink: what is saved of it takes as much.
    chain.site.host.shell(&format!("head -c 12M /dev/urandom >{BIG}; chown canopsis: {BIG}"));
    while_it_is_saved(&mut chain);
    while_it_is_written_down(&mut chain);
    while_it_is_restored(&mut chain);
    chain.over();
}

/// What stops leaves no room for what is saved after that.
fn while_it_is_saved(chain: &mut Chain) {
    let host = &chain.site.host;
    host.write("/usr/local/bin/fill", format!("#!/bin/sh\n{}\n", fill(STATE, 1024)), 0o755);
    host.write(DROP_IN, "[Service]\nExecStopPost=+/usr/local/bin/fill\n", 0o644);
    host.ok(&["systemctl", "daemon-reload"]);
    chain.publish();
    chain.upgrade();
    assert_eq!(chain.ends("full while it is saved"), End::TakenBack);
    let history = chain.site.consignee(&["history", CANOPSIS, "--upgrade", "2"]).text();
    assert!(history.contains("No space left on device"), "{history}");
    chain.site.refresh();
    is_named(&chain.site, STATE);
    chain.site.host.ok(&["rm", DROP_IN, &format!("{STATE}/filler")]);
    chain.site.host.ok(&["systemctl", "daemon-reload"]);
    chain.upgrade().expect_ok();
    assert_eq!(chain.ends("with room again"), End::Completed);
}

/// The journal itself has no room for what comes of the init step.
fn while_it_is_written_down(chain: &mut Chain) {
    chain.publish();
    chain.upgrade_that_hangs();
    chain.site.host.shell(&fill(STATE, 0));
    chain.site.host.ok(&["rm", "/var/lib/canopsis/trouble"]);
    chain.site.host.wait_until("the init step ends", crate::FINISH, || (chain.finished_calls() > 0).then_some(()));
    is_named(&chain.site, STATE);
    chain.site.host.ok(&["rm", &format!("{STATE}/filler")]);
    // Where it only waits that is what is said; where it stands it is another word.
    chain.site.host.exec(&["consignee", "resume", CANOPSIS]);
    println!("with room for the journal again: {:?}", chain.ends("with room for the journal again"));
    chain.calls().assert_accounted("with room for the journal again");
    chain.site.host.ok(&["rm", "-f", "/var/lib/canopsis/trouble"]);
}

/// Something else takes the room of the data; they do not fit any more when they are to be brought back.
fn while_it_is_restored(chain: &mut Chain) {
    chain.publish();
    chain.upgrade_that_hangs();
    chain.site.host.shell(&format!("rm {BIG}; mount -o remount,size=8m {DATA}"));
    chain.site.host.shell("kill -KILL $(pgrep -u canopsis -f bin/canopsinit)");
    chain.site.wait_status(4);
    is_named(&chain.site, DATA);
    chain.site.host.shell(&format!("mount -o remount,size=64m {DATA}"));
    assert_eq!(chain.ends("with room for the data again"), End::TakenBack);
}
