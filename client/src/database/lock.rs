//! A lock in a database, held by the session of a program that does nothing else. Whoever holds it works on the
//! data; other hosts on the same data wait. It goes with its session: a host whose power is cut holds nothing.

use std::path::PathBuf;
use std::time::Duration;

use consign_metadata::digest::Sha256;
use consign_metadata::name::ProductId;
use consign_metadata::plan::Database;

use crate::engine::event::Failure;
use crate::host::program::{Program, Programs};
use crate::step::Clock;

const HELD: &str = "consign: held";
const ELSEWHERE: &str = "consign: elsewhere";
/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
const TURN: Duration = Duration::from_millis(100);
/// Longer than any step may take.
const LONGEST: Duration = Duration::from_secs(30 * 86400);

/// What became of an attempt to take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is this host's.
    Held,
    /// Another session has it.
    Elsewhere,
}

/// The lock of a product in a database.
pub struct Lock<'a> {
    /// Where it is.
    pub database: &'a Database,
    /// Whose.
    pub product: &'a ProductId,
    /// Where its program writes.
    pub log: PathBuf,
    /// Who runs programs.
    pub programs: &'a dyn Programs,
    /// The time.
    pub clock: &'a dyn Clock,
}

impl Lock<'_> {
    /// Takes it, unless it is held; what an agent before this one took is held.
    ///
    /// # Errors
    /// [`Failure`] where nobody can tell.
    pub fn take(&self) -> Result<Taken, Failure> {
        if self.is_held()? {
            return Ok(Taken::Held);
        }
        self.release()?;
        let _ = std::fs::remove_file(&self.log);
        let program = self.program()?;
        let started = self.programs.start(&program).map_err(|error| host(&error))?;
        let deadline = self.clock.running() + PATIENCE;
        loop {
            let said = self.said();
            if said.lines().any(|line| line.trim() == HELD) {
                return Ok(Taken::Held);
            }
            if said.lines().any(|line| line.trim() == ELSEWHERE) {
                self.release()?;
                return Ok(Taken::Elsewhere);
            }
            if started.is_some() || !self.is_at_work()? || self.clock.running() >= deadline {
                self.release()?;
                let output = said.lines().rev().take(5).map(str::to_owned).collect();
                return Err(Failure::Exit { status: 1, output });
            }
            self.clock.sleep(TURN);
        }
    }

    /// Lets it go; that it is not held is fine.
    ///
    /// # Errors
    /// [`Failure`] where it may still be held.
    pub fn release(&self) -> Result<(), Failure> {
        self.programs.end(&self.unit()).map_err(|error| host(&error))
    }

    /// Whether another session has it. What is this host's stays so, and what was free is free again.
    ///
    /// # Errors
    /// [`Failure`] where nobody can tell.
    pub fn is_elsewhere(&self) -> Result<bool, Failure> {
        if self.is_held()? {
            return Ok(false);
        }
        let taken = self.take()?;
        if taken == Taken::Held {
            self.release()?;
        }
        Ok(taken == Taken::Elsewhere)
    }

    fn is_held(&self) -> Result<bool, Failure> {
        Ok(self.is_at_work()? && self.said().lines().any(|line| line.trim() == HELD))
    }

    fn is_at_work(&self) -> Result<bool, Failure> {
        self.programs.is_at_work(&self.unit()).map_err(|error| host(&error))
    }

    fn said(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    // Neither vendor nor product has a dot: no two share a name.
    fn unit(&self) -> String {
        format!("consignee-lock-{}.{}", self.product.vendor, self.product.product)
    }

    fn program(&self) -> Result<Program, Failure> {
        let (command, user) = self.session()?;
        Ok(Program {
            unit: self.unit(),
            command,
            user,
            login_shell: false,
            environment: Default::default(),
            working_folder: None,
            limit: LONGEST,
            limits: Default::default(),
            log: self.log.clone(),
        })
    }

    /// A session that takes the lock, says what came of it, and stays.
    fn session(&self) -> Result<(Vec<String>, String), Failure> {
        let words = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
        match self.database {
            Database::Postgresql { name, user, socket, port } => {
                let take = format!(
                    "SELECT CASE WHEN pg_try_advisory_lock({}) THEN '{HELD}' ELSE '{ELSEWHERE}' END",
                    self.key()
                );
                let mut line =
                    words(&["psql", "--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align"]);
                line.extend(socket.iter().map(|socket| format!("--host={socket}")));
                line.extend(port.iter().map(|port| format!("--port={port}")));
                // Its session is open as long as it waits for another program.
                line.extend([
                    format!("--dbname={name}"),
                    format!("--command={take}"),
                    r"--command=\! sleep infinity".to_owned(),
                ]);
                Ok((line, user.clone()))
            }
            Database::Mariadb { name, user, socket } => {
                // The server looks every five seconds whether somebody still waits for the end of SLEEP.
                let take = format!(
                    "SELECT IF(GET_LOCK('consign {}', 0) = 1, '{HELD}', '{ELSEWHERE}'); SELECT SLEEP({})",
                    self.product,
                    LONGEST.as_secs()
                );
                let mut line = words(&["mariadb", "--no-defaults", "--batch", "--skip-column-names", "--unbuffered"]);
                line.extend(socket.iter().map(|socket| format!("--socket={socket}")));
                line.extend([format!("--database={name}"), format!("--execute={take}")]);
                Ok((line, user.clone()))
            }
            Database::Sqlite { file, .. } => {
                Err(Failure::Host { reason: format!("{file} is of one host alone and has no lock") })
            }
        }
    }

    /// The number of the lock, the same on every host.
    pub fn key(&self) -> i64 {
        let digest = Sha256::of(format!("consign {}", self.product).as_bytes()).to_string();
        i64::from_str_radix(&digest[..15], 16).unwrap_or_default()
    }
}

fn host(error: &crate::host::HostError) -> Failure {
    Failure::Host { reason: error.to_string() }
}
