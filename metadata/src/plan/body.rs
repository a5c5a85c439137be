//! What makes up a product, what its site may choose, and what is asked before an upgrade.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Data, Maintenance, RunStep, Step, WindowsModule};
use crate::add_on::{self, AllowedAddOn, Joins};
use crate::digest::Sha256;
use crate::name::{Label, PackageName, UnitName};
use crate::prerequisite::Prerequisite;
use crate::task::Task;
use crate::text::Text;
use crate::version::{Version, VersionRange};

/// What is to be done, formats 1 to 3. What the later ones brought is named in [`PlanBody::lowest_format`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanBody {
    /// Format of the body.
    pub format: u32,
    /// The packages that make up the product.
    pub modules: Vec<Module>,
    /// The units that run the product, in the order in which they are started.
    pub engines: Vec<UnitName>,
    /// Engines that had another name in earlier releases: the new name, and the old one. Since format 2.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub renamed_engines: BTreeMap<UnitName, UnitName>,
    /// What the site may choose.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<Label, SiteOption>,
    /// What the upgrade does that an administrator has to know and acknowledge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub side_effects: Vec<SideEffect>,
    /// What must hold before the upgrade begins. Since format 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prerequisites: Vec<Prerequisite>,
    /// What a person has to do before the upgrade begins. Since format 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Task>,
    /// Add-ons that may join. Since format 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_ons: Vec<AllowedAddOn>,
    /// What this product joins, where it is an add-on. Since format 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joins: Option<Joins>,
    /// How long everything before the packages takes, as the vendor sees it. Since format 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparation_seconds: Option<u32>,
    /// How a host sees which version the data is at. Since format 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// How the product runs and serves nobody. Since format 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<Maintenance>,
    /// Programs of the steps that the site keeps: no package brings them. Since format 3.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub site_programs: BTreeSet<String>,
    /// What the modules are on Windows, where they are there. Since format 3.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub windows: BTreeMap<PackageName, WindowsModule>,
    /// The one list that is walked forward, or back. Exactly one item is [`Step::Packages`].
    pub steps: Vec<Step>,
}

impl PlanBody {
    /// The lowest format that can carry this body: what a publisher writes, so that the oldest agent that
    /// could carry it out also reads it.
    pub fn lowest_format(&self) -> u32 {
        let is_second = add_on::is_used(self)
            || !self.renamed_engines.is_empty()
            || !self.prerequisites.is_empty()
            || !self.tasks.is_empty()
            || self.steps.iter().any(|step| matches!(step, Step::Task(_)))
            || self.modules.iter().any(|module| !module.builds.is_empty());
        match (self.is_third(), is_second) {
            (true, _) => 3,
            (false, true) => 2,
            (false, false) => 1,
        }
    }

    fn is_third(&self) -> bool {
        self.has_procedure()
            || self.data.is_some()
            || !self.windows.is_empty()
            || self.preparation_seconds.is_some()
            || self.steps.iter().any(|step| matches!(step, Step::Backup(_)))
    }

    /// Whether it uses what format 3 brought of steps beside the backup. A journal of such an upgrade may have
    /// failures that an older agent does not know.
    pub fn has_procedure(&self) -> bool {
        let joined = self.joins.iter().flat_map(|joins| &joins.steps).map(|step| &step.run);
        let limited = |run: &RunStep| run.limits.is_some();
        let is_new = |step: &Step| {
            matches!(step, Step::Until(_) | Step::Scripts(_) | Step::EnterMaintenance | Step::LeaveMaintenance)
        };
        self.maintenance.is_some()
            || !self.site_programs.is_empty()
            || self.steps.iter().any(is_new)
            || self.steps.iter().filter_map(Step::program).chain(joined).any(limited)
    }
}

/// A package of the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// Its native name.
    pub package: PackageName,
    /// Its native version in each format; the agent compares these and never parses them.
    pub native: NativeVersions,
    /// Format 2: its native versions in further builds of the same release, one for each release of a
    /// distribution. A package at any of them is at this release.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub builds: Vec<NativeVersions>,
}

impl Module {
    /// Its native versions in every build.
    pub fn natives(&self) -> impl Iterator<Item = &NativeVersions> {
        std::iter::once(&self.native).chain(&self.builds)
    }
}

/// The version of a package as each package manager spells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NativeVersions {
    /// As dpkg spells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deb: Option<String>,
    /// As rpm spells it: `version-release`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpm: Option<String>,
    /// As Windows has it on record: `version-revision`. The `ProductVersion` of Windows Installer, which has no
    /// room for a pre-release, is not told apart by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msi: Option<String>,
}

/// A choice of the site that steps may refer to as `{option.<name>}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteOption {
    /// The values it may take.
    pub allowed: Vec<String>,
    /// The value where the site says nothing; one of `allowed`.
    pub default: String,
    /// What it decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<Text>,
}

/// A declared consequence beyond the upgrade itself, such as credentials that are reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideEffect {
    /// Its name within the product.
    pub id: Label,
    /// Which upgrades have it.
    #[serde(default)]
    pub when: When,
    /// What happens, in a sentence.
    pub summary: Text,
}

impl SideEffect {
    /// The digest an acknowledgement is for: of the sentence, so that another consequence asks again.
    pub fn digest(&self) -> Sha256 {
        let french = self.summary.fr.as_deref().unwrap_or_default();
        Sha256::of(format!("{}\0{}", self.summary.en, french).as_bytes())
    }
}

/// Which upgrades something applies to. Everything that is given must hold; nothing given: always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct When {
    /// The version last finished is in this range. Never holds for a first install.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<VersionRange>,
    /// The version that is upgraded to is in this range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<VersionRange>,
    /// `true`: only a first install; `false`: never a first install.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_install: Option<bool>,
}

impl When {
    /// Whether it applies to the upgrade; `from` is `None` for a first install.
    pub fn applies(&self, from: Option<&Version>, to: &Version) -> bool {
        let from_holds = match (&self.from, from) {
            (None, _) => true,
            (Some(range), Some(from)) => range.contains(from),
            (Some(_), None) => false,
        };
        from_holds
            && self.to.as_ref().is_none_or(|range| range.contains(to))
            && self.first_install.is_none_or(|first| first == from.is_none())
    }
}
