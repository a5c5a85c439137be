//! The page on `http://localhost:8080`: what `consignee status`, `notes`, `plan`, `upgrade` and `log` say, for a browser
//! on this host.
//!
//! It is a thin front. It reads journals as the viewer does, and what changes anything is a request to the agent's
//! service; no step, no package manager and no program is ever run here. Loopback is no proof of who asks: other users
//! of the host can connect as well, and so can every web site that somebody on it has open. So whoever comes is
//! admitted in this order: the address that was asked for ([`admission`]), the session ([`sessions`], opened by a code
//! that only an administrator can have printed, [`tickets`]), and for what changes something the origin and the
//! session's own token. `docs/page.md` says which test shows each of it.
//!
//! - [`server`]: connections; [`service`]: the process, and when it ends; [`visit`]: a request, read whole
//! - [`admission`], [`refusal`]: who is let in, and what the others are told
//! - [`tickets`], [`sessions`], [`quota`]: codes, who is here, how often
//! - [`desk`]: which page answers which path; [`deeds`]: what is asked of the agent's service
//! - [`answer`]: responses and what every one of them says to the browser
//! - [`html`], [`shown`]: elements, and the pages made of them

pub mod admission;
pub mod answer;
pub mod deeds;
pub mod desk;
pub mod html;
pub mod quota;
pub mod refusal;
pub mod server;
pub mod service;
pub mod sessions;
pub mod shown;
#[cfg(test)]
mod tests;
pub mod tickets;
pub mod visit;

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::places::Places;
use crate::site::Policy;
use consign_metadata::text::Language;
use quota::Quota;
use sessions::Sessions;

/// Below this everything is, and the cookies with it: other programs on this host have pages on other ports, and a
/// cookie knows no port.
pub const BASE: &str = "/consignee";

/// The page of a host.
pub struct Portal {
    /// The host.
    pub places: Places,
    /// Where it listens, which its address has to name.
    pub port: u16,
    /// The time zone of the host.
    pub zone: TimeZone,
    sessions: Mutex<Sessions>,
    wrong_codes: Mutex<Quota>,
}

impl Portal {
    /// Nobody is there yet.
    pub fn new(places: Places, port: u16) -> Self {
        Self {
            places,
            port,
            zone: TimeZone::system(),
            sessions: Mutex::default(),
            wrong_codes: Mutex::new(Quota::per_minute(10)),
        }
    }

    /// Whether anybody is logged in.
    pub fn is_visited(&self) -> bool {
        !self.sessions().is_empty(Timestamp::now())
    }

    /// The language of who says nothing of theirs.
    fn language(&self) -> Language {
        Policy::read(&self.places).map_or(Language::En, |policy| policy.language)
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wrong_codes(&self) -> MutexGuard<'_, Quota> {
        self.wrong_codes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
