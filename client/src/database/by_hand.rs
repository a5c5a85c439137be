//! What a person would type to save a database.

use consign_metadata::plan::Database;

/// Program and arguments, with `{file}` for the file, and the user.
pub fn save(database: &Database) -> (Vec<String>, &str) {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match database {
        Database::Postgresql { name, user, .. } => {
            (words(&["pg_dump", "--format=custom", "--file={file}", "--", name]), user)
        }
        Database::Mariadb { name, user, .. } => {
            let fixed = ["mariadb-dump", "--single-transaction", "--routines", "--triggers", "--events"];
            (words(&[&fixed[..], &["--result-file={file}", "--", name]].concat()), user)
        }
        Database::Sqlite { file, user } => (words(&["sqlite3", file, ".backup main '{file}'"]), user),
    }
}
