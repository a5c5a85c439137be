//! How the vendor's signature gets into an .msi: as a stream that lists all others. What Windows looks at
//! comes last, since it covers that stream, too.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use consign_metadata::authenticode::{self, AuthenticodeError};
use consign_metadata::digest::Sha256;
use consign_metadata::msi::{self, MsiFile, Origin};
use consign_metadata::name::PackageName;
use jiff::Timestamp;

use super::container;
use crate::file::OnFile;
use crate::package::PackageError;
use crate::package::error::Unfit;
use crate::package::format::Seal;
use crate::sign::{FileSigner, OpenPgpSigner, SignError, SigningRequest};

/// What is said of a package when it is signed.
#[derive(Debug)]
pub struct Origination {
    pub package: PackageName,
    pub version: String,
    pub architecture: String,
    pub content: Sha256,
    /// As people see it.
    pub name: String,
    pub homepage: Option<String>,
    pub signer: Option<Arc<dyn FileSigner>>,
}

impl Seal for Origination {
    fn seal(&self, file: &mut File, signer: &dyn OpenPgpSigner) -> Result<(), PackageError> {
        let the_package = Path::new("the package");
        let unusable = |cause| PackageError::Unusable { path: the_package.to_owned(), cause: Unfit::Msi(cause) };
        let copy = || file.try_clone().on("read", the_package);
        let streams = MsiFile::open(copy()?).and_then(|mut msi| msi.digests()).map_err(unusable)?;
        let (version, architecture) = (self.version.clone(), self.architecture.clone());
        let origin = Origin::of(self.package.clone(), version, architecture, self.content, streams);
        let message = signer.message(&origin.to_bytes())?;
        container::append(copy()?, msi::ORIGIN, &message).on("write", the_package)?;
        match &self.signer {
            None => Ok(()),
            Some(signer) => self.for_windows(file, &**signer),
        }
    }
}

impl Origination {
    /// Signs the file as it is now, in a folder of its own, and takes what came out.
    fn for_windows(&self, file: &mut File, signer: &dyn FileSigner) -> Result<(), PackageError> {
        let folder = tempfile::tempdir().on("write", &std::env::temp_dir())?;
        let (input, output) = (folder.path().join("unsigned.msi"), folder.path().join("signed.msi"));
        file.seek(SeekFrom::Start(0)).on("read", &input)?;
        let mut unsigned = File::create(&input).on("write", &input)?;
        std::io::copy(file, &mut unsigned).on("write", &input)?;
        drop(unsigned);
        let request =
            SigningRequest { input: &input, output: &output, name: &self.name, url: self.homepage.as_deref() };
        signer.sign(&request)?;
        let mut signed = File::open(&output).on("read", &output)?;
        let verified = MsiFile::open(&mut signed)
            .map_err(AuthenticodeError::from)
            .and_then(|mut msi| authenticode::verify(&mut msi, signer.pins(), Timestamp::now()));
        verified.map_err(|cause| SignError::Windows(format!("what came out {cause}")))?;
        signed.seek(SeekFrom::Start(0)).on("read", &output)?;
        file.seek(SeekFrom::Start(0)).on("write", &output)?;
        file.set_len(0).on("write", &output)?;
        std::io::copy(&mut signed, file).on("write", &output)?;
        Ok(())
    }
}
