//! What a release will consist of, for people and for programs, before anything is built.

use consign_metadata::plan::{
    Backup, BackupPart, Database, HealthCheck, OnInterrupt, RunStep, Step, Undo, UpgradePlan, When,
};
use consign_metadata::prerequisite::Check;
use consign_metadata::version::VersionRange;

use super::say;
use crate::package::PackageContents;
use crate::package::foreign::ForeignPackage;
use crate::package::rpm::Relation;
use crate::stage::{Attributes, Entry, Node};

/// A package of the release.
pub struct Content<'a> {
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    relations: Vec<(&'static str, Vec<String>)>,
    /// Absolute paths, each with how it is shown.
    files: Vec<(String, String)>,
}

impl<'a> Content<'a> {
    /// One that is going to be built, in each of its formats.
    pub fn of(package: &'a PackageContents) -> Vec<Self> {
        let deb = package.native.deb.as_deref().map(|version| {
            let relations = &package.deb.relations;
            let relations =
                vec![("pre-depends on", relations.pre_depends.clone()), ("depends on", relations.depends.clone())];
            Self::in_format(package, version, package.architecture.deb(), relations)
        });
        let rpm = package.native.rpm.as_deref().map(|version| {
            let relations = &package.rpm.relations;
            let said = |list: &[Relation]| list.iter().map(ToString::to_string).collect();
            let relations =
                vec![("requires first", said(&relations.requires_pre)), ("requires", said(&relations.requires))];
            Self::in_format(package, version, package.architecture.rpm(), relations)
        });
        let msi = package.native.msi.as_deref().zip(package.msi.as_ref()).map(|(version, msi)| {
            let services = msi.services.iter().map(|service| service.name.clone()).collect();
            let files = msi.tree.entries().filter(|(_, entry)| entry.node != Node::Folder);
            let files = files.map(|(path, entry)| (format!("/{path}"), on_windows(path, entry))).collect();
            let relations = vec![("registers", services)];
            let architecture = package.architecture.msi();
            Self { name: package.name.as_str(), version, architecture, relations, files }
        });
        deb.into_iter().chain(rpm).chain(msi).collect()
    }

    fn in_format(
        package: &'a PackageContents,
        version: &'a str,
        architecture: &'a str,
        relations: Vec<(&'static str, Vec<String>)>,
    ) -> Self {
        Self {
            name: package.name.as_str(),
            version,
            architecture,
            relations,
            files: package.payload.entries().map(|(path, entry)| (format!("/{path}"), file(path, entry))).collect(),
        }
    }

    /// One that was built by others; what it installs is its own affair.
    pub fn of_foreign(package: &'a dyn ForeignPackage) -> Self {
        Self {
            name: package.name().as_str(),
            version: package.version(),
            architecture: package.architecture(),
            relations: Vec::new(),
            files: package.others().iter().map(|path| (format!("/{path}"), format!("/{path}"))).collect(),
        }
    }
}

/// Writes the overview.
pub fn show(plan: &UpgradePlan, packages: &[Content<'_>], json: bool) {
    if json {
        say(as_json(plan, packages));
        return;
    }
    let envelope = &plan.envelope;
    let classes: Vec<_> = envelope.upgrades.iter().map(ToString::to_string).collect();
    say(format_args!("{} {} revision {}", plan.id(), envelope.version, envelope.revision));
    say(format_args!("  upgrades from {} on, {}", envelope.supported_from, classes.join(" and ")));
    for stop in &envelope.required_stops {
        say(format_args!("  not past {stop} without installing it"));
    }
    say("\nPackages");
    packages.iter().for_each(package);
    steps(plan);
    say(format_args!("\nThe way back: {}", way_back(plan)));
    options(plan);
    add_ons(plan);
    gates(plan);
}

fn package(package: &Content<'_>) {
    say(format_args!("  {} {} {}", package.name, package.version, package.architecture));
    for (field, list) in package.relations.iter().filter(|(_, list)| !list.is_empty()) {
        say(format_args!("    {field} {}", list.join(", ")));
    }
    package.files.iter().for_each(|(_, line)| say(format_args!("    {line}")));
}

/// A place on Windows, by the folders of the package.
fn on_windows(path: &str, entry: &Entry) -> String {
    let (root, below) = path.split_once('/').unwrap_or((path, ""));
    let suffix = if matches!(entry.node, Node::File { config: true, .. }) { "  (kept for the site)" } else { "" };
    format!("{{{root}}}\\{}{suffix}", below.replace('/', "\\"))
}

fn file(path: &str, entry: &Entry) -> String {
    let suffix = match &entry.node {
        Node::Folder => "/".to_owned(),
        Node::File { config: true, .. } => "  (kept for the site)".to_owned(),
        Node::File { .. } => String::new(),
        Node::Symlink { target } => format!(" -> {target}"),
        Node::HardLink { to } => format!(" = /{to}"),
    };
    let Attributes { owner, group, mode } = &entry.attributes;
    format!("{mode:04o} {owner}:{group} /{path}{suffix}")
}

fn steps(plan: &UpgradePlan) {
    say("\nSteps of an upgrade");
    for (number, step) in plan.body.steps.iter().enumerate() {
        let detail = match step {
            Step::Stop { .. } => engines(plan, true),
            Step::Start { .. } => engines(plan, false),
            Step::Run(run) => describe(run),
            Step::Until(until) => format!("{}, until it is ready", describe(&until.run)),
            Step::Scripts(scripts) => format!("{} for each script of {}", describe(&scripts.run), scripts.folder),
            Step::EnterMaintenance => "from here on it serves nobody".to_owned(),
            Step::LeaveMaintenance => "it serves again".to_owned(),
            Step::Health { within_seconds, stable_seconds, .. } => {
                format!("within {within_seconds} s, then {stable_seconds} s without a break")
            }
            Step::Task(task) => format!("a person: {}{}", task.summary.en, condition(&task.when)),
            Step::AddOns { .. } => "the steps of add-ons".to_owned(),
            Step::Backup(backup) => saved(backup),
            Step::Announce { .. } | Step::Packages | Step::DaemonReload => String::new(),
        };
        say(format_args!("  {}. {:<14} {detail}", number + 1, step.name()).to_string().trim_end());
        for line in further(step) {
            say(format_args!("     {:<14} {line}", ""));
        }
    }
}

/// What else is worth a look before a release: how long, what an interruption means, how it is taken back.
fn further(step: &Step) -> Vec<String> {
    match step {
        Step::Stop { timeout_seconds } => vec![format!("at most {timeout_seconds} s")],
        Step::Start { timeout_seconds } => vec![format!("at most {timeout_seconds} s each")],
        Step::Run(run) => vec![conduct(run)],
        Step::Until(until) => {
            let ready = &until.ready;
            let line = ready.line.as_ref().map(|line| format!("it writes {line:?}"));
            let exit = ready.exit.then(|| "it ends by itself".to_owned());
            let ready: Vec<_> = ready.check.as_ref().map(check).into_iter().chain(line).chain(exit).collect();
            let stop = until.stop_seconds;
            vec![conduct(&until.run), format!("ready when {}; then at most {stop} s to end", ready.join(", or "))]
        }
        Step::Scripts(scripts) => {
            let named = scripts.list.iter().map(|script| script.path.clone());
            std::iter::once(conduct(&scripts.run)).chain(named).collect()
        }
        Step::EnterMaintenance | Step::LeaveMaintenance => Vec::new(),
        Step::Health { checks, .. } => checks.iter().map(check).collect(),
        Step::Backup(backup) => vec![format!("at most {} s each; an interruption runs again", backup.timeout_seconds)],
        Step::Announce { .. } | Step::Packages | Step::DaemonReload | Step::Task(_) | Step::AddOns { .. } => Vec::new(),
    }
}

/// Whether an upgrade that fails once its packages have changed can be taken back.
fn way_back(plan: &UpgradePlan) -> String {
    let steps = &plan.body.steps;
    let Some(backup) = steps.iter().find_map(|step| if let Step::Backup(it) = step { Some(it) } else { None }) else {
        return "none once the packages have changed: there is no [backup]".to_owned();
    };
    match steps.iter().filter_map(Step::program).find(|run| run.undo == Undo::Impossible) {
        Some(run) => {
            format!("none once step {:?} has run (undo = \"impossible\"){}", run.name.as_str(), condition(&run.when))
        }
        None if backup.parts.is_empty() => "the old packages".to_owned(),
        None => "the old packages and what was saved".to_owned(),
    }
}

/// What becomes of a program on a bad day.
fn conduct(run: &RunStep) -> String {
    let interrupted = match run.on_interrupt {
        OnInterrupt::Rerun => "runs again",
        OnInterrupt::Undo => "takes the upgrade back",
        OnInterrupt::Ask => "asks a person",
    };
    let undo = match &run.undo {
        Undo::Inverse(command) => format!("taken back by {}", command.join(" ")),
        Undo::FromBackup => "taken back by the backup".to_owned(),
        Undo::Harmless => "nothing to take back".to_owned(),
        Undo::Impossible => "cannot be taken back".to_owned(),
    };
    format!("at most {} s; an interruption {interrupted}; {undo}", run.timeout_seconds)
}

fn saved(backup: &Backup) -> String {
    let part = |part: &BackupPart| match part {
        BackupPart::Files { paths, .. } => paths.join(", "),
        BackupPart::Command { name, user, .. } => format!("{name} as {user}"),
        BackupPart::Database { database, .. } => match database {
            Database::Postgresql { name, user, .. } => format!("PostgreSQL database {name} as {user}"),
            Database::Mariadb { name, user, .. } => format!("MariaDB database {name} as {user}"),
            Database::Sqlite { file, user } => format!("SQLite database {file} as {user}"),
        },
    };
    match &backup.parts[..] {
        [] => "nothing: what the old version needs is in its packages".to_owned(),
        parts => parts.iter().map(part).collect::<Vec<_>>().join(", "),
    }
}

fn check(check: &HealthCheck) -> String {
    match check {
        HealthCheck::Http { url } => format!("{url} answers"),
        HealthCheck::Tcp { address } => format!("{address} accepts a connection"),
        HealthCheck::Command { command, user } => format!("{} as {user} exits with 0", command.join(" ")),
    }
}

fn options(plan: &UpgradePlan) {
    if plan.body.options.is_empty() {
        return;
    }
    say("\nOptions of the site");
    for (name, option) in &plan.body.options {
        say(format_args!("  {name}: {} [{}]", option.allowed.join(" | "), option.default));
    }
}

fn add_ons(plan: &UpgradePlan) {
    let range =
        |versions: &Option<VersionRange>| versions.as_ref().map(|range| format!(" {range}")).unwrap_or_default();
    if !plan.body.add_ons.is_empty() {
        say("\nAdd-ons that may join");
    }
    for allowed in &plan.body.add_ons {
        say(format_args!("  {}{}, key {}", allowed.product, range(&allowed.versions), allowed.primary));
    }
    let Some(joins) = &plan.body.joins else { return };
    say(format_args!("\nAn add-on of {} {}", joins.product, joins.versions));
    for step in &joins.steps {
        say(format_args!("  at {}: {:<14} {}", step.point, step.run.name, describe(&step.run)));
    }
}

fn engines(plan: &UpgradePlan, backwards: bool) -> String {
    let mut engines: Vec<_> = plan.body.engines.iter().map(|engine| engine.as_str()).collect();
    if backwards {
        engines.reverse();
    }
    engines.join(", ")
}

fn describe(run: &RunStep) -> String {
    format!("{} as {}{}", run.command.join(" "), run.user, condition(&run.when))
}

fn condition(when: &When) -> String {
    let mut parts = Vec::new();
    parts.extend(when.from.as_ref().map(|range| format!("from {range}")));
    parts.extend(when.to.as_ref().map(|range| format!("to {range}")));
    parts
        .extend(when.first_install.map(|first| if first { "first install" } else { "not a first install" }.to_owned()));
    if parts.is_empty() { String::new() } else { format!(" (only {})", parts.join(", ")) }
}

fn gates(plan: &UpgradePlan) {
    if !plan.body.prerequisites.is_empty() {
        say("\nMust hold on the host before an upgrade");
    }
    for asked in &plan.body.prerequisites {
        let check = match &asked.check {
            Check::Command { command, user, .. } => format!("{} as {user}", command.join(" ")),
            Check::FreeSpace { folder, mebibytes } => format!("{mebibytes} MiB free in {folder}"),
        };
        say(format_args!("  {}: {check}{}", asked.id, condition(&asked.when)));
    }
    if !plan.body.tasks.is_empty() {
        say("\nTo be done by a person before an upgrade");
    }
    for task in &plan.body.tasks {
        say(format_args!("  {}: {}{}", task.id, task.summary.en, condition(&task.when)));
    }
    if let Some(data) = &plan.body.data {
        let version = data.version.as_ref().map(|version| format!(": {version}")).unwrap_or_default();
        say(format_args!("\nThe version of the data{version}"));
        say(format_args!("  {} as {}", data.probe.command.join(" "), data.probe.user));
    }
    say("\nTo be acknowledged on the host");
    let notes = plan.envelope.notes.iter().filter(|note| note.acknowledge);
    let mut lines: Vec<_> = notes.map(|note| format!("the note on {}", note.version)).collect();
    for effect in &plan.body.side_effects {
        lines.push(format!("{}: {}{}", effect.id, effect.summary.en, condition(&effect.when)));
    }
    if lines.is_empty() {
        lines.push("nothing".to_owned());
    }
    for line in lines {
        say(format_args!("  {line}"));
    }
}

fn as_json(release: &UpgradePlan, packages: &[Content<'_>]) -> serde_json::Value {
    let as_json = |package: &Content<'_>| {
        let files: Vec<_> = package.files.iter().map(|(path, _)| path).collect();
        serde_json::json!({
            "package": package.name, "version": package.version, "architecture": package.architecture, "files": files,
        })
    };
    let packages: Vec<_> = packages.iter().map(as_json).collect();
    let mut plan = serde_json::to_value(&release.envelope).expect("a plan is JSON");
    plan["body"] = serde_json::to_value(&release.body).expect("a plan is JSON");
    serde_json::json!({ "packages": packages, "plan_digest": release.digest, "plan": plan })
}
