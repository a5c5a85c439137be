//! A product on this host: its folder, its upgrades, and whether it is being changed.
//!
//! `/var/lib/consignee/<vendor>/<product>/`
//!
//! | name | what |
//! |---|---|
//! | `unfinished` | exists while engines must not start; their units carry the condition |
//! | `baseline.json` | the release that was there before any upgrade |
//! | `offers.json` | what the last look found |
//! | `journey.json` | where it goes, over several upgrades |
//! | `acknowledgements` | what a person has read and accepted, append-only |
//! | `backups/<number>/` | what was saved before an upgrade |
//! | `packages/` | the packages to go back to, and those that are installed |
//! | `scripts.json` | which scripts of versions ran |
//! | `prerequisites/<id>.log` | what the check of a prerequisite wrote last |
//! | `journal/<number>/records.jsonl` | an upgrade |
//! | `journal/<number>/plan.pgp` | its signed plan |
//! | `journal/<number>/add-on-<vendor>.<product>.pgp` | that of an add-on that joined |
//! | `journal/<number>/<item>-<step>.<attempt>.log` | what a step wrote |

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use consign_metadata::name::ProductId;
use consign_metadata::version::Version;
use fs_err as fs;
use jiff::Timestamp;

use crate::durable;
use crate::engine::event::Header;
use crate::engine::journal::{Journal, JournalError, Replay};
use crate::engine::machine::{State, Upgrade};
use crate::places::Places;

/// Name of the signed plan in the folder of an upgrade.
pub const PLAN_FILE: &str = "plan.pgp";

/// Every name in the folder of a product; whoever writes another one adds it here.
pub const NAMES: [&str; 18] = [
    "unfinished",
    "purged",
    "baseline.json",
    "deferred",
    "offers.json",
    "kept-back.json",
    "now.json",
    "told.json",
    "data.json",
    "acknowledgements",
    "packages",
    "backups",
    "prerequisites",
    "journal",
    "scripts.json",
    "journey.json",
    "rehearsal",
    "rehearsal.lease",
];

/// A product that the agent knows of.
#[derive(Debug, Clone)]
pub struct Product {
    /// Whose and which.
    pub id: ProductId,
    folder: PathBuf,
}

impl Product {
    /// The product, whether it has any state yet or not.
    pub fn new(places: &Places, id: ProductId) -> Self {
        Self { folder: places.product(&id), id }
    }

    /// Every product that has a folder, in order of name.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn all(places: &Places) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for vendor in names(&places.state())? {
            for product in names(&places.state().join(&vendor))? {
                if let Ok(id) = format!("{vendor}/{product}").parse() {
                    found.push(Self::new(places, id));
                }
            }
        }
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of acknowledgements.
    pub fn acknowledgements(&self) -> PathBuf {
        self.folder.join("acknowledgements")
    }

    /// Whether engines must not start.
    pub fn is_unfinished(&self) -> bool {
        self.flag().exists()
    }

    /// Keeps the engines from starting, durably, before anything is done to them.
    ///
    /// # Errors
    /// When the flag cannot be written or synced.
    pub fn set_unfinished(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut flag = fs::OpenOptions::new().create(true).truncate(false).write(true).open(self.flag())?;
        flag.flush()?;
        flag.file().sync_all()?;
        durable::sync_folder(&self.folder)
    }

    /// Lets the engines start again, durably.
    ///
    /// # Errors
    /// When the flag cannot be removed or the removal not synced.
    pub fn clear_unfinished(&self) -> io::Result<()> {
        match fs::remove_file(self.flag()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        durable::sync_folder(&self.folder)
    }

    /// The file that keeps the engines from starting.
    pub fn flag(&self) -> PathBuf {
        self.folder.join("unfinished")
    }

    /// The folder of the packages that are kept.
    pub fn packages(&self) -> PathBuf {
        self.folder.join("packages")
    }

    /// The folder of what was saved before upgrades.
    pub fn backups(&self) -> PathBuf {
        self.folder.join("backups")
    }

    /// The folder of what was saved before one of them.
    pub fn backup(&self, number: u32) -> PathBuf {
        self.backups().join(format!("{number:04}"))
    }

    /// The folder of an upgrade.
    pub fn upgrade_folder(&self, number: u32) -> PathBuf {
        self.folder.join("journal").join(format!("{number:04}"))
    }

    /// The signed plan of an add-on that joined an upgrade. Neither vendor nor product has a dot: no two share
    /// a name.
    pub fn add_on_plan(&self, number: u32, add_on: &ProductId) -> PathBuf {
        self.upgrade_folder(number).join(format!("add-on-{}.{}.pgp", add_on.vendor, add_on.product))
    }

    /// The numbers of all upgrades, ascending.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn upgrades(&self) -> io::Result<Vec<u32>> {
        let mut numbers: Vec<u32> =
            names(&self.folder.join("journal"))?.iter().filter_map(|name| name.parse().ok()).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Starts the next upgrade: folder, signed plan, journal. The number in the header is set here.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn begin(&self, header: Header, signed_plan: &[u8], now: Timestamp) -> Result<Journal, JournalError> {
        self.begin_with(header, signed_plan, &[], now)
    }

    /// As [`Self::begin`], with the signed plans of the add-ons that join.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn begin_with(
        &self,
        mut header: Header,
        signed_plan: &[u8],
        add_ons: &[(ProductId, Vec<u8>)],
        now: Timestamp,
    ) -> Result<Journal, JournalError> {
        let last = self.upgrades().map_err(|cause| self.io("list", cause))?.last().copied().unwrap_or(0);
        // What was saved in an earlier life of the product outlives its purge: no upgrade has the number of another.
        let saved = names(&self.folder.join("backups")).map_err(|cause| self.io("list", cause))?;
        let saved = saved.iter().filter_map(|name| name.parse().ok()).max().unwrap_or(0);
        // A folder whose journal never had a whole record is used again.
        let number = match self.open(last)? {
            None if last > saved => last,
            _ => last.max(saved) + 1,
        };
        let folder = self.upgrade_folder(number);
        fs::create_dir_all(&folder).map_err(|cause| self.io("create", cause))?;
        for (add_on, signed) in add_ons {
            let file = self.add_on_plan(number, add_on);
            durable::replace(&file, signed).map_err(|cause| self.io("write the plan of an add-on to", cause))?;
        }
        self.write_plan(&folder, signed_plan).map_err(|cause| self.io("write the plan of", cause))?;
        let _ = fs::remove_file(folder.join(crate::engine::journal::FILE));
        header.upgrade = number;
        Journal::create(&folder, header, now)
    }

    fn write_plan(&self, folder: &Path, signed_plan: &[u8]) -> io::Result<()> {
        let mut file = fs::File::create(folder.join(PLAN_FILE))?;
        file.write_all(signed_plan)?;
        file.file().sync_all()?;
        for parent in [folder, &self.folder.join("journal"), &self.folder] {
            durable::sync_folder(parent)?;
        }
        Ok(())
    }

    /// Opens the journal of an upgrade for writing; `None` when there is none.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn open(&self, number: u32) -> Result<Option<Journal>, JournalError> {
        // Looked at before a torn line is cut off: what is another's stays as it is.
        self.replay(number)?;
        Journal::open(&self.upgrade_folder(number))
    }

    /// Reads the journal of an upgrade without changing it.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn replay(&self, number: u32) -> Result<Replay, JournalError> {
        let folder = self.upgrade_folder(number);
        let replay = Replay::of(&folder)?;
        match &replay.upgrade {
            Some(upgrade) if !self.is_own(&upgrade.header, number) => {
                let path = folder.join(crate::engine::journal::FILE);
                let name = |product: &ProductId, number| format!("{product}, upgrade {number}");
                let found = name(&upgrade.header.product, upgrade.header.upgrade);
                Err(JournalError::Swapped { path, expected: name(&self.id, number), found })
            }
            _ => Ok(replay),
        }
    }

    // Its lines prove each other, not whose they are.
    fn is_own(&self, header: &Header, number: u32) -> bool {
        header.product == self.id && header.upgrade == number
    }

    /// The newest upgrade, read without changing it; the one under way, where later ones were cancelled for it.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn newest(&self) -> Result<Option<Upgrade>, JournalError> {
        let mut newest = None;
        for number in self.upgrades().map_err(|cause| self.io("list", cause))?.into_iter().rev() {
            let Some(upgrade) = self.replay(number)?.upgrade else { continue };
            if upgrade.state != State::Cancelled {
                return Ok(newest.filter(|_| !upgrade.is_under_way()).or(Some(upgrade)));
            }
            newest.get_or_insert(upgrade);
        }
        Ok(newest)
    }

    /// The newest upgrade that has changed anything, whatever is offered since; the numbers of those that only
    /// wait for their transaction are beside it.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn last_begun(&self) -> Result<Option<(Upgrade, Vec<u32>)>, JournalError> {
        let mut waiting = Vec::new();
        for number in self.upgrades().map_err(|cause| self.io("list", cause))?.into_iter().rev() {
            let Some(upgrade) = self.replay(number)?.upgrade else { continue };
            match upgrade.state {
                State::Planned | State::Held | State::Cleared => waiting.push(number),
                // What was wanted no more, or taken back before anything had changed.
                State::Cancelled => {}
                State::Superseded { .. } if !upgrade.has_left_before() => {}
                _ => return Ok(Some((upgrade, waiting))),
            }
        }
        Ok(None)
    }

    /// The upgrades whose place an upgrade takes, newest first; `header` may be one that has not begun.
    pub fn replaced_by(&self, header: &Header) -> Vec<Upgrade> {
        let mut replaced = Vec::new();
        let (mut at, mut next) = (header.upgrade, header.supersedes);
        while let Some(number) = next.filter(|number| at == 0 || *number < at) {
            let Some(upgrade) = self.replay(number).ok().and_then(|replay| replay.upgrade) else { break };
            (at, next) = (number, upgrade.header.supersedes);
            replaced.push(upgrade);
        }
        replaced
    }

    /// The version last finished, or gone back to, with its packaging revision where a journal finished it: the
    /// `from` of the next upgrade.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn finished(&self) -> Result<Option<(Version, Option<u32>)>, JournalError> {
        for number in self.upgrades().map_err(|cause| self.io("list", cause))?.into_iter().rev() {
            let Some(upgrade) = self.replay(number)?.upgrade else { continue };
            match upgrade.state {
                State::Completed => return Ok(Some((upgrade.header.to, Some(upgrade.header.revision)))),
                State::Rescued { observed } => return Ok(Some((observed, None))),
                // The packages and the data of before, whatever finished those.
                State::RolledBack if upgrade.header.from.is_some() => {
                    return Ok(upgrade.header.from.map(|from| (from, None)));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn io(&self, action: &'static str, cause: io::Error) -> JournalError {
        JournalError::Io { action, path: self.folder.join("journal"), cause }
    }
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.extend(entry.file_name().into_string().ok());
        }
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests;
