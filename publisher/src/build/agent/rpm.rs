//! The agent's package for rpm and whatever is above it.

use std::path::Path;

use consign_metadata::plan;

use super::{AgentPackage, contents, text};
use crate::build::BuildError;
use crate::package::PackageContents;
use crate::package::rpm::{Relation, Relations, RpmControl, Scripts, TransactionTrigger, version};

/// What only such hosts get.
pub const FOLDER: &str = "rpm";
/// The folder in it with the scriptlets, which is not installed.
const CONTROL: &str = "RPM";
/// Through it dnf 5 calls the agent; its distributions have it in a package of its own.
const ACTIONS: &str = "(libdnf5-plugin-actions if libdnf5)";
/// The first one that knows the option `raise_error`. An older one gives up at our file, and dnf with it.
const OLDEST_ACTIONS: &str = "5.2.11";

/// The contents of the agent's package as an .rpm.
///
/// # Errors
/// [`BuildError`]
pub fn agent_rpm(from: &AgentPackage) -> Result<PackageContents, BuildError> {
    let native = version::of(&from.version, from.revision).map_err(|e| BuildError::Agent(e.to_string()))?;
    let (mut contents, glibc) = contents(from, FOLDER, CONTROL)?;
    let glibc = glibc.map(|minor| Relation::at_least("glibc", format!("2.{minor}")));
    // By its name: distributions have several packages that are curl.
    let requires = glibc.into_iter().chain([Relation::any("curl")]).collect();
    let recommends = vec![Relation::any(ACTIONS)];
    let conflicts = vec![Relation::before("libdnf5-plugin-actions", OLDEST_ACTIONS)];
    let control = from.dist.join(FOLDER).join(CONTROL);
    let trigger = text(&control.join("trigger"))?;
    contents.native.rpm = Some(native);
    contents.rpm = RpmControl {
        relations: Relations { requires, recommends, conflicts, ..Relations::default() },
        scripts: scripts(&control)?,
        trigger: trigger.map(|script| TransactionTrigger { below: plan::INSTALLED_FOLDER.to_owned(), script }),
        ..RpmControl::default()
    };
    Ok(contents)
}

fn scripts(control: &Path) -> Result<Scripts, BuildError> {
    let script = |name: &str| text(&control.join(name));
    Ok(Scripts {
        pre: script("pre")?,
        post: script("post")?,
        preun: script("preun")?,
        postun: script("postun")?,
        posttrans: script("posttrans")?,
    })
}
