//! From contents to an unsigned .deb, the payload streamed through a temporary file.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder};
use jiff::Timestamp;

use super::control::{self, ControlMember};
use super::digest::ContentDigest;
use super::{CONTENT_FIELD, Paragraph, archive, data, documentation};
use crate::file::OnFile;
use crate::package::{PackageContents, PackageError, Packager, UnsignedPackage};
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
        let tree = documentation::add(contents, time)?;
        let mut paragraph = control::paragraph(contents)?;
        let mut members = control::members(contents)?;
        let mut digest = ContentDigest::begin(&paragraph, &members);

        fs::create_dir_all(folder).on("create", folder)?;
        let mut data = tempfile::tempfile_in(folder).on("write", folder)?;
        let packed = write_data(&mut data, &tree, seconds, &mut digest)?;

        let content_digest = digest.finish();
        paragraph.insert_before("Description", "Installed-Size", packed.installed_kib.to_string());
        paragraph.insert_before("Description", CONTENT_FIELD, content_digest.to_string());
        let mut add = |name: &str, text: String| {
            let content = Source::Bytes(text.into_bytes());
            members.push(ControlMember { name: name.to_owned(), mode: 0o644, content });
        };
        add("control", paragraph.to_string());
        add("md5sums", packed.md5sums);
        let control = control_archive(members, seconds)?;

        let file_name = file_name(contents);
        let mut file =
            tempfile::Builder::new().prefix(&format!(".{file_name}.")).tempfile_in(folder).on("write", folder)?;
        let path = file.path().to_owned();
        let members = archive::write(file.as_file_mut(), seconds, &control, &mut data).on("write", &path)?;
        Ok(UnsignedPackage { file, file_name, members, content_digest, warnings: warnings(&tree) })
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

fn gzip<W: Write>(out: W) -> flate2::write::GzEncoder<W> {
    // 3 is Unix; without it the byte would depend on the system that builds.
    GzBuilder::new().mtime(0).operating_system(3).write(out, Compression::new(6))
}

fn warnings(tree: &StagedTree) -> Vec<String> {
    let special = |(path, entry): (&str, &crate::stage::Entry)| {
        let mode = entry.attributes.mode;
        let runs_as_owner = matches!(entry.node, Node::File { .. }) && mode & 0o6000 != 0;
        runs_as_owner.then(|| {
            let Attributes { owner, group, .. } = &entry.attributes;
            format!("/{path} has mode {mode:o}: whoever runs it becomes {owner}:{group}")
        })
    };
    tree.entries().filter_map(special).collect()
}
