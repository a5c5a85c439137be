//! A database that the agent itself saves, or keeps a lock in.

use std::ops::Range;

use consign_metadata::plan::Database;

use super::account::UserName;
use super::error::Fault;
use super::files::host_path;
use super::spanned::Spanned;

/// The users whom Debian's servers, and most others, take for their masters by the socket.
const POSTGRES: &str = "postgres";
const MARIADB: &str = "mysql";

/// What a manifest says of one.
pub(super) struct Keys<'a> {
    pub(super) postgresql: Option<&'a Spanned<String>>,
    pub(super) mariadb: Option<&'a Spanned<String>>,
    pub(super) sqlite: Option<&'a Spanned<String>>,
    pub(super) user: Option<&'a UserName>,
    pub(super) socket: Option<&'a Spanned<String>>,
    pub(super) port: Option<&'a Spanned<u16>>,
}

/// The database that is meant.
pub(super) fn validate(at: Range<usize>, keys: &Keys<'_>) -> Result<Database, Fault> {
    let user = |usual: &str| keys.user.cloned().map_or_else(|| usual.to_owned(), String::from);
    let socket = keys.socket.map(host_path).transpose()?;
    let port = keys.port.map(|port| *port.get_ref());
    if let (Some(port), None) = (keys.port, keys.postgresql) {
        return Err(Fault::at(port.span(), "only a PostgreSQL server has a port in the name of its socket"));
    }
    match (keys.postgresql, keys.mariadb, keys.sqlite) {
        (Some(name), None, None) => {
            Ok(Database::Postgresql { name: database_name(name)?, user: user(POSTGRES), socket, port })
        }
        (None, Some(name), None) => Ok(Database::Mariadb { name: database_name(name)?, user: user(MARIADB), socket }),
        (None, None, Some(file)) => sqlite(at, file, keys),
        _ => Err(Fault::at(at, "a database has exactly one of postgresql, mariadb and sqlite")
            .help("a lock has one of postgresql and mariadb: several hosts share no SQLite database")),
    }
}

fn sqlite(at: Range<usize>, file: &Spanned<String>, keys: &Keys<'_>) -> Result<Database, Fault> {
    if let Some(socket) = keys.socket {
        return Err(Fault::at(socket.span(), "SQLite has no server"));
    }
    let owner = || Fault::at(at, "whose file is it?").help("user = \"…\": the account that the engines run as");
    let user = keys.user.cloned().map(String::from).ok_or_else(owner)?;
    Ok(Database::Sqlite { file: host_path(file)?, user })
}

fn database_name(name: &Spanned<String>) -> Result<String, Fault> {
    let text = name.get_ref();
    let is_one = !text.is_empty() && text.len() <= 63 && !text.starts_with('-') && !text.chars().any(char::is_control);
    match is_one {
        true => Ok(text.clone()),
        false => Err(Fault::at(name.span(), format!("{text:?} is not the name of a database"))),
    }
}

#[cfg(test)]
mod tests {
    use super::UserName;

    #[test]
    fn the_usual_users_are_names_of_users() {
        for usual in [super::POSTGRES, super::MARIADB] {
            assert!(UserName::try_from(usual.to_owned()).is_ok());
        }
    }
}
