//! The tables of a package, read from its streams: a reader that shares nothing with what writes them.
//!
//! A table is stored column by column; a text is the number of a string in the pool, which counts from 1.
//! Small integers are stored plus 0x8000, large ones plus 0x80000000, and zero is nothing.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use super::{MsiError, MsiFile, decode};

/// No table is larger, nor is the pool.
const MAXIMUM: u64 = 512 * 1024 * 1024;
const LONG_REFERENCES: u32 = 0x8000_0000;
const IS_TEXT: u16 = 0x0800;
const IS_SHORT: u16 = 0x0400;
const IS_NULLABLE: u16 = 0x1000;
const IS_KEY: u16 = 0x2000;

/// All tables.
#[derive(Debug, Clone)]
pub struct Tables {
    /// The code page of the texts.
    pub code_page: u32,
    /// Whether references to strings have three bytes.
    pub long_references: bool,
    /// The strings, of which the first has the number 1.
    pub pool: Vec<PoolString>,
    /// The tables that `_Tables` lists, and itself and `_Columns`.
    pub tables: BTreeMap<String, Table>,
}

/// A string, and how often it is said to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolString {
    /// The text.
    pub text: String,
    /// The count.
    pub references: u16,
}

/// A table.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, in the order in which they are stored.
    pub rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as `_Columns` has it.
    pub word: u16,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A number.
    Number(i32),
    /// A string of the pool, by its number.
    Text(u32),
}

impl Column {
    /// Whether it is a text.
    pub fn is_text(&self) -> bool {
        self.word & IS_TEXT != 0
    }
    /// Whether it is part of the key.
    pub fn is_key(&self) -> bool {
        self.word & IS_KEY != 0
    }
    /// Whether it may hold nothing.
    pub fn is_nullable(&self) -> bool {
        self.word & IS_NULLABLE != 0
    }
    /// The longest text; 0 is any.
    pub fn length(&self) -> usize {
        usize::from(self.word & 0xff)
    }

    fn width(&self, reference: usize) -> usize {
        match (self.is_text(), self.word & IS_SHORT) {
            (true, _) => reference,
            (false, 0) => 4,
            (false, _) => 2,
        }
    }
}

impl Table {
    /// Where a column is.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

impl Tables {
    /// Reads them all.
    ///
    /// # Errors
    /// [`MsiError`]
    pub fn read<F: Read + Seek>(file: &mut MsiFile<F>) -> Result<Self, MsiError> {
        let mut stream = |name: &str| -> Result<Vec<u8>, MsiError> {
            Ok(file.bytes(&format!("!{name}"), MAXIMUM)?.unwrap_or_default())
        };
        let (head, data) = (stream("_StringPool")?, stream("_StringData")?);
        let (flags, pool) = strings(&head, &data)?;
        let long_references = flags & LONG_REFERENCES != 0;
        let width = if long_references { 3 } else { 2 };
        let mut tables = BTreeMap::new();
        for (name, columns) in [("_Tables", &[("Name", 0x2d40)][..]), ("_Columns", COLUMNS)] {
            let columns = columns.iter().map(|(name, word)| Column { name: (*name).to_owned(), word: *word }).collect();
            tables.insert(name.to_owned(), table(name, &stream(name)?, columns, width)?);
        }
        let mut this = Self { code_page: flags & !LONG_REFERENCES, long_references, pool, tables };
        for (name, columns) in this.layout()? {
            let table = table(&name, &stream(&name)?, columns, width)?;
            this.tables.insert(name, table);
        }
        Ok(this)
    }

    /// The text of a value; empty where it is none.
    pub fn text(&self, cell: &Cell) -> &str {
        match cell {
            Cell::Text(number) => self.pool.get(*number as usize - 1).map_or("", |string| &string.text),
            _ => "",
        }
    }

    /// A table, empty where there is none.
    pub fn table(&self, name: &str) -> &Table {
        static NONE: Table = Table { columns: Vec::new(), rows: Vec::new() };
        self.tables.get(name).unwrap_or(&NONE)
    }

    /// The texts of a column, by row; numbers as digits.
    pub fn column(&self, table: &str, column: &str) -> Vec<String> {
        let table = self.table(table);
        let Some(at) = table.column(column) else { return Vec::new() };
        table.rows.iter().map(|row| self.shown(&row[at])).collect()
    }

    /// A value as people write it.
    pub fn shown(&self, cell: &Cell) -> String {
        match cell {
            Cell::Null => String::new(),
            Cell::Number(number) => number.to_string(),
            Cell::Text(_) => self.text(cell).to_owned(),
        }
    }

    /// A property of the package.
    pub fn property(&self, name: &str) -> Option<&str> {
        let row = self.table("Property").rows.iter().find(|row| self.text(&row[0]) == name)?;
        Some(self.text(&row[1]))
    }

    /// The columns of every table, by `_Columns`.
    fn layout(&self) -> Result<Vec<(String, Vec<Column>)>, MsiError> {
        let mut layout: BTreeMap<String, Vec<Column>> = BTreeMap::new();
        for row in &self.table("_Tables").rows {
            layout.insert(self.text(&row[0]).to_owned(), Vec::new());
        }
        for row in &self.table("_Columns").rows {
            let [table, Cell::Number(number), name, Cell::Number(word)] = &row[..] else {
                return Err(MsiError::shape("its list of columns has a row that is none"));
            };
            let columns = layout.get_mut(self.text(table));
            let columns = columns.ok_or_else(|| MsiError::shape("it has a column of no table"))?;
            if usize::try_from(*number) != Ok(columns.len() + 1) {
                return Err(MsiError::shape(format!("the columns of {} are not in order", self.text(table))));
            }
            let word = u16::try_from(*word).map_err(|_| MsiError::shape("a column has a type that is none"))?;
            columns.push(Column { name: self.text(name).to_owned(), word });
        }
        Ok(layout.into_iter().collect())
    }
}

const COLUMNS: &[(&str, u16)] = &[("Table", 0x2d40), ("Number", 0x2502), ("Name", 0xd40), ("Type", 0x502)];

/// The flags and the strings of a pool.
fn strings(head: &[u8], data: &[u8]) -> Result<(u32, Vec<PoolString>), MsiError> {
    let cut = || MsiError::shape("its pool of strings is cut");
    let (flags, entries) = head.split_first_chunk::<4>().ok_or_else(cut)?;
    let (mut pool, mut data) = (Vec::new(), data);
    let mut entries = entries.chunks_exact(4);
    while let Some(entry) = entries.next() {
        let (low, references) = (number(&entry[..2]), number(&entry[2..]));
        let length = match (low, references) {
            // Too long for two bytes: the next entry is the length.
            (0, 1..) => number(entries.next().ok_or_else(cut)?),
            _ => low,
        };
        let (text, rest) = data.split_at_checked(length as usize).ok_or_else(cut)?;
        data = rest;
        let references = u16::try_from(references).unwrap_or(u16::MAX);
        pool.push(PoolString { text: decode(text), references });
    }
    match data.is_empty() {
        true => Ok((u32::from_le_bytes(*flags), pool)),
        false => Err(MsiError::shape("its pool has text that is no string's")),
    }
}

fn table(name: &str, bytes: &[u8], columns: Vec<Column>, reference: usize) -> Result<Table, MsiError> {
    let width: usize = columns.iter().map(|column| column.width(reference)).sum();
    if width == 0 || !bytes.len().is_multiple_of(width) {
        return Err(MsiError::shape(format!("its table {name} is cut")));
    }
    let count = bytes.len() / width;
    let mut rows = vec![Vec::with_capacity(columns.len()); count];
    let mut at = 0;
    for column in &columns {
        let width = column.width(reference);
        for row in &mut rows {
            row.push(cell(column, &bytes[at..at + width]));
            at += width;
        }
    }
    Ok(Table { columns, rows })
}

fn cell(column: &Column, bytes: &[u8]) -> Cell {
    let stored = number(bytes);
    match (stored, column.is_text(), bytes.len()) {
        (0, _, _) => Cell::Null,
        (_, true, _) => Cell::Text(stored),
        (_, false, 2) => Cell::Number(stored.cast_signed() - 0x8000),
        (_, false, _) => Cell::Number((stored ^ 0x8000_0000).cast_signed()),
    }
}

/// Little-endian.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}
