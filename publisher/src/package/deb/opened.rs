//! A signed .deb, read as a repository wants it.

use std::fs::File;
use std::io::{Read, Seek};
use std::ops::Range;
use std::path::Path;

use consign_metadata::deb::{DebError, DebLayout};

use super::{CONTENT_FIELD, ControlArchive, Sections, append_signature};
use crate::file::OnFile;
use crate::package::format::{Format, Opened, Seal};
use crate::package::{PackageError, Plans};
use crate::sign::OpenPgpSigner;

/// Verifies a package, and reads what is needed to publish it.
pub fn open(file: &mut (impl Read + Seek + Send + Sync), plans: &Plans) -> Result<Opened, DebError> {
    let layout = DebLayout::read(file)?;
    let signer = layout.verify_origin(file, plans.keyring())?;
    let archive = ControlArchive::read(&layout, file)?;
    let control = archive.control()?;
    let field = |name: &str| {
        control.get(name).ok_or_else(|| DebError::Shape(format!("its control file has no {name}"))).map(str::to_owned)
    };
    let name = field("Package")?.parse().map_err(|e| DebError::Shape(format!("it has a bad name: {e}")))?;
    let (version, architecture) = (field("Version")?, field("Architecture")?);
    let content_digest =
        field(CONTENT_FIELD)?.parse().map_err(|e| DebError::Shape(format!("it has a bad content digest: {e}")))?;
    let plan = archive.plan(plans)?;
    let notes = match &plan {
        Some(signed) => archive.notes(&signed.plan)?,
        None => Vec::new(),
    };
    Ok(Opened { format: Format::Deb(control), name, version, architecture, content_digest, signer, plan, notes })
}

/// The members that are signed.
#[derive(Debug)]
pub struct Members(pub Vec<Range<u64>>);

impl Seal for Members {
    fn seal(&self, file: &mut File, signer: &dyn OpenPgpSigner) -> Result<(), PackageError> {
        let signature = signer.detached(&mut Sections::new(file, &self.0))?;
        Ok(append_signature(file, &signature).on("write", Path::new("the package"))?)
    }
}
