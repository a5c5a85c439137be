//! What a site has chosen of a package's options when it installed it: `msiexec /i … OPTION_EDITION=pro`.

use consign_metadata::name::{Label, PackageName};
use consignee_win32::registry::Key;

use crate::host::HostError;

const PACKAGES: &str = r"Software\Consignee\Packages";

/// The value of an option, as the package has written it down: that of the site, or the vendor's default of then.
///
/// # Errors
/// When the registry cannot be read.
pub fn chosen(package: &PackageName, option: &Label) -> Result<Option<String>, HostError> {
    let cannot = |cause: std::io::Error| HostError {
        action: format!("look up the options of {package} in the registry"),
        reason: cause.to_string(),
    };
    let key = Key::open(&format!(r"{PACKAGES}\{package}\Options")).map_err(cannot)?;
    key.map_or(Ok(None), |key| key.text(option.as_str())).map_err(cannot)
}
