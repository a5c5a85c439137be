//! A database that the agent itself saves.

use consign_metadata::plan::Database;

use super::authored::BackupDatabase;
use super::error::Fault;
use super::files::host_path;
use super::spanned::Spanned;

/// The users whom Debian's servers, and most others, take for their masters by the socket.
const POSTGRES: &str = "postgres";
const MARIADB: &str = "mysql";

/// The database of a manifest.
pub(super) fn validate(authored: &BackupDatabase) -> Result<Database, Fault> {
    let at = authored.name.span();
    let user = |usual: &str| authored.user.clone().map_or_else(|| usual.to_owned(), String::from);
    let socket = authored.socket.as_ref().map(host_path).transpose()?;
    let port = authored.port.as_ref().map(|port| *port.get_ref());
    if let (Some(port), None) = (&authored.port, &authored.postgresql) {
        return Err(Fault::at(port.span(), "only a PostgreSQL server has a port in the name of its socket"));
    }
    match (&authored.postgresql, &authored.mariadb, &authored.sqlite) {
        (Some(name), None, None) => {
            Ok(Database::Postgresql { name: database_name(name)?, user: user(POSTGRES), socket, port })
        }
        (None, Some(name), None) => Ok(Database::Mariadb { name: database_name(name)?, user: user(MARIADB), socket }),
        (None, None, Some(file)) => {
            if let Some(socket) = &authored.socket {
                return Err(Fault::at(socket.span(), "SQLite has no server"));
            }
            let owner = || Fault::at(at, "whose file is it?").help("user = \"…\": the account that the engines run as");
            Ok(Database::Sqlite {
                file: host_path(file)?,
                user: authored.user.clone().map(String::from).ok_or_else(owner)?,
            })
        }
        _ => Err(Fault::at(at, "a database has exactly one of postgresql, mariadb and sqlite")),
    }
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
    use crate::manifest::UserName;

    #[test]
    fn the_usual_users_are_names_of_users() {
        for usual in [super::POSTGRES, super::MARIADB] {
            assert!(UserName::try_from(usual.to_owned()).is_ok());
        }
    }
}
