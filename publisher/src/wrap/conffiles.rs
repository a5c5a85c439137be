//! What a package with conffiles is given, so that dpkg has nothing to ask about them.

use crate::file::OnFile;
use crate::package::PackageError;
use crate::package::deb::{Addition, ForeignDeb};
use crate::package::foreign::ForeignPackage;
use crate::stage::Source;

/// Where the agent finds what a package has, as `md5sum` writes it.
const INSTALLED_FOLDER: &str = "/usr/share/consignee/conffiles";
/// The same for the scripts, which run before anything is installed.
const LIST: &str = "consign-conffiles";
/// The defaults themselves.
const DEFAULTS: &str = "consign-defaults";

/// Adds the list of its conffiles and their defaults. Returns warnings about those that cannot be foreseen.
pub fn add(package: &ForeignDeb, addition: &mut Addition) -> Result<Vec<String>, PackageError> {
    let (name, conffiles) = (package.name(), package.conffiles());
    let mut warnings = Vec::new();
    let odd =
        conffiles.odd().map(|path| format!("{name}: its conffile /{path} is no plain file, so dpkg may ask about it"));
    warnings.extend(odd);
    let Some(list) = conffiles.list() else { return Ok(warnings) };
    addition.payload.add_bytes(&format!("{INSTALLED_FOLDER}/{name}"), list.clone(), 0o644)?;
    addition.members.push((LIST.to_owned(), Source::Bytes(list)));
    let defaults = conffiles.archive().on("pack", package.path())?;
    addition.members.push((DEFAULTS.to_owned(), Source::Bytes(defaults)));
    if !addition.scripts.contains_key("postrm") {
        warnings.push(format!(
            "{name}: its postrm is no shell script, so an upgrade that dpkg gives up leaves an edited conffile beside its place until the next"
        ));
    }
    Ok(warnings)
}
