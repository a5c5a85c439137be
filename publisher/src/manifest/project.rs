//! A manifest that was checked: every name, path and reference in it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use consign_metadata::name::{Label, PackageName, UnitName};
use consign_metadata::plan::{Backup, Data, Maintenance, NativeVersions, SideEffect, SiteOption, Step};
use consign_metadata::prerequisite::Prerequisite;

use super::command::Known;
use super::error::Fault;
use super::files::Ground;
use super::notes::Note;
use super::windows::siblings;
use super::{
    AddOns, Build, ManifestError, Module, Product, Repository, Tasks, WindowsSigning, authored, backup, build,
    capabilities, data, health, maintenance, prerequisites, programs, steps, units,
};
use crate::file::{FileError, OnFile};
use crate::package::PackageFormat;

/// Whether steps may leave the careful defaults unsaid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// They may.
    Lenient,
    /// Every step says what an interruption means and how it is taken back.
    Strict,
}

/// Who makes the packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packaging {
    /// `consign build`, from files of the project.
    Own,
    /// Somebody else; `consign wrap` adds the plan. What they install is known only from them.
    Foreign,
}

/// A release project, ready to be built.
#[derive(Debug, Clone)]
pub struct Project {
    /// Folder of the manifest.
    pub root: PathBuf,
    /// The release.
    pub product: Product,
    /// All builds of the release; none where there is but one.
    pub builds: Vec<Build>,
    /// The build that this is.
    pub build: Option<Build>,
    /// The versions of packages that were built by others, one entry for each of their builds.
    pub foreign: BTreeMap<PackageName, Vec<NativeVersions>>,
    /// Its packages.
    pub modules: Vec<Module>,
    /// What runs, in the order in which it is started.
    pub engines: Vec<UnitName>,
    /// Engines that had another name in earlier releases: the new name, and the old one.
    pub renamed_engines: BTreeMap<UnitName, UnitName>,
    /// What the site may choose.
    pub options: BTreeMap<Label, SiteOption>,
    /// What an administrator has to acknowledge.
    pub side_effects: Vec<SideEffect>,
    /// What must hold on a host before an upgrade begins.
    pub prerequisites: Vec<Prerequisite>,
    /// What only a person can do.
    pub tasks: Tasks,
    /// What is saved before an upgrade changes anything.
    pub backup: Option<Backup>,
    /// Programs that finish an upgrade, in order.
    pub steps: Vec<Step>,
    /// How a host sees which version the data is at.
    pub data: Option<Data>,
    /// How it runs and serves nobody.
    pub maintenance: Option<Maintenance>,
    /// What it says of add-ons.
    pub add_ons: AddOns,
    /// The health step.
    pub health: Step,
    /// Release notes back to supported-from, ascending.
    pub notes: Vec<Note>,
    /// How packages are signed for Windows.
    pub windows: Option<WindowsSigning>,
    /// Where it is published.
    pub repository: Option<Repository>,
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
        Self::read(manifest, strictness, Packaging::Own, None)
    }

    /// The project of packages that were built by others.
    ///
    /// # Errors
    /// [`ProjectError`]
    pub fn load_foreign(manifest: &Path, strictness: Strictness) -> Result<Self, ProjectError> {
        Self::read(manifest, strictness, Packaging::Foreign, None)
    }

    /// The project as one of its builds.
    ///
    /// # Errors
    /// [`ProjectError`]; only files of this build have to be there.
    pub fn load_build(manifest: &Path, strictness: Strictness, build: &str) -> Result<Self, ProjectError> {
        Self::read(manifest, strictness, Packaging::Own, Some(build))
    }

    fn read(
        manifest: &Path,
        strictness: Strictness,
        packaging: Packaging,
        build: Option<&str>,
    ) -> Result<Self, ProjectError> {
        let text = std::fs::read_to_string(manifest).on("read", manifest)?;
        let ground = Ground::of(manifest).on("read", manifest)?;
        let authored: Result<authored::Manifest, Fault> = toml::from_str(&text).map_err(Fault::from);
        let project = authored.and_then(|authored| authored.validate(&ground, strictness, packaging, build));
        Ok(project.map_err(|fault| fault.in_file(manifest, &text))?)
    }
}

impl Project {
    /// The Debian version of its packages, in this build.
    pub fn deb_version(&self) -> String {
        let release = &self.product.deb_version;
        self.build.as_ref().map_or_else(|| release.clone(), |build| build.version(release))
    }
}

impl Project {
    /// The versions of a module, in this build: for Windows only where it says what it is there.
    pub fn native_of(&self, module: &Module) -> NativeVersions {
        module.among(self.native())
    }
}

impl Module {
    /// Those of the formats in which it is built.
    pub fn among(&self, native: NativeVersions) -> NativeVersions {
        NativeVersions { msi: native.msi.filter(|_| self.windows.is_some()), ..native }
    }
}

impl Project {
    /// The versions of its packages, in this build.
    pub fn native(&self) -> NativeVersions {
        self.build.as_ref().map_or_else(|| self.product.native(), |build| build.native(&self.product))
    }
}

impl authored::Manifest {
    fn validate(
        &self,
        ground: &Ground,
        strictness: Strictness,
        packaging: Packaging,
        build: Option<&str>,
    ) -> Result<Project, Fault> {
        let mut product = self.product.validate(self)?;
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
        self.one_account_per_name()?;
        let builds = build::validate(&self.builds, &product)?;
        let build = match build {
            Some(name) => Some(builds.iter().find(|build| build.name == name).ok_or_else(|| {
                Fault::at(self.product.version.span(), format!("there is no [[build]] with name = {name:?}"))
            })?),
            None => builds.first(),
        };
        if packaging == Packaging::Foreign {
            self.modules.iter().try_for_each(authored::Module::is_bare)?;
            // Where nothing is said, the packages say it.
            if self.product.formats.is_none() {
                product.formats.clear();
            }
            if let Some(build) = self.builds.first() {
                return Err(Fault::at(
                    build.name.span(),
                    "builds of packages that others made are told by their versions",
                )
                .help("leave [[build]] out, and give all builds of the release to consign wrap in one call"));
            }
        }
        capabilities::can_be_carried(self, &product.formats, &builds)?;
        self.is_somewhere_on_windows(&product)?;
        let mut modules: Vec<_> =
            self.modules.iter().map(|m| m.validate(ground, &product, build)).collect::<Result<_, _>>()?;
        siblings::are_apart(&self.modules, &modules)?;
        modules.extend(self.transitional(&product.id.vendor)?);
        let known = self.known(&product);
        let notes = match &self.notes {
            Some(notes) => notes.validate(ground, &product.supported_from, &product.version)?,
            None => Vec::new(),
        };
        let engines = match packaging {
            Packaging::Own => units::engines(self.product.engines.as_ref(), &modules, self.product.version.span())?,
            Packaging::Foreign => self.product.engines.iter().flatten().map(|unit| unit.get_ref().clone()).collect(),
        };
        let backup = backup::validate(self.backup.as_ref(), &known)?;
        let steps = self.programs(&known, strictness, &product, &modules)?;
        backup::is_there_for(&self.steps, &steps, backup.is_some())?;
        Ok(Project {
            root: ground.path().to_owned(),
            renamed_engines: self.renamed_engines(&engines)?,
            engines,
            options: self.options.iter().map(|(n, o)| Ok((n.clone(), o.validate()?))).collect::<Result<_, Fault>>()?,
            side_effects: self.side_effects()?,
            prerequisites: prerequisites::validate(&self.prerequisites, &known)?,
            tasks: Tasks::of(self)?,
            maintenance: self.maintenance.as_ref().map(|mode| maintenance::validate(mode, &known)).transpose()?,
            backup,
            data: data::validate(self.data.as_ref(), &known, &steps)?,
            steps,
            add_ons: AddOns::of(self, &product.id, &known, strictness)?,
            health: health::validate(&self.health, &known)?,
            windows: self.windows.as_ref().map(|windows| windows.validate(ground)).transpose()?,
            repository: self.repository.as_ref().map(|r| r.validate(ground)).transpose()?,
            notes,
            foreign: BTreeMap::new(),
            build: build.cloned(),
            builds,
            product,
            modules,
        })
    }

    /// What a word in braces may mean in its programs.
    fn known(&self, product: &Product) -> Known<'_> {
        let is_on_windows_alone = product.formats.iter().all(|format| *format == PackageFormat::Msi);
        let modules = self.modules.iter().filter(|module| module.windows.is_some());
        Known {
            options: self.options.keys().collect(),
            folders: modules.map(|module| module.package.get_ref()).collect(),
            is_on_windows_alone,
        }
    }

    fn programs(
        &self,
        known: &Known<'_>,
        strictness: Strictness,
        product: &Product,
        modules: &[Module],
    ) -> Result<Vec<Step>, Fault> {
        let Product { version, supported_from, .. } = product;
        let release = programs::Release { known, version, supported_from, modules };
        let runs = steps::validate(&self.steps, known, strictness)?;
        self.steps.iter().zip(runs).map(|(step, run)| release.step(step, run)).collect()
    }

    /// A product for Windows has a module that says what it is there.
    fn is_somewhere_on_windows(&self, product: &Product) -> Result<(), Fault> {
        let is_said = self.modules.iter().any(|module| module.windows.is_some());
        match &self.product.formats {
            Some(formats) if product.formats.contains(&PackageFormat::Msi) && !is_said => {
                Err(Fault::at(formats.span(), "no module says what it is on Windows")
                    .help("give one of them a table [module.windows] with its files"))
            }
            _ => Ok(()),
        }
    }

    /// Whichever package comes first on a host makes the account.
    fn one_account_per_name(&self) -> Result<(), Fault> {
        let mut seen: BTreeMap<_, &authored::User> = BTreeMap::new();
        for user in self.modules.iter().flat_map(|module| &module.users) {
            let shell = |user: &authored::User| user.shell.as_ref().map(|shell| shell.get_ref().clone());
            if let Some(other) = seen.insert(&user.name, user)
                && (other.home.get_ref() != user.home.get_ref() || shell(other) != shell(user))
            {
                let message = format!("user {} has another home or shell in another module", user.name);
                return Err(Fault::at(user.home.span(), message).help(
                    "which of them counts would depend on which package is unpacked first; say the same in both",
                ));
            }
        }
        Ok(())
    }

    fn side_effects(&self) -> Result<Vec<SideEffect>, Fault> {
        let mut seen = BTreeSet::new();
        let mut effects = Vec::new();
        for effect in &self.side_effects {
            let id = effect.id.get_ref();
            if !seen.insert(id) {
                return Err(Fault::at(effect.id.span(), format!("two side effects are called {:?}", id.as_str())));
            }
            effects.push(SideEffect { id: id.clone(), when: effect.when.clone(), summary: effect.summary.clone() });
        }
        Ok(effects)
    }
}
