//! A module of a product as a package: its files, its place among the others, and what the agent needs.

use std::collections::BTreeMap;

use consign_metadata::name::PackageName;
use consign_metadata::plan;
use consign_metadata::rpm::tag;

use super::{BuildError, windows};
use crate::hooks;
use crate::manifest::{Files, Module, Product, Project, UNIT_FOLDER};
use crate::package::deb::version as deb_version;
use crate::package::deb::{DebControl, Relations, Scripts};
use crate::package::rpm::{self, Relation, RpmControl, version as rpm_version};
use crate::package::{Copyright, PackageContents, Release};
use crate::stage::{Attributes, Copy, Entry, Node, Source, StageError, StagedTree};

/// The contents of a module, without the plan.
pub fn of(project: &Project, module: &Module) -> Result<PackageContents, BuildError> {
    let product = &project.product;
    let mut extra = Vec::new();
    let mut payload = payload(project, module)?;
    for (path, member, text) in notes(project, &module.package) {
        payload.add_bytes(&path, text.clone(), 0o644)?;
        extra.push((member, Source::Bytes(text)));
    }
    let shared = payload.leave_to_the_system();
    Ok(PackageContents {
        name: module.package.clone(),
        native: project.native_of(module),
        architecture: module.architecture,
        maintainer: product.maintainer.clone(),
        section: module.section.clone(),
        priority: "optional".to_owned(),
        summary: module.summary.clone(),
        description: description(project, module),
        homepage: product.homepage.clone(),
        copyright: Copyright { holder: product.maintainer.clone(), license: product.license.clone(), text: None },
        release: Release { changes: vec![format!("Version {} of {}.", product.version, product.id.product)] },
        payload,
        rpm: RpmControl {
            relations: rpm_relations(project, module),
            scripts: rpm_scripts(project, module, &shared),
            trigger: None,
            capabilities: capabilities(module),
        },
        msi: windows::of(project, module)?,
        deb: DebControl {
            relations: relations(project, module),
            scripts: scripts(project, module, &shared),
            triggers: vec![hooks::FINISH_TRIGGER.to_owned()],
            extra,
        },
    })
}

/// The release notes: where a package installs each, what it is called in the control archive, its text.
pub fn notes(project: &Project, package: &PackageName) -> Vec<(String, String, Vec<u8>)> {
    let mut notes = Vec::new();
    for note in &project.notes {
        for source in &note.texts {
            let path = format!("/usr/share/doc/{package}/notes/{}", plan::note_file(&note.version, source.language));
            let member = plan::note_member(&note.version, source.language);
            notes.push((path, member, source.text.clone().into_bytes()));
        }
    }
    notes
}

/// Package lists want a paragraph, whether or not the vendor wrote one.
fn description(project: &Project, module: &Module) -> String {
    let product = &project.product;
    if !module.moved_to.is_empty() {
        return "This is a transitional package. It can safely be removed.".to_owned();
    }
    match product.description.trim() {
        "" => format!("This package belongs to {} of {}.", product.id.product, product.maintainer),
        text => text.to_owned(),
    }
}

/// Adds the signed plan to a package of its release: for gates in the control archive, and installed.
pub fn add_plan(package: &mut PackageContents, plan: &Source) -> Result<(), StageError> {
    let path = plan::installed_path(&package.name);
    let node = Node::File { source: plan.clone(), config: false };
    package.payload.add(&path, Entry { attributes: Attributes::root(0o644), node })?;
    package.deb.extra.push((plan::DEB_MEMBER.to_owned(), plan.clone()));
    if let Some(msi) = &mut package.msi {
        windows::add_plan(msi, package.name.as_str(), plan)?;
    }
    Ok(())
}

fn payload(project: &Project, module: &Module) -> Result<StagedTree, StageError> {
    let mut tree = StagedTree::default();
    for files in &module.files {
        tree.copy(&files.from, &files.to, &files.how)?;
    }
    for unit in &module.units {
        let how = Copy { owner: "root".to_owned(), group: "root".to_owned(), mode: Some(0o644), config: false };
        tree.copy(&unit.source, &format!("{UNIT_FOLDER}/{}", unit.name), &how)?;
    }
    for engine in project.engines.iter().filter(|engine| module.installs_unit(engine)) {
        let drop_in = format!("{UNIT_FOLDER}/{}.d/50-consign.conf", engine.file());
        tree.add_bytes(&drop_in, condition(project).into_bytes(), 0o644)?;
    }
    // Last, since what is said of one folder outweighs what was copied with its content.
    for folder in &module.folders {
        tree.add_folder(&folder.path, folder.attributes.clone())?;
    }
    Ok(tree)
}

/// The capabilities of files, by where they are installed.
fn capabilities(module: &Module) -> BTreeMap<String, String> {
    let endowed = module.files.iter().filter_map(|files| Some((files, files.capabilities.clone()?)));
    let place = |files: &Files| match (files.to.ends_with('/'), files.from.file_name()) {
        (true, Some(name)) => format!("{}{}", files.to, name.to_string_lossy()),
        _ => files.to.clone(),
    };
    endowed.map(|(files, capabilities)| (place(files), capabilities)).collect()
}

/// What keeps an engine from starting on data that are half migrated, even after a reboot.
///
/// Where the plan tells how to see which version the data is at, that is looked at first: a restored dump has
/// then made the condition fail before the engine reads it.
pub fn condition(project: &Project) -> String {
    let id = &project.product.id;
    let looked = project.data.as_ref().map(|_| {
        // systemd.unit(5), "string escaping": a slash is a dash, and a dash is not.
        let instance = format!("{}-{}", escaped(id.vendor.as_str()), escaped(id.product.as_str()));
        let unit = format!("consignee-data@{instance}.service");
        format!("Wants={unit}\nAfter={unit}\n")
    });
    format!(
        "# Written by consign: nothing starts this unit while an upgrade is unfinished.\n\
         [Unit]\n{}ConditionPathExists=!/var/lib/consignee/{id}/unfinished\n",
        looked.unwrap_or_default(),
    )
}

fn escaped(name: &str) -> String {
    name.replace('-', "\\x2d")
}

/// The pre-dependency on the agent: only this lets preinst stop engines when it arrives in the same run.
pub fn agent_relation(product: &Product) -> String {
    let agent = deb_version::lower_bound(&product.minimum_agent).unwrap_or_else(|_| "0".to_owned());
    format!("consignee (>= {agent})")
}

fn relations(project: &Project, module: &Module) -> Relations {
    let product = &project.product;
    let mut pre_depends = vec![agent_relation(product)];
    if !module.users.is_empty() {
        pre_depends.push("passwd".to_owned());
    }
    let native = &project.deb_version();
    let mut depends: Vec<_> = needed(project, module).iter().map(|other| format!("{other} (= {native})")).collect();
    depends.extend(module.depends_deb.iter().cloned());
    // Policy 7.6.1: files move only from versions that are broken by it, so that they never go back.
    let replaces: Vec<_> = module.replaces.iter().map(|old| format!("{old} (<< {native})")).collect();
    let (recommends, suggests) = (module.recommends.deb.clone(), module.suggests.deb.clone());
    Relations { pre_depends, depends, recommends, suggests, breaks: replaces.clone(), replaces, ..Relations::default() }
}

/// The other packages of the release that one needs. A transitional package needs what took its place,
/// and nothing needs it.
fn needed<'a>(project: &'a Project, module: &'a Module) -> Vec<&'a PackageName> {
    let siblings = project.modules.iter().map(|other| (&other.package, &other.moved_to));
    match &*module.moved_to {
        [] => siblings
            .filter(|(name, moved_to)| **name != module.package && moved_to.is_empty())
            .map(|(n, _)| n)
            .collect(),
        moved_to => moved_to.iter().collect(),
    }
}

/// What orders the agent before `%pre`; and, in a removal of both, behind `%preun`, so that it is told.
pub fn agent_rpm_relation(product: &Product) -> Relation {
    let minimum = rpm_version::lower_bound(&product.minimum_agent).unwrap_or_else(|_| "0".to_owned());
    Relation::at_least("consignee", minimum).with(tag::PRE_SCRIPT | tag::PREUN_SCRIPT)
}

fn rpm_relations(project: &Project, module: &Module) -> rpm::Relations {
    let Some(native) = project.native().rpm else { return rpm::Relations::default() };
    let mut requires_pre = vec![agent_rpm_relation(&project.product)];
    if !module.users.is_empty() {
        // By its path: the package that has it is called otherwise on every distribution.
        requires_pre.push(Relation::any("/usr/sbin/useradd"));
    }
    let mut requires: Vec<_> =
        needed(project, module).into_iter().map(|other| Relation::exactly(other.as_str(), &*native)).collect();
    requires.extend(module.depends_rpm.iter().cloned());
    // Of two packages with one file rpm takes neither, unless the older one goes in the same transaction.
    let conflicts = module.replaces.iter().map(|old| Relation::before(old.as_str(), &*native)).collect();
    let (recommends, suggests) = (module.recommends.rpm.clone(), module.suggests.rpm.clone());
    // Packages whose files belong to them need these, since rpm 4.19 makes that of the list of files.
    let accounts =
        module.users.iter().flat_map(|user| [format!("user({})", user.name), format!("group({})", user.name)]);
    let provides = accounts.map(Relation::any).collect();
    rpm::Relations { requires_pre, requires, recommends, suggests, conflicts, provides, ..rpm::Relations::default() }
}

fn rpm_scripts(project: &Project, module: &Module, shared: &[&str]) -> rpm::Scripts {
    let mut scripts = hooks::rpm::scripts(&project.product.id, &module.package, &module.users, shared);
    if !module.moved_to.is_empty() {
        scripts.preun = None;
    }
    scripts
}

fn scripts(project: &Project, module: &Module, shared: &[&str]) -> Scripts {
    let mut scripts = hooks::scripts(&project.product.id, &module.package, &module.users, shared);
    if !module.moved_to.is_empty() {
        // Its removal is no removal of the product: nobody is to stop the engines for it.
        scripts.prerm = None;
    }
    scripts
}
