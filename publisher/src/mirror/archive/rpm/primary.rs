//! The document `primary` of a repository, package by package, with everything that decides what is installed.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::package::Package;
use super::relation::{Relation, Sense};
use super::requirement::Requirement;
use crate::mirror::archive::repomd::attribute;

/// Of which list an entry is.
#[derive(Clone, Copy)]
enum List {
    Gives,
    Needs,
    Recommends,
    Supplements,
    Obsoletes,
    /// Conflicts, suggestions and what else there is.
    Other,
}

impl List {
    fn of(element: &str) -> Self {
        match element {
            "rpm:provides" => Self::Gives,
            "rpm:requires" => Self::Needs,
            "rpm:recommends" => Self::Recommends,
            "rpm:supplements" => Self::Supplements,
            "rpm:obsoletes" => Self::Obsoletes,
            _ => Self::Other,
        }
    }
}

/// Hands over each package with its files, as far as the document has them.
///
/// # Errors
/// What is wrong with the document.
pub fn read(document: impl BufRead, mut take: impl FnMut(Package, Vec<Box<str>>)) -> Result<(), String> {
    let (mut reader, mut buffer) = (Reader::from_reader(document), Vec::new());
    let (mut package, mut files, mut content, mut list) = (Package::default(), Vec::new(), String::new(), List::Other);
    loop {
        match reader.read_event_into(&mut buffer).map_err(|cause| cause.to_string())? {
            Event::Start(element) => {
                content.clear();
                list = List::of(element.name().as_ref());
            }
            Event::Empty(element) => match element.name().as_ref() {
                "version" => package.version = version(&element)?,
                "rpm:entry" => package.take(&element, list)?,
                _ => {}
            },
            Event::Text(part) => content.push_str(&part),
            Event::End(element) => match element.name().as_ref() {
                "name" => package.name = std::mem::take(&mut content),
                "arch" => package.architecture = std::mem::take(&mut content),
                "file" => files.push(std::mem::take(&mut content).into()),
                "package" => take(std::mem::take(&mut package), std::mem::take(&mut files)),
                _ => {}
            },
            Event::Eof => return Ok(()),
            _ => {}
        }
        buffer.clear();
    }
}

impl Package {
    fn take(&mut self, entry: &BytesStart<'_>, list: List) -> Result<(), String> {
        let requirements = match list {
            List::Gives => return relation(entry).map(|given| self.gives.push(given)),
            List::Obsoletes => return relation(entry).map(|gone| self.obsoletes.push(gone)),
            List::Needs => &mut self.needs,
            List::Recommends => &mut self.recommends,
            List::Supplements => &mut self.supplements,
            List::Other => return Ok(()),
        };
        let relation = relation(entry)?;
        // What rpm itself provides, no package does.
        if !relation.name.starts_with("rpmlib(") {
            let is_joined = relation.name.starts_with('(');
            let joined = || Requirement::parse(&relation.name).map_err(|cause| format!("{}: {cause}", self.name));
            requirements.push(if is_joined { joined()? } else { Requirement::Is(relation) });
        }
        Ok(())
    }
}

fn relation(entry: &BytesStart<'_>) -> Result<Relation, String> {
    let (name, flags) = (attribute(entry, "name")?, attribute(entry, "flags")?);
    Ok(match Sense::parse(&flags) {
        Some(sense) => Relation::versioned(&name, sense, &version(entry)?),
        None => Relation::any(&name),
    })
}

/// `epoch:version-release`, as far as it is said.
fn version(element: &BytesStart<'_>) -> Result<String, String> {
    let [epoch, version, release] = ["epoch", "ver", "rel"].map(|name| attribute(element, name));
    let (epoch, version, release) = (epoch?, version?, release?);
    let epoch = if ["", "0"].contains(&epoch.as_str()) { String::new() } else { format!("{epoch}:") };
    let release = if release.is_empty() { release } else { format!("-{release}") };
    Ok(format!("{epoch}{version}{release}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_decides_is_read() {
        let text = "<?xml version=\"1.0\"?>\n<metadata packages=\"1\"><package type=\"rpm\"><name>erp</name>\
                    <arch>noarch</arch><version epoch=\"2\" ver=\"1.0\" rel=\"3\"/><format><rpm:provides>\
                    <rpm:entry name=\"erp\" flags=\"EQ\" epoch=\"2\" ver=\"1.0\" rel=\"3\"/></rpm:provides><rpm:requires>\
                    <rpm:entry name=\"(c or d &gt;= 2)\"/><rpm:entry name=\"b\" flags=\"GE\" epoch=\"0\" ver=\"1.2\"/>\
                    <rpm:entry name=\"rpmlib(X)\"/></rpm:requires><rpm:recommends><rpm:entry name=\"e\"/>\
                    </rpm:recommends><rpm:obsoletes><rpm:entry name=\"old\"/></rpm:obsoletes><rpm:conflicts>\
                    <rpm:entry name=\"evil\"/></rpm:conflicts><file>/usr/bin/erp</file></format></package></metadata>";
        let mut found = Vec::new();
        read(text.as_bytes(), |package, files| found.push((package, files))).unwrap();
        let [(package, files)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(
            (package.to_string(), package.gives[0].to_string()),
            ("erp-2:1.0-3.noarch".into(), "erp = 2:1.0-3".into())
        );
        let needs: Vec<String> = package.needs.iter().map(ToString::to_string).collect();
        assert_eq!(needs, ["(c or d >= 2)", "b >= 1.2"]);
        assert_eq!((package.recommends.len(), package.obsoletes.len(), &*files[0]), (1, 1, "/usr/bin/erp"));
        assert!(read(&b"<metadata></wrong>"[..], |_, _| ()).is_err());
        let torn = "<package><rpm:requires><rpm:entry name=\"(a\"/></rpm:requires></package>";
        assert!(read(torn.as_bytes(), |_, _| ()).unwrap_err().contains("cannot read the requirement (a"));
    }
}
