//! PostgreSQL, by its own programs: a dump in its custom format.
//!
//! A restore is made beside the database, and the two then change names in one transaction: cut off wherever
//! it may be, the database is the one of before or the restored one. Owner, rights, limits and settings of the
//! database itself stay as they are; those of what is in it, and their owners, are in the dump.

use std::path::Path;

use super::{Client, Database, Extent, Properties, first_difference, quoted, unlike};
use crate::engine::event::Failure;

/// Databases of the agent's own, for the time of a restore.
const SCRATCH: &str = "consign_scratch";
const BEFORE: &str = "consign_before";
/// The database that is always there to say something from.
const HOME: &str = "postgres";
/// How many tables are counted in one question: an argument has its limits.
const AT_ONCE: usize = 200;

/// The database.
pub struct Postgresql<'a> {
    /// Its name.
    pub name: &'a str,
    /// The server's superuser.
    pub user: &'a str,
    /// The folder of its socket.
    pub socket: Option<&'a str>,
    /// Its port.
    pub port: Option<u16>,
}

impl Database for Postgresql<'_> {
    fn user(&self) -> &str {
        self.user
    }

    fn extent(&self, client: &Client<'_>) -> Result<Extent, Failure> {
        // Who may not know the folder finds no row.
        let folder = "SELECT setting FROM pg_settings WHERE name = 'data_directory'";
        let question = format!("SELECT pg_database_size({}) || ' ' || COALESCE(({folder}), '')", literal(self.name));
        Extent::parse(self.name, &self.ask(client, HOME, &question)?)
    }

    fn back_up(&self, client: &Client<'_>, file: &Path) -> Result<Properties, Failure> {
        let file = format!("--file={}", file.display());
        let name = format!("--dbname={}", connection(self.name));
        self.program(client, "pg_dump", &["--format=custom", &file, &name])?;
        Ok(Properties::new())
    }

    fn verify(&self, client: &Client<'_>, file: &Path, _: &Properties) -> Result<(), Failure> {
        let scratch = self.name_of(SCRATCH);
        self.restore_beside(client, file, &scratch)?;
        let (here, there) = (self.rows(client, self.name)?, self.rows(client, &scratch)?);
        self.drop(client, &scratch)?;
        match first_difference(&here, &there) {
            None => Ok(()),
            Some(table) => Err(unlike(format!("the dump of {} restores other rows of {table}", self.name))),
        }
    }

    fn restore(&self, client: &Client<'_>, file: &Path, _: &Properties) -> Result<(), Failure> {
        let (scratch, before) = (self.name_of(SCRATCH), self.name_of(BEFORE));
        self.restore_beside(client, file, &scratch)?;
        // Left over where an earlier restore was cut off between the change of names and its end.
        self.drop(client, &before)?;
        for statement in self.attributes(client, &scratch)?.lines() {
            self.say(client, &[statement])?;
        }
        let rename = |from: &str, to: &str| format!("ALTER DATABASE {} RENAME TO {}", name(from), name(to));
        let (away, home) = (rename(self.name, &before), rename(&scratch, self.name));
        let leave =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}", literal(self.name));
        self.say(client, &[&leave])?;
        self.say(client, &["BEGIN", &away, &home, "COMMIT"])?;
        self.drop(client, &before)
    }
}

impl Postgresql<'_> {
    /// Two databases of one host are never restored under one name.
    fn name_of(&self, what: &str) -> String {
        // An identifier is cut off after 63 bytes.
        let digest = consign_metadata::digest::Sha256::of(self.name.as_bytes()).to_string();
        format!("{what}_{}", &digest[..16])
    }

    fn restore_beside(&self, client: &Client<'_>, file: &Path, scratch: &str) -> Result<(), Failure> {
        self.drop(client, scratch)?;
        let like = format!(
            "SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L', {}, \
             pg_encoding_to_char(encoding), datcollate, datctype) FROM pg_database WHERE datname = {}",
            literal(scratch),
            literal(self.name)
        );
        let create = self.ask(client, HOME, &like)?;
        if create.is_empty() {
            return Err(unlike(format!("there is no database {} on the server", self.name)));
        }
        self.say(client, &[&create])?;
        let (database, file) = (format!("--dbname={}", connection(scratch)), file.display().to_string());
        self.program(client, "pg_restore", &["--exit-on-error", &database, "--", &file])
    }

    fn drop(&self, client: &Client<'_>, database: &str) -> Result<(), Failure> {
        self.say(client, &[&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", name(database))])
    }

    /// The rows of every table, as `table<TAB>rows`.
    fn rows(&self, client: &Client<'_>, database: &str) -> Result<String, Failure> {
        let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
                      WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1";
        let tables = self.ask(client, database, tables)?;
        let tables: Vec<&str> = tables.lines().collect();
        let mut rows = String::new();
        for some in tables.chunks(AT_ONCE) {
            let count = |table: &&str| format!("SELECT {} || chr(9) || count(*) FROM {table}", literal(table));
            let question: Vec<String> = some.iter().map(count).collect();
            rows.push_str(&self.ask(client, database, &question.join(" UNION ALL "))?);
            rows.push('\n');
        }
        Ok(rows)
    }

    /// What makes another database the same as this one where a dump says nothing of it: a statement a line.
    fn attributes(&self, client: &Client<'_>, other: &str) -> Result<String, Failure> {
        let (this, other) = (literal(self.name), literal(other));
        // pg_dump knows the same five lists, whose items are not one text.
        let lists = "'search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries', \
                     'shared_preload_libraries'";
        let question = format!(
            "WITH d AS (SELECT * FROM pg_database WHERE datname = {this}), \
             s AS (SELECT split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value \
                   FROM d JOIN pg_db_role_setting r ON r.setdatabase = d.oid AND r.setrole = 0, unnest(r.setconfig) c) \
             SELECT format('ALTER DATABASE %I OWNER TO %I', {other}, pg_get_userbyid(datdba)) FROM d \
             UNION ALL SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', {other}, datconnlimit) FROM d \
             UNION ALL SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', {other}) FROM d WHERE datacl IS NOT NULL \
             UNION ALL SELECT format('GRANT %s ON DATABASE %I TO %s', a.privilege_type, {other}, \
                   CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END) \
                   FROM d, aclexplode(d.datacl) a \
             UNION ALL SELECT format('ALTER DATABASE %I SET %I TO %s', {other}, name, \
                   CASE WHEN name IN ({lists}) THEN value ELSE quote_literal(value) END) FROM s"
        );
        self.ask(client, HOME, &question)
    }

    fn ask(&self, client: &Client<'_>, database: &str, question: &str) -> Result<String, Failure> {
        let mut line = self.psql(database);
        line.push(format!("--command={question}"));
        client.ask(&line.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn say(&self, client: &Client<'_>, statements: &[&str]) -> Result<(), Failure> {
        let mut line = self.psql(HOME);
        line.extend(statements.iter().map(|statement| format!("--command={statement}")));
        client.run(&line.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn psql(&self, database: &str) -> Vec<String> {
        let fixed = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"];
        let database = format!("--dbname={}", connection(database));
        fixed.into_iter().map(str::to_owned).chain(self.server()).chain([database]).collect()
    }

    fn program(&self, client: &Client<'_>, program: &str, arguments: &[&str]) -> Result<(), Failure> {
        let server = self.server();
        let line = std::iter::once(program).chain(server.iter().map(String::as_str)).chain(arguments.iter().copied());
        client.run(&line.collect::<Vec<_>>())
    }

    fn server(&self) -> Vec<String> {
        let host = self.socket.map(|socket| format!("--host={socket}"));
        let port = self.port.map(|port| format!("--port={port}"));
        ["--no-password".to_owned()].into_iter().chain(host).chain(port).collect()
    }
}

fn name(text: &str) -> String {
    quoted(text, '"')
}

fn literal(text: &str) -> String {
    quoted(text, '\'')
}

/// A name that is not taken for a whole connection string, whatever is in it.
fn connection(database: &str) -> String {
    format!("dbname='{}'", database.replace('\\', "\\\\").replace('\'', "\\'"))
}
