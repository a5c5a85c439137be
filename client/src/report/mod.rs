//! The viewer: journals and codes made into sentences, in English and French.
//!
//! Nothing below this folder is written in a language; nothing in it decides anything. The two languages
//! stand side by side in one `say!`, so that a new code cannot be added in one of them only.
//!
//! - [`reason`], [`failure`], [`event`], [`state`]: a sentence for every code
//! - [`explanation`]: what is behind a code, and what is done about it
//! - [`notices`], [`feed`]: what concerns a vendor rather than a product
//! - [`holder`]: who is in the way
//! - [`host`]: in what state the host is
//! - [`advice`]: what to type next
//! - `undecidable`: why a decision does not fit; `unanswered`: why the agent's service says nothing
//! - [`kept_back`]: why the package manager passes an upgrade over; [`gaps`]: why it does not ask the agent
//! - [`why`], [`doctor`], [`logbook`], [`status`], [`history`], [`notes`], [`plan`], [`offers`], [`acknowledging`]: one report each, as data and as a page
//! - [`procedure`]: the plan as a document that a person could follow by hand
//! - [`journey`]: the way over several upgrades
//! - [`rehearsal`]: what came of an upgrade on a copy of the host
//! - [`portal`]: what only the page in the browser says
//! - [`event_log`]: entries of the Event Log of Windows
//! - [`follower`], [`log`]: a journal and a step's log as they grow
//! - [`page`], [`markdown`], [`time`], [`words`]: how they are put on a terminal

/// The wording in the reader's language; both are format strings.
macro_rules! say {
    ($language:expr, $english:literal, $french:literal $(,)?) => {
        match $language {
            consign_metadata::text::Language::En => format!($english),
            consign_metadata::text::Language::Fr => format!($french),
        }
    };
}
pub(crate) use say;

pub mod acknowledging;
pub mod advice;
pub mod data;
pub mod doctor;
pub mod event;
pub mod event_log;
pub mod explanation;
pub mod failure;
pub mod feed;
pub mod follower;
pub mod gaps;
pub mod going_back;
pub mod history;
pub mod holder;
pub mod host;
pub mod journey;
pub mod kept_back;
pub mod log;
pub mod logbook;
pub mod markdown;
pub mod notes;
pub mod notices;
pub mod offers;
pub mod page;
pub mod plan;
pub mod portal;
pub mod procedure;
pub mod reason;
pub mod rehearsal;
#[cfg(test)]
pub(crate) mod samples;
pub mod state;
pub mod status;
pub mod time;
mod unanswered;
mod undecidable;
pub mod why;
pub mod words;

/// The format of every report that is written as JSON; `docs/administrator.md` lists the fields.
pub const FORMAT: u32 = 1;
