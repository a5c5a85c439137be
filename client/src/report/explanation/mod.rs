//! What is behind a code, and what is done about it: more than the sentence that is shown where there is no room.
//!
//! `consignee why` shows it, and `docs/reasons.md` is made of it.

mod failure;
mod halt;
mod reason;

pub use failure::failure;
pub use halt::halt;
pub use reason::reason;

/// Cause and cure, each a sentence or two with a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Why it is so.
    pub cause: String,
    /// What a person does about it.
    pub cure: String,
}

/// Cause in both languages; cure in both languages.
macro_rules! explain {
    ($language:expr, $english:literal, $french:literal; $cure:literal, $remede:literal $(,)?) => {
        Explanation {
            cause: crate::report::say!($language, $english, $french),
            cure: crate::report::say!($language, $cure, $remede),
        }
    };
}
use explain;

#[cfg(test)]
mod tests;
