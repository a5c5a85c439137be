//! Programs with arguments, and the placeholders that the host fills in.

use std::collections::BTreeSet;

use super::spanned::Spanned;
use consign_metadata::name::{Label, PackageName};

use super::error::Fault;

/// The file of a part of the backup.
const FILE: &str = "{file}";
/// The folders of a package on Windows.
const FOLDERS: [&str; 2] = ["install", "data"];
const REPLACED: &str =
    "{option.<name>}, {from} and {to} are replaced, on Windows {install.<package>} and {data.<package>} as well";

/// What a word in braces may mean.
#[derive(Debug)]
pub(super) struct Known<'a> {
    /// The options of the site.
    pub options: BTreeSet<&'a Label>,
    /// Packages for Windows: where their folders are only a host knows.
    pub folders: BTreeSet<&'a PackageName>,
    /// Whether it is built for no other system, where nobody would know them.
    pub is_on_windows_alone: bool,
}

impl Known<'_> {
    /// `install.acme-erp`, `data.acme-erp`
    fn folder(&self, word: &str) -> Result<(), String> {
        let Some((_, package)) = word.split_once('.').filter(|(folder, _)| FOLDERS.contains(folder)) else {
            return Err(format!("there is no placeholder {{{word}}}"));
        };
        match self.folders.iter().any(|known| known.as_str() == package) {
            false => Err(format!("{package:?} is no module with a table [module.windows]")),
            true if !self.is_on_windows_alone => {
                Err(format!("{{{word}}} is a folder on Windows, and the product is built for other systems as well"))
            }
            true => Ok(()),
        }
    }
}

/// An argument list whose placeholders all mean something.
pub(super) fn validate(words: &Spanned<Vec<Spanned<String>>>, known: &Known<'_>) -> Result<Vec<String>, Fault> {
    check(words, |word| placeholders(word, known), &format!("{REPLACED}; write {{{{ for a brace"))
}

/// The same of a program that writes or reads a file of the backup.
pub(super) fn with_file(words: &Spanned<Vec<Spanned<String>>>, known: &Known<'_>) -> Result<Vec<String>, Fault> {
    if !words.get_ref().iter().any(|word| word.get_ref().contains(FILE)) {
        return Err(Fault::at(words.span(), format!("no argument of it has {FILE}"))
            .help("what the backup saves is one file, whose path stands there"));
    }
    let meant = |word: &str| placeholders(&word.replace(FILE, ""), known);
    check(words, meant, &format!("{FILE}, {REPLACED}; write {{{{ for a brace"))
}

fn check(
    words: &Spanned<Vec<Spanned<String>>>,
    meant: impl Fn(&str) -> Result<(), String>,
    help: &str,
) -> Result<Vec<String>, Fault> {
    let Some(program) = words.get_ref().first() else {
        return Err(Fault::at(words.span(), "a program is wanted"));
    };
    if program.get_ref().is_empty() {
        return Err(Fault::at(program.span(), "a program is wanted"));
    }
    for word in words.get_ref() {
        meant(word.get_ref()).map_err(|message| Fault::at(word.span(), message).help(help))?;
    }
    Ok(words.get_ref().iter().map(|word| word.get_ref().clone()).collect())
}

/// The same for text without places of its own.
pub(super) fn placeholders(word: &str, known: &Known<'_>) -> Result<(), String> {
    if word.contains('\0') {
        return Err("an argument cannot hold a NUL".to_owned());
    }
    let mut rest = word;
    while let Some(open) = rest.find('{') {
        rest = &rest[open + 1..];
        if let Some(after) = rest.strip_prefix('{') {
            rest = after;
            continue;
        }
        let Some((name, after)) = rest.split_once('}') else {
            return Err(format!("{word:?} has a '{{' without its '}}'"));
        };
        match name.strip_prefix("option.") {
            Some(option) if known.options.iter().any(|known| known.as_str() == option) => {}
            Some(option) => return Err(format!("there is no option {option:?}")),
            None if name == "from" || name == "to" => {}
            None => known.folder(name)?,
        }
        rest = after;
    }
    Ok(())
}

/// A program by its full path: there is no search path to rely on.
pub(super) fn absolute(words: &Spanned<Vec<Spanned<String>>>) -> Result<(), Fault> {
    absolute_or(words, "write the full path: there is no search path to rely on")
}

/// The same of a step, which may ask for a login shell instead.
pub(super) fn absolute_without_shell(words: &Spanned<Vec<Spanned<String>>>) -> Result<(), Fault> {
    absolute_or(words, "only a login shell has a search path: set login_shell = true, or write the full path")
}

fn absolute_or(words: &Spanned<Vec<Spanned<String>>>, help: &str) -> Result<(), Fault> {
    match words.get_ref().first() {
        Some(program) if !is_absolute(program.get_ref()) => {
            Err(Fault::at(program.span(), format!("{:?} is not an absolute path", program.get_ref())).help(help))
        }
        _ => Ok(()),
    }
}

/// On Linux, or on Windows with a drive or below a folder of a package.
pub(super) fn is_absolute(program: &str) -> bool {
    let has_drive = matches!(program.as_bytes(), [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic());
    let is_below = |folder: &&str| program.starts_with(&format!("{{{folder}."));
    has_drive || program.starts_with('/') || FOLDERS.iter().any(is_below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_known_or_refused() {
        let edition: Label = "edition".parse().unwrap();
        let package: PackageName = "acme-erp".parse().unwrap();
        let known = |is_on_windows_alone| Known {
            options: BTreeSet::from([&edition]),
            folders: BTreeSet::from([&package]),
            is_on_windows_alone,
        };
        let check = |word: &str| placeholders(word, &known(true));
        assert_eq!(check("--edition={option.edition} {from}-{to} {{json}"), Ok(()));
        assert_eq!(check("{option.stack}"), Err("there is no option \"stack\"".to_owned()));
        assert_eq!(check("{version}"), Err("there is no placeholder {version}".to_owned()));
        assert!(check("{").is_err());
        assert_eq!(check("{install.acme-erp}\\bin\\erp.exe {data.acme-erp}"), Ok(()));
        assert!(check("{install.acme-shop}").unwrap_err().contains("no module with a table [module.windows]"));
        let elsewhere = placeholders("{data.acme-erp}", &known(false)).unwrap_err();
        assert!(elsewhere.contains("built for other systems as well"), "{elsewhere}");
        assert!(is_absolute("{install.acme-erp}\\erp.exe") && !is_absolute("{to}\\erp.exe") && !is_absolute("erp.exe"));
    }
}
