//! What the hook binary calls: one verb for each thing a package manager may report.
//!
//! Only `barrier` and `preinst` may answer anything but 0. Everything said here stands among the lines of
//! the package manager, so it is short and stands together.

mod barrier;
mod data;
mod lift;
mod look;
mod package;
mod wake;

use clap::{Args, Subcommand};
use consign_metadata::name::{PackageName, ProductId};
use jiff::Timestamp;
use std::path::PathBuf;

use super::complaint::Complaint;
use super::session::{Exit, Session};

/// For the hooks of package managers and packages
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Asks whether a transaction may go ahead; its actions are on stdin
    Barrier,
    /// Says what is offered and what is held, after the lists were updated
    Look,
    /// Says that packages may have changed, and follows the finish on a terminal
    Wake {
        /// When the run of the package manager began, in milliseconds since 1970
        #[arg(long, value_name = "MILLISECONDS", value_parser = moment)]
        began: Option<Timestamp>,
    },
    /// A package is about to be unpacked
    Preinst { product: ProductId, package: PackageName, plan: PathBuf, before: Option<String> },
    /// A package is about to be unpacked, and nothing can be refused any more
    Arrive { product: ProductId, package: PackageName, archive: Option<PathBuf> },
    /// An engine is about to start: compares the data
    Data { product: ProductId },
    /// Lifts every hold: the agent is about to be removed
    Lift,
    /// A package is about to be removed
    Remove { product: ProductId, package: PackageName },
    /// A package was purged
    Purge { product: ProductId, package: PackageName },
}

impl Arguments {
    pub fn run(self, session: &mut Session) -> Result<Exit, Complaint> {
        match self.verb {
            Verb::Barrier => barrier::run(session),
            Verb::Look => Ok(look::run(session)),
            Verb::Wake { began } => Ok(wake::run(session, began)),
            Verb::Preinst { product, package, plan, before } => {
                package::preinst(session, product, package, plan, before)
            }
            Verb::Arrive { product, package, archive } => package::arrive(session, product, package, archive),
            Verb::Data { product } => Ok(data::run(session, &product)),
            Verb::Lift => lift::run(session),
            Verb::Remove { product, package } => package::remove(session, product, package),
            Verb::Purge { product, package } => package::purge(session, product, package),
        }
    }
}

/// What a hook can write that knows no calendar.
fn moment(text: &str) -> Result<Timestamp, String> {
    let milliseconds = text.parse().map_err(|_| format!("{text:?} is not a number of milliseconds"))?;
    Timestamp::from_millisecond(milliseconds).map_err(|cause| cause.to_string())
}
