//! The repositories of this host as `/etc/zypp/repos.d` names them, and where zypper keeps what it has
//! fetched of them.
//!
//! Only those of the shape that `consign publish` gives them count: what others offer has no feed that could
//! be verified, and stays held. zypper itself is not asked: it would take its lock, which a person may have
//! for as long as a question stands unanswered.

use std::path::PathBuf;

use super::proxies;
use crate::host::login::{self, Login};
use crate::host::rpm::curl::{Access, Verify};
use crate::host::{HostError, at};
use crate::places::Places;

const FOLDER: &str = "/etc/zypp/repos.d";
const RAW: &str = "/var/cache/zypp/raw";
const PACKAGES: &str = "/var/cache/zypp/packages";

/// A channel of a publication, as this host subscribes to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// Its name for zypper.
    pub alias: String,
    /// The root of the publication, without credentials.
    pub url: String,
    /// How that is reached: credentials that its address carries or names, a proxy for it alone.
    pub access: Access,
    /// The channel.
    pub channel: String,
    /// What zypper has fetched of its index, whose signature it has checked.
    pub raw: PathBuf,
    /// Where zypper puts its packages.
    pub packages: PathBuf,
}

impl Subscribed {
    /// The file by which a generation is known.
    pub fn entry_point(&self) -> PathBuf {
        self.raw.join("repodata/repomd.xml")
    }
}

/// All that are enabled, in the order of their files.
///
/// # Errors
/// When a file cannot be read.
pub fn all(places: &Places) -> Result<Vec<Subscribed>, HostError> {
    let folder = places.at(FOLDER);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(at("read", &folder, cause)),
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "repo"));
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|cause| at("read", &file, cause))?;
        found.extend(sections(&text).iter().filter_map(|section| subscribed(places, section)));
    }
    Ok(found)
}

struct Section<'a> {
    alias: &'a str,
    entries: Vec<(&'a str, &'a str)>,
}

impl<'a> Section<'a> {
    fn get(&self, key: &str) -> Option<&'a str> {
        self.entries.iter().find(|(known, value)| *known == key && !value.is_empty()).map(|(_, value)| *value)
    }
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(alias) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push(Section { alias, entries: Vec::new() });
        } else if let (Some(section), Some((key, value))) = (sections.last_mut(), line.split_once('=')) {
            section.entries.push((key.trim(), value.trim()));
        }
    }
    sections
}

fn subscribed(places: &Places, section: &Section<'_>) -> Option<Subscribed> {
    if !section.get("enabled").is_some_and(|value| ["1", "yes", "true", "on"].contains(&&*value.to_lowercase())) {
        return None;
    }
    // A list counts only where no address is given.
    let address = section.get("baseurl").or_else(|| section.get("mirrorlist"))?;
    let address = address.split([' ', '\t', ',']).next()?;
    let (address, options) = address.split_once('?').unwrap_or((address, ""));
    let (root, channel) = publication(address)?;
    let (url, login) = login::split(root);
    let option = |name: &str| options.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let login = login.or_else(|| kept_login(places, option("credentials")?));
    // zypper has one folder for an alias, whatever is in it.
    let alias = section.alias.replace('/', "_");
    let (raw, packages) = (places.at(RAW).join(&alias), places.at(PACKAGES).join(&alias));
    let proxy = section.get("proxy").map(str::to_owned).or_else(|| proxies::of_host(places, &url));
    let verify = if option("ssl_verify") == Some("no") { Verify::Nothing } else { Verify::Certificate };
    let file = |name: &str| option(name).map(PathBuf::from);
    let (client_certificate, client_key) = (file("ssl_clientcert"), file("ssl_clientkey"));
    let access = Access { proxy, login, client_certificate, client_key, verify, ..Access::default() };
    Some(Subscribed { alias, url, access, channel: channel.to_owned(), raw, packages })
}

/// The root of the publication that an address belongs to, and the channel; with variables of zypper's in it
/// it is none that can be told here.
fn publication(address: &str) -> Option<(&str, &str)> {
    let (root, rest) = address.trim_end_matches('/').rsplit_once("/yum/")?;
    let (channel, below) = rest.split_once('/').unwrap_or((rest, ""));
    let is_ours = matches!(below, "" | "mirrors") || below.strip_prefix("g/").is_some_and(|g| !g.contains('/'));
    let end = address.find("/yum/").filter(|_| is_ours && !address.contains('$'))?;
    (!channel.is_empty() && end > 0).then(|| (&address[..root.len() + 1], channel))
}

/// `credentials.d(5)`: lines `username = …` and `password = …`.
fn kept_login(places: &Places, name: &str) -> Option<Login> {
    let file = if name.starts_with('/') { name.to_owned() } else { format!("/etc/zypp/credentials.d/{name}") };
    let text = std::fs::read_to_string(places.at(&file)).ok()?;
    let value = |key: &str| {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs.into_iter().find(|(known, _)| known.trim() == key).map(|(_, value)| value.trim().to_owned())
    };
    Some(Login { user: value("username")?, password: value("password").unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> (tempfile::TempDir, Places) {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        fs_err::create_dir_all(places.at(FOLDER)).unwrap();
        fs_err::write(places.at(FOLDER).join("acme-stable.repo"), text).unwrap();
        (root, places)
    }

    #[test]
    fn publications_are_known_by_the_shape_of_their_address() {
        let of = |address| publication(address);
        assert_eq!(of("https://x.example/acme/yum/stable/mirrors"), Some(("https://x.example/acme/", "stable")));
        assert_eq!(of("http://x.example/yum/edge/g/latest/"), Some(("http://x.example/", "edge")));
        assert_eq!(of("file:///srv/yum/edge"), Some(("file:///srv/", "edge")));
        for other in ["https://x.example/suse/repo/oss/", "https://x/yum/$releasever/mirrors", "https://x/yum/a/b/c"] {
            assert_eq!(of(other), None);
        }
    }

    #[test]
    fn a_subscription_says_where_it_is_and_who_may_read_it() {
        let (_root, places) = host(
            "[acme-stable]\nname=Packages of acme\n#baseurl=https://no.example/yum/a/g/latest/\n\
             mirrorlist=https://me:it%20is@x.example/yum/stable/mirrors\nenabled=1\nproxy=http://p:3128\n\
             [off]\nbaseurl=https://x.example/yum/off/\nenabled=0\n\
             [kept]\nbaseurl=https://x.example/yum/kept/?credentials=acme&ssl_verify=no\nenabled=1\n",
        );
        fs_err::create_dir_all(places.at("/etc/zypp/credentials.d")).unwrap();
        fs_err::write(places.at("/etc/zypp/credentials.d/acme"), "username = you\npassword=secret\n").unwrap();
        let [stable, kept] = all(&places).unwrap().try_into().unwrap();
        assert_eq!((&*stable.alias, &*stable.url, &*stable.channel), ("acme-stable", "https://x.example/", "stable"));
        assert_eq!(stable.access.proxy.as_deref(), Some("http://p:3128"));
        assert_eq!(stable.entry_point(), places.at("/var/cache/zypp/raw/acme-stable/repodata/repomd.xml"));
        let user = |login: Option<Login>| login.map(|login| (login.user, login.password));
        assert_eq!(user(stable.access.login), Some(("me".to_owned(), "it is".to_owned())));
        assert_eq!((stable.access.verify, kept.access.verify), (Verify::Certificate, Verify::Nothing));
        assert_eq!(user(kept.access.login), Some(("you".to_owned(), "secret".to_owned())));
    }

    #[test]
    fn a_host_without_repositories_has_none() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(all(&Places::below(root.path())), Ok(Vec::new()));
    }
}
