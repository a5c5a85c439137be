//! From contents to an unsigned .msi, the cabinet packed into a temporary file first.

use std::fs;
use std::path::Path;

use consign_metadata::digest::Sha256;
use consign_metadata::msi::SUMMARY;
use jiff::Timestamp;

use super::cabinet::{self, CabinetError, Packed};
use super::container::{self, MAXIMUM_STREAM};
use super::control::MsiControl;
use super::database::Database;
use super::layout::{Installed, Layout, LayoutError};
use super::seal::Origination;
use super::summary::Summary;
use super::{product, record, sequences, services, validator};
use crate::file::OnFile;
use crate::package::{Architecture, PackageContents, PackageError, Packager, UnsignedPackage};
use crate::sign::FileSigner;
use crate::stage::Source;

/// Writes .msi files.
#[derive(Debug, Clone, Default)]
pub struct Msi {
    /// Who signs them for Windows, beside the vendor's own key; nobody where nothing is said.
    pub signer: Option<std::sync::Arc<dyn FileSigner>>,
}

impl Packager for Msi {
    fn build(
        &self,
        contents: &PackageContents,
        time: Timestamp,
        folder: &Path,
    ) -> Result<UnsignedPackage, PackageError> {
        let refuse = |reason: String| PackageError::Contents { package: contents.name.to_string(), reason };
        let control = contents.msi.as_ref().ok_or_else(|| refuse("it has nothing for Windows".to_owned()))?;
        let architecture = contents.architecture.msi();
        let layout = Layout::of(control, contents.architecture).map_err(|cause| match cause {
            LayoutError::Unfit(reason) => refuse(reason),
            LayoutError::Package(cause) => cause,
        })?;
        fs::create_dir_all(folder).on("create", folder)?;
        let mut cabinet = tempfile::tempfile_in(folder).on("write", folder)?;
        let packed = cabinet::write(&mut cabinet, &layout.members(), time, MAXIMUM_STREAM);
        let packed = packed.map_err(|cause| match cause {
            CabinetError::Full => refuse("an .msi holds 2 GiB of packed files; make it several modules".to_owned()),
            CabinetError::Package(cause) => cause,
        })?;
        let rows = |packed: &[Packed]| tables(contents, control, &layout, packed);
        let content = content(&rows(&standing(&layout, &packed)), &layout, &packed, control);
        let mut streams = rows(&packed).streams().map_err(refuse)?;
        streams.extend(control.streams.iter().map(|(name, source)| (name.clone(), bytes(source))));
        let summary = Summary {
            subject: &control.name,
            author: product::manufacturer(contents),
            comments: &contents.summary,
            template: &format!("{};{}", template(contents.architecture), product::LANGUAGE),
            package_code: package_code(control, &streams, &packed, time),
            time,
        };
        streams.insert(0, (SUMMARY.to_owned(), summary.to_bytes().map_err(refuse)?));
        let file_name = file_name(contents);
        let prefix = format!(".{file_name}.");
        let file = tempfile::Builder::new().prefix(&prefix).tempfile_in(folder).on("write", folder)?;
        let cabinet = (!layout.files.is_empty()).then_some(&mut cabinet);
        container::write(file.reopen().on("write", file.path())?, &streams, cabinet).on("write", file.path())?;
        validator::validate_written(file.path(), &packed).map_err(|faults| refuse(faults.to_string()))?;
        let seal = Origination {
            package: contents.name.clone(),
            version: contents.native.msi.clone().unwrap_or_default(),
            architecture: architecture.to_owned(),
            content,
            name: control.name.clone(),
            homepage: contents.homepage.clone(),
            signer: self.signer.clone(),
        };
        Ok(UnsignedPackage { file, file_name, seal: Box::new(seal), content_digest: content, warnings: Vec::new() })
    }
}

/// All rows of a package.
fn tables(contents: &PackageContents, control: &MsiControl, layout: &Layout, packed: &[Packed]) -> Database {
    let architecture = contents.architecture.msi();
    let native = contents.native.msi.as_deref().unwrap_or_default();
    let mut database = Database::default();
    let code = product::product_code(control, native, architecture);
    product::describe(&mut database, contents, control, code);
    product::features(&mut database, control, layout.features());
    layout.describe(&mut database, control.upgrade_code, packed, architecture);
    services::describe(&mut database, control, record::RECORD);
    record::describe(&mut database, contents, control, architecture);
    let settings = record::look_up(&mut database, contents, control);
    record::permit(&mut database, control, layout);
    sequences::describe(&mut database, control, &settings);
    database
}

/// What was packed, with what a signed document stands for in place of its salted bytes.
fn standing(layout: &Layout, packed: &[Packed]) -> Vec<Packed> {
    let standing = |(file, packed): (&Installed, &Packed)| match &file.source {
        Source::Salted { stands_for, .. } => Packed { size: 0, sha256: *stands_for, md5: [0; 16] },
        _ => packed.clone(),
    };
    layout.files.iter().zip(packed).map(standing).collect()
}

/// Digest of what the package is, apart from signatures, times and compression.
fn content(database: &Database, layout: &Layout, packed: &[Packed], control: &MsiControl) -> Sha256 {
    let mut lines = vec!["consign-content-1".to_owned()];
    lines.extend(database.lines());
    for (file, packed) in layout.files.iter().zip(standing(layout, packed)) {
        lines.push(format!("file\t{}\t{}", file.path, packed.sha256));
    }
    for (name, source) in &control.streams {
        let digest = match source {
            Source::Salted { stands_for, .. } => *stands_for,
            other => Sha256::of(&bytes(other)),
        };
        lines.push(format!("stream\t{name}\t{digest}"));
    }
    Sha256::of(lines.join("\n").as_bytes())
}

/// Streams of ours are small and generated.
fn bytes(source: &Source) -> Vec<u8> {
    match source {
        Source::Bytes(bytes) | Source::Salted { bytes, .. } => bytes.clone(),
        Source::Path { .. } => Vec::new(),
    }
}

/// Another one whenever a byte of the package is another.
fn package_code(control: &MsiControl, streams: &[(String, Vec<u8>)], packed: &[Packed], time: Timestamp) -> String {
    let mut lines = vec![time.as_second().to_string()];
    lines.extend(streams.iter().map(|(name, bytes)| format!("{name}\t{}", Sha256::of(bytes))));
    lines.extend(packed.iter().map(|packed| packed.sha256.to_string()));
    control.upgrade_code.derived(&Sha256::of(lines.join("\n").as_bytes()).to_string()).to_string()
}

fn template(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Arm64 => "Arm64",
        Architecture::All | Architecture::Amd64 => "x64",
    }
}

fn file_name(contents: &PackageContents) -> String {
    let version = contents.native.msi.as_deref().unwrap_or_default();
    format!("{}-{version}.{}.msi", contents.name, contents.architecture.msi())
}
