//! The agent's package for apt and dpkg.

use std::path::Path;

use super::{AgentPackage, contents, optional, text};
use crate::build::BuildError;
use crate::package::PackageContents;
use crate::package::deb::{DebControl, Relations, Scripts, version};

/// What only such hosts get.
pub const FOLDER: &str = "apt";
/// The folder in it with the scripts, which is not installed.
const CONTROL: &str = "DEBIAN";

/// The contents of the agent's package as a .deb.
///
/// # Errors
/// [`BuildError`]
pub fn agent_package(from: &AgentPackage) -> Result<PackageContents, BuildError> {
    let native = version::of(&from.version, from.revision).map_err(|e| BuildError::Agent(e.to_string()))?;
    let (mut contents, glibc) = contents(from, FOLDER, CONTROL)?;
    let depends = glibc.map(|minor| format!("libc6 (>= 2.{minor})")).into_iter().collect();
    let control = from.dist.join(FOLDER).join(CONTROL);
    contents.native.deb = Some(native);
    contents.deb = DebControl {
        relations: Relations { depends, ..Relations::default() },
        scripts: scripts(&control)?,
        triggers: triggers(&control)?,
        extra: Vec::new(),
    };
    Ok(contents)
}

fn scripts(control: &Path) -> Result<Scripts, BuildError> {
    let script = |name: &str| optional(&control.join(name));
    Ok(Scripts {
        preinst: script("preinst")?,
        postinst: script("postinst")?,
        prerm: script("prerm")?,
        postrm: script("postrm")?,
    })
}

fn triggers(control: &Path) -> Result<Vec<String>, BuildError> {
    let text = text(&control.join("triggers"))?.unwrap_or_default();
    Ok(text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
}
