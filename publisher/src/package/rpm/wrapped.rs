//! An .rpm that was built by others, with what makes it a part of a product.
//!
//! Every entry of its archive is copied to the byte, behind ours, of which the plan must be the first.
//! Every tag of its header is kept but those that speak of payload, signature, size and lists that grew.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use consign_metadata::digest::Sha256;
use consign_metadata::rpm::tag;

use super::files::Files;
use super::opened::CONTENT;
use super::payload::{self, COMPRESSOR, LEVEL, Packed};
use super::scriptlet::{Scriptlet, Slot};
use super::store::{Store, Value};
use super::writer::{Parts, Rpm};
use super::{ForeignRpm, Relation, archive, folders, merged};
use crate::file::OnFile;
use crate::package::foreign::ForeignPackage;
use crate::package::{PackageError, UnsignedPackage};
use crate::stage::StagedTree;

const SHELL: &str = "/bin/sh";
const COMPRESSION_FEATURE: &str = "rpmlib(PayloadIs";
/// What differs between two builds of the same content.
const DATED: [u32; 7] =
    [tag::BUILD_TIME, tag::BUILD_HOST, tag::FILE_MTIMES, tag::RPM_VERSION, tag::COOKIE, tag::SIZE, tag::LONG_SIZE];
/// What was said of the payload that it had.
const OF_PAYLOAD: [u32; 12] = [
    tag::PAYLOAD_FORMAT,
    tag::PAYLOAD_COMPRESSOR,
    tag::PAYLOAD_FLAGS,
    tag::PAYLOAD_DIGEST,
    tag::PAYLOAD_DIGEST_ALT,
    tag::PAYLOAD_DIGEST_ALGORITHM,
    tag::PAYLOAD_SIZE,
    tag::PAYLOAD_SIZE_ALT,
    // Digests by other algorithms, since rpm 6.
    5121,
    5122,
    5123,
    5124,
];

/// What is added to a package.
#[derive(Debug, Default)]
pub struct Addition {
    /// Files that it installs besides its own.
    pub payload: StagedTree,
    /// What it needs besides.
    pub requires: Vec<Relation>,
    /// What becomes of its scriptlets.
    pub scriptlets: Vec<(Slot, Scriptlet)>,
}

impl ForeignRpm {
    /// Writes the package with the addition below `folder`. The same package, addition and time give the
    /// same bytes.
    ///
    /// # Errors
    /// [`PackageError`]
    pub fn wrap(&mut self, addition: &Addition, time: u64, folder: &Path) -> Result<UnsignedPackage, PackageError> {
        self.is_free_for(&addition.payload)?;
        let refuse = |reason: String| PackageError::Contents { package: self.name.to_string(), reason };
        fs::create_dir_all(folder).on("create", folder)?;
        let time = u32::try_from(time).unwrap_or(u32::MAX);
        let mut ours = Files::of(&self.added(&addition.payload))?;
        merged::renumber(&mut ours, &self.header);
        let mut packed_file = tempfile::tempfile_in(folder).on("write", folder)?;
        let packed = self.pack(&mut packed_file, &mut ours, time)?;
        let content = self.content(addition, &ours).map_err(&refuse)?;
        let mut store = self.described(addition, &ours, time).map_err(&refuse)?;
        self.seal(&mut store, &ours, content, &packed);
        let parts = Parts {
            file_name: self.file_name(),
            machine: self.machine,
            header: store.to_bytes(tag::REGION_HEADER),
            archive_size: packed.archive_size,
            content,
        };
        parts.assemble(&mut packed_file, folder, self.warnings())
    }

    /// Without the folders that it has itself, or that every host has.
    fn added(&self, payload: &StagedTree) -> StagedTree {
        let mut tree = folders::own(payload);
        for folder in self.folders() {
            tree.remove(folder);
        }
        tree
    }

    fn pack(&self, out: &mut File, ours: &mut Files, time: u32) -> Result<Packed, PackageError> {
        let mut file = File::open(&self.path).on("read", &self.path)?;
        let (name, threads) = (self.name.as_str(), Rpm::default().threads());
        payload::write(out, name, ours, time, threads, &mut |out| {
            let theirs = archive::unpacked(&mut file, &self.layout, &self.header);
            let copied = theirs.and_then(|theirs| archive::copy(theirs, out));
            Ok(copied.on("read the payload of", &self.path)?)
        })
    }

    /// Its header with the addition, but for what only a packed payload tells.
    fn described(&self, addition: &Addition, ours: &Files, time: u32) -> Result<Store, String> {
        let mut store = Store::of(&self.header).ok_or("has a header that is not whole")?;
        OF_PAYLOAD.iter().for_each(|tag| store.remove(*tag));
        merged::add(&mut store, &self.header, ours, time)?;
        store.number(tag::FILE_DIGEST_ALGORITHM, 8);
        for (slot, scriptlet) in &addition.scriptlets {
            slot.set(&mut store, scriptlet);
        }
        self.requires(&mut store, addition);
        Ok(store)
    }

    /// Digest of what the package is: everything but times, signatures, sizes and compression.
    fn content(&self, addition: &Addition, ours: &Files) -> Result<Sha256, String> {
        let mut store = self.described(addition, &ours.content(), 0)?;
        DATED.iter().for_each(|tag| store.remove(*tag));
        Ok(Sha256::of(&store.to_bytes(tag::REGION_HEADER)))
    }

    fn seal(&self, store: &mut Store, ours: &Files, content: Sha256, packed: &Packed) {
        let size = [tag::LONG_SIZE, tag::SIZE].into_iter().find_map(|tag| self.header.number(tag)).unwrap_or(0);
        [tag::LONG_SIZE, tag::SIZE].iter().for_each(|tag| store.remove(*tag));
        store.size(tag::SIZE, tag::LONG_SIZE, size + ours.size());
        store.text(tag::COOKIE, format!("{CONTENT}{content}"));
        store.text(tag::PAYLOAD_FORMAT, "cpio");
        store.text(tag::PAYLOAD_COMPRESSOR, COMPRESSOR);
        store.text(tag::PAYLOAD_FLAGS, LEVEL.to_string());
        store.texts(tag::PAYLOAD_DIGEST, vec![packed.digest.to_string()]);
        store.texts(tag::PAYLOAD_DIGEST_ALT, vec![packed.archive.to_string()]);
        store.number(tag::PAYLOAD_DIGEST_ALGORITHM, 8);
    }

    /// Its needs and ours. rpm takes the list to be sorted, and a list of what single files need counts it.
    fn requires(&self, store: &mut Store, addition: &Addition) {
        let own = self.header.requires().into_iter().enumerate().map(|(index, own)| {
            let relation = Relation { name: own.name.to_owned(), flags: own.flags, version: own.version.to_owned() };
            (relation, Some(index))
        });
        let mut all: Vec<_> = own.filter(|(own, _)| !own.name.starts_with(COMPRESSION_FEATURE)).collect();
        for relation in self.ours(addition) {
            if !all.iter().any(|(known, _)| *known == relation) {
                all.push((relation, None));
            }
        }
        all.sort_by(|(a, _), (b, _)| (&a.name, &a.version, a.flags).cmp(&(&b.name, &b.version, b.flags)));
        store.texts(tag::REQUIRE_NAMES, all.iter().map(|(relation, _)| relation.name.clone()).collect());
        store.numbers(tag::REQUIRE_FLAGS, all.iter().map(|(relation, _)| relation.flags).collect());
        store.texts(tag::REQUIRE_VERSIONS, all.iter().map(|(relation, _)| relation.version.clone()).collect());
        let moved = all.iter().enumerate().filter_map(|(now, (_, was))| Some(((*was)?, now))).collect();
        self.count_again(store, &moved);
    }

    fn ours(&self, addition: &Addition) -> Vec<Relation> {
        let mut ours = addition.requires.clone();
        for (slot, _) in addition.scriptlets.iter().filter(|(_, scriptlet)| scriptlet.program[0] == SHELL) {
            ours.push(Relation::any(SHELL).with(tag::INTERPRETER | slot.when));
        }
        for (name, since) in [
            ("CompressedFileNames", "3.0.4-1"),
            ("FileDigests", "4.6.0-1"),
            ("PayloadFilesHavePrefix", "4.0-1"),
            ("PayloadIsZstd", "5.4.18-1"),
        ] {
            ours.push(Relation::feature(name, since));
        }
        ours
    }

    /// What single files need: a letter for the list, and the place in it.
    fn count_again(&self, store: &mut Store, moved: &BTreeMap<usize, usize>) {
        const REQUIRES: u32 = (b'R' as u32) << 24;
        let again = |entry: u64| {
            let entry = u32::try_from(entry).unwrap_or(0);
            let place = usize::try_from(entry & 0x00ff_ffff).unwrap_or(0);
            match moved.get(&place).and_then(|now| u32::try_from(*now).ok()) {
                Some(now) if entry & 0xff00_0000 == REQUIRES => REQUIRES | now,
                _ => entry,
            }
        };
        if self.header.has(tag::DEPENDS_NAMES) {
            let entries = self.header.numbers(tag::DEPENDS_NAMES).into_iter().map(again).collect();
            store.set(tag::DEPENDS_NAMES, Value::Int32(entries));
        }
    }

    fn warnings(&self) -> Vec<String> {
        match self.layout.signatures() {
            [] => Vec::new(),
            _ => vec![format!("{}: its signature is left out, since it was for other bytes", self.path.display())],
        }
    }
}
