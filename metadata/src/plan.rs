//! The upgrade plan: what has to happen around the package manager, as data.
//!
//! One plan per release. The same bytes travel in every module, format and architecture of it.
//! The outer envelope ([`Envelope`]) is frozen as format 1 for ever, so that the oldest agent can
//! say what a release is and that it needs a newer agent. The body ([`PlanBody`]) is versioned.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::add_on::{self, AllowedAddOn, Joins};
use crate::digest::Sha256;
use crate::document::{DocumentError, Kind, heading};
use crate::name::{Label, PackageName, ProductId, ProductName, UnitName, VendorName};
use crate::prerequisite::Prerequisite;
use crate::task::Task;
use crate::text::{Language, Text};
use crate::version::{Class, ClassRule, Version, VersionRange};

/// The only format of the envelope there will ever be.
pub const ENVELOPE_FORMAT: u32 = 1;
/// The newest format of the body that this crate reads.
pub const BODY_FORMAT: u32 = 2;
/// The largest plan a reader takes, in bytes of the signed message.
pub const MAXIMUM_SIZE: u64 = 1024 * 1024;
/// Name of the member that carries the signed plan in the control archive of a .deb.
pub const DEB_MEMBER: &str = "consign-plan";
/// Start of the names of the members of that archive that carry release notes; see [`note_member`].
const NOTE_MEMBER: &str = "consign-note.";
/// The largest release note in one language, in bytes: more is not what a person reads.
pub const MAXIMUM_NOTE_SIZE: u64 = 1024 * 1024;
/// Where a package installs its plan: `<this>/<package>.pgp`.
pub const INSTALLED_FOLDER: &str = "/usr/share/consignee/plans";

/// What every agent, of whatever age, understands of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Always [`Kind::Plan`].
    pub kind: Kind,
    /// Always [`ENVELOPE_FORMAT`].
    pub format: u32,
    /// Whose product it is.
    pub vendor: VendorName,
    /// The product.
    pub product: ProductName,
    /// The version this plan upgrades to.
    pub version: Version,
    /// Packaging revision of that version, from 1.
    pub revision: u32,
    /// The oldest version that can be upgraded by this plan.
    pub supported_from: Version,
    /// The classes of change that the vendor supports in place.
    pub upgrades: BTreeSet<Class>,
    /// What counts as major and minor.
    pub class_rule: ClassRule,
    /// Versions that may not be jumped over on the way to this one, ascending.
    pub required_stops: Vec<Version>,
    /// The release notes back to `supported_from`, ascending.
    pub notes: Vec<NoteReference>,
    /// The oldest agent that can carry the plan out.
    pub minimum_agent: Version,
    /// The body; read it with [`UpgradePlan::parse`].
    pub body: serde_json::Value,
}

/// A release note by digest: an edited note is another note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteReference {
    /// The version the note speaks of.
    pub version: Version,
    /// Whether a person has to acknowledge it before the upgrade.
    pub acknowledge: bool,
    /// Digest of the Markdown text by language; English is always there.
    pub texts: BTreeMap<Language, Sha256>,
}

impl NoteReference {
    /// The digest that an acknowledgement is for: of all languages together, so that whoever read the
    /// note in one language has read it, and an edit in any makes it unread.
    pub fn digest(&self) -> Sha256 {
        let lines: String = self.texts.iter().map(|(language, digest)| format!("{language}:{digest}\n")).collect();
        Sha256::of(lines.as_bytes())
    }
}

/// The file name of a release note, `<version>.<language>.md`, with the version as its vendor wrote it.
pub fn note_file(version: &Version, language: Language) -> String {
    format!("{version}.{language}.md")
}

/// The note that a file name stands for; `None` when it is not the name of a note.
pub fn parse_note_file(name: &str) -> Option<(Version, Language)> {
    let (version, language) = name.strip_suffix(".md")?.rsplit_once('.')?;
    Some((version.parse().ok()?, Language::of_code(language)?))
}

/// The member that carries a release note in the control archive of a .deb.
pub fn note_member(version: &Version, language: Language) -> String {
    format!("{NOTE_MEMBER}{}", note_file(version, language))
}

/// The note that such a member carries; `None` when it is not the name of one.
pub fn parse_note_member(name: &str) -> Option<(Version, Language)> {
    parse_note_file(name.strip_prefix(NOTE_MEMBER)?)
}

/// What is to be done, formats 1 and 2. What format 2 brought is named in [`PlanBody::lowest_format`].
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
        if is_second { 2 } else { 1 }
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
    /// The `ProductVersion` of the MSI.
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

/// One item of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Tells the people on the host.
    Announce {
        /// Words of the vendor's; the agent has its own where there are none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Text>,
    },
    /// Stops the engines, last started first. Its undo starts those that ran before.
    Stop {
        /// How long the engines may take.
        timeout_seconds: u32,
    },
    /// The transaction of the package manager. Observed, never run by the plan.
    Packages,
    /// A program of the vendor's.
    Run(RunStep),
    /// `systemctl daemon-reload`, once.
    DaemonReload,
    /// Starts what ran or was enabled before, in the declared order.
    Start {
        /// How long each engine may take to become active.
        timeout_seconds: u32,
    },
    /// Watches that the product works.
    Health {
        /// Every one must hold. That each started engine stays active is always checked.
        checks: Vec<HealthCheck>,
        /// How long they may take to hold for the first time.
        within_seconds: u32,
        /// How long they must then hold without a break.
        stable_seconds: u32,
    },
    /// Waits for a person: with the engines stopped before the start, with the product running after it.
    /// Since format 2.
    Task(Task),
    /// Where the steps of add-ons are run; nothing by itself. Since format 2.
    AddOns {
        /// The name by which add-ons refer to it.
        point: Label,
    },
}

impl Step {
    /// The name of the step in the journal: its kind, or the name its vendor gave it.
    pub fn name(&self) -> &str {
        match self {
            Self::Announce { .. } => "announce",
            Self::Stop { .. } => "stop",
            Self::Packages => "packages",
            Self::Run(run) => run.name.as_str(),
            Self::DaemonReload => "daemon-reload",
            Self::Start { .. } => "start",
            Self::Health { .. } => "health",
            Self::Task(task) => task.id.as_str(),
            Self::AddOns { point } => point.as_str(),
        }
    }
}

/// Names that a `run` step or a task cannot take, since the journal tells steps by name.
pub const RESERVED_STEP_NAMES: [&str; 7] =
    ["announce", "stop", "packages", "daemon-reload", "start", "health", "backup"];

/// A program with a user, a time limit and an undo. An argument list, never a shell line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunStep {
    /// Its name within the plan.
    pub name: Label,
    /// Program and arguments. `{option.x}`, `{from}` and `{to}` are replaced; `{{` is a brace.
    pub command: Vec<String>,
    /// The user it runs as.
    pub user: String,
    /// Whether it runs in a login shell of that user, as after `su - user`.
    #[serde(default)]
    pub login_shell: bool,
    /// Variables beyond those that systemd or the login shell sets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Where it runs; the user's home for a login shell, else `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_folder: Option<String>,
    /// When it is ended, with everything it started.
    pub timeout_seconds: u32,
    /// What to do when the agent finds it interrupted by a crash or a power cut.
    #[serde(default)]
    pub on_interrupt: OnInterrupt,
    /// How it is taken back.
    #[serde(default)]
    pub undo: Undo,
    /// The exit status by which it asks to be run again later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_later_exit: Option<u8>,
    /// A program that says whether the step is done: 0 done, 1 not done, else it could not look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_probe: Option<Vec<String>>,
    /// Which upgrades run it.
    #[serde(default)]
    pub when: When,
}

/// What to do with a step that was found interrupted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum OnInterrupt {
    /// It may simply run again.
    Rerun,
    /// The upgrade is taken back.
    Undo,
    /// A person decides.
    #[default]
    Ask,
}

/// How a step is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Undo {
    /// By this program, run like the step itself.
    Inverse(Vec<String>),
    /// By the restore of the backup step.
    FromBackup,
    /// It left nothing that disturbs the old version.
    Harmless,
    /// It cannot be taken back.
    #[default]
    Impossible,
}

/// Something that can be looked at to see that the product works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum HealthCheck {
    /// A GET answers with a status from 200 to 399. Plain HTTP on this host.
    Http {
        /// `http://127.0.0.1:8080/health`
        url: String,
    },
    /// A TCP connection is accepted.
    Tcp {
        /// `127.0.0.1:5432`
        address: String,
    },
    /// A program exits with 0.
    Command {
        /// Program and arguments; replaced as in a step.
        command: Vec<String>,
        /// The user it runs as.
        user: String,
    },
}

/// A plan that was understood in full.
#[derive(Debug, Clone, PartialEq)]
pub struct UpgradePlan {
    /// The frozen part.
    pub envelope: Envelope,
    /// What is to be done.
    pub body: PlanBody,
    /// Digest of the bytes the plan was read from.
    pub digest: Sha256,
}

impl UpgradePlan {
    /// Reads bytes that a verifier emitted.
    ///
    /// # Errors
    /// [`DocumentError`]; [`DocumentError::Newer`] when the body is of a later format, in which case
    /// [`Envelope::parse`] still says what the release is.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let envelope = Envelope::parse(bytes)?;
        let format = envelope.body.get("format").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if format > u64::from(BODY_FORMAT) {
            let found = u32::try_from(format).unwrap_or(u32::MAX);
            return Err(DocumentError::Newer { found, known: BODY_FORMAT });
        }
        let body =
            PlanBody::deserialize(&envelope.body).map_err(|cause| DocumentError::Shape { kind: Kind::Plan, cause })?;
        let plan = Self { envelope, body, digest: Sha256::of(bytes) };
        plan.check()?;
        Ok(plan)
    }

    /// The product it belongs to.
    pub fn id(&self) -> ProductId {
        self.envelope.id()
    }

    /// The steps of one upgrade, in order: those whose `when` applies. A new packaging revision of the
    /// version last finished runs no program of the vendor's and waits for no person.
    pub fn steps(&self, from: Option<&Version>) -> Vec<&Step> {
        let to = &self.envelope.version;
        let applies = |step: &&Step| match step {
            Step::Run(run) => from != Some(to) && run.when.applies(from, to),
            Step::Task(task) => from != Some(to) && task.when.applies(from, to),
            _ => true,
        };
        self.body.steps.iter().filter(applies).collect()
    }

    /// The prerequisites of one upgrade.
    pub fn prerequisites(&self, from: Option<&Version>) -> impl Iterator<Item = &Prerequisite> {
        let to = &self.envelope.version;
        let unchanged = from == Some(to);
        self.body.prerequisites.iter().filter(move |asked| !unchanged && asked.when.applies(from, to))
    }

    /// The tasks that a person has to do before one upgrade begins.
    pub fn tasks_before(&self, from: Option<&Version>) -> impl Iterator<Item = &Task> {
        let to = &self.envelope.version;
        let unchanged = from == Some(to);
        self.body.tasks.iter().filter(move |task| !unchanged && task.when.applies(from, to))
    }

    /// The side effects of one upgrade.
    pub fn side_effects(&self, from: Option<&Version>) -> impl Iterator<Item = &SideEffect> {
        let to = &self.envelope.version;
        let unchanged = from == Some(to);
        self.body.side_effects.iter().filter(move |effect| !unchanged && effect.when.applies(from, to))
    }

    fn check(&self) -> Result<(), DocumentError> {
        let wrong = |what: String| Err(DocumentError::Inconsistent(what));
        let packages = self.body.steps.iter().filter(|s| matches!(s, Step::Packages)).count();
        if packages != 1 {
            return wrong(format!("the list has {packages} package transactions, not one"));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.body.steps.iter().find(|step| !seen.insert(step.name())) {
            return wrong(format!("two steps are called {:?}", twice.name()));
        }
        self.check_format_2()?;
        add_on::check(&self.id(), &self.body)?;
        if self.body.modules.is_empty() {
            return wrong("it has no module".to_owned());
        }
        if let Some((new, _)) = self.body.renamed_engines.iter().find(|(new, _)| !self.body.engines.contains(new)) {
            return wrong(format!("{new} is a new name and no engine"));
        }
        if !self.envelope.class_rule.is_valid() {
            return wrong("its class rule is not 1 ≤ major ≤ minor ≤ 3".to_owned());
        }
        match self.body.options.iter().find(|(_, option)| !option.allowed.contains(&option.default)) {
            Some((name, _)) => wrong(format!("the default of option {name} is not one of its values")),
            None => Ok(()),
        }
    }
}

impl UpgradePlan {
    fn check_format_2(&self) -> Result<(), DocumentError> {
        let wrong = |what: String| Err(DocumentError::Inconsistent(what));
        let body = &self.body;
        if body.format < body.lowest_format() {
            return wrong(format!("its body says format {} and uses format {}", body.format, body.lowest_format()));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = body.prerequisites.iter().find(|asked| !seen.insert(&asked.id)) {
            return wrong(format!("two prerequisites are called {:?}", twice.id.as_str()));
        }
        // A person ticks a task by its name alone, wherever it stands.
        let mut seen: BTreeSet<&str> = body.steps.iter().map(Step::name).collect();
        if let Some(twice) = body.tasks.iter().find(|task| !seen.insert(task.id.as_str())) {
            return wrong(format!("two tasks or steps are called {:?}", twice.id.as_str()));
        }
        // A transaction that waits at its barrier cannot wait for a person.
        let before = body.steps.iter().take_while(|step| !matches!(step, Step::Packages));
        match before.into_iter().find(|step| matches!(step, Step::Task(_))) {
            Some(early) => wrong(format!("the task {:?} stands before the packages", early.name())),
            None => Ok(()),
        }
    }
}

impl Envelope {
    /// Reads the frozen part alone.
    ///
    /// # Errors
    /// [`DocumentError`] when the bytes are not a plan.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        heading(bytes, Kind::Plan, ENVELOPE_FORMAT)?;
        serde_json::from_slice(bytes).map_err(|cause| DocumentError::Shape { kind: Kind::Plan, cause })
    }

    /// The product it belongs to.
    pub fn id(&self) -> ProductId {
        ProductId { vendor: self.vendor.clone(), product: self.product.clone() }
    }
}
