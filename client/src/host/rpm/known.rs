//! An answer of a package manager about packages, as long as nothing that decides about it has changed on disk.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::host::HostError;

/// Files and folders that decide about an answer, with the time of their last change.
pub type Stamp = Vec<(PathBuf, SystemTime)>;

/// The answer to a question, once it was put.
#[derive(Debug)]
pub struct Known<A>(Mutex<Option<Answer<A>>>);

#[derive(Debug)]
struct Answer<A> {
    stamp: Stamp,
    names: BTreeSet<String>,
    text: A,
}

impl<A> Default for Known<A> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<A> Known<A> {
    /// What is wanted of the answer about these packages; it is asked for where it is not known.
    ///
    /// # Errors
    /// Those of the question.
    pub fn get<B>(
        &self,
        stamp: Stamp,
        names: BTreeSet<String>,
        ask: impl FnOnce(&BTreeSet<String>) -> Result<A, HostError>,
        want: impl FnOnce(&A) -> B,
    ) -> Result<B, HostError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fit = |answer: &Answer<A>| answer.stamp == stamp && names.is_subset(&answer.names);
        let answer = match known.take().filter(is_fit) {
            Some(answer) => answer,
            None => Answer { text: ask(&names)?, stamp, names },
        };
        Ok(want(&known.insert(answer).text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_put_again_when_something_has_changed_or_is_new() {
        let (known, names) = (Known::default(), |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect());
        let stamp = |path: &str| vec![(path.into(), std::time::SystemTime::UNIX_EPOCH)];
        let asked = std::cell::Cell::new(0);
        let get = |path: &str, about: &[&str]| {
            let ask = |_: &BTreeSet<String>| Ok(asked.replace(asked.get() + 1));
            known.get(stamp(path), names(about), ask, |answer| *answer).unwrap()
        };
        assert_eq!((get("a", &["x", "y"]), get("a", &["x"]), get("b", &["x"]), get("b", &["y"])), (0, 0, 1, 2));
        let failed = known.get(
            stamp("c"),
            names(&["x"]),
            |_| Err(HostError { action: String::new(), reason: String::new() }),
            |a| *a,
        );
        assert!(failed.is_err());
        assert_eq!(get("c", &["x"]), 3);
    }
}
