//! Whether packages are signed for Windows by whom hosts want them to be signed.

use consign_metadata::anchor::WindowsPins;
use consign_metadata::authenticode::AuthenticodeError;
use jiff::Timestamp;

use super::PublishError;
use super::delivery::DeliveredRelease;
use crate::package::{Format, msi};

/// Refuses what hosts with these pins would refuse.
///
/// # Errors
/// [`PublishError::UnsignedForWindows`], [`PublishError::Delivery`]
pub fn inspect(release: &DeliveredRelease, pins: Option<&WindowsPins>, now: Timestamp) -> Result<(), PublishError> {
    let Some(pins) = pins else { return Ok(()) };
    for package in release.packages().iter().filter(|package| matches!(package.format(), Format::Msi(_))) {
        let verified = pins.read().and_then(|pins| msi::verify_for_windows(package.path(), &pins, now));
        let path = package.path().display().to_string();
        match verified {
            Ok(_) => {}
            Err(AuthenticodeError::Unsigned) => return Err(PublishError::UnsignedForWindows(path)),
            Err(cause) => {
                let reason = format!("hosts would refuse it, since it {cause}");
                return Err(PublishError::Delivery { path, reason });
            }
        }
    }
    Ok(())
}
