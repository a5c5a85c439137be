//! Release notes as `dnf updateinfo` shows them: an advisory for each release.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Entry;
use super::xml::{Escaped, blocks, element, text};

/// dnf reads dates of this form.
const DATE: &str = "%Y-%m-%d %H:%M:%S";

/// What kind of change a release is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The first of its product.
    New,
    /// Minor or major.
    Enhancement,
    /// Patch.
    Repair,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::New => "newpackage",
            Self::Enhancement => "enhancement",
            Self::Repair => "bugfix",
        }
    }
}

/// A release and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advisory {
    /// `acme:erp-1.1.0`.
    pub id: String,
    /// Who answers for it.
    pub from: String,
    /// What kind of change it is.
    pub kind: Kind,
    /// Product and version.
    pub title: String,
    /// When it was published first.
    pub issued: Timestamp,
    /// The note, Markdown; empty when there is none.
    pub note: String,
}

impl Advisory {
    /// Its element, with the packages of the release.
    pub(super) fn render(&self, collection: &str, packages: &[&Entry]) -> String {
        let (from, kind) = (Escaped(&self.from), self.kind.as_str());
        let mut out = format!("<update from=\"{from}\" status=\"stable\" type=\"{kind}\" version=\"1\">\n");
        out += &element(2, "id", &self.id);
        out += &element(2, "title", &self.title);
        out += &format!("  <issued date=\"{}\"/>\n", self.issued.strftime(DATE));
        out += &element(2, "severity", "None");
        out += &element(2, "summary", first_paragraph(&self.note));
        out += &element(2, "description", &self.note);
        let collection = Escaped(collection);
        out += &format!("  <references/>\n  <pkglist>\n    <collection short=\"{collection}\">\n");
        out += &format!("      <name>{collection}</name>\n");
        out += &packages.iter().map(|entry| package(entry)).collect::<String>();
        out + "    </collection>\n  </pkglist>\n</update>\n"
    }
}

fn package(entry: &Entry) -> String {
    let (version, release) = entry.version.rsplit_once('-').unwrap_or((&entry.version, ""));
    let file = entry.filename.rsplit('/').next().unwrap_or_default();
    let sha256 = entry.sha256;
    format!(
        "      <package name=\"{}\" version=\"{}\" release=\"{}\" epoch=\"0\" arch=\"{}\" src=\"\">\n        \
         <filename>{}</filename>\n        <sum type=\"sha256\">{sha256}</sum>\n      </package>\n",
        Escaped(&entry.package),
        Escaped(version),
        Escaped(release),
        Escaped(&entry.architecture),
        Escaped(file),
    )
}

/// Without the heading that a note may begin with.
fn first_paragraph(note: &str) -> &str {
    let paragraphs = note.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    let texts = paragraphs.clone().find(|paragraph| !paragraph.starts_with('#'));
    texts.or(paragraphs.clone().next()).unwrap_or_default()
}

/// The text of the index: advisories by their id.
pub(super) fn render(advisories: &BTreeMap<String, String>) -> String {
    let elements: String = advisories.values().map(String::as_str).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<updates>\n{elements}</updates>\n")
}

/// The advisories of an index; each keeps its bytes.
pub(super) fn parse(index: &str) -> BTreeMap<String, String> {
    let identified = |element: &str| Some((text(element, "id")?.to_owned(), element.to_owned()));
    blocks(index, "update").filter_map(identified).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_the_first_paragraph_that_is_no_heading() {
        assert_eq!(first_paragraph("# Erp 1.1\n\nFaster\nnow.\n\nMore."), "Faster\nnow.");
        assert_eq!(first_paragraph("# Erp 1.1"), "# Erp 1.1");
        assert_eq!(first_paragraph(""), "");
    }

    #[test]
    fn advisories_are_kept_to_the_byte() {
        let advisory = Advisory {
            id: "acme:erp-1.1.0".to_owned(),
            from: "Acme <packages@acme.example>".to_owned(),
            kind: Kind::Repair,
            title: "erp 1.1.0".to_owned(),
            issued: "2026-10-21T21:57:39Z".parse().unwrap(),
            note: "</update>\n<update from=\"x\">".to_owned(),
        };
        let element = advisory.render("acme-stable", &[]);
        let index = render(&[(advisory.id.clone(), element.clone())].into());
        assert_eq!(parse(&index), [(advisory.id, element)].into());
    }
}
