//! From contents to an unsigned .rpm, the payload streamed through a temporary file.

use std::fs;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;

use consign_metadata::digest::Sha256;
use jiff::Timestamp;

use super::files::Files;
use super::header::Main;
use super::signature::Front;
use super::{folders, payload};
use crate::file::OnFile;
use crate::package::{Architecture, PackageContents, PackageError, Packager, UnsignedPackage, runs_as_owner};

/// As leads number processors.
const PC: u16 = 1;
const ARM64: u16 = 19;
/// Each holds some tens of megabytes.
pub const MAXIMUM_THREADS: u32 = 16;

/// Writes .rpm files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rpm {
    /// How many threads compress; where nothing is said all cores, as far as [`MAXIMUM_THREADS`]. The bytes
    /// do not depend on it.
    pub threads: Option<u32>,
}

impl Packager for Rpm {
    fn build(
        &self,
        contents: &PackageContents,
        time: Timestamp,
        folder: &Path,
    ) -> Result<UnsignedPackage, PackageError> {
        let time = u32::try_from(time.as_second()).unwrap_or(0);
        let name = contents.name.as_str();
        let tree = folders::own(&contents.payload);
        let mut files = Files::of(&tree)?;
        files.endow(&contents.rpm.capabilities);
        fs::create_dir_all(folder).on("create", folder)?;
        let mut payload = tempfile::tempfile_in(folder).on("write", folder)?;
        let packed = payload::write(&mut payload, name, &mut files, time, self.threads(), &mut |_| Ok(()))?;
        let main = Main::of(contents, &files, time)?;
        let machine = if contents.architecture == Architecture::Arm64 { ARM64 } else { PC };
        let parts = Parts {
            file_name: file_name(contents),
            machine,
            header: main.to_bytes(&packed),
            archive_size: packed.archive_size,
            content: main.content(),
        };
        parts.assemble(&mut payload, folder, runs_as_owner(&tree))
    }
}

/// What a package is made of besides its payload.
pub struct Parts {
    pub file_name: String,
    /// The processors, as leads number them.
    pub machine: u16,
    /// The main header.
    pub header: Vec<u8>,
    pub archive_size: u64,
    pub content: Sha256,
}

impl Parts {
    /// The unsigned package, in a file below `folder` that has no name yet.
    pub fn assemble(
        self,
        payload: &mut fs::File,
        folder: &Path,
        warnings: Vec<String>,
    ) -> Result<UnsignedPackage, PackageError> {
        let Self { file_name, machine, header, archive_size, content } = self;
        let size = payload.seek(SeekFrom::End(0)).on("read", folder)?;
        let front = Front::of(&header, size, archive_size);
        let prefix = format!(".{file_name}.");
        let mut file = tempfile::Builder::new().prefix(&prefix).tempfile_in(folder).on("write", folder)?;
        let path = file.path().to_owned();
        let lead = front.unsigned(file_name.trim_end_matches(".rpm"), machine);
        assemble(file.as_file_mut(), &[&lead, &header], payload).on("write", &path)?;
        Ok(UnsignedPackage { file, file_name, seal: Box::new(front), content_digest: content, warnings })
    }
}

impl Rpm {
    /// How many threads compress.
    pub fn threads(&self) -> u32 {
        let all = || thread::available_parallelism().map_or(1, |all| u32::try_from(all.get()).unwrap_or(1));
        self.threads.unwrap_or_else(all).min(MAXIMUM_THREADS)
    }
}

fn assemble(out: &mut fs::File, front: &[&[u8]], payload: &mut fs::File) -> io::Result<()> {
    for part in front {
        out.write_all(part)?;
    }
    payload.seek(SeekFrom::Start(0))?;
    io::copy(payload, out)?;
    Ok(())
}

fn file_name(contents: &PackageContents) -> String {
    let version = contents.native.rpm.as_deref().unwrap_or_default();
    format!("{}-{version}.{}.rpm", contents.name, contents.architecture.rpm())
}
