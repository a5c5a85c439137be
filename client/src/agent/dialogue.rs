//! One conversation on the socket: a request, then replies until the last.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use super::online::Online;
use super::{
    Agent, AgentError, acknowledging, barrier, data, decision, generation, journey, look, preinst, removal, timing,
    watch,
};
use crate::host::kernel::socket::{self, Stream};
use crate::request::{Reply, Request};

/// The longest request: a transaction of every package there is.
const MAXIMUM: u64 = 64 * 1024 * 1024;
/// Who connects has something to say.
const PATIENCE: Duration = Duration::from_secs(10);

/// The side of a conversation that answers. Whoever asked may have hung up; the work goes on.
#[derive(Debug)]
pub struct Speaker(Option<Stream>);

impl Speaker {
    /// A speaker that nobody listens to.
    pub fn to_nobody() -> Self {
        Self(None)
    }

    /// Says one line.
    pub fn say(&mut self, reply: &Reply) {
        let line = serde_json::to_string(reply).expect("replies have string keys and no floats");
        let said = self.0.as_mut().is_none_or(|stream| stream.write_all(format!("{line}\n").as_bytes()).is_ok());
        if !said {
            self.0 = None;
        }
    }
}

/// Answers one conversation.
pub fn answer(agent: &Arc<Agent>, stream: Stream) {
    if !socket::is_privileged(&stream) {
        return;
    }
    let request = read(&stream);
    let mut speaker = Speaker(Some(stream));
    let reply = match request {
        Ok(request) => {
            log::info!("asked: {}", name(&request));
            serve(agent, request, &mut speaker)
        }
        Err(cause) => Err(AgentError::NotNow(cause)),
    };
    match reply {
        Ok(reply) => speaker.say(&reply),
        Err(problem) => {
            log::error!("{problem}");
            speaker.say(&match problem {
                AgentError::Undecidable(upgrade) => Reply::Undecidable { upgrade },
                problem => Reply::Failed { cause: problem.to_string() },
            });
        }
    }
}

fn serve(agent: &Arc<Agent>, request: Request, speaker: &mut Speaker) -> Result<Reply, AgentError> {
    match request {
        Request::Wake => {
            speaker.say(&Reply::Accepted);
            *speaker = Speaker::to_nobody();
            watch::wake(agent);
            Ok(Reply::Accepted)
        }
        Request::Ended => {
            watch::ended(agent)?;
            Ok(Reply::Accepted)
        }
        Request::Look { patient } => {
            let looked = look::look(agent, Online::begin(patient));
            journey::awaken(agent);
            looked
        }
        Request::Barrier { actions, attended } => barrier::barrier(agent, &actions, attended, speaker),
        Request::Preinst { product, package, plan, before, attended } => {
            let brings = preinst::Brings::Plan(&plan);
            let arrival = preinst::Arrival { package: &package, brings, before: before.as_deref(), attended };
            preinst::preinst(agent, &product, &arrival, speaker)
        }
        Request::Arrive { product, package, archive, attended } => {
            preinst::arrive(agent, &product, &package, archive.as_deref(), attended, speaker)
        }
        Request::Remove { product, package } => removal::remove(agent, &product, &package),
        Request::Purge { product, package } => removal::purge(agent, &product, &package),
        Request::Now { product, by } => timing::allow(agent, &product, &by),
        Request::Path { product, to } => journey::path(agent, &product, to.as_ref()),
        Request::Upgrade { product, to, plans, by } => journey::begin(agent, &product, to.as_ref(), &plans, &by),
        Request::Acknowledge { product, version, subjects, by } => {
            acknowledging::acknowledge(agent, &product, &version, subjects, &by)
        }
        Request::Stay { product, by } => journey::stay(agent, &product, &by),
        Request::Data { product, accept: None } => data::look(agent, &product),
        Request::Data { product, accept: Some(by) } => data::accept(agent, &product, &by),
        Request::Feeds { vendor } => generation::look(agent, &vendor),
        Request::AcceptOlder { vendor, channel, generation, by } => {
            generation::accept(agent, &vendor, &channel, generation, &by)
        }
        Request::Decide { product, decision, by } => decision::decide(agent, &product, &decision, &by, speaker),
    }
}

fn read(stream: &Stream) -> Result<Request, String> {
    stream.set_read_timeout(Some(PATIENCE)).map_err(|e| e.to_string())?;
    let mut line = Vec::new();
    BufReader::new(stream.take(MAXIMUM)).read_until(b'\n', &mut line).map_err(|e| e.to_string())?;
    serde_json::from_slice(&line).map_err(|cause| format!("cannot understand the request: {cause}"))
}

fn name(request: &Request) -> String {
    match request {
        Request::Wake => "wake".to_owned(),
        Request::Ended => "ended".to_owned(),
        Request::Look { .. } => "look".to_owned(),
        Request::Barrier { actions, attended } => {
            let by = if *attended { "at a terminal" } else { "with nobody there" };
            format!("barrier, {} actions, {by}", actions.len())
        }
        Request::Preinst { package, .. } => format!("preinst {package}"),
        Request::Arrive { package, .. } => format!("arrive {package}"),
        Request::Remove { package, .. } => format!("remove {package}"),
        Request::Purge { package, .. } => format!("purge {package}"),
        Request::Now { product, by } => format!("now by {} for {product}", by.name),
        Request::Path { product, .. } => format!("the way of {product}"),
        Request::Upgrade { product, by, .. } => format!("upgrade by {} for {product}", by.name),
        Request::Acknowledge { product, subjects, by, .. } => {
            format!("acknowledgement of {} by {} for {product}", subjects.len(), by.name)
        }
        Request::Stay { product, by } => format!("stay by {} for {product}", by.name),
        Request::Data { product, accept: None } => format!("data of {product}"),
        Request::Data { product, accept: Some(by) } => format!("data of {product} accepted by {}", by.name),
        Request::Feeds { vendor } => format!("the feeds of {vendor}"),
        Request::AcceptOlder { vendor, channel, generation, by } => {
            format!("generation {generation} of {vendor} {channel} accepted by {}", by.name)
        }
        Request::Decide { product, decision, by } => format!("{} by {} for {product}", word(decision), by.name),
    }
}

fn word(decision: &crate::request::Decision) -> &'static str {
    use crate::request::Decision::{Answer, Done, Rescue, Resume, Retry, Rollback, Skip};
    match decision {
        Resume => "resume",
        Retry => "retry",
        Skip => "skip",
        Rollback { .. } => "rollback",
        Done { .. } => "done",
        Answer { .. } => "answer",
        Rescue { .. } => "rescue",
    }
}
