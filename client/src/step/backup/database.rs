//! A part of a backup that is a database: the agent saves, verifies and restores it itself.

use consign_metadata::plan;

use super::staging::Staging;
use super::{Part, Work};
use crate::backup::Contents;
use crate::database::{self, Client, SIZE};
use crate::step::{Trouble, run};

/// The part.
pub struct Stored<'a> {
    /// As the plan names it.
    pub database: &'a plan::Database,
}

impl Part for Stored<'_> {
    fn save(&self, work: &Work<'_>) -> Result<Contents, Trouble> {
        let database = database::of(self.database);
        let staging = Staging::new(work, database.user())?;
        let client = client(work, database.user());
        // How much of it the dump takes is how much room the next one needs.
        let size = database.extent(&client).ok().map(|extent| (SIZE.to_owned(), extent.bytes.to_string()));
        let mut properties = database.back_up(&client, &staging.file())?;
        properties.extend(size);
        staging.take(&work.file)?;
        // What is verified is what will be sealed, and not what its user could still change.
        drop(staging);
        let staging = Staging::new(work, database.user())?;
        staging.give(&work.file)?;
        database.verify(&client, &staging.file(), &properties)?;
        Ok(Contents::Database { properties })
    }

    fn restore(&self, work: &Work<'_>, contents: &Contents) -> Result<(), Trouble> {
        let Contents::Database { properties } = contents else {
            return Err(super::host("the part holds no database"));
        };
        let database = database::of(self.database);
        let staging = Staging::new(work, database.user())?;
        staging.give(&work.file)?;
        Ok(database.restore(&client(work, database.user()), &staging.file(), properties)?)
    }
}

fn client<'w>(work: &'w Work<'w>, user: &'w str) -> Client<'w> {
    let scene = work.scene;
    Client {
        programs: scene.context.programs,
        unit: run::unit(scene.header(), scene.item),
        user,
        limit: work.limit,
        log: scene.log.clone(),
        answers: work.folder.join("answers"),
    }
}
