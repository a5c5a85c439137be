//! Versions as Windows Installer compares them: three numbers, of one byte, one byte and two.
//!
//! A pre-release has nowhere to go: a fourth number is not compared. So `1.2.0-rc.1` and `1.2.0` are both
//! `1.2.0`, and every package says that it may be installed over one of the same numbers; which is newer the
//! agent knows by their plans.

use consign_metadata::version::Version;

const LIMITS: [u64; 3] = [255, 255, 65535];

/// The native version: it tells releases and packaging revisions apart, and is what a host has on record.
pub fn native(version: &Version, revision: u32) -> String {
    format!("{}-{revision}", version.as_str())
}

/// The `ProductVersion` of a release.
///
/// # Errors
/// Which number is too large.
pub fn product_version(version: &Version) -> Result<String, String> {
    let numbers = version.numbers();
    let names = ["first", "second", "third"];
    let too_large = (0..3).find(|index| numbers[*index] > LIMITS[*index]);
    match too_large {
        None => Ok(format!("{}.{}.{}", numbers[0], numbers[1], numbers[2])),
        Some(index) => Err(format!(
            "Windows Installer cannot hold the version {version}: its {} number is {}, and at most {} is possible",
            names[index], numbers[index], LIMITS[index]
        )),
    }
}

/// A `ProductVersion` as it was typed.
///
/// # Errors
/// What is wrong with it.
pub fn typed(text: &str) -> Result<String, String> {
    let bad = || format!("{text:?} is not a version of Windows Installer: three numbers up to 255.255.65535");
    let numbers: Option<Vec<u64>> = text.split('.').map(|number| number.parse().ok()).collect();
    match numbers.as_deref() {
        Some([a, b, c]) if [*a, *b, *c].iter().zip(LIMITS).all(|(number, limit)| *number <= limit) => {
            Ok(format!("{a}.{b}.{c}"))
        }
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pre_release_has_the_numbers_of_its_release_and_an_overflow_is_refused() {
        let of = |text: &str| product_version(&text.parse().unwrap());
        assert_eq!(of("1.2.0-rc.1"), of("1.2.0"));
        assert_eq!(of("24.10").unwrap(), "24.10.0");
        assert_eq!(of("255.255.65535").unwrap(), "255.255.65535");
        for (version, number) in [("2024.1.0", "first"), ("26.300.1", "second"), ("26.4.300000", "third")] {
            assert!(of(version).unwrap_err().contains(number), "{version}");
        }
        let native = |text: &str, revision| native(&text.parse().unwrap(), revision);
        assert_eq!((native("1.2.0-rc.1", 1), native("1.2.0", 2)), ("1.2.0-rc.1-1".into(), "1.2.0-2".into()));
        assert!(typed("24.4.1").is_ok() && typed("24.4").is_err() && typed("256.0.0").is_err());
    }
}
