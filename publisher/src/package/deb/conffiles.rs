//! The conffiles of a package that was built by others, as its scripts need them before it is unpacked.
//!
//! dpkg goes on owning them. So that it has nothing to ask, the scripts must know each new default before
//! dpkg looks at it (`docs/wrap.md`): its digest, its content, and the folders that lead to it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use md5::{Digest as _, Md5};
use tar::{EntryType, Header};

use super::foreign::ForeignMember;
use super::packing::gzip;

/// As much as a second copy of them may be: with it the control archive stays within what its readers take.
const MAXIMUM: u64 = 8 * 1024 * 1024;

/// Conffiles as they are in a payload.
#[derive(Debug, Default)]
pub struct Conffiles {
    asked: BTreeSet<String>,
    found: BTreeMap<String, (Header, Vec<u8>)>,
    folders: BTreeMap<String, Header>,
    size: u64,
}

impl Conffiles {
    /// Those that the control archive names. What dpkg only removes, it never asks about.
    pub fn named(members: &BTreeMap<String, ForeignMember>) -> Self {
        let list = members.get("conffiles").map(|member| String::from_utf8_lossy(&member.bytes)).unwrap_or_default();
        let paths = list.lines().filter_map(|line| line.trim_end().strip_prefix('/'));
        Self { asked: paths.map(str::to_owned).collect(), ..Self::default() }
    }

    /// Looks at an entry of the payload.
    pub fn see(&mut self, path: &str, header: &Header, content: &mut impl Read) -> io::Result<()> {
        match header.entry_type() {
            EntryType::Directory if self.asked.iter().any(|file| is_below(file, path)) => {
                self.folders.insert(path.to_owned(), header.clone());
            }
            EntryType::Regular if self.asked.contains(path) => {
                self.size += header.entry_size()?;
                if self.size > MAXIMUM {
                    let bound = MAXIMUM / 1024 / 1024;
                    return Err(io::Error::other(format!("its conffiles are larger than {bound} MiB together")));
                }
                let mut bytes = Vec::new();
                content.read_to_end(&mut bytes)?;
                self.found.insert(path.to_owned(), (header.clone(), bytes));
            }
            _ => {}
        }
        Ok(())
    }

    /// Those of which nothing can be foreseen: a link, or a name that is not in the payload.
    pub fn odd(&self) -> impl Iterator<Item = &str> {
        self.asked.iter().filter(|path| !self.found.contains_key(*path)).map(String::as_str)
    }

    /// Their digests, as `md5sum` writes them, with whole paths; nothing where there is none.
    pub fn list(&self) -> Option<Vec<u8>> {
        let line = |(path, (_, bytes)): (&String, &(Header, Vec<u8>))| {
            format!("{}  /{path}\n", hex::encode(Md5::digest(bytes)))
        };
        (!self.found.is_empty()).then(|| self.found.iter().map(line).collect::<String>().into_bytes())
    }

    /// Them and their folders as a compressed tar archive, with the owners and modes of the payload.
    pub fn archive(&self) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(gzip(Vec::new()));
        for (path, header) in &self.folders {
            archive.append_data(&mut header.clone(), format!("{path}/"), io::empty())?;
        }
        for (path, (header, bytes)) in &self.found {
            archive.append_data(&mut header.clone(), path, &**bytes)?;
        }
        archive.into_inner()?.finish()
    }
}

fn is_below(file: &str, folder: &str) -> bool {
    file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(kind: EntryType, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o640);
        header
    }

    fn named(list: &str) -> Conffiles {
        let member = ForeignMember { executable: false, bytes: list.as_bytes().to_vec() };
        Conffiles::named(&BTreeMap::from([("conffiles".to_owned(), member)]))
    }

    #[test]
    fn what_dpkg_would_ask_about_is_kept_with_its_folders() {
        let mut conffiles = named("/etc/acme/a\nremove-on-upgrade /etc/acme/b\n/etc/acme/link\n");
        let file = header(EntryType::Regular, 1);
        for path in ["etc", "etc/acme", "etc/ac", "opt"] {
            conffiles.see(path, &header(EntryType::Directory, 0), &mut io::empty()).unwrap();
        }
        conffiles.see("etc/acme/a", &file, &mut &b"1"[..]).unwrap();
        conffiles.see("etc/acme/other", &file, &mut &b"2"[..]).unwrap();
        conffiles.see("etc/acme/link", &header(EntryType::Symlink, 0), &mut io::empty()).unwrap();
        assert_eq!(conffiles.list().unwrap(), b"c4ca4238a0b923820dcc509a6f75849b  /etc/acme/a\n");
        assert_eq!(conffiles.odd().collect::<Vec<_>>(), ["etc/acme/link"]);
        let bytes = conffiles.archive().unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&*bytes));
        let paths = archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().display().to_string());
        assert_eq!(paths.collect::<Vec<_>>(), ["etc/", "etc/acme/", "etc/acme/a"]);
        assert_eq!(conffiles.archive().unwrap(), bytes);
    }

    #[test]
    fn a_package_without_conffiles_has_no_list_and_one_with_huge_ones_is_refused() {
        assert_eq!(named("").list(), None);
        let huge = named("/etc/a\n").see("etc/a", &header(EntryType::Regular, MAXIMUM + 1), &mut io::empty());
        assert_eq!(huge.unwrap_err().to_string(), "its conffiles are larger than 8 MiB together");
    }
}
