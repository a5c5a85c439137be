//! A manifest that was checked: every name, path and reference in it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::{ChannelName, Label, PackageName, ProductId, UnitName};
use consign_metadata::plan::{RunStep, SideEffect, SiteOption, Step};
use consign_metadata::version::{Class, ClassRule, Version};
use toml::Spanned;

use super::account::UserName;
use super::error::Fault;
use super::files::{Files, Folder, Ground, host_path, one_line};
use super::notes::Note;
use super::units::{self, Unit};
use super::{ManifestError, authored, health, steps};
use crate::file::{FileError, OnFile};
use crate::package::Architecture;
use crate::package::deb::version as deb_version;

/// Whether steps may leave the careful defaults unsaid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// They may.
    Lenient,
    /// Every step says what an interruption means and how it is taken back.
    Strict,
}

/// A release project, ready to be built.
#[derive(Debug, Clone)]
pub struct Project {
    /// Folder of the manifest.
    pub root: PathBuf,
    /// The release.
    pub product: Product,
    /// Its packages.
    pub modules: Vec<Module>,
    /// What runs, in the order in which it is started.
    pub engines: Vec<UnitName>,
    /// What the site may choose.
    pub options: BTreeMap<Label, SiteOption>,
    /// What an administrator has to acknowledge.
    pub side_effects: Vec<SideEffect>,
    /// Programs that finish an upgrade, in order.
    pub steps: Vec<RunStep>,
    /// The health step.
    pub health: Step,
    /// Release notes back to supported-from, ascending.
    pub notes: Vec<Note>,
    /// Where it is published.
    pub repository: Option<Repository>,
}

/// A release of a product.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Product {
    pub id: ProductId,
    pub version: Version,
    pub revision: u32,
    /// The version as dpkg spells it.
    pub deb_version: String,
    pub summary: String,
    pub description: String,
    pub maintainer: String,
    pub homepage: Option<String>,
    pub license: String,
    pub supported_from: Version,
    pub upgrades: BTreeSet<Class>,
    pub class_rule: ClassRule,
    pub required_stops: Vec<Version>,
    pub minimum_agent: Version,
}

/// A package of the product.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Module {
    pub package: PackageName,
    pub summary: String,
    pub architecture: Architecture,
    pub section: String,
    pub depends_deb: Vec<String>,
    pub files: Vec<Files>,
    pub folders: Vec<Folder>,
    pub users: Vec<User>,
    pub units: Vec<Unit>,
}

/// A system user of the product, made before its files are unpacked.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct User {
    pub name: UserName,
    pub home: String,
    pub shell: String,
    pub groups: Vec<UserName>,
}

/// Where a product is published.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Repository {
    pub folder: PathBuf,
    pub url: String,
    pub channel: ChannelName,
    pub valid_for: Duration,
}

/// Why a project cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ProjectError {
    /// The manifest cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Something in it is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Manifest(#[from] ManifestError),
}

impl Project {
    /// Reads and checks a manifest and everything it names.
    ///
    /// # Errors
    /// [`ProjectError`]
    pub fn load(manifest: &Path, strictness: Strictness) -> Result<Self, ProjectError> {
        let text = std::fs::read_to_string(manifest).on("read", manifest)?;
        let ground = Ground::of(manifest).on("read", manifest)?;
        let authored: Result<authored::Manifest, Fault> = toml::from_str(&text).map_err(Fault::from);
        let project = authored.and_then(|authored| authored.validate(&ground, strictness));
        Ok(project.map_err(|fault| fault.in_file(manifest, &text))?)
    }
}

impl authored::Manifest {
    fn validate(&self, ground: &Ground, strictness: Strictness) -> Result<Project, Fault> {
        let product = self.product.validate(self)?;
        if self.modules.is_empty() {
            return Err(Fault::at(self.product.version.span(), "the product has no [[module]]"));
        }
        let mut names = BTreeSet::new();
        for module in &self.modules {
            if !names.insert(module.package.get_ref()) {
                let message = format!("two modules are called {:?}", module.package.get_ref().as_str());
                return Err(Fault::at(module.package.span(), message));
            }
        }
        let modules: Vec<_> =
            self.modules.iter().map(|m| m.validate(ground, &product.summary)).collect::<Result<_, _>>()?;
        let options = self.options.keys().collect();
        let notes = match &self.notes {
            Some(notes) => notes.validate(ground, &product.supported_from, &product.version)?,
            None => Vec::new(),
        };
        Ok(Project {
            root: ground.path().to_owned(),
            engines: units::engines(self.product.engines.as_ref(), &modules, self.product.version.span())?,
            options: self.options.iter().map(|(n, o)| Ok((n.clone(), o.validate()?))).collect::<Result<_, Fault>>()?,
            side_effects: self.side_effects()?,
            steps: steps::validate(&self.steps, &options, strictness)?,
            health: health::validate(&self.health, &options)?,
            repository: self.repository.as_ref().map(|r| r.validate(ground)).transpose()?,
            notes,
            product,
            modules,
        })
    }

    fn side_effects(&self) -> Result<Vec<SideEffect>, Fault> {
        let mut seen = BTreeSet::new();
        let mut effects = Vec::new();
        for effect in &self.side_effects {
            let id = effect.id.get_ref();
            if !seen.insert(id) {
                return Err(Fault::at(effect.id.span(), format!("two side effects are called {:?}", id.as_str())));
            }
            effects.push(SideEffect {
                id: id.clone(),
                when: effect.when.clone(),
                summary: effect.summary.clone(),
            });
        }
        Ok(effects)
    }
}

impl authored::Product {
    fn validate(&self, manifest: &authored::Manifest) -> Result<Product, Fault> {
        let (version, revision) = (self.version.get_ref(), *self.revision.get_ref());
        if revision == 0 {
            return Err(Fault::at(self.revision.span(), "packaging revisions count from 1"));
        }
        let deb_version =
            deb_version::of(version, revision).map_err(|e| Fault::at(self.version.span(), e.to_string()))?;
        let supported_from = match &self.supported_from {
            Some(from) if from.get_ref() > version => {
                return Err(Fault::at(from.span(), format!("supported_from is above the version {version}")));
            }
            Some(from) => from.get_ref().clone(),
            None => "0.0.0".parse().expect("it is a version"),
        };
        let class_rule = match &self.class_rule {
            Some(rule) if !rule.get_ref().is_valid() => {
                return Err(Fault::at(rule.span(), "a class rule has 1 ≤ major ≤ minor ≤ 3"));
            }
            rule => rule.as_ref().map_or_else(ClassRule::default, |rule| *rule.get_ref()),
        };
        Ok(Product {
            id: ProductId { vendor: manifest.vendor.clone(), product: self.name.clone() },
            summary: one_line(&self.summary, "summary")?,
            description: self.description.clone(),
            maintainer: maintainer(&self.maintainer)?,
            homepage: self.homepage.as_ref().map(web_address).transpose()?,
            license: self.license.as_ref().map_or_else(|| Ok("Proprietary".to_owned()), |l| one_line(l, "license"))?,
            upgrades: self.upgrades.clone().unwrap_or_else(|| [Class::Patch, Class::Minor].into()),
            required_stops: stops(&self.required_stops, version)?,
            minimum_agent: self.minimum_agent.clone().unwrap_or_else(|| super::plan::MINIMUM_AGENT.parse().expect("it is a version")),
            version: version.clone(),
            revision,
            deb_version,
            supported_from,
            class_rule,
        })
    }
}

fn stops(stops: &[Spanned<Version>], version: &Version) -> Result<Vec<Version>, Fault> {
    if let Some(late) = stops.iter().find(|stop| stop.get_ref() >= version) {
        return Err(Fault::at(late.span(), format!("{} is not a stop on the way to {version}", late.get_ref())));
    }
    let mut stops: Vec<_> = stops.iter().map(|stop| stop.get_ref().clone()).collect();
    stops.sort();
    Ok(stops)
}

fn maintainer(text: &Spanned<String>) -> Result<String, Fault> {
    let value = one_line(text, "maintainer")?;
    let address = value.strip_suffix('>').and_then(|rest| rest.split_once(" <")).map(|(_, address)| address);
    match address.and_then(|address| address.split_once('@')) {
        Some((user, host)) if !user.is_empty() && !host.is_empty() => Ok(value),
        _ => Err(Fault::at(text.span(), format!("{value:?} is not a maintainer, as in Acme <packages@acme.example>"))),
    }
}

fn web_address(text: &Spanned<String>) -> Result<String, Fault> {
    let value = one_line(text, "an address")?;
    if value.contains(char::is_whitespace) || !(value.starts_with("https://") || value.starts_with("http://")) {
        return Err(Fault::at(text.span(), format!("{value:?} is not an http:// or https:// address")));
    }
    Ok(value.trim_end_matches('/').to_owned())
}

impl authored::Module {
    fn validate(&self, ground: &Ground, summary: &str) -> Result<Module, Fault> {
        let section = self.section.get_ref();
        if section.is_empty() || !section.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-/".contains(&b)) {
            return Err(Fault::at(self.section.span(), format!("{section:?} is not a section, as in \"misc\"")));
        }
        Ok(Module {
            package: self.package.get_ref().clone(),
            summary: self.summary.as_ref().map_or_else(|| Ok(summary.to_owned()), |s| one_line(s, "summary"))?,
            architecture: self.architecture,
            section: section.clone(),
            depends_deb: relations(&self.depends.deb)?,
            files: self.files.iter().map(|files| files.validate(ground)).collect::<Result<_, _>>()?,
            folders: self.folders.iter().map(authored::Folder::validate).collect::<Result<_, _>>()?,
            users: self.users.iter().map(authored::User::validate).collect::<Result<_, _>>()?,
            units: self.units.iter().map(|unit| Unit::validate(unit, ground)).collect::<Result<_, _>>()?,
        })
    }
}

/// One entry for each dependency, even where one line was written for several.
fn relations(texts: &[Spanned<String>]) -> Result<Vec<String>, Fault> {
    let mut relations = Vec::new();
    for text in texts {
        for part in one_line(text, "a dependency")?.split(',').map(str::trim) {
            let starts_well = part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
            if !starts_well || !part.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.:~ |()<>=".contains(&b)) {
                return Err(Fault::at(text.span(), format!("{part:?} is not a dependency of a Debian package"))
                    .help("one entry for each, as in [\"python3\", \"libssl3 (>= 3.0)\"]"));
            }
            relations.push(part.to_owned());
        }
    }
    Ok(relations)
}

impl authored::User {
    fn validate(&self) -> Result<User, Fault> {
        let shell = match &self.shell {
            Some(shell) => host_path(shell)?,
            None => "/usr/sbin/nologin".to_owned(),
        };
        Ok(User { name: self.name.clone(), home: host_path(&self.home)?, shell, groups: self.groups.clone() })
    }
}

impl authored::SiteOption {
    fn validate(&self) -> Result<SiteOption, Fault> {
        let allowed: Vec<String> = self.allowed.get_ref().iter().map(|value| value.get_ref().clone()).collect();
        if let Some(bad) = self.allowed.get_ref().iter().find(|value| value.get_ref().chars().any(char::is_control)) {
            return Err(Fault::at(bad.span(), "a value is one line of text"));
        }
        let default = self.default.get_ref();
        if !allowed.contains(default) {
            let message = format!("the default {default:?} is not one of the allowed values");
            return Err(Fault::at(self.default.span(), message).help(format!("allowed are {}", allowed.join(", "))));
        }
        Ok(SiteOption { allowed, default: default.clone(), help: self.help.clone() })
    }
}

impl authored::Repository {
    fn validate(&self, ground: &Ground) -> Result<Repository, Fault> {
        let folder = one_line(&self.folder, "folder")?;
        Ok(Repository {
            // The one path that may lie elsewhere: often a web server's folder.
            folder: ground.path().join(folder),
            url: web_address(&self.url)?,
            channel: self.channel.clone(),
            valid_for: self.valid_for.0,
        })
    }
}
