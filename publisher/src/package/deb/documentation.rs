//! The files that Debian Policy (12.5, 12.7) wants every package to install: copyright and changelog.

use std::io::{self, Write};

use consign_metadata::digest::Sha256;
use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::package::{Copyright, PackageContents, PackageError};
use crate::stage::{Attributes, Entry, Node, Source, StagedTree};

/// The payload with its documentation.
pub fn add(contents: &PackageContents, time: Timestamp) -> Result<StagedTree, PackageError> {
    let mut tree = contents.payload.clone();
    let folder = format!("/usr/share/doc/{}", contents.name);
    tree.add_bytes(&format!("{folder}/copyright"), copyright(&contents.copyright).into_bytes(), 0o644)?;
    let changelog = Source::Salted {
        bytes: gzip(changelog(contents, time).as_bytes()).expect("memory can be written"),
        // The time of the build is in it, and is not content.
        stands_for: Sha256::of(changelog(contents, Timestamp::UNIX_EPOCH).as_bytes()),
    };
    let node = Node::File { source: changelog, config: false };
    // Policy 12.7: a version without a revision has no upstream changelog beside it.
    let revised = contents.native.deb.as_deref().is_some_and(|version| version.contains('-'));
    let name = format!("{folder}/{}", if revised { "changelog.Debian.gz" } else { "changelog.gz" });
    tree.add(&name, Entry { attributes: Attributes::root(0o644), node })?;
    Ok(tree)
}

fn copyright(copyright: &Copyright) -> String {
    let mut text = format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: {}\nLicense: {}\n",
        copyright.holder, copyright.license
    );
    for line in copyright.text.iter().flat_map(|text| text.lines()) {
        text.push_str(&if line.trim().is_empty() { " .\n".to_owned() } else { format!(" {line}\n") });
    }
    text
}

fn changelog(contents: &PackageContents, time: Timestamp) -> String {
    let version = contents.native.deb.as_deref().unwrap_or_default();
    let mut text = format!("{} ({version}) stable; urgency=medium\n\n", contents.name);
    for change in &contents.release.changes {
        text.push_str(&format!("  * {change}\n"));
    }
    let date = time.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    text.push_str(&format!("\n -- {}  {date}\n", contents.maintainer));
    text
}

/// As `gzip -9n`: no name, no time.
pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = GzBuilder::new().mtime(0).operating_system(3).write(Vec::new(), Compression::best());
    out.write_all(bytes)?;
    out.finish()
}
