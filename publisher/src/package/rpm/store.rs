//! A header as bytes: an index of tags, ascending, and the store that they point into.

use std::collections::BTreeMap;

use consign_metadata::rpm::{HEADER_MAGIC, Header};

const ENTRY: usize = 16;

/// The value of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Int16(Vec<u16>),
    Int32(Vec<u32>),
    Int64(Vec<u64>),
    Text(String),
    Binary(Vec<u8>),
    Texts(Vec<String>),
    /// A text in the first language of the table, `C`.
    Translated(String),
    /// As it was found in another header.
    Stored {
        kind: u32,
        count: u32,
        bytes: Vec<u8>,
    },
}

/// The tags of a header.
#[derive(Debug, Clone, Default)]
pub struct Store(BTreeMap<u32, Value>);

impl Store {
    /// All tags of a header that others wrote; `None` when one of them is not whole.
    pub fn of(header: &Header) -> Option<Self> {
        let stored = header.stored()?.into_iter().map(|(tag, value)| {
            let (kind, count) = (value.kind, value.count);
            (tag, Value::Stored { kind, count, bytes: value.bytes.to_vec() })
        });
        Some(Self(stored.collect()))
    }

    /// Takes a tag out.
    pub fn remove(&mut self, tag: u32) {
        self.0.remove(&tag);
    }

    /// Sets a tag.
    pub fn set(&mut self, tag: u32, value: Value) {
        self.0.insert(tag, value);
    }

    /// Sets a text.
    pub fn text(&mut self, tag: u32, text: impl Into<String>) {
        self.set(tag, Value::Text(text.into()));
    }

    /// Sets one number.
    pub fn number(&mut self, tag: u32, number: u32) {
        self.set(tag, Value::Int32(vec![number]));
    }

    /// Sets a list, where it is not empty.
    pub fn texts(&mut self, tag: u32, texts: Vec<String>) {
        if !texts.is_empty() {
            self.set(tag, Value::Texts(texts));
        }
    }

    /// Sets a list, where it is not empty.
    pub fn numbers(&mut self, tag: u32, numbers: Vec<u32>) {
        if !numbers.is_empty() {
            self.set(tag, Value::Int32(numbers));
        }
    }

    /// Sets a number by one tag, or by the tag that has room for it.
    pub fn size(&mut self, tag: u32, long: u32, size: u64) {
        match u32::try_from(size) {
            Ok(size) => self.number(tag, size),
            Err(_) => self.set(long, Value::Int64(vec![size])),
        }
    }

    /// The header, all of it in the region of a tag: what is signed is then what rpm reads.
    pub fn to_bytes(&self, region: u32) -> Vec<u8> {
        let (mut index, mut store) = (Vec::new(), Vec::new());
        for (tag, value) in &self.0 {
            value.align(&mut store);
            index.push([*tag, value.kind(), length(store.len()), value.count()]);
            value.write(&mut store);
        }
        let entries = (index.len() + 1) * ENTRY;
        let first = [region, 7, length(store.len()), length(ENTRY)];
        let trailer = [region, 7, 0u32.wrapping_sub(length(entries)), length(ENTRY)];
        store.extend(trailer.iter().flat_map(|n| n.to_be_bytes()));
        let mut bytes = [&HEADER_MAGIC[..], &[0; 4]].concat();
        bytes.extend([length(index.len() + 1), length(store.len())].iter().flat_map(|n| n.to_be_bytes()));
        bytes.extend(std::iter::once(&first).chain(&index).flatten().flat_map(|n| n.to_be_bytes()));
        bytes.extend(store);
        bytes
    }
}

fn length(length: usize) -> u32 {
    u32::try_from(length).expect("no header is of 4 GiB")
}

impl Value {
    fn kind(&self) -> u32 {
        match self {
            Self::Int16(_) => 3,
            Self::Int32(_) => 4,
            Self::Int64(_) => 5,
            Self::Text(_) => 6,
            Self::Binary(_) => 7,
            Self::Texts(_) => 8,
            Self::Translated(_) => 9,
            Self::Stored { kind, .. } => *kind,
        }
    }

    fn count(&self) -> u32 {
        length(match self {
            Self::Stored { count, .. } => return *count,
            Self::Int16(all) => all.len(),
            Self::Int32(all) => all.len(),
            Self::Int64(all) => all.len(),
            Self::Texts(all) => all.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Text(_) | Self::Translated(_) => 1,
        })
    }

    fn align(&self, store: &mut Vec<u8>) {
        let width = match self.kind() {
            3 => 2,
            4 => 4,
            5 => 8,
            _ => 1,
        };
        store.resize(store.len().next_multiple_of(width), 0);
    }

    fn write(&self, store: &mut Vec<u8>) {
        let mut text = |text: &str| store.extend(text.bytes().chain([0]));
        match self {
            Self::Text(one) | Self::Translated(one) => text(one),
            Self::Texts(all) => all.iter().for_each(|one| text(one)),
            Self::Int16(all) => store.extend(all.iter().flat_map(|n| n.to_be_bytes())),
            Self::Int32(all) => store.extend(all.iter().flat_map(|n| n.to_be_bytes())),
            Self::Int64(all) => store.extend(all.iter().flat_map(|n| n.to_be_bytes())),
            Self::Binary(bytes) | Self::Stored { bytes, .. } => store.extend(bytes),
        }
    }
}
