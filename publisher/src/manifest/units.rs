//! systemd units of a module, and the engines of a product.

use std::path::PathBuf;

use super::spanned::Spanned;
use consign_metadata::name::UnitName;

use super::Module;
use super::error::Fault;
use super::files::Ground;

/// Where packages install units.
pub const UNIT_FOLDER: &str = "/usr/lib/systemd/system";

/// A unit file of the project.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The file.
    pub source: PathBuf,
    /// What systemd calls it; a template has nothing after its `@`.
    pub name: UnitName,
}

impl Unit {
    pub(super) fn validate(path: &Spanned<String>, ground: &Ground) -> Result<Self, Fault> {
        let source = ground.existing(path)?;
        let written = path.get_ref();
        let name = written.rsplit('/').next().unwrap_or_default();
        let name = name.parse().map_err(|e| Fault::at(path.span(), format!("{e}")))?;
        if !source.is_file() {
            return Err(Fault::at(path.span(), format!("{written:?} is not a file")));
        }
        Ok(Self { source, name })
    }

    fn is_template(&self) -> bool {
        self.name.as_str().contains("@.")
    }
}

/// The engines in the order in which they are started: as declared, or every service of the modules.
pub(super) fn engines(
    declared: Option<&Vec<Spanned<UnitName>>>,
    modules: &[Module],
    product: std::ops::Range<usize>,
) -> Result<Vec<UnitName>, Fault> {
    let Some(declared) = declared else { return all_services(modules, product) };
    for engine in declared {
        let name = engine.get_ref();
        if name.as_str().contains("@.") {
            return Err(Fault::at(engine.span(), format!("{name} is a template and cannot be started"))
                .help("name its instances, as in engine@main.service"));
        }
        if !modules.iter().any(|module| module.installs_unit(name)) {
            return Err(Fault::at(engine.span(), format!("no module installs the unit file {}", name.file()))
                .help("add it to the units of a module: only then can a reboot in mid-upgrade not start it"));
        }
    }
    Ok(declared.iter().map(|engine| engine.get_ref().clone()).collect())
}

fn all_services(modules: &[Module], product: std::ops::Range<usize>) -> Result<Vec<UnitName>, Fault> {
    let services = || modules.iter().flat_map(|m| &m.units).filter(|unit| unit.name.as_str().ends_with(".service"));
    if let Some(template) = services().find(|unit| unit.is_template()) {
        return Err(Fault::at(product, format!("{} is a template, so the engines cannot be guessed", template.name))
            .help("list the instances that run: engines = [\"engine@main.service\"]"));
    }
    Ok(services().map(|unit| unit.name.clone()).collect())
}

impl Module {
    /// Whether the unit file behind an engine comes from this module.
    pub fn installs_unit(&self, engine: &UnitName) -> bool {
        let file = engine.file();
        self.units.iter().any(|unit| unit.name.as_str() == file) || {
            let path = format!("{UNIT_FOLDER}/{file}");
            self.files.iter().any(|files| match path.strip_prefix(files.to.trim_end_matches('/')) {
                Some("") => true,
                Some(below) => files.from.join(below.trim_start_matches('/')).exists(),
                None => false,
            })
        }
    }
}
