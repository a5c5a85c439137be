//! A product that was installed before it had a plan is taken over past its gates: its engines are
//! stopped, and it halts until a person has cleared it.

use super::dialogue::Speaker;
use super::situation::Situation;
use super::upgrades::{self, Task};
use super::{Agent, AgentError};
use crate::engine::event::{Failure, Packages, Reason};
use crate::engine::machine::State;
use crate::request::{Refusal, Reply};

/// Halts the upgrade that is held, and stops the engines. A refusal where one of them does not stop: its
/// files must not be replaced under it.
///
/// # Errors
/// [`AgentError`]
pub fn take_over(
    agent: &Agent,
    situation: &Situation<'_>,
    speaker: &mut Speaker,
) -> Result<Option<Refusal>, AgentError> {
    let Some(upgrade) = situation.product.newest()? else { return Ok(None) };
    let number = upgrade.header.upgrade;
    let Some(mut journal) = situation.product.open(number)? else { return Ok(None) };
    speaker.say(&Reply::Working { product: situation.product.id.clone(), upgrade: number });
    if let State::Planned | State::Held = journal.upgrade().state {
        // True: dpkg has the old version in none of the states that count as installed any more. Where
        // nothing comes of it, it is found as before, and what was stopped is started again.
        upgrades::observed(agent, &mut journal, Packages::Partial, false)?;
    }
    let Err(problem) = upgrades::carry_out(agent, situation, &mut journal, Task::StopEngines) else { return Ok(None) };
    let failure = Failure::Host { reason: problem.to_string() };
    let reasons = vec![Reason::NotPrepared { upgrade: number, failure }];
    Ok(Some(Refusal { product: situation.product.id.clone(), to: Some(upgrade.header.to), reasons }))
}
