//! `consignee rehearsal`: what the processes of a copy of the host do. Nobody types it: outside of a copy it refuses.

use clap::{Args, ValueEnum};
use consign_metadata::name::ProductId;

use super::complaint::Complaint;
use super::session::{Exit, Session};
use crate::product::Product;
use crate::rehearsal::verdict::{Ended, Progress};
use crate::rehearsal::{performance, stage};

/// One of the processes of a rehearsal; started by `consignee rehearse`
#[derive(Debug, Args)]
pub struct Arguments {
    product: ProductId,
    act: Act,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Act {
    /// Makes the copy, and goes on in it.
    Lay,
    /// Carries the upgrade out in the copy.
    Play,
}

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        let product = Product::new(&session.places, self.product.clone());
        let (places, out) = (session.places.clone(), &mut session.out);
        let mut say = |progress: Progress| {
            let line = serde_json::to_string(&progress).unwrap_or_default();
            let _ = out.bytes(format!("{line}\n").as_bytes());
        };
        let ended = match self.act {
            Act::Lay => Ended::cannot(stage::lay(&product, &mut say)),
            Act::Play => performance::play(&places, &product, &mut say),
        };
        say(Progress::Ended(Box::new(ended)));
        Ok(Exit::Done)
    }
}
