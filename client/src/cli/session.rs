//! What a command has at hand: the host, the reader's language, its streams.

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use consign_metadata::name::ProductId;
use consign_metadata::text::Language;
use jiff::tz::TimeZone;

use super::complaint::Complaint;
use super::language;
use super::output::Output;
use crate::places::Places;
use crate::product::Product;
use crate::report::state::Standing;

/// How a command ends; `docs/exit-codes.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It was done, and nothing waits.
    Done,
    /// It could not be done.
    Failed,
    /// Something is held or waits for a person.
    Waits,
    /// Something halted, is stuck or damaged.
    Halted,
    /// Something is under way.
    UnderWay,
    /// What the service ended with.
    Service(u8),
    /// For the hook: the service could not be reached (`EX_TEMPFAIL`).
    Unreachable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Waits => 3,
            Self::Halted => 4,
            Self::UnderWay => 5,
            Self::Service(status) => status,
            Self::Unreachable => 75,
        }
    }
}

impl From<Standing> for Exit {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Well => Self::Done,
            Standing::Waits => Self::Waits,
            Standing::UnderWay => Self::UnderWay,
            Standing::Halted => Self::Halted,
        }
    }
}

/// Everything that a command reads and writes.
pub struct Session {
    /// The host.
    pub places: Places,
    /// The reader's language.
    pub language: Language,
    /// The reader's time zone.
    pub zone: TimeZone,
    /// Product output.
    pub out: Output,
    /// What is for people only.
    pub err: Output,
    /// What is answered and piped in.
    pub input: Box<dyn BufRead>,
    /// Whether a person can answer.
    pub can_answer: bool,
}

impl Session {
    /// The session of this process.
    pub fn of_process(root: &Path, language: Option<Language>) -> Self {
        let places = Places::below(root);
        Self {
            language: language::choose(language, &places),
            places,
            zone: TimeZone::system(),
            out: Output::stdout(),
            err: Output::stderr(),
            input: Box::new(io::BufReader::new(io::stdin())),
            can_answer: io::stdin().is_terminal(),
        }
    }

    /// The products to speak of: the one that was named, or all.
    ///
    /// # Errors
    /// [`Complaint::UnknownProduct`], and when the folders cannot be read.
    pub fn products(&self, named: Option<&ProductId>) -> Result<Vec<Product>, Complaint> {
        let all = Product::all(&self.places).map_err(|cause| Complaint::Unreadable(cause.to_string()))?;
        let Some(id) = named else { return Ok(all) };
        match all.iter().find(|product| product.id == *id) {
            Some(product) => Ok(vec![product.clone()]),
            None => Err(Complaint::UnknownProduct {
                product: id.clone(),
                known: all.into_iter().map(|product| product.id).collect(),
            }),
        }
    }

    /// The one product that was named.
    ///
    /// # Errors
    /// As [`Session::products`].
    pub fn product(&self, id: &ProductId) -> Result<Product, Complaint> {
        self.products(Some(id)).map(|mut found| found.remove(0))
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("places", &self.places)
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}
