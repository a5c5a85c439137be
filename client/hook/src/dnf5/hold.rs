//! The standing hold under dnf 5: what `/var/lib/consignee/holds` does not name is excluded.
//!
//! dnf 5 knows no exclude of *every version but these*, and an exclude is settled before this run's lists are
//! read: a version that nobody knows yet has to be covered. So the versions that differ are described by
//! patterns: those that begin with another character, those that go on otherwise after the first, and so on.
//! An exclude for repositories hides nothing that is installed, so that a product can be removed.
//!
//! dnf compares every pattern with every package of a repository. Only the repositories that the agent found
//! to offer the packages are worth that; in every other one the packages are excluded by their names.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};

use super::conversation::Conversation;
use crate::host::Host;

/// Adds the excludes to what the site excludes, repository by repository.
///
/// # Errors
/// When dnf does not take them.
pub fn apply(host: &Host, dnf: &mut Conversation<impl BufRead, impl Write>, is_attended: bool) -> io::Result<()> {
    let text = std::fs::read_to_string(host.holds()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let patterns: Vec<String> = lines.iter().flat_map(|line| excluded(line, is_attended)).collect();
    if patterns.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = lines.iter().filter_map(|line| line.split_whitespace().next()).collect();
    let (patterns, names) = (patterns.join(","), names.join(","));
    let offering = std::fs::read_to_string(host.offering()).unwrap_or_default();
    for repository in dnf.repositories()? {
        let is_offering = offering.lines().any(|line| line == repository);
        dnf.set(&format!("{repository}.excludepkgs"), if is_offering { &patterns } else { &names })?;
    }
    Ok(())
}

/// `<package> <installed version or -> always|attended <cleared version>...`
fn excluded(line: &str, is_attended: bool) -> Vec<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (Some(package), Some(here), Some(who)) = (words.first(), words.get(1), words.get(2)) else { return Vec::new() };
    let cleared = if is_attended || *who == "always" { &words[3..] } else { &[] };
    let visible: Vec<&str> =
        std::iter::once(*here).filter(|here| *here != "-").chain(cleared.iter().copied()).collect();
    all_but(package, &visible)
}

/// Patterns for all versions of a package but these, as dnf parses them: name-epoch:version-release.arch.
///
/// The epoch is always written: without one, what matches no version is taken for the beginning of a name.
fn all_but(package: &str, versions: &[&str]) -> Vec<String> {
    let visible: Vec<(&str, &str, &str)> = versions.iter().filter_map(|version| split(version)).collect();
    if visible.is_empty() {
        return vec![package.to_owned()];
    }
    let mut patterns = other_epochs(package, &distinct(visible.iter().map(|(epoch, ..)| *epoch)));
    for epoch in distinct(visible.iter().map(|(epoch, ..)| *epoch)) {
        let of_epoch: Vec<_> = visible.iter().filter(|(e, ..)| *e == epoch).collect();
        let versions = distinct(of_epoch.iter().map(|(_, version, _)| *version));
        patterns.extend(complement(&versions).into_iter().map(|other| match other {
            Other::Exactly(version) => format!("{package}-{epoch}:{version}"),
            Other::Like(pattern) => format!("{package}-{epoch}:{pattern}-*.*"),
        }));
        for version in versions {
            let releases = of_epoch.iter().filter(|(_, v, _)| *v == version).map(|(.., release)| *release);
            patterns.extend(complement(&distinct(releases)).into_iter().map(|other| match other {
                Other::Exactly(release) => format!("{package}-{epoch}:{version}-{release}"),
                Other::Like(pattern) => format!("{package}-{epoch}:{version}-{pattern}.*"),
            }));
        }
    }
    patterns
}

fn split(version: &str) -> Option<(&str, &str, &str)> {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (version, release) = rest.split_once('-')?;
    Some((epoch, version, release))
}

fn distinct<'a>(words: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    words.collect()
}

/// Epochs of one digit; nobody has others, and the barrier would still refuse them.
fn other_epochs(package: &str, epochs: &BTreeSet<&str>) -> Vec<String> {
    let digits: String = ('0'..='9').filter(|digit| !epochs.contains(digit.to_string().as_str())).collect();
    if digits.is_empty() { Vec::new() } else { vec![format!("{package}-[{digits}]:*-*.*")] }
}

/// Words that are none of some words.
#[derive(Debug, PartialEq, Eq)]
enum Other {
    /// One word.
    Exactly(String),
    /// A glob.
    Like(String),
}

fn complement(words: &BTreeSet<&str>) -> Vec<Other> {
    let mut found = Vec::new();
    beside("", words, &mut found);
    found
}

/// What begins so and is none of the words, which all begin so.
fn beside(beginning: &str, words: &BTreeSet<&str>, found: &mut Vec<Other>) {
    let next: BTreeSet<char> = words.iter().filter_map(|word| word[beginning.len()..].chars().next()).collect();
    if !beginning.is_empty() && !words.contains(beginning) {
        found.push(Other::Exactly(beginning.to_owned()));
    }
    found.push(Other::Like(match next.is_empty() {
        true => format!("{beginning}?*"),
        false => format!("{beginning}[!{}]*", next.iter().collect::<String>()),
    }));
    for character in next {
        let longer = format!("{beginning}{character}");
        beside(&longer, &words.iter().copied().filter(|word| word.starts_with(&longer)).collect(), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// Whether a shell, which knows the same patterns, finds the word beside the others.
    fn is_beside(words: &[&str], word: &str) -> bool {
        let like = |pattern: &str| {
            let script = r#"case $1 in $2) exit 0 ;; *) exit 1 ;; esac"#;
            Command::new("sh").args(["-c", script, "sh", word, pattern]).status().unwrap().success()
        };
        complement(&words.iter().copied().collect()).iter().any(|other| match other {
            Other::Exactly(exactly) => exactly == word,
            Other::Like(pattern) => like(pattern),
        })
    }

    #[test]
    fn every_word_but_these_is_covered() {
        let words = ["1.2.0", "1.2.0~rc.1", "1.10.0^git+5"];
        for word in words {
            assert!(!is_beside(&words, word), "{word}");
        }
        for other in ["1", "1.", "1.2", "1.2.", "1.2.00", "1.2.0~rc", "1.2.0~rc.10", "1.2.1", "2.2.0", "1.10.0", "a"] {
            assert!(is_beside(&words, other), "{other}");
        }
    }

    #[test]
    fn a_hold_without_a_version_that_may_be_seen_is_the_name_alone() {
        assert_eq!(excluded("acme-erp - attended 1.1.0-1", false), ["acme-erp"]);
        assert_eq!(excluded("acme-erp - always", true), ["acme-erp"]);
        assert_eq!(excluded("acme-erp 1.0-1", true), Vec::<String>::new());
    }

    #[test]
    fn patterns_name_the_package_with_an_epoch() {
        let patterns = excluded("erp 1-1 always 1-2 1:3-1", true);
        for expected in [
            "erp-[23456789]:*-*.*",
            "erp-0:[!1]*-*.*",
            "erp-0:1?*-*.*",
            "erp-0:1-[!12]*.*",
            "erp-0:1-1?*.*",
            "erp-1:3?*-*.*",
        ] {
            assert!(patterns.iter().any(|pattern| pattern == expected), "{expected}: {patterns:?}");
        }
        assert!(patterns.iter().all(|pattern| pattern.contains(':')), "{patterns:?}");
        assert!(excluded("erp 1.10-1 always", true).contains(&"erp-0:1.1".to_owned()));
    }

    #[test]
    fn patterns_are_for_the_repositories_that_offer_the_packages() {
        let root = std::env::temp_dir().join(format!("consignee-hook-{}-hold", std::process::id()));
        let host = Host::below(&root);
        std::fs::create_dir_all(host.state()).unwrap();
        let repositories = r#"{"key":"acme.enabled","value":"1"},{"key":"big.repo.enabled","value":"1"}"#;
        let answers = format!(r#"{{"status":"OK","return":{{"keys_val":[{repositories}]}}}}"#);
        let answers = format!("{answers}\n{}", "{\"status\":\"OK\",\"return\":{}}\n".repeat(2));
        let said = || {
            let mut said = Vec::new();
            apply(&host, &mut Conversation::between(answers.as_bytes(), &mut said), false).unwrap();
            String::from_utf8(said).unwrap()
        };
        assert_eq!(said(), "");
        std::fs::write(host.holds(), "# x\nerp 1-1 always\nerp-web - always\n").unwrap();
        std::fs::write(host.offering(), "acme\n").unwrap();
        let said = said();
        assert!(said.contains(r#""key":"acme.excludepkgs","value":"erp-[123456789]:*-*.*,"#), "{said}");
        assert!(said.contains(r#""key":"big.repo.excludepkgs","value":"erp,erp-web""#), "{said}");
        std::fs::remove_dir_all(&root).unwrap();
    }
}
