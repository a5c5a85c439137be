//! Who is logged in: in memory, for as long as the page runs.
//!
//! A cookie is 128 random bits, kept as its digest. A session ends when nobody has used it for half an hour, and after
//! eight hours whatever happens; it is bound to the person whom the code was printed for, whose name goes into the
//! journal with everything that is asked for in it.

use std::collections::BTreeMap;
use std::io;

use consign_metadata::digest::Sha256;
use jiff::{SignedDuration, Timestamp};

use super::quota::Quota;
use super::tickets;
use crate::engine::event::Person;

const IDLE: SignedDuration = SignedDuration::from_mins(30);
const LIFE: SignedDuration = SignedDuration::from_hours(8);
/// More people than that are not at one host; the one who was away longest leaves.
const MOST: usize = 32;
/// How much a person can ask for in a minute: nobody presses faster.
const CHANGES: u32 = 30;
/// The same of what has the agent look at the vendor's feed.
const LOOKS: u32 = 12;

/// Whoever is logged in, as the pages see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Who.
    pub person: Person,
    /// What every form of the session carries, and no other page can know.
    pub token: String,
}

#[derive(Debug)]
struct Session {
    visitor: Visitor,
    begun: Timestamp,
    seen: Timestamp,
    changes: Quota,
    looks: Quota,
}

/// Everybody.
#[derive(Debug, Default)]
pub struct Sessions {
    all: BTreeMap<Sha256, Session>,
}

impl Sessions {
    /// Opens a session; the cookie of it.
    ///
    /// # Errors
    /// When the system gives no random bits.
    pub fn open(&mut self, person: Person, now: Timestamp) -> io::Result<String> {
        self.sweep(now);
        while self.all.len() >= MOST {
            let oldest = self.all.iter().min_by_key(|(_, session)| session.seen).map(|(key, _)| *key);
            oldest.map(|key| self.all.remove(&key));
        }
        let cookie = tickets::random()?;
        let visitor = Visitor { person, token: tickets::random()? };
        let (changes, looks) = (Quota::per_minute(CHANGES), Quota::per_minute(LOOKS));
        self.all.insert(key(&cookie), Session { visitor, begun: now, seen: now, changes, looks });
        Ok(cookie)
    }

    /// Who has this cookie.
    pub fn find(&mut self, cookie: &str, now: Timestamp) -> Option<Visitor> {
        self.sweep(now);
        let session = self.all.get_mut(&key(cookie))?;
        session.seen = now;
        Some(session.visitor.clone())
    }

    /// Whether a person may ask for one more change, or one more look.
    pub fn may(&mut self, cookie: &str, is_look: bool, now: Timestamp) -> bool {
        let session = self.all.get_mut(&key(cookie));
        session.is_some_and(|session| if is_look { session.looks.take(now) } else { session.changes.take(now) })
    }

    /// Ends one.
    pub fn close(&mut self, cookie: &str) {
        self.all.remove(&key(cookie));
    }

    /// Whether nobody is there.
    pub fn is_empty(&mut self, now: Timestamp) -> bool {
        self.sweep(now);
        self.all.is_empty()
    }

    /// A clock that was set back ends a session, too.
    fn sweep(&mut self, now: Timestamp) {
        let within = |since: Timestamp, limit| (SignedDuration::ZERO..=limit).contains(&now.duration_since(since));
        self.all.retain(|_, session| within(session.seen, IDLE) && within(session.begun, LIFE));
    }
}

fn key(cookie: &str) -> Sha256 {
    Sha256::of(cookie.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> Person {
        Person { uid: 0, name: name.to_owned() }
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap()
    }

    #[test]
    fn a_cookie_is_one_persons_and_ends_when_nobody_uses_it() {
        let mut sessions = Sessions::default();
        let marie = sessions.open(person("marie"), at(0)).unwrap();
        let paul = sessions.open(person("paul"), at(0)).unwrap();
        assert_eq!(sessions.find(&marie, at(20)).unwrap().person, person("marie"));
        assert_ne!(sessions.find(&marie, at(20)).unwrap().token, sessions.find(&paul, at(20)).unwrap().token);
        assert_eq!(sessions.find("other", at(20)), None);
        assert!(sessions.find(&marie, at(50)).is_some());
        assert_eq!(sessions.find(&paul, at(51)), None, "away for half an hour");
        assert_eq!(sessions.find(&marie, at(40)), None, "the clock was set back");
    }

    #[test]
    fn a_session_ends_after_a_working_day_and_when_it_is_closed() {
        let mut sessions = Sessions::default();
        let cookie = sessions.open(person("marie"), at(0)).unwrap();
        let used = (0..=24).filter(|turn| sessions.find(&cookie, at(turn * 20)).is_some()).count();
        assert_eq!(used, 25, "for eight hours");
        assert_eq!(sessions.find(&cookie, at(481)), None);
        let cookie = sessions.open(person("marie"), at(500)).unwrap();
        sessions.close(&cookie);
        assert!(sessions.find(&cookie, at(500)).is_none() && sessions.is_empty(at(500)));
    }

    #[test]
    fn nobody_presses_faster_and_nobody_fills_the_memory() {
        let mut sessions = Sessions::default();
        let cookie = sessions.open(person("marie"), at(0)).unwrap();
        let presses = (0..100).filter(|_| sessions.may(&cookie, false, at(0))).count();
        let looks = (0..100).filter(|_| sessions.may(&cookie, true, at(0))).count();
        assert_eq!((presses, looks), (30, 12));
        assert!(!sessions.may("other", false, at(0)));
        for _ in 0..100 {
            sessions.open(person("paul"), at(1)).unwrap();
        }
        assert_eq!(sessions.all.len(), MOST);
        assert_eq!(sessions.find(&cookie, at(1)), None, "who was away longest leaves");
    }
}
