//! The service: its socket, a thread per conversation, and when it ends by itself.
//!
//! Where a socket starts it, it ends when it has nothing to do ([`UntilIdle`]). It also ends, with
//! [`Ending::Replaced`], when its program on disk was replaced and nobody is at work: the service
//! manager then starts the new program, which goes on with what this one began.

use std::sync::Arc;
use std::time::Duration;

use super::{Agent, AgentError, dialogue, watch};
use crate::host::kernel::socket::Listener;
use crate::places::Places;

pub use crate::host::kernel::process::is_replaced;

/// How long it stays with nothing to do, where its socket starts it again.
const IDLE: Duration = Duration::from_secs(60);
const TURN: Duration = Duration::from_millis(500);

/// Why the service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing to do.
    Idle,
    /// Its program was replaced.
    Replaced,
    /// The service manager wants it to end.
    Stopped,
}

/// How long the service stays.
pub trait Stay {
    /// Whether it ends now. Asked at least twice a second.
    fn ends(&mut self, agent: &Arc<Agent>) -> Option<Ending>;
}

/// Until there is nothing to do.
#[derive(Debug)]
pub struct UntilIdle;

impl Stay for UntilIdle {
    fn ends(&mut self, agent: &Arc<Agent>) -> Option<Ending> {
        (agent.duty.idle() >= IDLE).then_some(Ending::Idle)
    }
}

impl Ending {
    /// The exit status; the unit restarts the service for that of [`Ending::Replaced`].
    pub fn status(self) -> u8 {
        match self {
            Self::Idle | Self::Stopped => 0,
            Self::Replaced => 75,
        }
    }
}

/// The socket: the one that systemd listens on and hands over as standard input, or one of our own.
///
/// # Errors
/// When there is none to listen on.
pub fn listener(places: &Places) -> Result<Listener, AgentError> {
    if let Some(handed_over) = Listener::inherited().map_err(AgentError::io("take over the socket"))? {
        return Ok(handed_over);
    }
    let path = places.socket();
    Listener::bind(&path).map_err(AgentError::io(format!("listen on {}", path.display())))
}

/// Answers whoever comes, until it ends by itself.
pub fn serve(agent: &Arc<Agent>, listener: &Listener, stay: &mut dyn Stay) -> Ending {
    // Whatever was cut off is taken up, whoever started the service for whatever reason.
    watch::wake(agent);
    loop {
        if agent.duty.is_free() && is_replaced() {
            return Ending::Replaced;
        }
        if let Some(ending) = stay.ends(agent) {
            return ending;
        }
        if let Some(stream) = listener.accept(TURN) {
            let shift = agent.duty.work();
            let agent = Arc::clone(agent);
            std::thread::spawn(move || {
                let _shift = shift;
                dialogue::answer(&agent, stream);
            });
        }
    }
}
