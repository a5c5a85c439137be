//! Whether Windows Installer takes the packages of a release for successors of those before it.
//!
//! It compares three numbers and knows no others, and what belongs together by the upgrade code. A release whose
//! numbers are lower than those of an older one could not be installed over it, and one with another code would
//! be installed beside it.

use consign_metadata::feed::FeedRelease;
use consign_metadata::openpgp::Keyring;
use consign_metadata::version::Version;

use super::PublishError;
use super::delivery::DeliveredRelease;
use crate::package::{Format, MsiFacts, SignedPackage};
use crate::repository::Retrieved;
use crate::store::{Key, Store};

/// A release in the order of versions.
struct Place<'a> {
    version: &'a Version,
    facts: &'a MsiFacts,
}

/// Compares the packages of a release with those of its neighbours that are published.
///
/// # Errors
/// [`PublishError::Delivery`] when one is no successor of the other.
pub fn inspect(
    store: &dyn Store,
    keyring: &Keyring,
    neighbours: [Option<&FeedRelease>; 2],
    release: &DeliveredRelease,
) -> Result<(), PublishError> {
    let Some(plan) = release.first().plan() else { return Ok(()) };
    let version = &plan.plan.envelope.version;
    for package in release.packages() {
        let Format::Msi(facts) = package.format() else { continue };
        let new = Place { version, facts };
        for (index, neighbour) in neighbours.iter().enumerate() {
            let Some(neighbour) = neighbour else { continue };
            let Some(there) = published(store, keyring, neighbour, package)? else { continue };
            let old = Place { version: &neighbour.version, facts: &there };
            let problem = if index == 0 { problem(&old, &new, &old) } else { problem(&new, &old, &old) };
            if let Some(reason) = problem {
                return Err(PublishError::Delivery { path: package.path().display().to_string(), reason });
            }
        }
    }
    Ok(())
}

/// What Windows knows of the same package in another release.
fn published(
    store: &dyn Store,
    keyring: &Keyring,
    release: &FeedRelease,
    package: &SignedPackage,
) -> Result<Option<MsiFacts>, PublishError> {
    let same = |other: &&consign_metadata::feed::FeedPackage| {
        other.package == *package.name() && other.architecture == package.architecture() && other.native.msi.is_some()
    };
    let Some(there) = release.packages.iter().find(same) else { return Ok(None) };
    let key: Key = there.file.path.parse()?;
    let retrieved = Retrieved::fetch(store, &key, there.file.size, keyring)?;
    Ok(retrieved.and_then(|retrieved| match retrieved.package.format() {
        Format::Msi(facts) => Some(facts.clone()),
        _ => None,
    }))
}

/// Why the later of two releases does not take the place of the earlier one; `there` is the one that is published.
fn problem(earlier: &Place<'_>, later: &Place<'_>, there: &Place<'_>) -> Option<String> {
    let (known, code) = (&earlier.facts.upgrade_code, &later.facts.upgrade_code);
    if known != code {
        return Some(format!(
            "the upgrade code of {} is {}, and this one has another: Windows would install both beside each other",
            there.version, there.facts.upgrade_code
        ));
    }
    let numbers = |text: &str| text.split('.').map(|number| number.parse().unwrap_or(0)).collect::<Vec<u64>>();
    let (low, high) = (&earlier.facts.product_version, &later.facts.product_version);
    // A pre-release and a packaging revision have the numbers of their release.
    let may_be_same = earlier.version.numbers() == later.version.numbers();
    let rises = numbers(high) > numbers(low) || (may_be_same && numbers(high) == numbers(low));
    let (older, newer) = (earlier.version, later.version);
    (!rises).then(|| {
        format!(
            "to Windows Installer {newer} is {high} and {older} is {low}, so it would not upgrade the one to the other; windows_version below [product] must rise with each release"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(upgrade_code: &str, product_version: &str) -> MsiFacts {
        let text = String::new;
        MsiFacts {
            name: text(),
            manufacturer: text(),
            upgrade_code: upgrade_code.to_owned(),
            product_code: text(),
            product_version: product_version.to_owned(),
            summary: text(),
            license: text(),
        }
    }

    #[test]
    fn numbers_rise_with_each_release_and_stay_for_its_candidates() {
        let found = |(old, low): (&str, &str), (new, high): (&str, &str)| {
            let (low, high) = (facts("{A}", low), facts("{A}", high));
            let (old, new) = (old.parse().unwrap(), new.parse().unwrap());
            let (old, new) = (Place { version: &old, facts: &low }, Place { version: &new, facts: &high });
            problem(&old, &new, &old)
        };
        assert_eq!(found(("2024.1.0", "24.1.0"), ("2024.2.0", "24.2.0")), None);
        assert_eq!(found(("2024.9.0", "24.9.0"), ("2024.10.0", "24.10.0")), None);
        assert_eq!(found(("1.1.0-rc.1", "1.1.0"), ("1.1.0", "1.1.0")), None);
        for same_or_lower in ["24.1.0", "24.0.9", "3.0.0"] {
            let said = found(("2024.1.0", "24.1.0"), ("2024.2.0", same_or_lower)).unwrap();
            assert!(said.contains(&format!("2024.2.0 is {same_or_lower}")), "{said}");
        }
        let (one, other) = (facts("{A}", "1.0.0"), facts("{B}", "1.1.0"));
        let (old, new) = ("1.0.0".parse().unwrap(), "1.1.0".parse().unwrap());
        let (old, new) = (Place { version: &old, facts: &one }, Place { version: &new, facts: &other });
        assert!(problem(&old, &new, &old).unwrap().contains("upgrade code of 1.0.0 is {A}"));
    }
}
