//! Where a vendor's packages come from on a host whose package manager does not know: `repository.toml`.
//!
//! The vendor's release package lays one down beside the anchor. One of the site's, in its own folder, replaces what
//! it names: the address of a mirror, a proxy, a certificate authority of the house.

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::{ChannelName, VendorName};
use serde::Deserialize;
use toml::Spanned;

use super::{SiteError, parse, text, wrong};
use crate::host::login::{self, Login};
use crate::places::Places;

/// The name of both files.
pub const FILE: &str = "repository.toml";
const SCHEMES: [&str; 3] = ["https://", "http://", "file://"];
/// How often the feed is looked at where nobody says, in minutes.
const OFTEN: u32 = 6 * 60;

/// The repository of a vendor, as this host reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its root, without credentials and without a slash at its end.
    pub url: String,
    /// The credentials in its address.
    pub login: Option<Login>,
    /// The channel.
    pub channel: ChannelName,
    /// The only certificate authority that may vouch for the server, a file of PEM; those of the system where there
    /// is none.
    pub certificate_authority: Option<PathBuf>,
    /// The address of a proxy.
    pub proxy: Option<String>,
    /// How often it is looked at.
    pub every: Duration,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RepositoryFile {
    url: Option<Spanned<String>>,
    channel: Option<Spanned<String>>,
    certificate_authority: Option<PathBuf>,
    proxy: Option<String>,
    look_minutes: Option<Spanned<u32>>,
}

impl Subscription {
    /// That of a vendor; `None` where neither the vendor nor the site names an address.
    ///
    /// # Errors
    /// [`SiteError`]
    pub fn of(places: &Places, vendor: &VendorName) -> Result<Option<Self>, SiteError> {
        let vendors = places.anchors().join(vendor.as_str()).join(FILE);
        let sites = places.at("/etc/consign").join(vendor.as_str()).join(FILE);
        let file = read(&sites)?.over(read(&vendors)?);
        let Some(url) = file.url else { return Ok(None) };
        let (url, login) = login::split(url.trim_end_matches('/'));
        Ok(Some(Self {
            url,
            login,
            channel: file.channel.unwrap_or_else(stable),
            certificate_authority: file.certificate_authority,
            proxy: file.proxy,
            every: Duration::from_secs(60 * u64::from(file.look_minutes.unwrap_or(OFTEN))),
        }))
    }
}

/// What one file says, with a meaning.
#[derive(Default)]
struct Checked {
    url: Option<String>,
    channel: Option<ChannelName>,
    certificate_authority: Option<PathBuf>,
    proxy: Option<String>,
    look_minutes: Option<u32>,
}

impl Checked {
    fn over(self, below: Self) -> Self {
        Self {
            url: self.url.or(below.url),
            channel: self.channel.or(below.channel),
            certificate_authority: self.certificate_authority.or(below.certificate_authority),
            proxy: self.proxy.or(below.proxy),
            look_minutes: self.look_minutes.or(below.look_minutes),
        }
    }
}

fn read(path: &Path) -> Result<Checked, SiteError> {
    let Some(text) = text(path)? else { return Ok(Checked::default()) };
    let file: RepositoryFile = parse(path, &text)?;
    let wrong = |span, problem: &str| wrong(path, &text, span, problem.to_owned());
    if let Some(url) = &file.url
        && !SCHEMES.iter().any(|scheme| url.get_ref().starts_with(scheme))
    {
        return Err(wrong(url.span(), "an address begins with https://, http:// or file://"));
    }
    if let Some(none) = file.look_minutes.as_ref().filter(|minutes| *minutes.get_ref() == 0) {
        return Err(wrong(none.span(), "it is at least 1"));
    }
    let channel = file.channel.map(|channel| {
        let parsed = channel.get_ref().parse::<ChannelName>();
        parsed.map_err(|problem| wrong(channel.span(), &problem.to_string()))
    });
    Ok(Checked {
        url: file.url.map(Spanned::into_inner),
        channel: channel.transpose()?,
        certificate_authority: file.certificate_authority,
        proxy: file.proxy,
        look_minutes: file.look_minutes.map(Spanned::into_inner),
    })
}

fn stable() -> ChannelName {
    "stable".parse().expect("a channel")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(vendors: &str, sites: &str) -> Result<Option<Subscription>, SiteError> {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let vendor: VendorName = "acme".parse().unwrap();
        let files = [(places.anchors(), vendors), (places.at("/etc/consign"), sites)];
        for (folder, text) in files.iter().filter(|(_, text)| !text.is_empty()) {
            let folder = folder.join("acme");
            fs_err::create_dir_all(&folder).unwrap();
            fs_err::write(folder.join(FILE), text).unwrap();
        }
        Subscription::of(&places, &vendor)
    }

    #[test]
    fn the_site_replaces_what_it_names_of_what_the_vendor_says() {
        let vendors = "url = \"https://packages.acme.example/\"\nchannel = \"lts\"\n";
        let of_vendor = written(vendors, "").unwrap().unwrap();
        assert_eq!((&*of_vendor.url, of_vendor.channel.as_str()), ("https://packages.acme.example", "lts"));
        assert_eq!((of_vendor.every, of_vendor.login), (Duration::from_secs(6 * 3600), None));
        let sites = "url = \"http://erp:secret@mirror/acme\"\nlook_minutes = 5\n";
        let mirrored = written(vendors, sites).unwrap().unwrap();
        assert_eq!((&*mirrored.url, mirrored.channel.as_str()), ("http://mirror/acme", "lts"));
        assert_eq!((mirrored.every, mirrored.login.unwrap().user), (Duration::from_secs(300), "erp".to_owned()));
        assert_eq!(written("", "").unwrap(), None);
    }

    #[test]
    fn what_has_no_meaning_is_refused_with_its_place() {
        for text in ["url = \"ftp://acme\"", "look_minutes = 0", "channel = \"A B\"", "uri = \"https://acme\""] {
            let problem = written("", text).unwrap_err().to_string();
            assert!(problem.contains("line 1"), "{text}: {problem}");
        }
    }
}
