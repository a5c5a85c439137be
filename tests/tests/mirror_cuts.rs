//! A mirror whose machine loses its power while it is brought up to date: hosts see a whole generation, and the
//! next run goes on.

use std::time::Duration;

use consign_lab::{Host, Product, Release, Server, Vendor, lab, program};

const VENDOR: u16 = 8085;
/// Without `CONSIGN_LONG`.
const FEW: u32 = 3;
const MANY: u32 = 20;

fn sync(host: &Host, server: &Server) -> Vec<String> {
    let command =
        ["consign", "mirror", "sync", &server.url(), "/srv/mirror", "--certificate", "/root/keys/certificate.pgp"];
    host.ok(&["sync"]);
    command.map(str::to_owned).into()
}

#[test]
fn a_mirror_that_loses_its_power_shows_a_whole_generation_and_goes_on() {
    lab!();
    let cuts = if std::env::var_os("CONSIGN_LONG").is_some() { MANY } else { FEW };
    let vendor = Vendor::new("acme").unwrap();
    let host = Host::boot_on_disk("mirror-cuts", Release::Trixie).unwrap();
    host.copy_in(program("consign"), "/usr/bin/consign");
    host.copy_in(vendor.keys(), "/root/keys");
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let server = Server::start(&host, &vendor.repository(), VENDOR).unwrap();
    let command = sync(&host, &server);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    // How long an undisturbed run takes, from nothing.
    let since = std::time::Instant::now();
    host.ok(&command);
    let whole = since.elapsed();
    let verify = ["consign", "verify", "/srv/mirror", "--certificate", "/root/keys/certificate.pgp"];
    for cut in 0..cuts {
        host.shell("rm -rf /srv/mirror; sync");
        host.ok(&[&["systemd-run", "-q", "--collect"], &command[..]].concat());
        std::thread::sleep(whole * cut / cuts);
        host.cut_losing_unsynced().unwrap();
        host.boot_again().unwrap();
        // Nothing yet, or all of it: a head that is there leads to files that are there.
        if host.exists("/srv/mirror/consign/stable/feed.pgp") {
            host.ok(&verify);
        }
        host.ok(&command);
        host.ok(&verify);
    }
    assert!(whole < Duration::from_secs(300));
}
