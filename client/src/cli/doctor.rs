//! `consignee doctor`: whether the agent itself is in order on this host.

use clap::Args;
use jiff::Timestamp;

use super::complaint::Complaint;
use super::session::{Exit, Session};
use crate::examination;
use crate::host;
use crate::report::doctor::DoctorReport;

/// Look whether the agent itself is in order here: hooks, keys, feeds, journals, flags, clock, room
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Answer with JSON on stdout
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  sudo consignee doctor
  sudo consignee doctor --json

Exit status:
  0 nothing has to be put right   1 something has, or could not be looked at";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        let packages = host::package_manager(&session.places);
        let services = host::service_manager();
        let findings = examination::examine(&session.places, &*packages, &*services, Timestamp::now());
        let report = DoctorReport::new(findings, services.is_running());
        match self.json {
            true => session.out.json(&report)?,
            false => session.out.page(&report.page(session.language, &session.zone))?,
        }
        Ok(if report.well { Exit::Done } else { Exit::Failed })
    }
}
