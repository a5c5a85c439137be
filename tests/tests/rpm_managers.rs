//! What dnf 4, dnf 5, zypper and rpm do, where the agent relies on it. Written down, with the versions,
//! in docs/rpm-hosts.md.

#[path = "rpm_managers/holds.rs"]
mod holds;
#[path = "rpm_managers/hooks.rs"]
mod hooks;
#[path = "rpm_managers/rpm.rs"]
mod rpm;

use std::time::Duration;

use consign_lab::{Host, Lab, RpmSystem, Server, TinyRpm, YumRepository};

const SOON: Duration = Duration::from_secs(60);
const DNF4: [RpmSystem; 2] = [RpmSystem::Dnf4Bookworm, RpmSystem::Dnf4Trixie];

/// Boots the hosts of these kinds at the same time and does the same on all.
fn on_every(systems: &[RpmSystem], name: &str, check: impl Fn(&Host) + Sync) {
    std::thread::scope(|scope| {
        for &system in systems {
            let check = &check;
            scope.spawn(move || {
                let host = Host::boot(&format!("{name}-{}", system.name()), system).unwrap();
                check(&host);
            });
        }
    });
}

/// Serves a repository to a host and makes it known there.
fn given(host: &Host, repository: &YumRepository) -> Server {
    let server = Server::start(host, &repository.path(), 8082).unwrap();
    host.add_yum_repository("site", &server.url(), &repository.certificate().unwrap());
    server
}

/// A vendor's `product`, which needs exactly its version of `library`, and an `other` package of the
/// host: 1.0 of all, installed, and the repository that has 2.0 of some.
fn installed(host: &Host, old: &YumRepository, new: &YumRepository) -> Server {
    let first = given(host, old);
    host.manager(&["install", "product", "other"]).expect_ok();
    drop(first);
    Server::start(host, &new.path(), 8082).unwrap()
}

fn packages(version: &str) -> [TinyRpm; 3] {
    let product = TinyRpm::new("product", version).field("Requires", &format!("library >= {version}"));
    [product, TinyRpm::new("library", version), TinyRpm::new("other", version)]
}

/// The word for "everything newer".
fn upgrade(host: &Host) -> &'static str {
    if host.rpm_system() == RpmSystem::Zypper { "update" } else { "upgrade" }
}

/// A file of `tests/fixtures/rpm`.
fn fixture(name: &str) -> std::path::PathBuf {
    Lab::repository().join("tests/fixtures/rpm").join(name)
}
