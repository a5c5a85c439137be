//! One suite for every package manager: what must hold is asserted on all of them alike, what may differ is
//! measured, must be what is expected there, and is left as a record, of which `scripts/conformance` makes docs/conformance.md.

/// A test for each system: `on_every_system!(measure: Behaviour, Behaviour)`.
macro_rules! on_every_system {
    ($measure:ident: $($found:ident),+) => {
        on_every_system!(@ $measure [$($found),+]
            apt_of_debian_12 "bookworm",
            apt_of_debian_13 "trixie",
            dnf_4_with_rpm_4_18 "dnf4-bookworm",
            dnf_4_with_rpm_4_20 "dnf4-trixie",
            dnf_5 "dnf5",
            zypper "zypper",
            plain_rpm "rpm"
        );
    };
    (@ $measure:ident $found:tt $($test:ident $system:literal),+) => {
        $(on_every_system!(# $measure $found $test $system);)+
    };
    (# $measure:ident [$($found:ident),+] $test:ident $system:literal) => {
        #[test]
        fn $test() {
            crate::on($system, &[$(<$found as consign_lab::conformance::Found>::BEHAVIOUR),+], $measure);
        }
    };
}

mod back;
mod buildbot;
mod case;
mod cut;
mod gate;
mod held;
mod killed;
mod neighbour;
mod standing;
mod terminal;
mod three;

use consign_lab::conformance::behaviours::OnceForBuildbot;
use consign_lab::conformance::{Behaviour, Found, Sheet, System};
use consign_lab::{Lab, lab};

/// Measures behaviours on a system, and leaves records where all of it went well.
#[track_caller]
fn on(system: &str, behaviours: &[Behaviour], measure: impl FnOnce(&mut Sheet)) {
    let mut sheet = Sheet::begin(System::named(system), behaviours);
    lab!(Lab::can_host(sheet.system.base));
    if behaviours.iter().any(|behaviour| behaviour.code == OnceForBuildbot::BEHAVIOUR.code) {
        lab!(Lab::has_buildbot());
    }
    measure(&mut sheet);
    sheet.done();
}
