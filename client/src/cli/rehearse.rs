//! `consignee rehearse`: the upgrade that is offered, on a copy of this host.

use clap::Args;
use consign_metadata::name::ProductId;

use super::complaint::Complaint;
use super::person;
use super::session::{Exit, Session};
use crate::host;
use crate::rehearsal::{self, Here, Rehearsal, Source, Verdict};
use crate::report::rehearsal as report;
use crate::trust::Trust;

/// Try the offered upgrade on a copy of this host and its data: time, space and verdict
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The product, as vendor/product
    product: ProductId,
    /// Begin with the backup of this upgrade, or with the newest of this version; else with the data as they are now
    #[arg(long, value_name = "NUMBER|latest", value_parser = backup)]
    backup: Option<Source>,
    /// Answer with JSON on stdout
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  sudo consignee rehearse acme/erp
  sudo consignee rehearse acme/erp --backup latest
  sudo consignee rehearse acme/erp --backup 4 --json

Nothing on this host is changed or stopped: the packages are installed and the steps run on
a copy, which has no network and goes when it is over.

Exit status:
  0 it would complete   1 it cannot be rehearsed, and why   4 a step would fail";

fn backup(text: &str) -> Result<Source, String> {
    match text {
        "latest" => Ok(Source::Latest),
        number => number.parse().map(Source::Backup).map_err(|_| "neither a number nor `latest`".to_owned()),
    }
}

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        person::must_be_root()?;
        let rehearsal = self.rehearsed(session)?;
        match self.json {
            true => session.out.json(&rehearsal)?,
            false => session.out.page(&report::page(&rehearsal, session.language))?,
        }
        Ok(match rehearsal.verdict {
            Verdict::WouldComplete => Exit::Done,
            Verdict::WouldFail { .. } => Exit::Halted,
            Verdict::CannotBeRehearsed { .. } => Exit::Failed,
        })
    }

    fn rehearsed(&self, session: &mut Session) -> Result<Rehearsal, Complaint> {
        let product = session.product(&self.product)?;
        let failed = |problem: &dyn std::fmt::Display| Complaint::Failed(problem.to_string());
        let trust = Trust::read(&session.places).map_err(|problem| failed(&problem))?;
        let packages = host::package_manager(&session.places);
        let (services, programs) = (host::service_manager(), host::programs());
        let here = Here {
            places: &session.places,
            trust: &trust,
            product: &product,
            packages: &*packages,
            services: &*services,
            programs: &*programs,
        };
        let (language, err) = (session.language, &mut session.err);
        let rehearsed = rehearsal::rehearse(here, self.backup.unwrap_or(Source::Live), |progress| {
            // Whoever has gone away sees nothing more of it.
            let _ = err.page(&report::progress(progress, language));
        });
        rehearsed.map_err(|problem| failed(&problem))
    }
}
