//! `consign key rotate`: new signing keys in the place of old ones, in four phases.

use std::time::SystemTime;

use clap::{Args, ValueEnum};

use super::super::progress::Spinner;
use super::super::{Outcome, tell};
use super::{PrimaryArgs, list, refused};
use crate::sign::key_set::{KeySet, Phase};

/// Replace the signing keys by new ones, in four phases; without a phase, say which is next.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign key rotate
  consign key rotate add --primary /media/safe/primary.secret.pgp
  consign key rotate both
  consign key rotate new
  consign key rotate drop

Publish after each phase, and give hosts time before the next: each of them has to upgrade \
<vendor>-release at least once between add and new. docs/keys.md is the drill, step by step.")]
pub struct Rotate {
    /// The phase to enter
    #[arg(value_enum)]
    phase: Option<Step>,
    #[command(flatten)]
    keys: PrimaryArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Step {
    /// Make new keys; hosts get to know them, the old ones sign (needs the primary key)
    Add,
    /// Sign indexes with the old and the new key
    Both,
    /// Sign with the new keys alone
    New,
    /// Let hosts forget the old key of the indexes
    Drop,
}

impl Rotate {
    pub fn run(self) -> Outcome {
        let mut keys = KeySet::load(&self.keys.folder).map_err(refused)?;
        match self.phase {
            None => {}
            Some(Step::Add) => {
                let primary = self.keys.open(&keys)?;
                let spinner = Spinner::start();
                spinner.now("making keys");
                keys.add(&primary, self.keys.valid_for(), SystemTime::now()).map_err(refused)?;
            }
            Some(Step::Both) => keys.sign_with_both().map_err(refused)?,
            Some(Step::New) => {
                for file in keys.sign_with_new().map_err(refused)? {
                    tell(format_args!("{} signs nothing any more: destroy it and its copies", file.display()));
                }
            }
            Some(Step::Drop) => {
                for key in keys.drop_old().map_err(refused)? {
                    tell(format_args!("hosts that have the next <vendor>-release do not accept {key} any more"));
                }
            }
        }
        list::show(&keys, false)?;
        tell(next(keys.phase(), self.phase.is_some()));
        Ok(())
    }
}

fn next(phase: Phase, entered: bool) -> String {
    let then = match phase {
        Phase::Settled => {
            return if entered {
                "Publish once more, and the rotation is over."
            } else {
                "Begin one with: consign key rotate add"
            }
            .to_owned();
        }
        Phase::Added => "consign key rotate both",
        Phase::Both => "consign key rotate new",
        Phase::New => "consign key rotate drop",
    };
    format!("Publish, give hosts time to upgrade, then: {then}")
}
