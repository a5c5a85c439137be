//! MariaDB, by its own programs: a dump as SQL, with routines, triggers and events.
//!
//! No database can be renamed there: a restore empties it first. What cuts that off leaves the dump, and the
//! restore begins anew. Rights stay as they are: the server keeps them by the name of the database.

use std::path::Path;

use super::{Client, Database, Extent, Properties, first_difference, quoted, unlike};
use crate::engine::event::Failure;

const SCRATCH: &str = "consign_scratch";
/// The last line of a dump that was written to its end.
const END: &str = "-- Dump completed";
const AT_ONCE: usize = 200;

/// The database.
pub struct Mariadb<'a> {
    /// Its name.
    pub name: &'a str,
    /// Who has all rights.
    pub user: &'a str,
    /// The server's socket.
    pub socket: Option<&'a str>,
}

impl Database for Mariadb<'_> {
    fn user(&self) -> &str {
        self.user
    }

    fn extent(&self, client: &Client<'_>) -> Result<Extent, Failure> {
        let question = format!(
            "SELECT CONCAT(COALESCE(SUM(data_length + index_length), 0), ' ', @@datadir) FROM information_schema.tables \
             WHERE table_schema = {}",
            literal(self.name)
        );
        Extent::parse(self.name, &self.ask(client, &question)?)
    }

    fn back_up(&self, client: &Client<'_>, file: &Path) -> Result<Properties, Failure> {
        let properties = self.properties(client)?;
        let file = format!("--result-file={}", file.display());
        let fixed = ["--single-transaction", "--routines", "--triggers", "--events", "--hex-blob"];
        let mut line = vec!["mariadb-dump".to_owned()];
        line.extend(self.server());
        line.extend(fixed.map(str::to_owned));
        line.extend([file, "--".to_owned(), self.name.to_owned()]);
        client.run(&line.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok(properties)
    }

    fn verify(&self, client: &Client<'_>, file: &Path, properties: &Properties) -> Result<(), Failure> {
        let scratch = self.scratch();
        self.restore_as(client, file, &scratch, properties)?;
        let (here, there) = (self.rows(client, self.name)?, self.rows(client, &scratch)?);
        self.say(client, &format!("DROP DATABASE {}", name(&scratch)))?;
        match first_difference(&here, &there) {
            None => Ok(()),
            Some(table) => Err(unlike(format!("the dump of {} restores other rows of {table}", self.name))),
        }
    }

    fn restore(&self, client: &Client<'_>, file: &Path, properties: &Properties) -> Result<(), Failure> {
        is_whole(file)?;
        self.restore_as(client, file, self.name, properties)
    }
}

impl Mariadb<'_> {
    fn scratch(&self) -> String {
        let digest = consign_metadata::digest::Sha256::of(self.name.as_bytes()).to_string();
        format!("{SCRATCH}_{}", &digest[..16])
    }

    fn properties(&self, client: &Client<'_>) -> Result<Properties, Failure> {
        let question = format!(
            "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata \
             WHERE schema_name = {}",
            literal(self.name)
        );
        let answer = self.ask(client, &question)?;
        let Some((characters, collation)) = answer.split_once('\t') else {
            return Err(unlike(format!("there is no database {} on the server", self.name)));
        };
        let pairs = [("character-set", characters), ("collation", collation)];
        Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    fn restore_as(
        &self,
        client: &Client<'_>,
        file: &Path,
        database: &str,
        properties: &Properties,
    ) -> Result<(), Failure> {
        is_whole(file)?;
        let word = |property: &str| {
            let value =
                properties.get(property).filter(|value| value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
            value.ok_or_else(|| unlike(format!("the backup does not tell the {property} of {}", self.name)))
        };
        let (characters, collation) = (word("character-set")?, word("collation")?);
        let create = format!(
            "DROP DATABASE IF EXISTS {0}; CREATE DATABASE {0} CHARACTER SET {characters} COLLATE {collation}",
            name(database)
        );
        self.say(client, &create)?;
        let mut line = self.client();
        line.extend([format!("--database={database}"), format!("--execute=source {}", file.display())]);
        client.run(&line.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The rows of every table, as `table<TAB>rows`.
    fn rows(&self, client: &Client<'_>, database: &str) -> Result<String, Failure> {
        let tables = format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = {} AND table_type = 'BASE TABLE' \
             ORDER BY 1",
            literal(database)
        );
        let tables = self.ask(client, &tables)?;
        let tables: Vec<&str> = tables.lines().collect();
        let mut rows = String::new();
        for some in tables.chunks(AT_ONCE) {
            let of = |table: &str| format!("{}.{}", name(database), name(table));
            let count = |table: &&str| format!("SELECT {}, COUNT(*) FROM {}", literal(table), of(table));
            let question: Vec<String> = some.iter().map(count).collect();
            rows.push_str(&self.ask(client, &question.join(" UNION ALL "))?);
            rows.push('\n');
        }
        Ok(rows)
    }

    fn ask(&self, client: &Client<'_>, question: &str) -> Result<String, Failure> {
        let mut line = self.client();
        line.push(format!("--execute={question}"));
        client.ask(&line.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn say(&self, client: &Client<'_>, statements: &str) -> Result<(), Failure> {
        let mut line = self.client();
        line.push(format!("--execute={statements}"));
        client.run(&line.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn client(&self) -> Vec<String> {
        let fixed = ["--batch", "--skip-column-names", "--raw"].map(str::to_owned);
        std::iter::once("mariadb".to_owned()).chain(self.server()).chain(fixed).collect()
    }

    /// No file of the user's own is read: it could say anything, another server included.
    fn server(&self) -> Vec<String> {
        let socket = self.socket.map(|socket| format!("--socket={socket}"));
        std::iter::once("--no-defaults".to_owned()).chain(socket).collect()
    }
}

/// A dump says at its end that it is one.
fn is_whole(file: &Path) -> Result<(), Failure> {
    use std::io::{Read, Seek, SeekFrom};
    let read = || -> std::io::Result<String> {
        let mut open = std::fs::File::open(file)?;
        let length = open.metadata()?.len();
        open.seek(SeekFrom::Start(length.saturating_sub(200)))?;
        let mut end = Vec::new();
        open.read_to_end(&mut end)?;
        Ok(String::from_utf8_lossy(&end).into_owned())
    };
    let end = read().map_err(|error| unlike(format!("cannot read {}: {error}", file.display())))?;
    let last = end.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    match last.starts_with(END) {
        true => Ok(()),
        false => Err(unlike(format!("{} is not a whole dump", file.display()))),
    }
}

fn name(text: &str) -> String {
    quoted(text, '`')
}

// With its defaults the server also takes a backslash for a sign of its own.
fn literal(text: &str) -> String {
    quoted(&text.replace('\\', "\\\\"), '\'')
}
