//! Whether a package is signed for Windows by whom its vendor's anchor names. The vendor's own signature holds as
//! well, or nobody would have asked: this one is what Windows shows a person.

use std::io::{Read, Seek};

use consign_metadata::authenticode::{self, AuthenticodeError};
use consign_metadata::msi::MsiFile;
use consign_metadata::openpgp::Keyring;
use jiff::Timestamp;

/// Looks at the whole of a package, where its vendor signs for Windows.
///
/// # Errors
/// When it is signed by nobody, by somebody else, was changed afterwards, or a certificate has expired.
pub fn check<F: Read + Seek>(package: &mut MsiFile<F>, keyring: &Keyring) -> Result<(), AuthenticodeError> {
    let Some(pins) = keyring.windows() else { return Ok(()) };
    let signer = authenticode::verify(package, &pins.read()?, Timestamp::now())?;
    log::info!("a package is signed for Windows by {}", signer.subject);
    Ok(())
}
