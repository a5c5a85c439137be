//! What the data look like: the schema, and rows of the site's own that nothing but a migration changes.

use consign_lab::Site;

/// A table that the site keeps in the product's database. Each migration adds to every row, and writes its number
/// behind it: one that was left out, or done twice, is seen.
const LEDGER: &str = "ledger_of_the_site";
const ROWS: u32 = 24;

/// A row of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
struct Row(u32, u32, String);

/// The data as they are. The records that a client writes are not in it: those go on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Data {
    schema: u32,
    half_done: u32,
    tables: Vec<String>,
    integrity: String,
    ledger: Vec<Row>,
}

impl Data {
    /// The site writes its ledger, after the first install.
    pub fn begin(site: &Site) -> Data {
        let write = format!(
            "import sqlite3\nd = sqlite3.connect('/var/lib/canopsis/canopsis.db', timeout=30)\n\
             d.execute('PRAGMA synchronous = EXTRA')\n\
             d.execute('CREATE TABLE {LEDGER} (number INTEGER PRIMARY KEY, balance INTEGER, trail TEXT)')\n\
             d.executemany('INSERT INTO {LEDGER} VALUES (?, ?, ?)', [(n, 100 * n, 'begun') for n in range(1, {ROWS} + 1)])\n\
             d.commit()"
        );
        site.host.ok(&["python3", "-c", &write]);
        let data = Data::read(site);
        assert_eq!(data.ledger.len(), ROWS as usize);
        data
    }

    pub fn read(site: &Site) -> Data {
        let look = format!(
            "import json, sqlite3\nd = sqlite3.connect('file:/var/lib/canopsis/canopsis.db?mode=ro', uri=True, timeout=30)\n\
             rows = lambda sql: d.execute(sql).fetchall()\n\
             schema, half_done = rows('SELECT version, half_done FROM schema_version')[0]\n\
             print(json.dumps(dict(schema=schema, half_done=half_done,\n\
             \x20   tables=[str(sql) for sql, in rows('SELECT sql FROM sqlite_master ORDER BY name')],\n\
             \x20   integrity=str(rows('PRAGMA integrity_check')), ledger=rows('SELECT * FROM {LEDGER} ORDER BY number'))))"
        );
        serde_json::from_str(&site.host.ok(&["python3", "-c", &look]).stdout).unwrap()
    }

    /// Whether these are the data that every migration up to this schema has made of those, each once.
    #[track_caller]
    pub fn assert_migrated_from(&self, before: &Data, schema: u32, what: &str) {
        assert_eq!((self.schema, self.half_done), (schema, 0), "{what}");
        assert_eq!(self.integrity, before.integrity, "{what}");
        assert_ne!(self.tables, before.tables, "{what}");
        assert!(before.tables.iter().all(|table| self.tables.contains(table)), "{what}: {:?}", self.tables);
        let migrated = |row: &Row| (before.schema + 1..=schema).fold(row.clone(), |row, target| row.migrated(target));
        assert_eq!(self.ledger, before.ledger.iter().map(migrated).collect::<Vec<_>>(), "{what}");
    }
}

impl Row {
    fn migrated(self, target: u32) -> Row {
        let Row(number, balance, trail) = self;
        Row(number, balance + number * target, format!("{trail} {target}"))
    }
}
