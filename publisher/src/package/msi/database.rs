//! Rows of tables, and the streams that they are stored as.
//!
//! Texts are interned in the order of tables, rows and columns, and counted; rows are then sorted by their
//! keys **as they are stored**, that is by the numbers of strings and not by their texts, which is how
//! Windows looks for them.

use std::collections::{BTreeMap, HashMap};

use consign_metadata::msi;

use super::schema::{Column, SCHEMA, Table};

const CODE_PAGE: u32 = 1252;
const LONG_REFERENCES: u32 = 0x8000_0000;
const WIDE: usize = 0xffff;

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Number(i32),
    Text(String),
}

impl From<&str> for Value {
    /// An empty text is nothing to a database.
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Null } else { Self::Text(text.to_owned()) }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Null } else { Self::Text(text) }
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Number(number)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row: `row!["x", 1, None::<&str>]`.
macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$($crate::package::msi::database::Value::from($value)),*] };
}
pub(super) use row;

/// The rows of every table.
#[derive(Debug, Clone, Default)]
pub struct Database(BTreeMap<&'static str, Vec<Vec<Value>>>);

impl Database {
    /// Adds a row to a table.
    ///
    /// # Panics
    /// Where there is no such table, which would be a slip of ours.
    pub fn add(&mut self, table: &str, row: Vec<Value>) {
        let table = Table::of(table).expect("it is a table of the schema");
        debug_assert_eq!(row.len(), table.columns.len(), "{}", table.name);
        self.0.entry(table.name).or_default().push(row);
    }

    /// All rows of a table.
    pub fn rows(&self, table: &str) -> &[Vec<Value>] {
        self.0.get(table).map_or(&[], Vec::as_slice)
    }

    /// Every row as a line, for digests and for people.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(|(table, rows)| {
            rows.iter().map(move |row| {
                let values: Vec<_> = row.iter().map(shown).collect();
                format!("{table}\t{}", values.join("\t"))
            })
        })
    }

    /// The streams of the database, in the order in which they are written; `!` begins those of tables.
    ///
    /// # Errors
    /// What no database can hold.
    pub fn streams(mut self) -> Result<Vec<(String, Vec<u8>)>, String> {
        self.describe();
        let mut pool = Pool::default();
        let mut tables = Vec::new();
        for table in tables_of(&self) {
            let rows = self.rows(table.name).iter().map(|row| pool.row(table, row)).collect::<Result<Vec<_>, _>>()?;
            tables.push((format!("!{}", table.name), &table.columns, rows));
        }
        let (names, columns) = catalogue(tables_of(&self), &mut pool)?;
        tables.push(("!_Tables".to_owned(), &CATALOGUE.0, names));
        tables.push(("!_Columns".to_owned(), &CATALOGUE.1, columns));
        let reference = if pool.strings.len() > WIDE { 3 } else { 2 };
        let mut streams = pool.streams(reference);
        for (name, columns, rows) in tables {
            streams.push((name.clone(), encoded(&name, columns, rows, reference)?));
        }
        Ok(streams)
    }

    /// Fills `_Validation`: what may be in each column.
    fn describe(&mut self) {
        let mut rows = Vec::new();
        for table in SCHEMA.iter().filter(|table| !self.rows(table.name).is_empty() || table.name == VALIDATION) {
            for column in &table.columns {
                let nullable = if column.is_nullable() { "Y" } else { "N" };
                let (low, high) = column.range.unzip();
                let set = (column.name == "Nullable" && table.name == VALIDATION).then_some("Y;N;@");
                rows.push(row![
                    table.name,
                    column.name,
                    nullable,
                    low,
                    high,
                    column.of,
                    column.of.map(|_| 1),
                    column.category,
                    set,
                    None::<&str>,
                ]);
            }
        }
        self.0.insert(VALIDATION, rows);
    }
}

const VALIDATION: &str = "_Validation";

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
    }
}

fn tables_of(database: &Database) -> impl Iterator<Item = &'static Table> {
    SCHEMA.iter().filter(|table| !database.rows(table.name).is_empty())
}

/// The columns of `_Tables` and of `_Columns`.
static CATALOGUE: std::sync::LazyLock<(Vec<Column>, Vec<Column>)> = std::sync::LazyLock::new(|| {
    let column = |(name, word): (&'static str, u16)| Column { name, word, category: "", range: None, of: None };
    let columns = [("Table", 0x2d40), ("Number", 0x2502), ("Name", 0x0d40), ("Type", 0x0502)];
    (vec![column(("Name", 0x2d40))], columns.map(column).into())
});

type Rows = Vec<Vec<u32>>;

fn catalogue(tables: impl Iterator<Item = &'static Table>, pool: &mut Pool) -> Result<(Rows, Rows), String> {
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    for table in tables {
        names.push(vec![pool.intern(table.name)?]);
        for (number, column) in (0x8001..).zip(&table.columns) {
            let word = u32::from(column.word) + 0x8000;
            columns.push(vec![pool.intern(table.name)?, number, pool.intern(column.name)?, word]);
        }
    }
    Ok((names, columns))
}

/// Values as they are stored, column by column, sorted by key.
fn encoded(name: &str, columns: &[Column], mut rows: Rows, reference: usize) -> Result<Vec<u8>, String> {
    let keys = columns.iter().filter(|column| column.is_key()).count();
    rows.sort_by(|a, b| a[..keys].cmp(&b[..keys]));
    if rows.windows(2).any(|two| two[0][..keys] == two[1][..keys]) {
        return Err(format!("two rows of the table {} have one key", &name[1..]));
    }
    let mut bytes = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let width = match (column.is_text(), column.word & 0x0400) {
            (true, _) => reference,
            (false, 0) => 4,
            (false, _) => 2,
        };
        bytes.extend(rows.iter().flat_map(|row| row[at].to_le_bytes().into_iter().take(width)));
    }
    Ok(bytes)
}

/// The strings of a database.
#[derive(Debug, Default)]
struct Pool {
    strings: Vec<(Vec<u8>, usize)>,
    numbers: HashMap<String, u32>,
}

impl Pool {
    fn row(&mut self, table: &Table, row: &[Value]) -> Result<Vec<u32>, String> {
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

    fn intern(&mut self, text: &str) -> Result<u32, String> {
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

    fn streams(&self, reference: usize) -> Vec<(String, Vec<u8>)> {
        let flags = if reference == 3 { CODE_PAGE | LONG_REFERENCES } else { CODE_PAGE };
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

#[cfg(test)]
mod tests {
    use consign_metadata::msi::MsiFile;

    use super::super::container;
    use super::*;

    /// More than references of two bytes tell apart; one text is longer than a length of two bytes, too.
    #[test]
    fn more_strings_than_two_bytes_can_number_have_references_of_three() {
        let read = |count: usize| {
            let mut database = Database::default();
            let long = "x".repeat(70_000);
            database.add("Property", row!["Long", &long]);
            for number in 0..count {
                database.add("Property", row![format!("P{number}"), format!("value {number}")]);
            }
            let file = tempfile::tempfile().unwrap();
            container::write(file.try_clone().unwrap(), &database.streams().unwrap(), None).unwrap();
            let tables = MsiFile::open(file).unwrap().tables().unwrap();
            assert_eq!(tables.property("Long"), Some(&*long));
            let last = format!("P{}", count - 1);
            assert_eq!(tables.property(&last), Some(&*format!("value {}", count - 1)));
            assert_eq!(tables.table("Property").rows.len(), count + 1);
            tables.long_references
        };
        assert_eq!((read(10), read(40_000)), (false, true));
    }

    #[test]
    fn what_no_database_can_hold_is_told_with_its_column() {
        let refused = |table: &str, rows: &[Vec<Value>]| {
            let mut database = Database::default();
            rows.iter().for_each(|row| database.add(table, row.clone()));
            database.streams().unwrap_err()
        };
        assert_eq!(
            refused("Property", &[row!["A", "1"], row!["A", "2"]]),
            "two rows of the table Property have one key"
        );
        assert!(refused("Property", &[row!["", "1"]]).starts_with("Property of the table Property is empty"));
        assert!(refused("Property", &[row!["A", "Ł"]]).contains("has no 'Ł'"));
        assert!(refused("Media", &[row![70_000, 1, "", "", "", ""]]).contains("no room"));
        assert!(refused("Feature", &[row!["a".repeat(39), "", "", "", 1, 1, "", 0]]).contains("at most 38"));
    }
}
