//! `repomd.xml` of any repository of yum: which documents make it up.

use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;
use jiff::Timestamp;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// What a `repomd.xml` says, as far as a mirror has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repomd {
    /// When it was made, by the youngest of its documents.
    pub made: Timestamp,
    /// What is carried of it.
    pub documents: Vec<Document>,
}

/// A document of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// `primary`, `filelists`, `group`, …
    pub kind: String,
    /// Its place, below the root of the repository.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Bytes unpacked, where it says so.
    pub unpacked: Option<u64>,
    digest: String,
    algorithm: String,
}

impl Repomd {
    /// Reads what was verified. Copies of the documents for SQLite, which no client of today reads, are left out.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut documents, mut made) = (Vec::new(), 0);
        let (mut document, mut content) = (Document::default(), String::new());
        let mut reader = Reader::from_str(text);
        loop {
            match reader.read_event().map_err(|cause| cause.to_string())? {
                Event::Start(element) => {
                    content.clear();
                    match element.name().as_ref() {
                        "data" => document = Document { kind: attribute(&element, "type")?, ..Document::default() },
                        "checksum" => document.algorithm = attribute(&element, "type")?,
                        _ => {}
                    }
                }
                Event::Empty(element) if element.name().as_ref() == "location" => {
                    document.path = attribute(&element, "href")?;
                }
                Event::Text(part) => content.push_str(&part),
                Event::End(element) => match element.name().as_ref() {
                    "checksum" => document.digest = content.trim().to_owned(),
                    "size" => document.size = number(&content)?,
                    "open-size" => document.unpacked = Some(number(&content)?),
                    "timestamp" => made = made.max(number(&content)?),
                    "data" if !document.kind.ends_with("_db") => documents.push(std::mem::take(&mut document)),
                    _ => {}
                },
                Event::Eof => break,
                _ => {}
            }
        }
        let made = i64::try_from(made).ok().and_then(|made| Timestamp::from_second(made).ok());
        Ok(Self { made: made.ok_or("its date is none")?, documents })
    }

    /// A document by its kind.
    pub fn document(&self, kind: &str) -> Option<&Document> {
        self.documents.iter().find(|document| document.kind == kind)
    }
}

impl Document {
    /// The file, by content.
    ///
    /// # Errors
    /// It lies elsewhere, or only a weak digest is known of it.
    pub fn file(&self) -> Result<FileReference, String> {
        let kind = &self.kind;
        let sha256: Option<Sha256> = self.digest.parse().ok().filter(|_| self.algorithm == "sha256");
        let sha256 = sha256.ok_or_else(|| format!("its {kind} has no digest of the kind sha256"))?;
        let is_inside = self.path.strip_prefix("repodata/").is_some_and(|name| !name.contains('/'));
        let path = is_inside.then(|| self.path.clone()).ok_or_else(|| format!("its {kind} is not in repodata"))?;
        Ok(FileReference { path, size: self.size, sha256 })
    }
}

/// Seconds may have a fraction.
fn number(text: &str) -> Result<u64, String> {
    let whole = text.trim().split('.').next().unwrap_or_default();
    whole.parse().map_err(|_| format!("{text:?} is no number"))
}

/// An attribute of an element; nothing where it has none.
///
/// # Errors
/// The element is torn.
pub fn attribute(element: &BytesStart<'_>, name: &str) -> Result<String, String> {
    let wrong = |cause: &dyn std::fmt::Display| cause.to_string();
    let found = element.try_get_attribute(name).map_err(|cause| wrong(&cause))?;
    let value = found.map(|found| found.normalized_value(XmlVersion::Implicit1_0).map(std::borrow::Cow::into_owned));
    Ok(value.transpose().map_err(|cause| wrong(&cause))?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_and_those_for_sqlite_or_elsewhere_are_not_taken() {
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let data = |kind: &str, href: &str, algorithm: &str| {
            format!(
                "<data type=\"{kind}\"><checksum type=\"{algorithm}\">{digest}</checksum>\
                 <open-checksum type=\"sha256\">x</open-checksum><location href=\"{href}\"/>\
                 <timestamp>1700000000.5</timestamp><size>3</size><open-size>9</open-size></data>\n"
            )
        };
        let text = format!(
            "<?xml version=\"1.0\"?>\n<repomd><revision>7</revision>{}{}{}{}</repomd>",
            data("primary", "repodata/p.xml.zst", "sha256"),
            data("primary_db", "repodata/p.sqlite.bz2", "sha256"),
            data("other", "../x.xml", "sha256"),
            data("group", "repodata/g.xml", "sha1"),
        );
        let repomd = Repomd::parse(&text).unwrap();
        assert_eq!(repomd.made, Timestamp::from_second(1_700_000_000).unwrap());
        assert_eq!(repomd.documents.len(), 3);
        let primary = repomd.document("primary").unwrap();
        let file = FileReference { path: "repodata/p.xml.zst".to_owned(), size: 3, sha256: digest.parse().unwrap() };
        assert_eq!((primary.file(), primary.unpacked), (Ok(file), Some(9)));
        assert_eq!(repomd.document("other").unwrap().file().unwrap_err(), "its other is not in repodata");
        assert!(repomd.document("group").unwrap().file().unwrap_err().ends_with("sha256"));
        assert!(Repomd::parse("<repomd></wrong>").is_err());
    }
}
