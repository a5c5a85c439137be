//! The engines of a product whose packages were built by others: the packages say which units there are.

use consign_metadata::name::UnitName;

use super::{Foreign, WrapError};
use crate::manifest::Project;

/// Those that the manifest declares, in its order; where it declares none, every service of the packages.
pub fn of(project: &Project, packages: &[Foreign]) -> Result<Vec<UnitName>, WrapError> {
    let refuse = |reason: String| {
        let release = format!("{} {}", project.product.id, project.product.version);
        WrapError::Release { release, reason }
    };
    if project.engines.is_empty() {
        return all(project, packages).map_err(refuse);
    }
    for engine in &project.engines {
        let owner = packages.iter().find(|package| package.installs_unit(&engine.file()));
        let Some(owner) = owner else {
            return Err(refuse(format!("no package installs {}, the unit of the engine {engine}", engine.file())));
        };
        // A build without it would have an engine that nothing keeps from starting.
        let other = packages.iter().find(|p| p.name() == owner.name() && !p.installs_unit(&engine.file()));
        if let Some(other) = other {
            return Err(refuse(format!("{} lacks {}, which others of it have", other.path().display(), engine.file())));
        }
    }
    Ok(project.engines.clone())
}

fn all(project: &Project, packages: &[Foreign]) -> Result<Vec<UnitName>, String> {
    let mut engines: Vec<UnitName> = Vec::new();
    for module in &project.modules {
        for service in packages.iter().filter(|p| *p.name() == module.package).flat_map(|p| p.services()) {
            if service.contains("@.") {
                return Err(format!(
                    "{service} is a template, so the engines cannot be guessed: list them in the manifest"
                ));
            }
            let engine = service.parse().map_err(|e| format!("{e}"))?;
            if !engines.contains(&engine) {
                engines.push(engine);
            }
        }
    }
    Ok(engines)
}
