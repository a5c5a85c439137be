//! What becomes of a newer agent, in the file that says what is known of every product.

use super::Agent;
use crate::bulletin::{AgentHeld, AgentLine, Bulletin};
use crate::host::{HostError, OwnPackage};

/// Writes down what came of looking for a newer one: the newest that there is.
pub fn looked(agent: &Agent, found: Result<Option<String>, HostError>) {
    let now = agent.clock.now();
    let (published, problem) = match found {
        Ok(published) => (Some(published), None),
        Err(problem) => {
            log::warn!("{problem}");
            (None, Some(problem.to_string()))
        }
    };
    change(agent, |before| {
        let known = before.and_then(|before| before.published.clone());
        let published = published.unwrap_or(known);
        of(agent, |line| AgentLine { published, looked: Some(now), problem: problem.or(line.problem.clone()), ..line })
    });
}

/// Writes down what has changed since, as an attempt to install it.
pub fn changed(agent: &Agent) {
    change(agent, |before| line(agent, before));
}

/// What is known of it now, with what the last look found.
pub fn line(agent: &Agent, before: Option<&AgentLine>) -> Option<AgentLine> {
    let Some(before) = before else { return of(agent, |line| line) };
    let (published, looked) = (before.published.clone(), before.looked);
    // Why a look brought none counts until the next one.
    let problem = before.problem.clone().filter(|_| before.held == Some(AgentHeld::NotBrought));
    of(agent, |line| AgentLine { published, looked, problem: line.problem.clone().or(problem), ..line })
}

/// Where this host has a package of the agent that no lists have.
fn of(agent: &Agent, with_look: impl FnOnce(AgentLine) -> AgentLine) -> Option<AgentLine> {
    let own = agent.packages.own_package().unwrap_or_else(|problem| {
        log::warn!("{problem}");
        None
    })?;
    let line = with_look(AgentLine {
        running: agent.version.clone(),
        installed: own.installed.clone(),
        published: None,
        offered: own.brought.clone(),
        looked: None,
        held: None,
        attempts: own.attempts,
        tried: own.tried,
        next_try: own.next_try,
        problem: own.problem.clone(),
    });
    Some(AgentLine { held: held(&own, &line), ..line })
}

fn held(own: &OwnPackage, line: &AgentLine) -> Option<AgentHeld> {
    match &own.brought {
        _ if own.installed.is_none() => Some(AgentHeld::NoPackage),
        Some(_) if own.tried.is_some() && own.next_try.is_none() => Some(AgentHeld::TriedEnough),
        Some(_) => Some(AgentHeld::Waits),
        None => line.problem.as_ref().map(|_| AgentHeld::NotBrought),
    }
}

fn change(agent: &Agent, line: impl FnOnce(Option<&AgentLine>) -> Option<AgentLine>) {
    let kept = Bulletin::change(&agent.places, |before| {
        let before = before?;
        Some(Bulletin { agent: line(before.agent.as_ref()), ..before.clone() })
    });
    if let Err(cause) = kept {
        log::warn!("cannot write down what is known of the agent: {cause}");
    }
}
