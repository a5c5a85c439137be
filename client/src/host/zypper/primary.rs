//! What a repository offers, in the index that zypper has fetched and checked: `repomd.xml` and the
//! `primary.xml.gz` that it names.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::host::{HostError, at};

/// A package of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// `version-release`, after an epoch where there is one.
    pub version: String,
    /// What it is built for.
    pub architecture: String,
    /// Where it is, seen from the repository.
    pub href: String,
    /// How large its file is.
    pub size: u64,
}

/// The packages of these names that this host can install; none where nothing was fetched yet.
///
/// # Errors
/// When what was fetched cannot be read.
pub fn packages(raw: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<Package>, HostError> {
    let entry = raw.join("repodata/repomd.xml");
    let file = match File::open(&entry) {
        Ok(file) => file,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(at("read", &entry, cause)),
    };
    let href = primary(BufReader::new(file)).map_err(|cause| at("read", &entry, cause))?;
    let href = href.filter(|href| !href.split('/').any(|part| part == ".."));
    let path = raw.join(href.ok_or_else(|| at("read", &entry, "it names no primary index"))?);
    let file = File::open(&path).map_err(|cause| at("read", &path, cause))?;
    let found = listed(BufReader::new(MultiGzDecoder::new(file))).map_err(|cause| at("read", &path, cause))?;
    let fits = |package: &Package| [std::env::consts::ARCH, "noarch"].contains(&&*package.architecture);
    Ok(found.into_iter().filter(|package| fits(package) && wanted(&package.name)).collect())
}

fn primary(index: impl BufRead) -> Result<Option<String>, quick_xml::Error> {
    let (mut reader, mut buffer, mut is_primary) = (Reader::from_reader(index), Vec::new(), false);
    loop {
        match reader.read_event_into(&mut buffer)? {
            Event::Start(element) if element.name().as_ref() == "data" => {
                is_primary = attribute(&element, "type")? == "primary";
            }
            Event::Empty(element) if is_primary && element.name().as_ref() == "location" => {
                return Ok(Some(attribute(&element, "href")?));
            }
            Event::Eof => return Ok(None),
            _ => {}
        }
        buffer.clear();
    }
}

fn listed(index: impl BufRead) -> Result<Vec<Package>, quick_xml::Error> {
    let (mut reader, mut buffer, mut found) = (Reader::from_reader(index), Vec::new(), Vec::new());
    let (mut package, mut text) = (Package::default(), String::new());
    loop {
        match reader.read_event_into(&mut buffer)? {
            Event::Start(element) if element.name().as_ref() == "package" => package = Package::default(),
            Event::Start(_) => text.clear(),
            Event::Text(part) => text.push_str(&part),
            Event::Empty(element) => take_attributes(&mut package, &element)?,
            Event::End(element) => match element.name().as_ref() {
                "name" => package.name = std::mem::take(&mut text),
                "arch" => package.architecture = std::mem::take(&mut text),
                "package" => found.push(std::mem::take(&mut package)),
                _ => {}
            },
            Event::Eof => return Ok(found),
            _ => {}
        }
        buffer.clear();
    }
}

fn take_attributes(package: &mut Package, element: &BytesStart<'_>) -> Result<(), quick_xml::Error> {
    match element.name().as_ref() {
        "version" => {
            let (epoch, version) = (attribute(element, "epoch")?, attribute(element, "ver")?);
            let epoch = if matches!(&*epoch, "" | "0") { String::new() } else { format!("{epoch}:") };
            package.version = format!("{epoch}{version}-{}", attribute(element, "rel")?);
        }
        "size" => package.size = attribute(element, "package")?.parse().unwrap_or(0),
        "location" => package.href = attribute(element, "href")?,
        _ => {}
    }
    Ok(())
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<String, quick_xml::Error> {
    let found = element.try_get_attribute(name)?;
    found.map_or(Ok(String::new()), |value| Ok(value.normalized_value(XmlVersion::Implicit1_0)?.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::rpm::sample::{Root, succeed};
    use std::process::Command;

    #[test]
    fn packages_are_listed_as_the_index_has_them() {
        let root = Root::empty();
        let file = root.build("acme-erp", "1:1.0~rc.1", "2.el9");
        root.build("other", "1", "1");
        succeed(Command::new("createrepo_c").arg("--quiet").arg(root.pool()));
        let found = packages(&root.pool(), |name| name == "acme-erp").unwrap();
        let expected = Package {
            name: "acme-erp".to_owned(),
            version: "1:1.0~rc.1-2.el9".to_owned(),
            architecture: "noarch".to_owned(),
            href: "acme-erp-1.0~rc.1-2.el9.noarch.rpm".to_owned(),
            size: file.metadata().unwrap().len(),
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn nothing_fetched_is_nothing_offered_and_a_torn_index_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(packages(folder.path(), |_| true), Ok(Vec::new()));
        fs_err::create_dir(folder.path().join("repodata")).unwrap();
        for text in ["<repomd>", "<repomd><data type=\"primary\"><location href=\"../x.gz\"/>", "<repomd></wrong>"] {
            fs_err::write(folder.path().join("repodata/repomd.xml"), text).unwrap();
            assert!(packages(folder.path(), |_| true).is_err(), "{text}");
        }
    }
}
