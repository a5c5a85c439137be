//! A server of a copy of the host: another one of the same program, at the same address, with nothing in it but
//! what was restored. Whoever connects in the copy finds the database that he is used to.
//!
//! The host's own server is asked where it is and whom it knows; nothing is ever written there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use consign_metadata::plan;
use serde::{Deserialize, Serialize};

use super::{Client, unlike};
use crate::engine::event::Failure;
use crate::host::confined::Confined;
use crate::host::program::Program;
use crate::host::{HostError, account};

/// How long a server may take to come up.
const UP: Duration = Duration::from_secs(60);
const TURN: Duration = Duration::from_millis(100);
/// The data of a server of a copy, beside those of the host's own.
const DATA: &str = "consignee-rehearsal";
/// What a server answers about itself, a line each.
const ASKED: &str = "SELECT current_setting('data_directory') || chr(10) || current_setting('port') || chr(10) || \
                     current_setting('unix_socket_directories') || chr(10) || \
                     current_setting('shared_preload_libraries') || chr(10) || \
                     (SELECT setting FROM pg_config WHERE name = 'BINDIR')";

/// A PostgreSQL server as the host has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The system user, who is its superuser.
    pub user: String,
    /// The folder of its data.
    pub data: PathBuf,
    /// Its port, which names its socket.
    pub port: u16,
    /// The folders of its socket.
    pub sockets: Vec<PathBuf>,
    /// What it loads when it starts.
    pub libraries: String,
    /// Where its programs are.
    pub programs: PathBuf,
    /// Statements that make its roles.
    pub roles: PathBuf,
}

impl Model {
    /// Asks the host's server, and has its roles written to a file.
    ///
    /// # Errors
    /// [`Failure`] of its programs, also where the database is of another kind.
    pub fn of(database: &plan::Database, client: &Client<'_>, roles: PathBuf) -> Result<Self, Failure> {
        let plan::Database::Postgresql { user, socket, port, .. } = database else {
            return Err(unlike("there is no stand-in for this kind of database"));
        };
        let host = socket.as_ref().map(|socket| format!("--host={socket}"));
        let port = port.map(|port| format!("--port={port}"));
        let server: Vec<&str> = ["--no-password"].into_iter().chain(host.as_deref()).chain(port.as_deref()).collect();
        let fixed = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"];
        let question = format!("--command={ASKED}");
        let answer = client.ask(&[&fixed[..], &server, &["--dbname=postgres", &question]].concat())?;
        let file = format!("--file={}", roles.display());
        client.run(&[&["pg_dumpall", "--roles-only", "--no-role-passwords", &file][..], &server].concat())?;
        let lines: Vec<&str> = answer.lines().collect();
        let [data, port, sockets, libraries, programs] = lines[..] else {
            return Err(unlike(format!("the server does not tell where it is: {answer}")));
        };
        Ok(Self {
            user: user.clone(),
            data: data.into(),
            port: port.parse().map_err(|_| unlike(format!("{port} is no port")))?,
            sockets: sockets.split(',').map(|folder| PathBuf::from(folder.trim())).collect(),
            libraries: libraries.to_owned(),
            programs: programs.into(),
            roles,
        })
    }

    /// Makes a server like it in a copy, with the roles and no database.
    ///
    /// # Errors
    /// [`Failure`]
    pub fn start(&self, confined: &Confined, log: &Path) -> Result<(), Failure> {
        let data = self.data.parent().unwrap_or(&self.data).join(format!("{DATA}-{}", self.port));
        let client = self.client(confined, log);
        self.folder(&data, 0o700).map_err(host)?;
        for folder in &self.sockets {
            self.folder(folder, 0o2775).map_err(host)?;
        }
        let (folder, user) = (format!("--pgdata={}", data.display()), format!("--username={}", self.user));
        let fixed = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"];
        client.run(&[&[&*self.program("initdb"), &folder, &user][..], &fixed].concat())?;
        let sockets: Vec<String> = self.sockets.iter().map(|folder| folder.display().to_string()).collect();
        let settings = [
            format!("port={}", self.port),
            format!("unix_socket_directories={}", sockets.join(",")),
            // As far as the copy's own network goes.
            "listen_addresses=127.0.0.1".to_owned(),
            format!("shared_preload_libraries={}", self.libraries),
        ];
        let mut command = vec![self.program("postgres"), "-D".to_owned(), data.display().to_string()];
        command.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]));
        confined.serve(&self.as_program(command, log)).map_err(host)?;
        self.wait(&client)?;
        // Those that the new server has already are no error.
        let roles = format!("--file={}", self.roles.display());
        self.run(&client, "psql", &["--no-psqlrc", "--quiet", "--dbname=postgres", &roles])
    }

    /// Restores a dump, with the database itself: its owner, its rights, its settings.
    ///
    /// # Errors
    /// [`Failure`]
    pub fn restore(&self, confined: &Confined, name: &str, dump: &Path, log: &Path) -> Result<(), Failure> {
        let file = dump.display().to_string();
        let made: &[&str] = if name == "postgres" { &[] } else { &["--create"] };
        let fixed = ["--exit-on-error", "--no-tablespaces", "--dbname=postgres"];
        let client = self.client(confined, log);
        self.run(&client, "pg_restore", &[made, &fixed, &["--", &file]].concat())
    }

    fn run(&self, client: &Client<'_>, program: &str, arguments: &[&str]) -> Result<(), Failure> {
        let (program, host) = (self.program(program), format!("--host={}", self.socket()));
        let port = format!("--port={}", self.port);
        client.run(&[&[&*program, "--no-password", &host, &port][..], arguments].concat())
    }

    fn wait(&self, client: &Client<'_>) -> Result<(), Failure> {
        let deadline = Instant::now() + UP;
        let (program, host) = (self.program("pg_isready"), format!("--host={}", self.socket()));
        let port = format!("--port={}", self.port);
        loop {
            match client.run(&[&program, "--quiet", &host, &port]) {
                Err(failure) if Instant::now() >= deadline => return Err(failure),
                Err(_) => std::thread::sleep(TURN),
                Ok(()) => return Ok(()),
            }
        }
    }

    fn socket(&self) -> String {
        self.sockets.first().map(|folder| folder.display().to_string()).unwrap_or_else(|| "127.0.0.1".to_owned())
    }

    fn program(&self, name: &str) -> String {
        self.programs.join(name).display().to_string()
    }

    fn client<'a>(&'a self, confined: &'a Confined, log: &Path) -> Client<'a> {
        let answers = log.with_extension("answers");
        Client { programs: confined, unit: String::new(), user: &self.user, limit: LIMIT, log: log.to_owned(), answers }
    }

    fn as_program(&self, command: Vec<String>, log: &Path) -> Program {
        Program {
            unit: String::new(),
            command,
            user: self.user.clone(),
            login_shell: false,
            environment: [("LC_ALL".to_owned(), "C.UTF-8".to_owned())].into(),
            working_folder: None,
            limit: LIMIT,
            limits: Default::default(),
            log: log.to_owned(),
        }
    }

    /// A folder of the server's.
    fn folder(&self, path: &Path, mode: u32) -> Result<(), HostError> {
        let (uid, gid) = account::ids(&self.user)?;
        let made = match path.is_dir() {
            true => Ok(()),
            false => fs::create_dir_all(path).and_then(|()| {
                chown(path, Some(uid), Some(gid))?;
                fs::set_permissions(path, fs::Permissions::from_mode(mode))
            }),
        };
        made.map_err(|cause| HostError { action: format!("create {}", path.display()), reason: cause.to_string() })
    }
}

/// Restoring takes as long as it takes.
const LIMIT: Duration = Duration::from_secs(4 * 3600);

fn host(error: HostError) -> Failure {
    Failure::Host { reason: error.to_string() }
}
