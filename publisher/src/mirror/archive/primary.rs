//! The packages of a repository of yum, and what they depend on: the document `primary`.

use std::io::BufRead;

use consign_metadata::feed::FileReference;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::index::{Clauses, Package};
use super::repomd::attribute;

/// A package that is being read.
#[derive(Default)]
struct Draft {
    name: String,
    architecture: String,
    digest: String,
    algorithm: String,
    size: u64,
    href: String,
    needs: Vec<String>,
    provides: Vec<String>,
}

/// Of which list an entry is.
#[derive(Clone, Copy)]
enum Relation {
    Needs,
    Provides,
    /// Conflicts, recommendations and what else there is.
    Other,
}

impl Relation {
    fn of(element: &str) -> Self {
        match element {
            "rpm:requires" => Self::Needs,
            "rpm:provides" => Self::Provides,
            _ => Self::Other,
        }
    }
}

/// Reads the packages for these architectures and for all; none named, every one.
///
/// # Errors
/// What is wrong with the document.
pub fn parse(document: impl BufRead, takes: impl Fn(&str) -> bool) -> Result<Vec<Package>, String> {
    let (mut reader, mut buffer, mut found) = (Reader::from_reader(document), Vec::new(), Vec::new());
    let (mut draft, mut content, mut relation) = (Draft::default(), String::new(), Relation::Other);
    loop {
        match reader.read_event_into(&mut buffer).map_err(|cause| cause.to_string())? {
            Event::Start(element) => {
                content.clear();
                match element.name().as_ref() {
                    "package" => draft = Draft::default(),
                    "checksum" => draft.algorithm = attribute(&element, "type")?,
                    name => relation = Relation::of(name),
                }
            }
            Event::Empty(element) => draft.take(&element, relation)?,
            Event::Text(part) => content.push_str(&part),
            Event::End(element) => match element.name().as_ref() {
                "name" => draft.name = std::mem::take(&mut content),
                "arch" => draft.architecture = std::mem::take(&mut content),
                "checksum" => draft.digest = std::mem::take(&mut content),
                "file" => draft.provides.push(std::mem::take(&mut content)),
                "package" => {
                    let draft = std::mem::take(&mut draft);
                    if draft.architecture == "noarch" || takes(&draft.architecture) {
                        found.push(draft.finished()?);
                    }
                }
                _ => {}
            },
            Event::Eof => return Ok(found),
            _ => {}
        }
        buffer.clear();
    }
}

impl Draft {
    fn take(&mut self, element: &BytesStart<'_>, relation: Relation) -> Result<(), String> {
        match element.name().as_ref() {
            "size" => {
                let size = attribute(element, "package")?;
                self.size = size.parse().map_err(|_| format!("package {} has a bad size", self.name))?;
            }
            "location" => self.href = attribute(element, "href")?,
            "rpm:entry" => match relation {
                Relation::Needs => self.needs.push(attribute(element, "name")?),
                Relation::Provides => self.provides.push(attribute(element, "name")?),
                Relation::Other => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn finished(self) -> Result<Package, String> {
        let Self { name, digest, algorithm, size, href: path, needs, provides, .. } = self;
        let sha256 = digest.parse().ok().filter(|_| algorithm == "sha256");
        let sha256 = sha256.ok_or_else(|| format!("package {name} has no digest of the kind sha256"))?;
        let packed = |names: Vec<String>| Clauses::of(names.iter().map(|name| [name.as_str()]));
        // What rpm itself provides, no package does.
        let needs = needs.into_iter().filter(|name| !name.starts_with("rpmlib(")).collect();
        let (needs, provides) = (packed(needs), packed(provides));
        Ok(Package { name, file: FileReference { path, size, sha256 }, needs, provides })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::archive::index::chosen;

    fn package(name: &str, architecture: &str, relations: &str) -> String {
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        format!(
            "<package type=\"rpm\">\n <name>{name}</name>\n <arch>{architecture}</arch>\n \
             <checksum type=\"sha256\" pkgid=\"YES\">{digest}</checksum>\n <size package=\"3\" installed=\"9\"/>\n \
             <location href=\"Packages/{name}.rpm\"/>\n <format>{relations}</format>\n</package>\n"
        )
    }

    #[test]
    fn what_a_package_needs_is_found_by_what_others_provide_files_included() {
        let entry = |name: &str| format!("<rpm:entry name=\"{name}\" flags=\"GE\" ver=\"1\"/>");
        let text = format!(
            "<?xml version=\"1.0\"?>\n<metadata packages=\"5\">\n{}{}{}{}{}</metadata>",
            package(
                "erp",
                "x86_64",
                &format!(
                    "<rpm:requires>{}{}{}</rpm:requires><rpm:conflicts>{}</rpm:conflicts>",
                    entry("libc.so.6()(64bit)"),
                    entry("/bin/sh"),
                    entry("rpmlib(X)"),
                    entry("evil"),
                )
            ),
            package("glibc", "x86_64", &format!("<rpm:provides>{}</rpm:provides>", entry("libc.so.6()(64bit)"))),
            package("bash", "x86_64", "<file>/bin/sh</file>"),
            package("evil", "noarch", ""),
            package("glibc32", "i686", &format!("<rpm:provides>{}</rpm:provides>", entry("libc.so.6()(64bit)"))),
        );
        let packages = parse(text.as_bytes(), |architecture| architecture == "x86_64").unwrap();
        assert_eq!(packages.len(), 4);
        let chosen = chosen(&packages, &["erp".to_owned()].into(), true);
        let names: Vec<_> = chosen.into_iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["erp", "glibc", "bash"]);
        assert!(parse(&b"<metadata></wrong>"[..], |_| true).is_err());
    }
}
