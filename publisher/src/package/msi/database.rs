//! Rows of tables, and the streams that they are stored as.
//!
//! Texts are interned in the order of tables, rows and columns, and counted; rows are then sorted by their
//! keys **as they are stored**, that is by the numbers of strings and not by their texts, which is how
//! Windows looks for them.

use std::collections::BTreeMap;

use super::pool::Pool;
use super::schema::{Column, SCHEMA, Table};

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
        let reference = pool.reference();
        let mut streams = pool.streams();
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
            let file = tempfile::NamedTempFile::new().unwrap();
            container::write(file.reopen().unwrap(), &database.streams().unwrap(), None).unwrap();
            let mut others = std::process::Command::new("msiinfo");
            let exported = others.arg("export").arg(file.path()).arg("Property").output().unwrap().stdout;
            let exported = String::from_utf8(exported).unwrap();
            assert!(
                exported.contains(&format!("P{0}\tvalue {0}\r\n", count - 1)),
                "others read {} bytes",
                exported.len()
            );
            let tables = MsiFile::open(file.reopen().unwrap()).unwrap().tables().unwrap();
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
