//! Why a package could not be built, signed or read.

use std::path::PathBuf;

use consign_metadata::deb::DebError;
use consign_metadata::msi::MsiError;
use consign_metadata::openpgp::VerifyError;
use consign_metadata::rpm::RpmError;

use crate::file::FileError;
use crate::sign::SignError;
use crate::stage::StageError;

/// Why a package could not be built, signed or read.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A file that cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A payload that no package can carry.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The signer refused.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The contents cannot be written in this format.
    #[error("cannot build package {package}: {reason}")]
    Contents {
        /// Its name.
        package: String,
        /// What is wrong.
        reason: String,
    },
    /// A file that is not a package as this program builds them, or not well signed.
    #[error("cannot use {path}: it {cause}", path = path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: Unfit,
    },
    /// The signer's certificate cannot verify what it signed.
    #[error("cannot use the certificate of the signing key: it {0}")]
    Certificate(#[from] VerifyError),
}

/// Why a file is not a package that can be used, by its format.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each is the error of that format")]
pub enum Unfit {
    #[error(transparent)]
    Deb(#[from] DebError),
    #[error(transparent)]
    Rpm(#[from] RpmError),
    #[error(transparent)]
    Msi(#[from] MsiError),
}

impl Unfit {
    /// The signature that is there, and not good; `None` when something else is wrong.
    pub fn signature(&self) -> Option<&VerifyError> {
        match self {
            Self::Deb(DebError::Signature(cause))
            | Self::Rpm(RpmError::Signature(cause))
            | Self::Msi(MsiError::Signature(cause)) => Some(cause),
            Self::Deb(_) | Self::Rpm(_) | Self::Msi(_) => None,
        }
    }
}
