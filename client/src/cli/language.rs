//! The reader's language: what was asked for, else the locale's, else the site's.

use consign_metadata::text::Language;

use crate::places::Places;
use crate::site::Policy;

/// Reads `--language`.
///
/// # Errors
/// When it is none that the agent speaks.
pub fn parse(code: &str) -> Result<Language, String> {
    match code {
        "en" => Ok(Language::En),
        "fr" => Ok(Language::Fr),
        _ => Err("en and fr are spoken".to_owned()),
    }
}

/// The language of the environment; the locales `C` and `POSIX` say nothing about people.
pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Option<Language> {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|locale| !locale.is_empty())?;
    let name = set.split(['_', '.', '@']).next().unwrap_or_default();
    (name != "C" && name != "POSIX").then(|| Language::of_locale(&set))
}

/// The language that was asked for, or the one to assume.
pub fn choose(asked: Option<Language>, places: &Places) -> Language {
    let site = || Policy::read(places).ok().map(|policy| policy.language);
    asked.or_else(|| of_environment(|name| std::env::var(name).ok())).or_else(site).unwrap_or(Language::En)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_unless_it_says_nothing() {
        let of = |pairs: &'static [(&str, &str)]| {
            of_environment(move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of(&[("LANG", "fr_FR.UTF-8")]), Some(Language::Fr));
        assert_eq!(of(&[("LC_ALL", "en_US.UTF-8"), ("LANG", "fr_FR.UTF-8")]), Some(Language::En));
        assert_eq!(of(&[("LC_ALL", ""), ("LC_MESSAGES", "fr")]), Some(Language::Fr));
        assert_eq!(of(&[("LANG", "C.UTF-8")]), None);
        assert_eq!(of(&[]), None);
    }
}
