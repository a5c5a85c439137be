//! Versions as rpm spells and compares them, `rpm-version(7)`.
//!
//! A release `1.2.0-rc.1` becomes `1.2.0~rc.1-1`, as for dpkg and under the same rule for pre-releases; in
//! a build for one release of a distribution `1.2.0~rc.1-1.el9`. Epochs are not used.

use consign_metadata::version::Version;

use crate::package::deb::version::{self as deb_version, BadNative};

pub use consign_metadata::rpm::version::compare;

/// `version-release` of a release.
///
/// # Errors
/// [`BadNative`]
pub fn of(version: &Version, revision: u32) -> Result<String, BadNative> {
    // Both systems sort `~` before everything, and digits as numbers.
    deb_version::of(version, revision)
}

/// The lowest version that satisfies "at least this version", whatever its revision.
///
/// # Errors
/// [`BadNative`]
pub fn lower_bound(version: &Version) -> Result<String, BadNative> {
    deb_version::lower_bound(version)
}

/// Whether two releases have the same order for rpm as for the vendor.
///
/// # Errors
/// [`BadNative`]
pub fn keeps_order(a: &(Version, u32), b: &(Version, u32)) -> Result<bool, BadNative> {
    Ok(compare(&of(&a.0, a.1)?, &of(&b.0, b.1)?) == a.cmp(b))
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn rpm_orders(pairs: &[(String, String)]) -> Vec<Ordering> {
        let calls: Vec<String> = pairs.iter().map(|(a, b)| format!("print(rpm.vercmp('{a}','{b}')..' ')")).collect();
        let program = format!("%{{lua:{}}}", calls.join(" "));
        let output = Command::new("rpm").args(["--eval", &program]).output().expect("rpm is installed");
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_whitespace().map(|n| n.parse::<i32>().unwrap().cmp(&0)).collect()
    }

    fn agree(pairs: &[(String, String)]) {
        let orders = rpm_orders(pairs);
        assert_eq!(orders.len(), pairs.len());
        for ((a, b), order) in pairs.iter().zip(orders) {
            assert_eq!(compare(a, b), order, "{a} {b}");
        }
    }

    #[test]
    fn a_pre_release_is_before_its_release() {
        let of = |text: &str, revision| of(&text.parse().unwrap(), revision).unwrap();
        assert_eq!((of("1.2.0-rc.1", 1), of("24.04.1", 2)), ("1.2.0~rc.1-1".to_owned(), "24.04.1-2".to_owned()));
        assert!(compare("1.2.0~rc.1-1", "1.2.0-1").is_lt() && compare("1.2.0-1", "1.2.0-2").is_lt());
        assert!(compare("1.2.0-1.el8", "1.2.0-1.el9").is_lt() && compare("1.2.0-1.el9", "1.2.0-2.el8").is_lt());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn any_two_versions_have_the_order_of_rpm(
            pairs in proptest::collection::vec(("[0-2a-b~^._+]{1,9}", "[0-2a-b~^._+]{1,9}"), 60),
        ) {
            agree(&pairs);
        }

        #[test]
        fn releases_keep_their_order_in_rpm(
            versions in proptest::collection::vec(
                ("[0-2]\\.[0-2]\\.(0|9|10)(-(rc|beta)(\\.(0|[1-9][0-9]?)){0,2})?", 1u32..12), 2..40),
        ) {
            let releases: Vec<(Version, u32)> = versions.iter().map(|(v, r)| (v.parse().unwrap(), *r)).collect();
            let native = |(version, revision): &(Version, u32)| of(version, *revision).unwrap();
            let pairs: Vec<_> = releases.windows(2).map(|two| (native(&two[0]), native(&two[1]))).collect();
            agree(&pairs);
            for two in releases.windows(2) {
                prop_assert!(keeps_order(&two[0], &two[1]).unwrap());
            }
        }
    }
}
