//! The manifest as it is typed. Every key is listed here, and only those are allowed.

use std::collections::{BTreeMap, BTreeSet};

use super::spanned::Spanned;
use consign_metadata::anchor::Fingerprint;
use consign_metadata::name::{ChannelName, Label, PackageName, ProductId, ProductName, UnitName, VendorName};
use consign_metadata::plan::{Limits, OnInterrupt, Undo, When};
use consign_metadata::text::Text;
use consign_metadata::version::{Class, ClassRule, Version, VersionRange};
use schemars::JsonSchema;
use serde::Deserialize;

use super::account::UserName;
use super::duration::Span;
use super::windows::authored::{Windows, WindowsSigning};
use crate::package::{Architecture, PackageFormat};

/// The whole file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Whose product it is.
    pub vendor: VendorName,
    /// The release.
    pub product: Product,
    /// Its builds, where it has one for each release of a distribution.
    #[serde(default, rename = "build")]
    pub builds: Vec<Build>,
    /// Its packages.
    #[serde(default, rename = "module")]
    pub modules: Vec<Module>,
    /// What the site may choose.
    #[serde(default)]
    pub options: BTreeMap<Label, SiteOption>,
    /// What an administrator has to acknowledge.
    #[serde(default, rename = "side_effect")]
    pub side_effects: Vec<SideEffect>,
    /// What must hold on a host before an upgrade begins.
    #[serde(default, rename = "prerequisite")]
    pub prerequisites: Vec<Spanned<Prerequisite>>,
    /// What only a person can do.
    #[serde(default, rename = "task")]
    pub tasks: Vec<Task>,
    /// What is saved before an upgrade changes anything.
    pub backup: Option<Spanned<Backup>>,
    /// Programs that finish an upgrade, in order.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
    /// How a host sees which version the data is at.
    pub data: Option<Data>,
    /// Add-ons that may join.
    #[serde(default, rename = "add_on")]
    pub add_ons: Vec<AddOn>,
    /// What the product joins, where it is an add-on.
    pub joins: Option<Joins>,
    /// How it runs and serves nobody.
    pub maintenance: Option<Spanned<Maintenance>>,
    /// How to see that the product works.
    #[serde(default)]
    pub health: Vec<Spanned<Health>>,
    /// Release notes.
    pub notes: Option<Notes>,
    /// How packages are signed for Windows.
    pub windows: Option<WindowsSigning>,
    /// Where it is published.
    pub repository: Option<Repository>,
}

/// `[product]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Product {
    pub name: ProductName,
    pub version: Spanned<Version>,
    #[serde(default = "one")]
    pub revision: Spanned<u32>,
    pub summary: Spanned<String>,
    #[serde(default)]
    pub description: String,
    pub maintainer: Spanned<String>,
    pub homepage: Option<Spanned<String>>,
    pub license: Option<Spanned<String>>,
    pub supported_from: Option<Spanned<Version>>,
    pub upgrades: Option<BTreeSet<Class>>,
    pub class_rule: Option<Spanned<ClassRule>>,
    #[serde(default)]
    pub required_stops: Vec<Spanned<Version>>,
    pub engines: Option<Vec<Spanned<UnitName>>>,
    #[serde(default)]
    pub renamed_engines: BTreeMap<UnitName, Spanned<UnitName>>,
    pub add_on_points: Option<BTreeSet<Point>>,
    pub minimum_agent: Option<Version>,
    pub preparation: Option<Span>,
    pub formats: Option<Spanned<BTreeSet<PackageFormat>>>,
    pub windows_version: Option<Spanned<String>>,
}

fn one() -> Spanned<u32> {
    Spanned::new(0..0, 1)
}

/// `[[build]]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Build {
    pub name: Spanned<String>,
    pub channel: Option<ChannelName>,
    pub formats: Option<Spanned<BTreeSet<PackageFormat>>>,
    #[serde(default)]
    pub depends: Depends,
}

/// `[[module]]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Module {
    pub package: Spanned<PackageName>,
    pub summary: Option<Spanned<String>>,
    #[serde(default)]
    pub architecture: Architecture,
    #[serde(default = "misc")]
    pub section: Spanned<String>,
    #[serde(default)]
    pub depends: Depends,
    #[serde(default)]
    pub recommends: Depends,
    #[serde(default)]
    pub suggests: Depends,
    #[serde(default)]
    pub replaces: Vec<Spanned<PackageName>>,
    #[serde(default)]
    pub files: Vec<Files>,
    #[serde(default)]
    pub folders: Vec<Folder>,
    #[serde(default)]
    pub users: Vec<User>,
    #[serde(default)]
    pub units: Vec<Spanned<String>>,
    pub windows: Option<Windows>,
}

fn misc() -> Spanned<String> {
    Spanned::new(0..0, "misc".to_owned())
}

/// Dependencies by package format.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Depends {
    /// As dpkg spells them.
    #[serde(default)]
    pub deb: Vec<Spanned<String>>,
    /// As rpm spells them.
    #[serde(default)]
    pub rpm: Vec<Spanned<String>>,
}

/// An entry of `files`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Files {
    pub from: Spanned<String>,
    pub to: Spanned<String>,
    pub mode: Option<Spanned<String>>,
    pub owner: Option<UserName>,
    pub group: Option<UserName>,
    #[serde(default)]
    pub config: bool,
    pub capabilities: Option<Spanned<String>>,
}

/// An entry of `folders`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Folder {
    pub path: Spanned<String>,
    pub owner: Option<UserName>,
    pub group: Option<UserName>,
    pub mode: Option<Spanned<String>>,
}

/// An entry of `users`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct User {
    pub name: UserName,
    pub home: Spanned<String>,
    pub shell: Option<Spanned<String>>,
    #[serde(default)]
    pub groups: Vec<UserName>,
}

/// `[options.<name>]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct SiteOption {
    pub allowed: Spanned<Vec<Spanned<String>>>,
    pub default: Spanned<String>,
    pub help: Option<Text>,
}

/// `[[side_effect]]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct SideEffect {
    pub id: Spanned<Label>,
    #[serde(default)]
    pub when: When,
    pub summary: Text,
}

/// `[[prerequisite]]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Prerequisite {
    pub id: Spanned<Label>,
    #[serde(default)]
    pub when: When,
    pub command: Option<Spanned<Vec<Spanned<String>>>>,
    pub user: Option<UserName>,
    pub timeout: Option<Spanned<Span>>,
    pub free_space: Option<FreeSpace>,
    pub otherwise: Text,
}

/// `free_space` of a prerequisite.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct FreeSpace {
    pub folder: Spanned<String>,
    pub mebibytes: Spanned<u64>,
}

/// `[[task]]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Task {
    pub id: Spanned<Label>,
    pub at: Moment,
    #[serde(default)]
    pub when: When,
    pub summary: Text,
    pub detail: Option<Text>,
    pub undo: Option<Spanned<TaskUndo>>,
}

/// Where in an upgrade a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// Before anything is stopped; the upgrade is held until it is done.
    Before,
    /// With the engines stopped, after the programs of the vendor's.
    BeforeStart,
    /// When the product runs and is found healthy.
    After,
}

/// How a task is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TaskUndo {
    /// It left nothing that disturbs the old version.
    Harmless,
    /// It cannot be taken back.
    Impossible,
}

/// `[backup]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Backup {
    #[serde(default)]
    pub paths: Vec<Spanned<String>>,
    pub timeout: Option<Span>,
    #[serde(default, rename = "command")]
    pub commands: Vec<BackupCommand>,
    #[serde(default, rename = "database")]
    pub databases: Vec<BackupDatabase>,
}

/// `[[backup.database]]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct BackupDatabase {
    pub name: Spanned<Label>,
    pub postgresql: Option<Spanned<String>>,
    pub mariadb: Option<Spanned<String>>,
    pub sqlite: Option<Spanned<String>>,
    pub user: Option<UserName>,
    pub socket: Option<Spanned<String>>,
    pub port: Option<Spanned<u16>>,
}

/// `[[backup.command]]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct BackupCommand {
    pub name: Spanned<Label>,
    pub save: Spanned<Vec<Spanned<String>>>,
    pub verify: Option<Spanned<Vec<Spanned<String>>>>,
    pub restore: Spanned<Vec<Spanned<String>>>,
    pub user: Option<UserName>,
}

/// `[[step]]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Step {
    pub name: Spanned<Label>,
    pub run: Spanned<Vec<Spanned<String>>>,
    pub user: Option<UserName>,
    #[serde(default)]
    pub login_shell: bool,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    pub working_folder: Option<Spanned<String>>,
    pub timeout: Option<Span>,
    pub on_interrupt: Option<OnInterrupt>,
    pub undo: Option<Spanned<Undo>>,
    pub retry_later_exit: Option<Spanned<u8>>,
    pub done_probe: Option<Spanned<Vec<Spanned<String>>>>,
    pub limits: Option<Spanned<Limits>>,
    #[serde(default)]
    pub when: When,
    pub until: Option<Spanned<Until>>,
    pub scripts: Option<Spanned<Scripts>>,
    pub point: Option<Spanned<Label>>,
}

/// `[data]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Data {
    pub probe: DataProbe,
    pub version: Option<Spanned<String>>,
    #[serde(default)]
    pub steps: Vec<Spanned<Label>>,
    pub lock: Option<Spanned<DataLock>>,
}

/// `lock` of the data.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct DataLock {
    pub postgresql: Option<Spanned<String>>,
    pub mariadb: Option<Spanned<String>>,
    pub user: Option<UserName>,
    pub socket: Option<Spanned<String>>,
    pub port: Option<Spanned<u16>>,
}

/// `probe` of the data.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct DataProbe {
    pub command: Spanned<Vec<Spanned<String>>>,
    pub user: UserName,
    pub timeout: Option<Spanned<Span>>,
}

/// `until` of a step.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Until {
    pub http: Option<Spanned<String>>,
    pub tcp: Option<Spanned<String>>,
    pub command: Option<Spanned<Vec<Spanned<String>>>>,
    pub user: Option<UserName>,
    pub line: Option<String>,
    #[serde(default)]
    pub exit: bool,
    pub stop: Option<Span>,
}

/// `scripts` of a step.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Scripts {
    pub folder: Spanned<String>,
    #[serde(default)]
    pub prefix: String,
}

/// `[maintenance]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Maintenance {
    pub flag: Option<Spanned<String>>,
    pub enter: Option<Spanned<Vec<Spanned<String>>>>,
    pub leave: Option<Spanned<Vec<Spanned<String>>>>,
    pub user: Option<UserName>,
    pub timeout: Option<Span>,
}

/// `[[add_on]]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct AddOn {
    #[schemars(with = "String")]
    pub product: Spanned<ProductId>,
    #[schemars(with = "String")]
    pub primary: Fingerprint,
    pub versions: Option<VersionRange>,
}

/// `[joins]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Joins {
    #[schemars(with = "String")]
    pub product: Spanned<ProductId>,
    pub versions: VersionRange,
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
}

/// Where in an upgrade the steps of add-ons are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// With the engines stopped, after the programs of the base's vendor.
    BeforeStart,
    /// When the engines run again, before the product is found healthy.
    AfterStart,
}

/// `[[health]]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Health {
    pub http: Option<Spanned<String>>,
    pub tcp: Option<Spanned<String>>,
    pub command: Option<Spanned<Vec<Spanned<String>>>>,
    pub user: Option<UserName>,
    pub within: Option<Span>,
    pub stable: Option<Span>,
}

/// `[notes]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notes {
    /// The folder of `<version>.<language>.md`.
    #[serde(default = "notes_folder")]
    pub folder: Spanned<String>,
    /// Which notes a person has to acknowledge: `"none"`, `"all"`, or a list of versions.
    #[schemars(with = "Option<super::schema::Acknowledge>")]
    pub acknowledge: Option<Spanned<toml::Value>>,
}

fn notes_folder() -> Spanned<String> {
    Spanned::new(0..0, "notes".to_owned())
}

/// `[repository]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// Where it is published to.
    #[serde(default = "public")]
    pub folder: Spanned<String>,
    /// Where hosts find it.
    pub url: Spanned<String>,
    /// The channel, where the command names no other.
    #[serde(default = "stable")]
    pub channel: ChannelName,
    /// How long hosts believe that nothing newer exists.
    #[serde(default = "thirty_days")]
    pub valid_for: Span,
}

fn public() -> Spanned<String> {
    Spanned::new(0..0, "public".to_owned())
}

fn stable() -> ChannelName {
    "stable".parse().expect("it is a channel name")
}

fn thirty_days() -> Span {
    "30d".parse().expect("it is a length of time")
}
