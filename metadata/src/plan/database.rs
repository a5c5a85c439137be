//! A database of the host, as far as the agent itself knows how to save, verify and restore one.

use serde::{Deserialize, Serialize};

/// A database. Since format 3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "engine", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Database {
    /// Of a PostgreSQL server of this host, 13 or later.
    Postgresql {
        /// Its name.
        name: String,
        /// The system user who is the server's superuser by peer authentication.
        user: String,
        /// The folder of the server's socket; absent: the client's own default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        socket: Option<String>,
        /// The port, which is a part of the socket's name; absent: the client's own default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
    },
    /// Of a MariaDB server of this host, 10.4 or later.
    Mariadb {
        /// Its name.
        name: String,
        /// The system user who has all rights by socket authentication.
        user: String,
        /// The server's socket; absent: the client's own default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        socket: Option<String>,
    },
    /// Of SQLite, 3.27 or later.
    Sqlite {
        /// Its file.
        file: String,
        /// The user whose file it is.
        user: String,
    },
}

impl Database {
    /// Its name on the server, or its file.
    pub fn name(&self) -> &str {
        match self {
            Self::Postgresql { name, .. } | Self::Mariadb { name, .. } => name,
            Self::Sqlite { file, .. } => file,
        }
    }
}
