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
    let length = chain.undisturbed();
    let mut count = Count::default();
    for number in 1..=cuts {
        let moment = chance.moment(length);
        let what = format!("cut {number} of {cuts}, {moment:?} after the beginning");
        chain.publish();
        chain.upgrade_cut_after(moment);
        let end = chain.counted(&what, &mut count);
        *count.inside.get_or_insert(0) += usize::from(chain.was_cut_at_work());
        println!("{what}: {end:?}, {:?} so far with steps at work", count.inside);
    }
    chain.over();
    // Chance may want it otherwise for a while, not for a series.
    assert!(count.inside.unwrap_or(0) * 10 >= cuts, "the cuts missed the upgrades: {count:?}");
    keep(name, &count).unwrap();
}

/// From the failure of the init step to the end of the way back.
fn fails(chain: &mut Chain) {
    chain.publish();
    chain.trouble("fail");
    chain.upgrade().expect_ok();
    let failed = || chain.site.events().iter().any(|event| event == "step-failed").then_some(());
    chain.site.host.wait_until("the init step fails", crate::FINISH, failed);
}

#[test]
fn a_rollback_survives_power_cuts() {
    lab!();
    let (mut chance, cuts) = (Chance::new(), cuts(3, 20));
    let mut chain = Chain::on_disk("cut-rollback", Release::Bookworm);
    fails(&mut chain);
    let begun = Instant::now();
    assert_eq!(chain.ends("undisturbed"), End::TakenBack);
    let length = begun.elapsed();
    chain.calls().assert_once(true, "undisturbed");
    chain.site.trouble_is_over();
    let mut count = Count { inside: Some(0), ..Count::default() };
    for number in 1..=cuts {
        let moment = chance.moment(length);
        let what = format!("cut {number} of {cuts}, {moment:?} after the failure");
        fails(&mut chain);
        // The moment is what the test is about: nothing is waited for.
        std::thread::sleep(moment);
        chain.cut();
        chain.boot();
        assert_eq!(chain.ends(&what), End::TakenBack, "{what}");
        chain.calls().assert_accounted(&what);
        chain.site.trouble_is_over();
        count.faults += 1;
        count.taken_back += 1;
        *count.inside.get_or_insert(0) += usize::from(chain.was_cut_at_work());
        println!("{what}: {count:?}");
    }
    chain.over();
    assert!(count.inside > Some(0), "the cuts missed the rollbacks: {count:?}");
    keep("cut-rollback", &count).unwrap();
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
