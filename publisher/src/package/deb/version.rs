//! Versions as dpkg spells and compares them, `deb-version(7)`.
//!
//! A release `1.2.0-rc.1` becomes `1.2.0~rc.1-1`: `~` sorts before the end, as a pre-release does before
//! its release. Not every semantic version keeps its place under this rule, so pre-releases must be one
//! word and then numbers (`rc.1`, `beta.2.1`); whatever is left is found by comparing a new version with
//! those already published ([`keeps_order`]).

use std::cmp::Ordering;

use consign_metadata::version::Version;

/// A version that dpkg would put in another place than the vendor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadNative {
    /// The pre-release part does not keep its order.
    #[error(
        "cannot use pre-release {pre_release:?} in package versions: package managers order only one word and then numbers as Semantic Versioning does, as in rc.1"
    )]
    PreRelease {
        /// The part after `-`.
        pre_release: String,
    },
}

/// The Debian version of a release.
///
/// # Errors
/// [`BadNative`]
pub fn of(version: &Version, revision: u32) -> Result<String, BadNative> {
    let (core, pre_release) = match version.as_str().split_once('-') {
        Some((core, pre_release)) => (core, Some(pre_release)),
        None => (version.as_str(), None),
    };
    match pre_release {
        None => Ok(format!("{core}-{revision}")),
        Some(pre) if is_word_then_numbers(pre) => Ok(format!("{core}~{pre}-{revision}")),
        Some(pre) => Err(BadNative::PreRelease { pre_release: pre.to_owned() }),
    }
}

/// The lowest Debian version that satisfies "at least this version", whatever its revision.
///
/// # Errors
/// [`BadNative`]
pub fn lower_bound(version: &Version) -> Result<String, BadNative> {
    of(version, 0).map(|native| native.trim_end_matches("-0").to_owned())
}

/// Whether two releases have the same order for dpkg as for the vendor.
///
/// # Errors
/// [`BadNative`]
pub fn keeps_order(a: &(Version, u32), b: &(Version, u32)) -> Result<bool, BadNative> {
    Ok(compare(&of(&a.0, a.1)?, &of(&b.0, b.1)?) == a.cmp(b))
}

fn is_word_then_numbers(pre_release: &str) -> bool {
    let mut parts = pre_release.split('.');
    let word = parts.next().unwrap_or_default();
    !word.is_empty()
        && word.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// The order of two Debian versions.
pub fn compare(a: &str, b: &str) -> Ordering {
    let ((a_epoch, a_upstream, a_revision), (b_epoch, b_upstream, b_revision)) = (parts(a), parts(b));
    compare_part(a_epoch, b_epoch)
        .then_with(|| compare_part(a_upstream, b_upstream))
        .then_with(|| compare_part(a_revision, b_revision))
}

fn parts(version: &str) -> (&str, &str, &str) {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, "0"));
    (epoch, upstream, revision)
}

/// Non-digits by dpkg's own alphabet, digits as numbers, in turns.
fn compare_part(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (a_text, a_rest) = split(a, |byte| !byte.is_ascii_digit());
        let (b_text, b_rest) = split(b, |byte| !byte.is_ascii_digit());
        let (a_number, a_next) = split(a_rest, |byte| byte.is_ascii_digit());
        let (b_number, b_next) = split(b_rest, |byte| byte.is_ascii_digit());
        let order = compare_text(a_text, b_text).then_with(|| compare_number(a_number, b_number));
        if order.is_ne() {
            return order;
        }
        (a, b) = (a_next, b_next);
    }
    Ordering::Equal
}

fn split(text: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len()))
}

fn compare_text(a: &str, b: &str) -> Ordering {
    let weights = |text: &str| text.bytes().map(weight).collect::<Vec<_>>();
    let (a, b) = (weights(a), weights(b));
    // The end of the text weighs 0: more than `~`, less than anything else.
    let length = a.len().max(b.len());
    let at = |weights: &[i32], index: usize| weights.get(index).copied().unwrap_or(0);
    (0..length).map(|i| at(&a, i).cmp(&at(&b, i))).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn weight(byte: u8) -> i32 {
    match byte {
        b'~' => -1,
        byte if byte.is_ascii_alphabetic() => i32::from(byte),
        byte => i32::from(byte) + 256,
    }
}

fn compare_number(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    fn native(text: &str) -> Result<String, BadNative> {
        of(&text.parse().unwrap(), 1)
    }

    #[test]
    fn a_pre_release_sorts_before_its_release() {
        assert_eq!(native("1.2.0-rc.1").unwrap(), "1.2.0~rc.1-1");
        assert_eq!(native("24.04.1").unwrap(), "24.04.1-1");
        assert!(compare("1.2.0~rc.1-1", "1.2.0-1").is_lt());
        assert_eq!(lower_bound(&"0.1.0".parse().unwrap()).unwrap(), "0.1.0");
    }

    #[test]
    fn what_dpkg_would_order_otherwise_is_refused() {
        for bad in ["1.0.0-rc1", "1.0.0-a-b", "1.0.0-1", "1.0.0-alpha.beta", "1.0.0-rc.1x"] {
            assert!(native(bad).is_err(), "{bad}");
        }
        let of = |text: &str| (text.parse().unwrap(), 1);
        assert_eq!(keeps_order(&of("24.10"), &of("24.10.0-rc.1")), Ok(false));
        assert_eq!(keeps_order(&of("24.10"), &of("24.10.1")), Ok(true));
    }

    fn dpkg_says(a: &str, relation: &str, b: &str) -> bool {
        Command::new("dpkg").args(["--compare-versions", a, relation, b]).status().unwrap().success()
    }

    fn dpkg_order(a: &str, b: &str) -> Ordering {
        if dpkg_says(a, "lt", b) {
            Ordering::Less
        } else if dpkg_says(a, "eq", b) {
            Ordering::Equal
        } else {
            Ordering::Greater
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn versions_compare_as_in_dpkg(
            // What differs is at the end, where every rule of the order comes into play.
            start in "[0-2][.0a]{0,2}",
            a in "[01a.~+]{0,2}(-[01a~]{1,2})?",
            b in "[01a.~+]{0,2}(-[01a~]{1,2})?",
        ) {
            let (a, b) = (start.clone() + &a, start + &b);
            prop_assert_eq!(compare(&a, &b), dpkg_order(&a, &b), "{} {}", a, b);
        }

        #[test]
        fn releases_keep_their_order_in_dpkg(
            a in "[0-2]\\.[0-2]\\.(0|9|10)(-(rc|beta)(\\.[0-9]{1,2}){0,2})?", a_revision in 1u32..12,
            b in "[0-2]\\.[0-2]\\.(0|9|10)(-(rc|beta)(\\.[0-9]{1,2}){0,2})?", b_revision in 1u32..12,
        ) {
            // Leading zeros are not allowed in numbers of a pre-release.
            let (Ok(a), Ok(b)) = (a.parse::<Version>(), b.parse::<Version>()) else { return Ok(()) };
            let (native_a, native_b) = (of(&a, a_revision).unwrap(), of(&b, b_revision).unwrap());
            let vendors = (a, a_revision).cmp(&(b, b_revision));
            prop_assert_eq!(dpkg_order(&native_a, &native_b), vendors, "{} {}", native_a, native_b);
        }
    }
}
