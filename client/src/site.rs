//! The site's files: what the administrator of a host chose.
//!
//! `/etc/consign/policy.toml` is for the whole host, `/etc/consign/<vendor>/<product>.toml` for one
//! product. No package ships them. They are read when they are needed and never kept, so that a
//! corrected file counts at the next `retry`. A file that is not understood in full is refused: a
//! choice that is silently left out would be carried out as another one.

pub mod acknowledge;
mod add_ons;
pub mod checks;
pub mod keep;
mod page;
mod repair;
pub mod repository;
mod rules;
pub mod tell;
pub mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use consign_metadata::name::{Label, PackageName, VendorName};
use consign_metadata::plan::{SiteOption, UpgradePlan};
use consign_metadata::text::Language;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::host::kernel::files;
use crate::host::{self, HostError};
use crate::places::Places;

pub use add_ons::{AddOn, add_ons};
use checks::ChecksTable;
use keep::KeepTable;
use page::PageTable;
pub use repair::Repair;
pub use rules::Rules;
use rules::{Tables, UnattendedTable, WindowTable};
use tell::TellTable;

/// The largest file that is read.
const MAXIMUM: u64 = 64 * 1024;

/// Why a site's file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// It is there and cannot be read.
    #[error("cannot read {path}: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason the system gave.
        cause: String,
    },
    /// Others than root could have written it.
    #[error("cannot use {path}: {problem}; it decides what runs as root")]
    Unsafe {
        /// The file.
        path: PathBuf,
        /// What is wrong with its owner or mode.
        problem: String,
    },
    /// It says something that has no meaning.
    #[error("cannot use {path}, line {line}, column {column}: {problem}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// Counts from 1, in characters.
        column: usize,
        /// What is wrong there, and what is possible.
        problem: String,
    },
    /// What was chosen when a package was installed has no meaning.
    #[error("cannot use what was chosen when {package} was installed: {problem}; {path} may say otherwise")]
    Chosen {
        /// The package.
        package: PackageName,
        /// The file of the site that counts more.
        path: PathBuf,
        /// What is wrong with it, and what is possible.
        problem: String,
    },
    /// It cannot be told what was chosen.
    #[error("{0}")]
    Host(HostError),
}

/// The choices for the whole host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The language of what the agent says without being asked by a person of known language.
    pub language: Language,
    /// The port of the page in the browser.
    pub page: u16,
    /// Vendors whose packages come from a server of the site's own that has no feed of theirs.
    pub without_feed: BTreeSet<VendorName>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    language: Option<Language>,
    repair: Option<Repair>,
    unattended: Option<UnattendedTable>,
    window: Option<WindowTable>,
    tell: Option<TellTable>,
    checks: Option<ChecksTable>,
    keep: Option<KeepTable>,
    page: Option<PageTable>,
    #[serde(default)]
    without_feed: BTreeSet<VendorName>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductFile {
    repair: Option<Repair>,
    #[serde(default)]
    options: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default, rename = "add_on")]
    add_ons: Vec<add_ons::Entry>,
    #[serde(default)]
    acknowledge: Vec<acknowledge::InAdvance>,
    unattended: Option<UnattendedTable>,
    window: Option<WindowTable>,
    tell: Option<TellTable>,
    checks: Option<ChecksTable>,
    keep: Option<KeepTable>,
}

impl PolicyFile {
    fn tables(self) -> Tables {
        let Self { repair, unattended, window, tell, checks, keep, .. } = self;
        Tables { repair, unattended, window, tell, checks, keep }
    }
}

impl ProductFile {
    fn tables(self) -> Tables {
        let Self { repair, unattended, window, tell, checks, keep, .. } = self;
        Tables { repair, unattended, window, tell, checks, keep }
    }
}

impl Policy {
    /// The policy of this host; English and the usual port where there is none.
    ///
    /// # Errors
    /// [`SiteError`]
    pub fn read(places: &Places) -> Result<Self, SiteError> {
        let path = places.policy();
        let text = text(&path)?.unwrap_or_default();
        let file: PolicyFile = parse(&path, &text)?;
        let page = file.page.unwrap_or_default().port(&path, &text)?;
        let (language, without_feed) = (file.language.unwrap_or(Language::En), file.without_feed);
        Ok(Self { language, page, without_feed })
    }
}

/// Whether the site says that packages of this vendor come from a server that has no feed. Where its file cannot be
/// read nothing is said: whoever judges says that it cannot be read.
pub fn is_without_feed(places: &Places, vendor: &VendorName) -> bool {
    Policy::read(places).is_ok_and(|policy| policy.without_feed.contains(vendor))
}

/// The value of every option of a plan: the site's, or the vendor's default.
///
/// # Errors
/// [`SiteError`]; also for a value or an option that this plan does not have.
pub fn options(places: &Places, plan: &UpgradePlan) -> Result<BTreeMap<Label, String>, SiteError> {
    let (known, mut values, path) = (&plan.body.options, BTreeMap::new(), places.site(&plan.id()));
    let text = text(&path)?.unwrap_or_default();
    let file: ProductFile = parse(&path, &text)?;
    add_ons::checked(&path, &text, file.add_ons)?;
    for (name, value) in file.options {
        let wrong = |span, problem| wrong(&path, &text, span, problem);
        let found = name.get_ref().parse::<Label>().ok().and_then(|label| known.get_key_value(&label));
        let (label, option) = found.ok_or_else(|| wrong(name.span(), no_such_option(name.get_ref(), known)))?;
        if !option.allowed.contains(value.get_ref()) {
            return Err(wrong(value.span(), not_allowed(label, value.get_ref(), &option.allowed)));
        }
        values.insert(label.clone(), value.into_inner());
    }
    for (name, option) in known {
        if !values.contains_key(name) {
            let value = chosen(plan, name, option, &path)?.unwrap_or_else(|| option.default.clone());
            values.insert(name.clone(), value);
        }
    }
    Ok(values)
}

/// What was chosen of an option when the packages were installed, where that is asked; each has the default where
/// nobody named a value, so only another one is a choice.
fn chosen(plan: &UpgradePlan, name: &Label, option: &SiteOption, path: &Path) -> Result<Option<String>, SiteError> {
    let mut found: Option<String> = None;
    for module in &plan.body.modules {
        let value = host::chosen(&module.package, name).map_err(SiteError::Host)?;
        let Some(value) = value.filter(|value| *value != option.default) else { continue };
        let problem = match &found {
            _ if !option.allowed.contains(&value) => Some(not_allowed(name, &value, &option.allowed)),
            Some(other) if *other != value => {
                Some(format!("option {name} is {value:?} there, and {other:?} elsewhere"))
            }
            _ => None,
        };
        if let Some(problem) = problem {
            let (package, path) = (module.package.clone(), path.to_owned());
            return Err(SiteError::Chosen { package, path, problem });
        }
        found = Some(value);
    }
    Ok(found)
}

fn no_such_option(name: &str, known: &BTreeMap<Label, SiteOption>) -> String {
    let known: Vec<String> = known.keys().map(Label::to_string).collect();
    match &known[..] {
        [] => format!("there is no option {name}; this product has none"),
        _ => format!("there is no option {name}; there is {}", known.join(", ")),
    }
}

fn not_allowed(name: &Label, value: &str, allowed: &[String]) -> String {
    let allowed: Vec<String> = allowed.iter().map(|value| format!("{value:?}")).collect();
    format!("option {name} cannot be {value:?}; it can be {}", allowed.join(", "))
}

fn text(path: &Path) -> Result<Option<String>, SiteError> {
    let unreadable = |cause: String| SiteError::Unreadable { path: path.to_owned(), cause };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let metadata = file.metadata().map_err(|error| unreadable(error.to_string()))?;
    if let Some(problem) = files::why_untrusted(path, &metadata) {
        return Err(SiteError::Unsafe { path: path.to_owned(), problem });
    }
    if metadata.len() > MAXIMUM {
        return Err(unreadable(format!("it is larger than {MAXIMUM} bytes")));
    }
    let mut text = String::new();
    file.take(MAXIMUM).read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))?;
    Ok(Some(text))
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, SiteError> {
    toml::from_str(text)
        .map_err(|error| wrong(path, text, error.span().unwrap_or_default(), error.message().to_owned()))
}

fn wrong(path: &Path, text: &str, span: Range<usize>, problem: String) -> SiteError {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    SiteError::Wrong { path: path.to_owned(), line, column, problem }
}

#[cfg(all(test, unix))]
mod tests;
