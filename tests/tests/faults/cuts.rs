//! The power fails at a random moment of an upgrade, and what was not synced is lost.

use std::time::{Duration, Instant, SystemTime};

use consign_lab::matrix::{Count, keep};
use consign_lab::{BaseSystem, Lab, Release, RpmSystem, lab};

use crate::chain::{Chain, End};

/// So many cuts; in the long run many more.
fn cuts(in_short: usize, in_long: usize) -> usize {
    if crate::is_long() { in_long } else { in_short }
}

/// The moments that a short run always has, so that what changes with a commit is the commit.
const SEED: u64 = 20_261_122;

/// Moments by chance. `CONSIGN_SEED` gives those of an earlier run again.
struct Chance(u64);

impl Chance {
    fn new() -> Chance {
        let given = std::env::var("CONSIGN_SEED").ok().and_then(|seed| seed.parse().ok());
        let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(SEED, |since| since.as_secs());
        let seed = given.unwrap_or_else(|| if crate::is_long() { now() } else { SEED });
        println!("CONSIGN_SEED={seed}");
        Chance(seed)
    }

    /// Up to a length of time (SplitMix64).
    fn moment(&mut self, length: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let part = ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
        length.mul_f64(part)
    }
}

fn survives(name: &str, system: impl Into<BaseSystem>, cuts: usize) {
    let mut chance = Chance::new();
    let mut chain = Chain::on_disk(name, system);
    chain.publish();
    chain.look();
    let begun = Instant::now();
    chain.site.upgrade().expect_ok();
    assert_eq!(chain.ends("undisturbed"), End::Completed);
    let length = begun.elapsed();
    let mut count = Count::default();
    for number in 1..=cuts {
        let moment = chance.moment(length);
        let what = format!("cut {number} of {cuts}, {moment:?} after the beginning");
        chain.publish();
        chain.upgrade_cut_after(moment);
        let end = chain.counted(&what, &mut count);
        println!("{what}: {end:?}");
    }
    chain.over();
    keep(name, &count).unwrap();
}

#[test]
fn an_upgrade_on_the_older_debian_survives_power_cuts() {
    lab!();
    survives("cut-bookworm", Release::Bookworm, cuts(10, 100));
}

#[test]
fn an_upgrade_on_the_newer_debian_survives_power_cuts() {
    lab!();
    survives("cut-trixie", Release::Trixie, cuts(10, 100));
}

#[test]
fn an_upgrade_by_dnf_4_survives_power_cuts() {
    lab!(Lab::has_rpm());
    survives("cut-dnf4", RpmSystem::Dnf4Trixie, 20);
}

#[test]
fn an_upgrade_by_dnf_5_survives_power_cuts() {
    lab!(Lab::has_rpm());
    survives("cut-dnf5", RpmSystem::Dnf5, 20);
}

#[test]
fn an_upgrade_by_zypper_survives_power_cuts() {
    lab!(Lab::has_rpm());
    survives("cut-zypper", RpmSystem::Zypper, 20);
}
