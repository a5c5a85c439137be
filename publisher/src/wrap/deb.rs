//! What a .deb that others built is given.

use std::path::Path;

use consign_metadata::plan;

use super::{Part, conffiles};
use crate::build::{BuildError, agent_relation, notes};
use crate::hooks;
use crate::manifest::Project;
use crate::package::UnsignedPackage;
use crate::package::deb::{Addition, ForeignDeb};
use crate::package::foreign::ForeignPackage;
use crate::stage::Source;

/// What is added to the package, and warnings about what cannot be foreseen.
pub fn addition(project: &Project, package: &ForeignDeb, part: &Part) -> Result<(Addition, Vec<String>), BuildError> {
    let (name, mut warnings) = (package.name(), Vec::new());
    let version = package.conffiles().list().map(|_| package.version());
    let own: Vec<String> = package.relations().map(squeezed).collect();
    let depends = part.siblings.iter().map(|(other, version)| format!("{other} (= {version})"));
    let mut addition = Addition {
        payload: part.payload.clone(),
        scripts: hooks::foreign::scripts(&project.product.id, name, version, |script| package.script(script)),
        members: vec![(plan::DEB_MEMBER.to_owned(), part.plan.clone())],
        trigger: hooks::FINISH_TRIGGER.to_owned(),
        pre_depends: vec![agent_relation(&project.product)],
        depends: depends.filter(|relation| !own.contains(&squeezed(relation))).collect(),
    };
    warnings.extend(conffiles::add(package, &mut addition)?);
    for (_, member, text) in notes(project, name) {
        addition.members.push((member, Source::Bytes(text)));
    }
    if !addition.scripts.contains_key("postrm") {
        warnings.push(format!("{name}: its postrm is no shell script, so the agent is not told when it is purged"));
    }
    Ok((addition, warnings))
}

/// Writes the package with its part.
pub fn write(
    project: &Project,
    package: &mut ForeignDeb,
    part: &Part,
    time: u64,
    output: &Path,
) -> Result<(UnsignedPackage, Vec<String>), BuildError> {
    let (addition, warnings) = addition(project, package, part)?;
    Ok((package.wrap(&addition, time, output)?, warnings))
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}
