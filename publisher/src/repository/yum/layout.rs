//! Where the files of a yum repository are, below the root of the publication.

use consign_metadata::name::ChannelName;

use crate::repository::apt;
use crate::store::{Key, StoreError};

/// The folder that is swapped in place, for hosting that can serve no list. It lies as deep as those of
/// the generations, so that the same bytes lead to the same packages.
pub const LATEST: &str = "latest";
/// Says which documents make up a generation.
pub const REPOMD: &str = "repomd.xml";
/// The signature of [`REPOMD`].
pub const SIGNATURE: &str = "repomd.xml.asc";
/// The certificate of who signed it.
pub const KEY: &str = "repomd.xml.key";
/// From a generation's folder up to the root of the publication.
const UP: &str = "../../../../";

/// The files of one channel.
#[derive(Debug, Clone)]
pub struct Layout {
    channel: ChannelName,
}

impl Layout {
    /// The files of a channel.
    pub fn of(channel: &ChannelName) -> Self {
        Self { channel: channel.clone() }
    }

    /// The list that sends readers to a generation.
    ///
    /// # Errors
    /// [`StoreError::Name`]
    pub fn mirrors(&self) -> Result<Key, StoreError> {
        format!("yum/{}/mirrors", self.channel).parse()
    }

    /// What holds the folders of all generations.
    ///
    /// # Errors
    /// [`StoreError::Name`]
    pub fn generations(&self) -> Result<Key, StoreError> {
        format!("yum/{}/g", self.channel).parse()
    }

    /// A file of a generation.
    ///
    /// # Errors
    /// [`StoreError::Name`]
    pub fn file(&self, generation: &str, name: &str) -> Result<Key, StoreError> {
        format!("{}/{generation}/repodata/{name}", self.generations()?).parse()
    }

    /// The list, with the one line that it has.
    pub fn list(&self, root: &str, generation: &str) -> String {
        format!("{}/yum/{}/g/{generation}/\n", root.trim_end_matches('/'), self.channel)
    }

    /// The generation that a list sends its readers to.
    pub fn listed<'a>(&self, list: &'a str) -> Option<&'a str> {
        let generation = list.trim().strip_suffix('/')?.rsplit_once(&format!("/yum/{}/g/", self.channel))?.1;
        (!generation.contains('/')).then_some(generation)
    }

    /// The generation that a file belongs to.
    pub fn generation_of<'a>(&self, key: &'a Key) -> Option<&'a str> {
        let rest = key.as_str().strip_prefix(&format!("yum/{}/g/", self.channel))?;
        rest.split('/').next()
    }
}

/// A package of the pool as a generation refers to it.
pub fn href(filename: &str) -> String {
    format!("{UP}{filename}")
}

/// The package that a generation refers to, below the root of the publication.
pub fn filename(href: &str) -> Option<&str> {
    href.strip_prefix(UP).filter(|filename| filename.starts_with("pool/"))
}

/// The place of a package in the pool. The name says all that tells two packages apart.
///
/// # Errors
/// [`StoreError::Name`]
pub fn pool(name: &str, version: &str, architecture: &str) -> Result<Key, StoreError> {
    format!("{}/{name}-{version}.{architecture}.rpm", apt::pool_folder(name)?).parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_a_generation_and_is_read_back() {
        let layout = Layout::of(&"stable".parse().unwrap());
        let list = layout.list("https://packages.acme.example/linux/", "7.2");
        assert_eq!(list, "https://packages.acme.example/linux/yum/stable/g/7.2/\n");
        assert_eq!(layout.listed(&list), Some("7.2"));
        assert_eq!(layout.listed("https://x/yum/testing/g/7/"), None, "of another channel");
        assert_eq!(layout.listed("https://x/yum/stable/g/7/8/"), None);
        let key = layout.file("7.2", "repomd.xml").unwrap();
        assert_eq!(layout.generation_of(&key), Some("7.2"));
    }

    #[test]
    fn a_generation_refers_to_the_pool_and_to_nothing_else() {
        let key = pool("acme-erp", "1.0.0~rc.1-1", "x86_64").unwrap();
        assert_eq!(key.as_str(), "pool/main/a/acme-erp/acme-erp-1.0.0~rc.1-1.x86_64.rpm");
        assert_eq!(filename(&href(key.as_str())), Some(key.as_str()));
        assert_eq!(filename("../../../../etc/passwd"), None);
        assert_eq!(filename("pool/main/x"), None);
    }
}
