//! A header: a list of tags, each with a type, in front of the bytes that they point into.
//!
//! The same structure is the signature header and the main header. Every access is checked: whatever the
//! bytes are, a value is there whole or not at all.

use std::collections::BTreeMap;

use super::{RpmError, tag};

/// What a header begins with; four bytes that mean nothing follow.
pub const HEADER_MAGIC: [u8; 4] = [0x8e, 0xad, 0xe8, 0x01];
/// Length of the first part: magic, count of entries, length of the store.
pub(super) const INTRO: usize = 16;
const ENTRY: usize = 16;
const MAXIMUM_ENTRIES: u32 = 0xffff;

const INT8: u32 = 2;
const INT16: u32 = 3;
const INT32: u32 = 4;
const INT64: u32 = 5;
const STRING: u32 = 6;
const BINARY: u32 = 7;
const STRINGS: u32 = 8;
const I18N: u32 = 9;

/// A header that was read whole.
#[derive(Debug, Clone)]
pub struct Header {
    entries: BTreeMap<u32, Entry>,
    store: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: u32,
    offset: usize,
    count: usize,
}

/// A relation to another package: `name`, what of its version, and the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relation<'a> {
    /// The other package, or what it provides.
    pub name: &'a str,
    /// How versions are compared, and what else rpm wants to know.
    pub flags: u32,
    /// The version; empty when any will do.
    pub version: &'a str,
}

/// The value of a tag as it is stored, whatever it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored<'a> {
    /// Its type, by rpm's number.
    pub kind: u32,
    /// How many values it has.
    pub count: u32,
    /// The values.
    pub bytes: &'a [u8],
}

/// The length of a header that begins with these bytes; `None` when none does.
pub(super) fn length(intro: &[u8; INTRO]) -> Option<u64> {
    let (count, store) = (number(intro, 8)?, number(intro, 12)?);
    if intro[..4] != HEADER_MAGIC || count == 0 || count > MAXIMUM_ENTRIES {
        return None;
    }
    Some(INTRO as u64 + u64::from(count) * ENTRY as u64 + u64::from(store))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    four.try_into().ok().map(u32::from_be_bytes)
}

impl Header {
    /// Reads the bytes of a header, all of which must belong to the region of this tag.
    ///
    /// # Errors
    /// [`RpmError::Shape`]
    pub(super) fn parse(bytes: &[u8], region: u32) -> Result<Self, RpmError> {
        Self::read(bytes, region).ok_or_else(|| RpmError::shape("a header of it is damaged"))
    }

    fn read(bytes: &[u8], region: u32) -> Option<Self> {
        let intro: &[u8; INTRO] = bytes.first_chunk()?;
        if length(intro)? != bytes.len() as u64 {
            return None;
        }
        let count = number(bytes, 8)? as usize;
        let (index, store) = bytes[INTRO..].split_at_checked(count * ENTRY)?;
        let mut entries = BTreeMap::new();
        for (at, entry) in index.chunks_exact(ENTRY).enumerate() {
            let (tag, kind) = (number(entry, 0)?, number(entry, 4)?);
            let entry = Entry { kind, offset: number(entry, 8)? as usize, count: number(entry, 12)? as usize };
            let is_region = tag == region && kind == BINARY && entry.count == ENTRY;
            // The region first, so that rpm counts every entry to what is signed; and no tag twice, of
            // which rpm might take the other one.
            if (at == 0) != is_region || entry.offset > store.len() || entries.insert(tag, entry).is_some() {
                return None;
            }
        }
        let header = Self { entries, store: store.to_vec() };
        header.is_whole(region, count).then_some(header)
    }

    /// Whether the region covers every entry: its trailer says where it began, counted back.
    fn is_whole(&self, region: u32, count: usize) -> bool {
        let trailer = self.binary(region).filter(|_| self.entries.contains_key(&region));
        let begins = trailer.and_then(|trailer| number(trailer, 8)).map(|offset| 0u32.wrapping_sub(offset) as usize);
        let ends = self.entries.get(&region).map(|entry| entry.offset + ENTRY);
        begins == Some(count * ENTRY) && ends == Some(self.store.len())
    }

    fn entry(&self, tag: u32, kinds: &[u32]) -> Option<(Entry, &[u8])> {
        let entry = *self.entries.get(&tag).filter(|entry| kinds.contains(&entry.kind))?;
        Some((entry, self.store.get(entry.offset..)?))
    }

    /// Whether it has the tag.
    pub fn has(&self, tag: u32) -> bool {
        self.entries.contains_key(&tag)
    }

    /// Every tag but that of the region, as it is stored; `None` when one of them is not whole.
    pub fn stored(&self) -> Option<BTreeMap<u32, Stored<'_>>> {
        let regions = [tag::REGION_SIGNATURES, tag::REGION_HEADER];
        let own = self.entries.iter().filter(|(tag, _)| !regions.contains(*tag));
        own.map(|(tag, entry)| Some((*tag, self.whole(*entry)?))).collect()
    }

    fn whole(&self, entry: Entry) -> Option<Stored<'_>> {
        let rest = self.store.get(entry.offset..)?;
        let length = match entry.kind {
            1..=INT64 => entry.count.checked_mul(1usize << entry.kind.saturating_sub(INT8))?,
            BINARY => entry.count,
            STRING | STRINGS | I18N => {
                let mut ends = rest.iter().enumerate().filter(|(_, byte)| **byte == 0).map(|(at, _)| at + 1);
                if entry.count == 0 { 0 } else { ends.nth(entry.count - 1)? }
            }
            _ => return None,
        };
        let (kind, count) = (entry.kind, u32::try_from(entry.count).ok()?);
        Some(Stored { kind, count, bytes: rest.get(..length)? })
    }

    /// A text, of several languages the first.
    pub fn text(&self, tag: u32) -> Option<&str> {
        self.texts(tag).into_iter().next()
    }

    /// A list of texts; empty when the tag is not there or not all of it is text.
    pub fn texts(&self, tag: u32) -> Vec<&str> {
        self.read_texts(tag).unwrap_or_default()
    }

    fn read_texts(&self, tag: u32) -> Option<Vec<&str>> {
        let (entry, mut rest) = self.entry(tag, &[STRING, STRINGS, I18N])?;
        // Each text has at least its end.
        let mut texts = Vec::with_capacity(entry.count.min(rest.len()));
        for _ in 0..entry.count {
            let end = rest.iter().position(|byte| *byte == 0)?;
            texts.push(std::str::from_utf8(&rest[..end]).ok()?);
            rest = &rest[end + 1..];
        }
        Some(texts)
    }

    /// A number.
    pub fn number(&self, tag: u32) -> Option<u64> {
        self.numbers(tag).into_iter().next()
    }

    /// A list of numbers; empty when the tag is not there or not whole.
    pub fn numbers(&self, tag: u32) -> Vec<u64> {
        self.read_numbers(tag).unwrap_or_default()
    }

    fn read_numbers(&self, tag: u32) -> Option<Vec<u64>> {
        let (entry, store) = self.entry(tag, &[INT8, INT16, INT32, INT64])?;
        let width = 1usize << (entry.kind - INT8);
        let bytes = store.get(..entry.count.checked_mul(width)?)?;
        Some(bytes.chunks_exact(width).map(|n| n.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))).collect())
    }

    /// Bytes.
    pub fn binary(&self, tag: u32) -> Option<&[u8]> {
        let (entry, store) = self.entry(tag, &[BINARY])?;
        store.get(..entry.count)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text(tag::NAME).unwrap_or_default()
    }

    /// `version-release`, as plans and feeds name it.
    pub fn native_version(&self) -> String {
        let part = |tag| self.text(tag).unwrap_or_default();
        format!("{}-{}", part(tag::VERSION), part(tag::RELEASE))
    }

    /// Its architecture as rpm spells it.
    pub fn architecture(&self) -> &str {
        self.text(tag::ARCH).unwrap_or_default()
    }

    /// Relations of one kind, by the tags of their names, flags and versions.
    pub fn relations(&self, names: u32, flags: u32, versions: u32) -> Vec<Relation<'_>> {
        let parts = self.texts(names).into_iter().zip(self.numbers(flags)).zip(self.texts(versions));
        parts
            .map(|((name, flags), version)| Relation { name, flags: u32::try_from(flags).unwrap_or(0), version })
            .collect()
    }

    /// What it needs.
    pub fn requires(&self) -> Vec<Relation<'_>> {
        self.relations(tag::REQUIRE_NAMES, tag::REQUIRE_FLAGS, tag::REQUIRE_VERSIONS)
    }

    /// What it provides.
    pub fn provides(&self) -> Vec<Relation<'_>> {
        self.relations(tag::PROVIDE_NAMES, tag::PROVIDE_FLAGS, tag::PROVIDE_VERSIONS)
    }

    /// The absolute paths that it installs, in the order of all lists about files.
    pub fn paths(&self) -> Vec<String> {
        let folders = self.texts(tag::DIR_NAMES);
        let names = self.texts(tag::BASE_NAMES).into_iter().zip(self.numbers(tag::DIR_INDEXES));
        names
            .map(|(name, folder)| {
                let folder = usize::try_from(folder).ok().and_then(|folder| folders.get(folder));
                format!("{}{name}", folder.copied().unwrap_or_default())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A header with these entries: tag, type, offset, count. Region and trailer are right.
    fn header(entries: &[[u32; 4]], store: &[u8]) -> Vec<u8> {
        let count = u32::try_from(entries.len() + 1).unwrap();
        let size = u32::try_from(store.len()).unwrap();
        let mut bytes = [&HEADER_MAGIC[..], &[0; 4]].concat();
        let mut numbers = |all: &[u32]| bytes.extend(all.iter().flat_map(|n| n.to_be_bytes()));
        numbers(&[count, size + 16, tag::REGION_HEADER, BINARY, size, 16]);
        entries.iter().for_each(|entry| numbers(entry));
        bytes.extend(store);
        bytes.extend(
            [tag::REGION_HEADER, BINARY, 0u32.wrapping_sub(count * 16), 16].iter().flat_map(|n| n.to_be_bytes()),
        );
        bytes
    }

    fn ask_everything(header: &Header) {
        for tag in [tag::NAME, tag::VERSION, tag::FILE_SIZES, tag::FILE_DIGESTS, 7, tag::BASE_NAMES, tag::REGION_HEADER]
        {
            let _ = (header.text(tag), header.texts(tag), header.number(tag), header.numbers(tag), header.binary(tag));
        }
        let _ = (header.paths(), header.requires(), header.provides(), header.native_version(), header.stored());
    }

    #[test]
    fn values_are_read_by_their_type() {
        let store = b"erp\0\x00\x01\x02\x03a\0b\0\xff";
        let entries = [[1000, STRING, 0, 1], [1028, INT16, 4, 2], [1117, STRINGS, 8, 2], [9, BINARY, 12, 1]];
        let header = Header::parse(&header(&entries, store), tag::REGION_HEADER).unwrap();
        assert_eq!((header.name(), header.numbers(1028)), ("erp", vec![1, 0x0203]));
        assert_eq!((header.texts(1117), header.binary(9)), (vec!["a", "b"], Some(&[0xff][..])));
        assert_eq!((header.text(1028), header.number(1000), header.binary(1000)), (None, None, None));
        let stored = header.stored().unwrap();
        assert_eq!(stored[&1117], Stored { kind: STRINGS, count: 2, bytes: b"a\0b\0" });
        assert_eq!(stored.keys().copied().collect::<Vec<_>>(), [9, 1000, 1028, 1117]);
        assert_eq!((stored[&1028].bytes, stored[&1000].bytes), (&[0, 1, 2, 3][..], &b"erp\0"[..]));
    }

    #[test]
    fn a_header_that_rpm_may_read_in_another_way_is_refused() {
        let good = header(&[[1000, STRING, 0, 1]], b"erp\0");
        assert!(Header::parse(&good, tag::REGION_HEADER).is_ok());
        let twice = header(&[[1000, STRING, 0, 1], [1000, STRING, 2, 1]], b"erp\0");
        // An entry that the region does not cover: rpm would not count it to what is signed.
        let mut outside = good.clone();
        let trailer = outside.len() - 8;
        outside[trailer..trailer + 4].copy_from_slice(&0u32.wrapping_sub(16).to_be_bytes());
        for bad in [twice, outside, good[..good.len() - 1].to_vec()] {
            assert!(Header::parse(&bad, tag::REGION_HEADER).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_header_is_read_past_its_end(
            entries in proptest::collection::vec((
                prop_oneof![Just(1000u32), Just(1028), Just(1117), Just(1118), Just(1116), Just(7), 1047u32..1051],
                0u32..11, prop_oneof![0u32..40, any::<u32>()], prop_oneof![0u32..9, any::<u32>()],
            ), 0..8),
            store in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let entries: Vec<_> = entries.iter().map(|(tag, kind, offset, count)| [*tag, *kind, *offset, *count]).collect();
            if let Ok(header) = Header::parse(&header(&entries, &store), tag::REGION_HEADER) {
                ask_everything(&header);
            }
        }

        #[test]
        fn arbitrary_bytes_are_no_header(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Header::parse(&bytes, tag::REGION_HEADER).is_err());
        }
    }
}
