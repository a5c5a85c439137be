//! A .deb as both sides read it: three members and the origin signature, `deb(5)`.
//!
//! Only the shape that Consign writes is read: `debian-binary`, `control.tar.gz`, `data.tar.*` and
//! `_gpgorigin`, in this order. What was verified is then exactly what dpkg unpacks, because there is
//! no second member of any name that dpkg and this reader could choose differently, and no second file
//! of any name in the control archive.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use flate2::read::MultiGzDecoder;

use crate::anchor::Fingerprint;
use crate::openpgp::{Keyring, VerifyError};
use crate::plan;

const MAGIC: &[u8; 8] = b"!<arch>\n";
const HEADER: u64 = 60;
const MAXIMUM_CONTROL: u64 = 16 * 1024 * 1024;
const MAXIMUM_SIGNATURE: u64 = 64 * 1024;
const MAXIMUM_UNPACKED: u64 = 4 * MAXIMUM_CONTROL;
/// How much smaller scripts and plans get at most, mostly.
const USUAL_RATIO: u64 = 6;
/// What is signed is read at once where it is no more than this.
const SIGNED_AT_ONCE: u64 = 256 * 1024;

/// Why a file is not a package that can be used.
#[derive(Debug, thiserror::Error)]
pub enum DebError {
    /// Not a .deb of the one shape.
    #[error("is not a .deb as consign builds them: {0}")]
    Shape(String),
    /// Not a .deb at all, or not one that can get a plan; for packages that were built by others.
    #[error("{0}")]
    Foreign(String),
    /// It carries no `_gpgorigin`.
    #[error("is not signed (no member _gpgorigin)")]
    Unsigned,
    /// Its origin signature is not good.
    #[error(transparent)]
    Signature(#[from] VerifyError),
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
}

/// Where the members of a .deb lie in the file.
#[derive(Debug, Clone)]
pub struct DebLayout {
    members: Vec<Member>,
}

#[derive(Debug, Clone)]
struct Member {
    name: String,
    offset: u64,
    size: u64,
}

impl DebLayout {
    /// Reads the headers of the archive and nothing else.
    ///
    /// # Errors
    /// [`DebError::Shape`], [`DebError::Read`]
    pub fn read(file: &mut (impl Read + Seek)) -> Result<Self, DebError> {
        let shape = |what: String| DebError::Shape(what);
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        let mut magic = [0; 8];
        file.read_exact(&mut magic).map_err(|_| shape("it is too short".to_owned()))?;
        if &magic != MAGIC {
            return Err(shape("it is not an ar archive".to_owned()));
        }
        let mut members = Vec::new();
        let mut at = MAGIC.len() as u64;
        while at < length && members.len() < 5 {
            file.seek(SeekFrom::Start(at))?;
            let mut header = [0; HEADER as usize];
            file.read_exact(&mut header).map_err(|_| shape("a member header is cut short".to_owned()))?;
            let member =
                member(&header, at + HEADER).ok_or_else(|| shape(format!("bad member header at byte {at}")))?;
            at = member.offset + member.size + member.size % 2;
            if at > length {
                return Err(shape(format!("member {} is cut short", member.name)));
            }
            members.push(member);
        }
        let names: Vec<&str> = members.iter().map(|m| m.name.as_str()).collect();
        let expected = match names.as_slice() {
            ["debian-binary", "control.tar.gz", data] | ["debian-binary", "control.tar.gz", data, "_gpgorigin"] => {
                ["data.tar", "data.tar.gz", "data.tar.xz", "data.tar.zst"].contains(data)
            }
            _ => false,
        };
        if !expected {
            return Err(shape(format!("its members are {}", names.join(", "))));
        }
        Ok(Self { members })
    }

    /// The files of the control archive that are wanted, each at most `maximum` bytes, read in one pass.
    ///
    /// Every entry is looked at, wanted or not: of two files of one name dpkg would unpack the last.
    ///
    /// # Errors
    /// [`DebError::Shape`], [`DebError::Read`]
    pub fn control_files(
        &self,
        file: &mut (impl Read + Seek),
        wanted: impl Fn(&str) -> bool,
        maximum: u64,
    ) -> Result<BTreeMap<String, Vec<u8>>, DebError> {
        let control = &self.members[1];
        if control.size > MAXIMUM_CONTROL {
            return Err(DebError::Shape(format!("its control archive has {} bytes", control.size)));
        }
        file.seek(SeekFrom::Start(control.offset))?;
        // All of it at once: tar asks for blocks of 512 bytes, each of which would be inflated on its own.
        let mut unpacked = Vec::with_capacity((control.size * USUAL_RATIO).min(MAXIMUM_UNPACKED) as usize);
        MultiGzDecoder::new(file.take(control.size)).take(MAXIMUM_UNPACKED + 1).read_to_end(&mut unpacked)?;
        let length = unpacked.len() as u64;
        if length > MAXIMUM_UNPACKED {
            let what = format!("its control archive unpacks to more than {MAXIMUM_UNPACKED} bytes");
            return Err(DebError::Shape(what));
        }
        let mut archive = tar::Archive::new(Cursor::new(unpacked));
        let (mut seen, mut found) = (BTreeSet::new(), BTreeMap::new());
        for entry in archive.entries_with_seek()? {
            let mut entry = entry?;
            if entry.raw_file_position().saturating_add(entry.size()) > length {
                return Err(DebError::Shape("its control archive is cut short".to_owned()));
            }
            let Some(name) = control_name(&mut entry)? else { continue };
            if wanted(&name) {
                found.insert(name.clone(), content(&name, &mut entry, maximum)?);
            }
            if let Some(name) = seen.replace(name) {
                return Err(DebError::Shape(format!("its control archive has two files {name}")));
            }
        }
        Ok(found)
    }

    /// One file of the control archive, at most `maximum` bytes; `None` when it is not there.
    ///
    /// # Errors
    /// Those of [`Self::control_files`].
    pub fn control_file(
        &self,
        file: &mut (impl Read + Seek),
        name: &str,
        maximum: u64,
    ) -> Result<Option<Vec<u8>>, DebError> {
        Ok(self.control_files(file, |other| other == name, maximum)?.remove(name))
    }

    /// The signed plan that travels in the package.
    ///
    /// # Errors
    /// Those of [`Self::control_file`].
    pub fn plan(&self, file: &mut (impl Read + Seek)) -> Result<Option<Vec<u8>>, DebError> {
        self.control_file(file, plan::DEB_MEMBER, plan::MAXIMUM_SIZE)
    }

    /// Verifies `_gpgorigin` over the three members before it, reading the file once.
    ///
    /// # Errors
    /// [`DebError`]
    pub fn verify_origin(
        &self,
        file: &mut (impl Read + Seek + Send + Sync),
        keyring: &Keyring,
    ) -> Result<Fingerprint, DebError> {
        let signature = self.members.get(3).ok_or(DebError::Unsigned)?;
        if signature.size > MAXIMUM_SIGNATURE {
            return Err(DebError::Shape("its signature is too large".to_owned()));
        }
        file.seek(SeekFrom::Start(signature.offset))?;
        let mut bytes = Vec::new();
        file.take(signature.size).read_to_end(&mut bytes)?;
        let members = &self.members[..3];
        let length = members.iter().map(|member| member.size).sum::<u64>();
        let mut signed = SignedMembers { file, members, current: 0, done: 0 };
        if length > SIGNED_AT_ONCE {
            return Ok(keyring.verify_detached_stream(&bytes, signed)?);
        }
        let mut data = Vec::with_capacity(length as usize + 1);
        signed.read_to_end(&mut data)?;
        Ok(keyring.verify_detached(&bytes, &data)?)
    }
}

fn member(header: &[u8; HEADER as usize], offset: u64) -> Option<Member> {
    let text = std::str::from_utf8(header).ok().filter(|text| text.is_ascii() && text.ends_with("`\n"))?;
    let name = text[..16].trim_end_matches(' ');
    let size = text[48..58].trim_end_matches(' ');
    // Not what `parse` takes besides: a sign.
    let size = if size.bytes().all(|b| b.is_ascii_digit()) { size.parse().ok()? } else { return None };
    Some(Member { name: name.strip_suffix('/').unwrap_or(name).to_owned(), offset, size })
}

/// The name of a control file; `None` for the folder itself. Anything but a plain file in that folder is
/// refused, and so are names and headers that the `tar` behind dpkg may read differently.
fn control_name(entry: &mut tar::Entry<'_, impl Read>) -> Result<Option<String>, DebError> {
    let path = entry.path_bytes().into_owned();
    let plain = entry.pax_extensions()?.is_none() && path.iter().all(u8::is_ascii_graphic);
    let kind = entry.header().entry_type();
    match path.strip_prefix(b"./").unwrap_or(&path) {
        b"" | b"." if plain && kind == tar::EntryType::Directory => Ok(None),
        b"" | b"." | b".." => Err(foreign(&path)),
        name if plain && kind == tar::EntryType::Regular && !name.contains(&b'/') => {
            Ok(Some(String::from_utf8_lossy(name).into_owned()))
        }
        _ => Err(foreign(&path)),
    }
}

fn foreign(path: &[u8]) -> DebError {
    DebError::Shape(format!("its control archive has the entry {:?}", String::from_utf8_lossy(path)))
}

fn content(name: &str, entry: &mut tar::Entry<'_, impl Read>, maximum: u64) -> Result<Vec<u8>, DebError> {
    let size = entry.size();
    if size > maximum {
        return Err(DebError::Shape(format!("its control file {name} has {size} bytes")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    entry.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The bytes of some members, one after the other.
struct SignedMembers<'a, F> {
    file: &'a mut F,
    members: &'a [Member],
    current: usize,
    done: u64,
}

impl<F: Read + Seek> Read for SignedMembers<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = self.members.get(self.current) {
            let left = member.size - self.done;
            if left == 0 {
                self.current += 1;
                self.done = 0;
                continue;
            }
            self.file.seek(SeekFrom::Start(member.offset + self.done))?;
            let want = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let read = self.file.read(&mut buffer[..want])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.done += read as u64;
            return Ok(read);
        }
        Ok(0)
    }
}
