//! The packages of a product.

use super::spanned::Spanned;
use consign_metadata::name::PackageName;

use super::account::UserName;
use super::authored;
use super::build::Build;
use super::error::Fault;
use super::files::{Files, Folder, Ground, host_path, one_line};
use super::product::Product;
use super::units::Unit;
use super::windows::Windows;
use crate::package::Architecture;
use crate::package::rpm::{BadRelation, Relation};

/// A package of the product.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Module {
    pub package: PackageName,
    pub summary: String,
    pub architecture: Architecture,
    pub section: String,
    pub depends_deb: Vec<String>,
    pub depends_rpm: Vec<Relation>,
    pub recommends: Weak,
    pub suggests: Weak,
    /// Packages whose files it takes over: earlier names of its own, and modules that had them before.
    pub replaces: Vec<PackageName>,
    /// The packages that took its place; not empty only for a transitional package.
    pub moved_to: Vec<PackageName>,
    pub files: Vec<Files>,
    pub folders: Vec<Folder>,
    pub users: Vec<User>,
    pub units: Vec<Unit>,
    /// What it is on Windows, where it is there at all.
    pub windows: Option<Windows>,
}

/// What a package does better with, as each format spells it.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Weak {
    pub deb: Vec<String>,
    pub rpm: Vec<Relation>,
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

impl authored::Module {
    /// Refuses everything that only a package of our own making can have.
    pub(super) fn is_bare(&self) -> Result<(), Fault> {
        let own = [
            ("files", !self.files.is_empty()),
            ("folders", !self.folders.is_empty()),
            ("users", !self.users.is_empty()),
            ("units", !self.units.is_empty()),
            ("depends", self.depends.says_something()),
            ("recommends", self.recommends.says_something()),
            ("suggests", self.suggests.says_something()),
            ("windows", self.windows.is_some()),
        ];
        match own.iter().find(|(_, said)| *said) {
            None => Ok(()),
            Some((key, _)) => {
                let message = format!(
                    "package {:?} was built by others, whose {key} stay as they are",
                    self.package.get_ref().as_str()
                );
                Err(Fault::at(self.package.span(), message)
                    .help("consign wrap keeps a package as it is; consign build makes one from files"))
            }
        }
    }

    pub(super) fn validate(&self, ground: &Ground, product: &Product, build: Option<&Build>) -> Result<Module, Fault> {
        let section = self.section.get_ref();
        if section.is_empty()
            || !section.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-/".contains(&b))
        {
            return Err(Fault::at(self.section.span(), format!("{section:?} is not a section, as in \"misc\"")));
        }
        Ok(Module {
            package: self.package.get_ref().clone(),
            summary: self.summary.as_ref().map_or_else(|| Ok(product.summary.clone()), |s| one_line(s, "summary"))?,
            architecture: self.architecture,
            section: section.clone(),
            depends_deb: depends(&self.depends, build)?,
            depends_rpm: depends_rpm(&self.depends, build)?,
            recommends: self.recommends.weak()?,
            suggests: self.suggests.weak()?,
            replaces: self.replaces.iter().map(|name| name.get_ref().clone()).collect(),
            moved_to: Vec::new(),
            files: self.files.iter().map(|files| files.validate(ground, build)).collect::<Result<_, _>>()?,
            folders: self.folders.iter().map(authored::Folder::validate).collect::<Result<_, _>>()?,
            users: self.users.iter().map(authored::User::validate).collect::<Result<_, _>>()?,
            units: self.units.iter().map(|unit| Unit::validate(unit, ground)).collect::<Result<_, _>>()?,
            windows: match &self.windows {
                Some(windows) => Some(windows.validate(ground, &product.id, &self.package, build)?),
                None => None,
            },
        })
    }
}

impl authored::Depends {
    fn says_something(&self) -> bool {
        !self.deb.is_empty() || !self.rpm.is_empty()
    }

    fn weak(&self) -> Result<Weak, Fault> {
        Ok(Weak { deb: relations(&self.deb)?, rpm: rpm_relations(&self.rpm)? })
    }
}

/// Its own, and those of its build.
fn depends(own: &authored::Depends, build: Option<&Build>) -> Result<Vec<String>, Fault> {
    let mut depends = relations(&own.deb)?;
    depends.extend(build.iter().flat_map(|build| build.depends_deb.clone()));
    Ok(depends)
}

fn depends_rpm(own: &authored::Depends, build: Option<&Build>) -> Result<Vec<Relation>, Fault> {
    let mut depends = rpm_relations(&own.rpm)?;
    depends.extend(build.iter().flat_map(|build| build.depends_rpm.clone()));
    Ok(depends)
}

/// As rpm spells them.
pub(super) fn rpm_relations(texts: &[Spanned<String>]) -> Result<Vec<Relation>, Fault> {
    let relation = |text: &Spanned<String>| {
        one_line(text, "a dependency")?.parse().map_err(|bad: BadRelation| {
            Fault::at(text.span(), bad.to_string())
                .help("one entry for each, as in [\"python3\", \"openssl-libs >= 3.0\", \"(a or b)\"]")
        })
    };
    texts.iter().map(relation).collect()
}

/// One entry for each dependency, even where one line was written for several.
pub(super) fn relations(texts: &[Spanned<String>]) -> Result<Vec<String>, Fault> {
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
