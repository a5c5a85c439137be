//! One large file, fetched into a part that outlives whoever fetches it, and taken up where it ended.
//!
//! Length and digest are known before the first byte is asked for. The part has the digest for a name, so
//! that the same content is never fetched twice, whatever it is called and however often it was begun.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use consign_metadata::digest::{RunningDigest, Sha256};
use consign_metadata::feed::FileReference;
use reqwest::StatusCode;
use reqwest::blocking::Response;
use reqwest::header::{CONTENT_RANGE, RANGE};

use super::MirrorError;
use super::manner::Watch;
use super::upstream::{Trouble, Upstream};
use crate::package::AT_ONCE;
use crate::store::Key;

/// What somebody who looks at a finished part says of it.
pub enum Verdict {
    /// It is what was signed.
    Good,
    /// It is not; fetched again it may be.
    Damaged(String),
    /// It is what the index names, and must not be used.
    Refused(MirrorError),
}

/// A file that has arrived.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Where it lies.
    pub part: &'a Path,
    /// Its digest, where it came without a pause.
    pub digest: Option<Sha256>,
    /// All of it, where it came so and is small.
    pub bytes: Option<&'a [u8]>,
}

/// What is known of bytes because they went by.
#[derive(Default)]
struct Passed {
    digest: Option<Sha256>,
    bytes: Option<Vec<u8>>,
}

/// A file on its way.
pub struct Download<'a> {
    pub upstream: &'a Upstream,
    pub file: &'a FileReference,
    pub parts: &'a Path,
    /// Is told of every piece.
    pub received: &'a (dyn Fn(u64) + Sync),
}

impl Download<'_> {
    /// Fetches what is missing of the file, and answers where it lies, looked at and found good.
    ///
    /// # Errors
    /// [`MirrorError`]; what has arrived stays, for the next attempt.
    pub fn run(&self, look: impl Fn(&Arrival<'_>) -> Verdict) -> Result<PathBuf, MirrorError> {
        let key: Key = self.file.path.parse()?;
        let part = self.parts.join(self.file.sha256.to_string());
        if let Some(shipment) = self.upstream.shipment() {
            shipment.bring(self.file, &part, self.received)?;
            return self.unloaded(part, look);
        }
        let watch = self.upstream.manner.watch();
        self.upstream.patiently(&self.upstream.url(&key), &watch, || {
            let Passed { digest, bytes } = self.complete(&key, &part, &watch)?;
            match look(&Arrival { part: &part, digest, bytes: bytes.as_deref() }) {
                Verdict::Good => Ok(()),
                Verdict::Damaged(cause) => {
                    std::fs::remove_file(&part).map_err(on("delete", &part))?;
                    Err(Trouble::Passing(cause))
                }
                Verdict::Refused(error) => Err(Trouble::Lasting(error)),
            }
        })?;
        Ok(part)
    }

    /// A medium says the same however often it is asked.
    fn unloaded(&self, part: PathBuf, look: impl Fn(&Arrival<'_>) -> Verdict) -> Result<PathBuf, MirrorError> {
        let refused = match look(&Arrival { part: &part, digest: None, bytes: None }) {
            Verdict::Good => return Ok(part),
            Verdict::Damaged(cause) => MirrorError::Medium { place: self.file.path.clone(), reason: cause },
            Verdict::Refused(error) => error,
        };
        let deleted = std::fs::remove_file(&part);
        deleted.map_err(|cause| MirrorError::Io { what: "delete", place: part.display().to_string(), cause })?;
        Err(refused)
    }

    /// Until the part has the length of the file. What is known of it, where nothing of it was there before.
    fn complete(&self, key: &Key, part: &Path, watch: &Watch<'_>) -> Result<Passed, Trouble> {
        let mut file = OpenOptions::new().create(true).append(true).open(part).map_err(on("open", part))?;
        let mut there = file.metadata().map_err(on("look at", part))?.len();
        if there > self.file.size {
            empty(&file, part)?;
            there = 0;
        }
        if there == self.file.size {
            return Ok(Passed::default());
        }
        let range = (there > 0).then(|| (RANGE, format!("bytes={there}-")));
        let mut answer = self.upstream.request(key, &range.into_iter().collect::<Vec<_>>())?;
        match answer.status() {
            StatusCode::OK if there > 0 => {
                empty(&file, part)?;
                there = 0;
            }
            StatusCode::OK => {}
            StatusCode::PARTIAL_CONTENT if there > 0 && self.continues(&answer, there) => {}
            // It has other ideas of the file: from the beginning, without a range.
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if there > 0 => {
                empty(&file, part)?;
                return Err(Trouble::Passing("the server sends another range than it was asked for".to_owned()));
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                return Err(Trouble::Lasting(MirrorError::Missing { url: self.upstream.url(key) }));
            }
            _ => return Err(self.upstream.unexpected(key, &answer)),
        }
        self.append(&mut answer, &mut file, part, there, watch)
    }

    /// Whether what comes begins where the part ends, and leads to the end of the file.
    fn continues(&self, answer: &Response, there: u64) -> bool {
        let header = answer.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        let size = self.file.size;
        header.is_some_and(|header| header == format!("bytes {there}-{}/{size}", size - 1))
    }

    fn append(
        &self,
        answer: &mut Response,
        file: &mut File,
        part: &Path,
        mut there: u64,
        watch: &Watch<'_>,
    ) -> Result<Passed, Trouble> {
        let size = self.file.size;
        let mut digest = (there == 0).then(RunningDigest::default);
        let mut bytes = (there == 0 && size <= AT_ONCE).then(|| Vec::with_capacity(size as usize));
        let longer = || Trouble::Passing(format!("the server sends more than the {size} bytes that were signed"));
        if answer.content_length().is_some_and(|length| there.saturating_add(length) > size) {
            return Err(longer());
        }
        let result = self.upstream.receive(answer, watch, |piece| {
            there += piece.len() as u64;
            if there > size {
                return Err(longer());
            }
            (self.received)(piece.len() as u64);
            if let Some(digest) = &mut digest {
                digest.update(piece);
            }
            if let Some(bytes) = &mut bytes {
                bytes.extend_from_slice(piece);
            }
            file.write_all(piece).map_err(on("write", part))
        });
        if there > size {
            // Nobody knows which of it was meant.
            empty(file, part)?;
        }
        result?;
        if there < size {
            return Err(Trouble::Passing(format!("the server sends {there} of {size} bytes")));
        }
        Ok(Passed { digest: digest.map(RunningDigest::finish), bytes })
    }
}

fn empty(file: &File, part: &Path) -> Result<(), Trouble> {
    file.set_len(0).map_err(on("empty", part))
}

fn on(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Trouble {
    let place = path.display().to_string();
    move |cause| Trouble::Lasting(MirrorError::Io { what, place, cause })
}
