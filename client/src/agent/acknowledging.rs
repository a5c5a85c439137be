//! A person at the page has read or accepted something. At a terminal the command writes it down itself.

use consign_metadata::name::ProductId;
use consign_metadata::version::Version;

use super::catalogue::Catalogue;
use super::{Agent, AgentError};
use crate::acknowledgement::{self, Acknowledgement, Subject};
use crate::engine::event::Person;
use crate::request::Reply;

/// Writes it down; durable when it is answered. The hold is lifted by the next look.
///
/// # Errors
/// When there is no such product, or it cannot be written.
pub fn acknowledge(
    agent: &Agent,
    id: &ProductId,
    version: &Version,
    subjects: Vec<Subject>,
    by: &Person,
) -> Result<Reply, AgentError> {
    let catalogue = Catalogue::read(agent)?;
    let unknown = || AgentError::NotNow(format!("there is no product {id}"));
    let product = &catalogue.entries.get(id).ok_or_else(unknown)?.product;
    let at = agent.clock.now();
    let one = |subject| Acknowledgement { at, by: by.clone(), subject, version: version.clone() };
    let new: Vec<Acknowledgement> = subjects.into_iter().map(one).collect();
    acknowledgement::acknowledge(product, &new).map_err(|problem| AgentError::NotNow(problem.to_string()))?;
    Ok(Reply::Accepted)
}
