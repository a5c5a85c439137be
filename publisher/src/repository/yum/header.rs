//! What the header of a package says, as the index wants it.

use std::fs::File;
use std::io;

use consign_metadata::rpm::{Header, RpmLayout, tag};

use super::description::{Change, Description, FileKind, PROVIDES, REQUIRES, Relation};
use crate::package::{Format, SignedPackage};

/// The kinds of relations in the order of `createrepo_c`, and the tags of names, flags and versions.
const RELATIONS: [(&str, [u32; 3]); 8] = [
    (PROVIDES, [tag::PROVIDE_NAMES, tag::PROVIDE_FLAGS, tag::PROVIDE_VERSIONS]),
    (REQUIRES, [tag::REQUIRE_NAMES, tag::REQUIRE_FLAGS, tag::REQUIRE_VERSIONS]),
    ("conflicts", [tag::CONFLICT_NAMES, tag::CONFLICT_FLAGS, tag::CONFLICT_VERSIONS]),
    ("obsoletes", [tag::OBSOLETE_NAMES, tag::OBSOLETE_FLAGS, tag::OBSOLETE_VERSIONS]),
    ("suggests", [tag::SUGGEST_NAMES, tag::SUGGEST_FLAGS, tag::SUGGEST_VERSIONS]),
    ("enhances", [5055, 5057, 5056]),
    ("recommends", [tag::RECOMMEND_NAMES, tag::RECOMMEND_FLAGS, tag::RECOMMEND_VERSIONS]),
    ("supplements", [5052, 5054, 5053]),
];
const KIND_OF_FILE: u64 = 0o170_000;
const FOLDER: u64 = 0o040_000;

/// The description of a verified package.
///
/// # Errors
/// When it is of another format, or cannot be read any more.
pub fn describe(package: &SignedPackage) -> io::Result<Description> {
    let Format::Rpm(header) = package.format() else { return Err(io::Error::other("it is no .rpm")) };
    let layout = RpmLayout::read(&mut File::open(package.path())?).map_err(io::Error::other)?;
    let range = layout.header_range();
    Ok(Description { header: (range.start, range.end), ..of(header) })
}

/// The description of a header.
pub fn of(header: &Header) -> Description {
    let text = |tag| header.text(tag).unwrap_or_default().to_owned();
    let number = |tags: [u32; 2]| tags.into_iter().find_map(|tag| header.number(tag)).unwrap_or(0);
    Description {
        name: text(tag::NAME),
        architecture: text(tag::ARCH),
        epoch: header.number(tag::EPOCH).unwrap_or(0),
        version: text(tag::VERSION),
        release: text(tag::RELEASE),
        summary: text(tag::SUMMARY),
        description: text(tag::DESCRIPTION),
        packager: text(tag::PACKAGER),
        url: text(tag::URL),
        license: text(tag::LICENSE),
        vendor: text(tag::VENDOR),
        group: text(tag::GROUP),
        build_host: text(tag::BUILD_HOST),
        source: text(tag::SOURCE_RPM),
        built: header.number(tag::BUILD_TIME).unwrap_or(0),
        installed_size: number([tag::LONG_SIZE, tag::SIZE]),
        header: (0, 0),
        relations: relations(header),
        files: files(header),
        changes: changes(header),
    }
}

fn relations(header: &Header) -> Vec<(&'static str, Vec<Relation>)> {
    let owned = |relation: &consign_metadata::rpm::Relation<'_>| Relation {
        name: relation.name.to_owned(),
        flags: relation.flags,
        version: relation.version.to_owned(),
    };
    let kinds = RELATIONS.iter().map(|(kind, [names, flags, versions])| {
        (*kind, header.relations(*names, *flags, *versions).iter().map(owned).collect())
    });
    kinds.collect()
}

fn files(header: &Header) -> Vec<(String, FileKind)> {
    let (modes, flags) = (header.numbers(tag::FILE_MODES), header.numbers(tag::FILE_FLAGS));
    let kind = |index: usize| {
        let (mode, flags) = (modes.get(index).copied(), flags.get(index).copied());
        match (mode.unwrap_or(0) & KIND_OF_FILE, flags.unwrap_or(0) & u64::from(tag::FILE_GHOST)) {
            (FOLDER, _) => FileKind::Folder,
            (_, 0) => FileKind::File,
            _ => FileKind::Ghost,
        }
    };
    header.paths().into_iter().enumerate().map(|(index, path)| (path, kind(index))).collect()
}

fn changes(header: &Header) -> Vec<Change> {
    let (authors, times) = (header.texts(tag::CHANGELOG_NAMES), header.numbers(tag::CHANGELOG_TIMES));
    let parts = authors.into_iter().zip(times).zip(header.texts(tag::CHANGELOG_TEXTS));
    parts.map(|((author, time), text)| Change { author: author.to_owned(), time, text: text.to_owned() }).collect()
}
