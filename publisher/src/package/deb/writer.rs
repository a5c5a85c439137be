//! From contents to an unsigned .deb, the payload streamed through a temporary file.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use consign_metadata::digest::Sha256;
use jiff::Timestamp;

use super::control::{self, ControlMember};
use super::digest::ContentDigest;
use super::opened::Members;
use super::packing::gzip;
use super::{CONTENT_FIELD, Paragraph, archive, configuration, data, documentation};
use crate::file::OnFile;
use crate::package::{PackageContents, PackageError, Packager, UnsignedPackage, runs_as_owner};
use crate::stage::{Attributes, Node, Source, StagedTree};

/// Writes .deb files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deb;

impl Packager for Deb {
    fn build(
        &self,
        contents: &PackageContents,
        time: Timestamp,
        folder: &Path,
    ) -> Result<UnsignedPackage, PackageError> {
        let seconds = u64::try_from(time.as_second()).unwrap_or(0);
        let tree = configuration::lay_out(&contents.name, &documentation::add(contents, time)?)?;
        let mut paragraph = control::paragraph(contents)?;
        let members = control::members(contents);
        let mut digest = ContentDigest::begin(&paragraph, &members);

        fs::create_dir_all(folder).on("create", folder)?;
        let mut data = tempfile::tempfile_in(folder).on("write", folder)?;
        let packed = write_data(&mut data, &tree, seconds, &mut digest)?;

        paragraph.insert_before("Description", "Installed-Size", packed.installed_kib.to_string());
        let content = digest.finish();
        let parts =
            Parts { file_name: file_name(contents), seconds, paragraph, members, md5sums: packed.md5sums, content };
        parts.assemble(("data.tar.gz", &mut data), folder, runs_as_owner(&tree))
    }
}

/// Everything of a package but its payload.
pub(super) struct Parts {
    pub file_name: String,
    pub seconds: u64,
    pub paragraph: Paragraph,
    pub members: Vec<ControlMember>,
    pub md5sums: String,
    pub content: Sha256,
}

impl Parts {
    /// Puts them and a packed payload into an unsigned package.
    pub fn assemble(
        mut self,
        data: (&str, &mut File),
        folder: &Path,
        warnings: Vec<String>,
    ) -> Result<UnsignedPackage, PackageError> {
        self.paragraph.insert_before("Description", CONTENT_FIELD, self.content.to_string());
        for (name, text) in [("control", self.paragraph.to_string()), ("md5sums", self.md5sums)] {
            let content = Source::Bytes(text.into_bytes());
            self.members.push(ControlMember { name: name.to_owned(), mode: 0o644, content });
        }
        let control = control_archive(self.members, self.seconds)?;
        let prefix = format!(".{}.", self.file_name);
        let mut file = tempfile::Builder::new().prefix(&prefix).tempfile_in(folder).on("write", folder)?;
        let path = file.path().to_owned();
        let members = archive::write(file.as_file_mut(), self.seconds, &control, data).on("write", &path)?;
        Ok(UnsignedPackage {
            file,
            file_name: self.file_name,
            seal: Box::new(Members(members)),
            content_digest: self.content,
            warnings,
        })
    }
}

fn file_name(contents: &PackageContents) -> String {
    let version = contents.native.deb.as_deref().unwrap_or_default();
    format!("{}_{version}_{}.deb", contents.name, contents.architecture.deb())
}

fn write_data(
    out: &mut File,
    tree: &StagedTree,
    seconds: u64,
    digest: &mut ContentDigest,
) -> Result<data::Packed, PackageError> {
    let gzip = gzip(BufWriter::with_capacity(1 << 17, out));
    let (gzip, packed) = data::write(gzip, tree, seconds, digest)?;
    let mut out = gzip.finish().on("write", Path::new("the package"))?;
    out.flush().on("write", Path::new("the package"))?;
    Ok(packed)
}

fn control_archive(mut members: Vec<ControlMember>, seconds: u64) -> Result<Vec<u8>, PackageError> {
    members.sort_by(|a, b| a.name.cmp(&b.name));
    let mut tree = StagedTree::default();
    for member in members {
        let node = Node::File { source: member.content, config: false };
        let entry = crate::stage::Entry { attributes: Attributes::root(member.mode), node };
        tree.add(&format!("/{}", member.name), entry)?;
    }
    let mut ignored = ContentDigest::begin(&Paragraph::default(), &[]);
    let (gzip, _) = data::write(gzip(Vec::new()), &tree, seconds, &mut ignored)?;
    Ok(gzip.finish().on("write", Path::new("the control archive"))?)
}
