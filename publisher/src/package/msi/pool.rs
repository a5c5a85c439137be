//! The strings of a database: each is stored once, counted, and referred to by its number.

use std::collections::HashMap;

use consign_metadata::msi;

use super::database::Value;
use super::schema::{Column, Table};

const CODE_PAGE: u32 = 1252;
const LONG_REFERENCES: u32 = 0x8000_0000;
/// As many as references of two bytes tell apart.
const WIDE: usize = 0xffff;

/// The strings of a database.
#[derive(Debug, Default)]
pub struct Pool {
    strings: Vec<(Vec<u8>, usize)>,
    numbers: HashMap<String, u32>,
}

impl Pool {
    /// The values of a row as they are stored.
    pub fn row(&mut self, table: &Table, row: &[Value]) -> Result<Vec<u32>, String> {
        table.columns.iter().zip(row).map(|(column, value)| self.value(table, column, value)).collect()
    }

    fn value(&mut self, table: &Table, column: &Column, value: &Value) -> Result<u32, String> {
        let refuse = |why: &str| Err(format!("{} of the table {} {why}", column.name, table.name));
        match value {
            Value::Null if column.is_nullable() => Ok(0),
            Value::Null => refuse("is empty"),
            Value::Number(_) if column.is_text() => refuse("is a number"),
            Value::Number(number) if column.word & 0x0400 == 0 => Ok(number.cast_unsigned() ^ 0x8000_0000),
            Value::Number(number) => match i16::try_from(*number) {
                Ok(number) => Ok(u32::from(number.cast_unsigned() ^ 0x8000)),
                Err(_) => refuse(&format!("is {number}, which it has no room for")),
            },
            Value::Text(_) if !column.is_text() => refuse("is a text"),
            Value::Text(text) => self.text(column, text).or_else(|why| refuse(&why)),
        }
    }

    fn text(&mut self, column: &Column, text: &str) -> Result<u32, String> {
        let number = self.intern(text)?;
        let length = self.strings[number as usize - 1].0.len();
        match column.length() {
            0 => Ok(number),
            most if length <= most => Ok(number),
            most => Err(format!("has {length} characters, and at most {most} are possible: {text:?}")),
        }
    }

    /// The number of a string, which counts as used once more.
    pub fn intern(&mut self, text: &str) -> Result<u32, String> {
        if let Some(number) = self.numbers.get(text) {
            self.strings[*number as usize - 1].1 += 1;
            return Ok(*number);
        }
        let bytes = msi::encode(text)
            .map_err(|c| format!("is {text:?}, and the code page of Windows Installer (1252) has no {c:?}"))?;
        self.strings.push((bytes, 1));
        let number = u32::try_from(self.strings.len()).ok().filter(|number| *number < 1 << 24);
        let number = number.ok_or("has more than 16 million strings")?;
        self.numbers.insert(text.to_owned(), number);
        Ok(number)
    }

    /// How many bytes a reference has.
    pub fn reference(&self) -> usize {
        if self.strings.len() > WIDE { 3 } else { 2 }
    }

    /// The streams of the pool.
    pub fn streams(&self) -> Vec<(String, Vec<u8>)> {
        let flags = if self.reference() == 3 { CODE_PAGE | LONG_REFERENCES } else { CODE_PAGE };
        let (mut head, mut data) = (flags.to_le_bytes().to_vec(), Vec::new());
        for (bytes, references) in &self.strings {
            // Windows counts no further either.
            let references = u16::try_from(*references).unwrap_or(u16::MAX);
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            match u16::try_from(length) {
                Ok(length) => head.extend(length.to_le_bytes().into_iter().chain(references.to_le_bytes())),
                Err(_) => {
                    head.extend([0, 0].into_iter().chain(references.to_le_bytes()).chain(length.to_le_bytes()));
                }
            }
            data.extend(bytes);
        }
        vec![("!_StringPool".to_owned(), head), ("!_StringData".to_owned(), data)]
    }
}
