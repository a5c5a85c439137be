//! What the index says of a package, as `createrepo_c` says it: the forms of primary, filelists and other.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::xml::{Escaped, element};

/// Older changes are in the package.
const CHANGES: usize = 10;
/// Needs before a scriptlet runs, not only before the program does: `Requires(pre)`, `Requires(post)`.
const BEFORE_SCRIPTS: u32 = 1 << 6 | 1 << 9 | 1 << 10;
/// The kinds of relations that are compared with each other.
pub const REQUIRES: &str = "requires";
/// What a package gives.
pub const PROVIDES: &str = "provides";
/// What rpm itself must be able to do; no package provides it.
const ABILITY: &str = "rpmlib(";

/// What a package says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    pub name: String,
    pub architecture: String,
    pub epoch: u64,
    pub version: String,
    pub release: String,
    pub summary: String,
    pub description: String,
    pub packager: String,
    pub url: String,
    pub license: String,
    pub vendor: String,
    pub group: String,
    pub build_host: String,
    pub source: String,
    pub built: u64,
    pub installed_size: u64,
    /// Where its header is in the file.
    pub header: (u64, u64),
    /// Each kind of relation by its element.
    pub relations: Vec<(&'static str, Vec<Relation>)>,
    pub files: Vec<(String, FileKind)>,
    pub changes: Vec<Change>,
}

/// A relation to a package or to something that a package provides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    pub name: String,
    pub flags: u32,
    /// `epoch:version-release`, the first and the last not always there.
    pub version: String,
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    File,
    Folder,
    Ghost,
}

/// An entry of the changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub author: String,
    pub time: u64,
    pub text: String,
}

/// Which file a package is.
pub struct Place<'a> {
    pub href: &'a str,
    pub size: u64,
    pub sha256: &'a str,
}

impl Description {
    /// Its element in the primary index.
    pub fn primary(&self, place: &Place<'_>) -> String {
        let Place { href, size, sha256 } = place;
        let mut out = String::from("<package type=\"rpm\">\n");
        out += &element(2, "name", &self.name);
        out += &element(2, "arch", &self.architecture);
        out += &self.version_line();
        let _ = writeln!(out, "  <checksum type=\"sha256\" pkgid=\"YES\">{sha256}</checksum>");
        for (name, text) in [
            ("summary", &self.summary),
            ("description", &self.description),
            ("packager", &self.packager),
            ("url", &self.url),
        ] {
            out += &element(2, name, text);
        }
        // The time of the file would differ between two copies of it.
        let _ = writeln!(out, "  <time file=\"{0}\" build=\"{0}\"/>", self.built);
        // How long the archive is inside says only the part of the file that nobody signs.
        let _ = writeln!(out, "  <size package=\"{size}\" installed=\"{}\" archive=\"0\"/>", self.installed_size);
        let _ = writeln!(out, "  <location href=\"{}\"/>", Escaped(href));
        out + &self.format() + "</package>\n"
    }

    fn format(&self) -> String {
        let mut out = String::from("  <format>\n");
        for (name, text) in [
            ("rpm:license", &self.license),
            ("rpm:vendor", &self.vendor),
            ("rpm:group", &self.group),
            ("rpm:buildhost", &self.build_host),
            ("rpm:sourcerpm", &self.source),
        ] {
            out += &element(4, name, text);
        }
        let (start, end) = self.header;
        let _ = writeln!(out, "    <rpm:header-range start=\"{start}\" end=\"{end}\"/>");
        for (kind, relations) in &self.relations {
            out += &list(kind, relations.iter().filter(|relation| *kind != REQUIRES || !self.is_own(relation)));
        }
        for (path, kind) in self.files.iter().filter(|(path, _)| is_primary(path)) {
            out += &file(4, path, *kind);
        }
        out + "  </format>\n"
    }

    /// Whether it provides itself what it needs, to the version.
    fn is_own(&self, needed: &Relation) -> bool {
        let own = self.relations.iter().filter(|(kind, _)| *kind == PROVIDES).flat_map(|(_, own)| own);
        let same = |own: &Relation| {
            (&own.name, &own.version, sign(own.flags)) == (&needed.name, &needed.version, sign(needed.flags))
        };
        own.into_iter().any(same) || self.files.iter().any(|(path, _)| is_primary(path) && *path == needed.name)
    }

    /// Its element in the index of files.
    pub fn filelists(&self, sha256: &str) -> String {
        let files: String = self.files.iter().map(|(path, kind)| file(2, path, *kind)).collect();
        format!("{}{files}</package>\n", self.head(sha256))
    }

    /// Its element in the index of changes.
    pub fn other(&self, sha256: &str) -> String {
        let mut out = self.head(sha256);
        // In the package the newest is first; here it is last.
        for Change { author, time, text } in self.changes.iter().take(CHANGES).rev() {
            let (author, text) = (Escaped(author), Escaped(text));
            let _ = writeln!(out, "  <changelog author=\"{author}\" date=\"{time}\">{text}</changelog>");
        }
        out + "</package>\n"
    }

    fn head(&self, sha256: &str) -> String {
        let (name, architecture) = (Escaped(&self.name), Escaped(&self.architecture));
        format!("<package pkgid=\"{sha256}\" name=\"{name}\" arch=\"{architecture}\">\n{}", self.version_line())
    }

    fn version_line(&self) -> String {
        let (version, release) = (Escaped(&self.version), Escaped(&self.release));
        format!("  <version epoch=\"{}\" ver=\"{version}\" rel=\"{release}\"/>\n", self.epoch)
    }
}

fn list<'a>(kind: &str, relations: impl Iterator<Item = &'a Relation>) -> String {
    let mut seen = BTreeSet::new();
    let asked = relations.filter(|relation| !relation.name.starts_with(ABILITY)).map(entry);
    let entries: String = asked.filter(|entry| seen.insert(entry.clone())).collect();
    if entries.is_empty() { entries } else { format!("    <rpm:{kind}>\n{entries}    </rpm:{kind}>\n") }
}

fn entry(relation: &Relation) -> String {
    let mut out = format!("      <rpm:entry name=\"{}\"", Escaped(&relation.name));
    if let Some(sign) = sign(relation.flags).filter(|_| !relation.version.is_empty()) {
        let (epoch, rest) = relation.version.split_once(':').unwrap_or(("0", &relation.version));
        let (version, release) = rest.split_once('-').map_or((rest, None), |(v, r)| (v, Some(r)));
        let _ = write!(out, " flags=\"{sign}\" epoch=\"{}\" ver=\"{}\"", Escaped(epoch), Escaped(version));
        if let Some(release) = release {
            let _ = write!(out, " rel=\"{}\"", Escaped(release));
        }
    }
    if relation.flags & BEFORE_SCRIPTS != 0 {
        out += " pre=\"1\"";
    }
    out + "/>\n"
}

/// Less is 2, greater is 4, equal is 8.
fn sign(flags: u32) -> Option<&'static str> {
    match flags & 0xe {
        2 => Some("LT"),
        4 => Some("GT"),
        8 => Some("EQ"),
        10 => Some("LE"),
        12 => Some("GE"),
        _ => None,
    }
}

/// Paths that packages depend on by tradition; dnf loads the index of all files only for others.
fn is_primary(path: &str) -> bool {
    path.starts_with("/etc/") || path.contains("bin/") || path == "/usr/lib/sendmail"
}

fn file(indent: usize, path: &str, kind: FileKind) -> String {
    let kind = match kind {
        FileKind::File => "",
        FileKind::Folder => " type=\"dir\"",
        FileKind::Ghost => " type=\"ghost\"",
    };
    format!("{:indent$}<file{kind}>{}</file>\n", "", Escaped(path))
}
