//! `consignee hook lift`: no hold outlives the agent. Its service is stopped by now.

use super::super::complaint::Complaint;
use super::super::session::{Exit, Session};
use crate::host;

pub fn run(session: &Session) -> Result<Exit, Complaint> {
    let lifted = host::lift(&session.places);
    lifted.map(|()| Exit::Done).map_err(|problem| Complaint::Failed(problem.to_string()))
}
