//! A module of a product as a package for Windows.

use consign_metadata::msi::{NOTE, PLAN};
use consign_metadata::name::Label;
use consign_metadata::plan::{self, SiteOption, note_file};

use crate::manifest::{Module, Project, Windows};
use crate::package::PackageError;
use crate::package::msi::{AGENT, DATA, INSTALL, MsiControl, PublicOption};
use crate::stage::{Attributes, Entry, Node, Source, StageError, StagedTree};

use super::BuildError;

/// What a module is on Windows; `None` where it is not built for it.
pub fn of(project: &Project, module: &Module) -> Result<Option<MsiControl>, BuildError> {
    let (Some(windows), true) = (&module.windows, project.native_of(module).msi.is_some()) else { return Ok(None) };
    let refuse = |reason: String| PackageError::Contents { package: module.package.to_string(), reason };
    let product = &project.product;
    let no_version = || refuse("Windows Installer cannot hold the version; say windows_version below [product]".into());
    let product_version = product.windows_version.clone().ok_or_else(no_version)?;
    let tree = tree(project, module, windows)?;
    if let Some(service) = windows.services.iter().find(|service| !has_program(&tree, &service.program)) {
        let (name, program) = (&service.name, &service.program);
        return Err(refuse(format!("the service {name} runs {program}, which its files do not bring")).into());
    }
    Ok(Some(MsiControl {
        product: product.id.to_string(),
        upgrade_code: windows.upgrade_code,
        product_version,
        name: windows.name.clone().unwrap_or_else(|| module.summary.clone()),
        install_folder: windows.install_folder.clone(),
        data_folder: windows.data_folder.clone(),
        tree,
        streams: notes(project),
        services: windows.services.clone(),
        removed_services: windows.removed_services.clone(),
        registry: windows.registry.clone(),
        options: project.options.iter().map(option).collect::<Result<_, _>>().map_err(refuse)?,
        access: windows.access.clone(),
        needs_agent: true,
    }))
}

fn tree(project: &Project, module: &Module, windows: &Windows) -> Result<StagedTree, StageError> {
    let mut tree = StagedTree::default();
    for folder in [INSTALL, DATA] {
        tree.add_folder(folder, Attributes::root(0o755))?;
    }
    for files in &windows.files {
        tree.copy(&files.from, &files.to, &files.how())?;
    }
    for folder in &windows.folders {
        tree.add_folder(folder, Attributes::root(0o755))?;
    }
    for note in &project.notes {
        for text in &note.texts {
            let path = format!("{AGENT}/notes/{}/{}", module.package, note_file(&note.version, text.language));
            tree.add_bytes(&path, text.text.clone().into_bytes(), 0o644)?;
        }
    }
    Ok(tree)
}

fn has_program(tree: &StagedTree, program: &str) -> bool {
    let entry = tree.get(&format!("{INSTALL}/{program}"));
    entry.is_some_and(|entry| matches!(entry.node, Node::File { .. } | Node::HardLink { .. }))
}

/// The notes where a gate finds them without unpacking anything.
fn notes(project: &Project) -> Vec<(String, Source)> {
    let texts = project.notes.iter().flat_map(|note| note.texts.iter().map(move |text| (note, text)));
    let stream = |name: String, text: &str| (format!("{NOTE}{name}"), Source::Bytes(text.as_bytes().to_vec()));
    texts.map(|(note, text)| stream(note_file(&note.version, text.language), &text.text)).collect()
}

/// A choice as `msiexec` takes it: `OPTION_EDITION=pro`.
fn option((name, option): (&Label, &SiteOption)) -> Result<PublicOption, String> {
    let plain = |value: &&String| value.contains(['"', '[', ']', '{', '}']);
    if let Some(bad) = option.allowed.iter().find(plain) {
        return Err(format!("Windows Installer cannot be passed {bad:?}, a value of the option {name}"));
    }
    let property = format!("OPTION_{}", name.as_str().to_uppercase().replace('-', "_"));
    let (allowed, default) = (option.allowed.clone(), option.default.clone());
    Ok(PublicOption { name: name.to_string(), property, allowed, default })
}

/// Adds the signed plan: for gates as a stream, and installed beside the agent.
pub fn add_plan(control: &mut MsiControl, package: &str, signed: &Source) -> Result<(), StageError> {
    let node = Node::File { source: signed.clone(), config: false };
    let path = format!("{AGENT}/{}/{package}.pgp", plan::WINDOWS_FOLDER);
    control.tree.add(&path, Entry { attributes: Attributes::root(0o644), node })?;
    control.streams.push((PLAN.to_owned(), signed.clone()));
    Ok(())
}
