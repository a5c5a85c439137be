//! How a mirror is: how old, until when it is believed, what it carries, and what hosts asked for in vain.

use std::collections::BTreeMap;
use std::io::{Seek, SeekFrom};

use consign_metadata::name::ChannelName;
use jiff::Timestamp;
use serde::Serialize;

use super::holding::Holding;
use super::serve::plain;
use super::{FUTURE, Mirror, MirrorError, Taken};
use crate::store::{Store, StoreError};

/// How a channel of a mirror is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The channel.
    pub channel: ChannelName,
    /// The generation that hosts see.
    pub generation: u64,
    /// When the vendor made it.
    pub issued: Timestamp,
    /// Until when hosts believe it.
    pub expires: Timestamp,
    /// When the vendor was last asked for a newer one.
    pub asked: Timestamp,
    /// What all that means now.
    pub freshness: Freshness,
    /// Packages that the indexes list.
    pub listed: usize,
    /// Packages that are here.
    pub carried: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Packages that hosts asked for and that are not here, and how often.
    pub missed: BTreeMap<String, u64>,
}

/// Whether hosts believe a generation, and who has to do something if not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freshness {
    /// They do.
    Good,
    /// It has expired, and nobody has asked the vendor since.
    NotAsked,
    /// It has expired, and the vendor, or who answers in its place, shows nothing newer.
    NotRenewed,
    /// It was made or asked for in the future: this machine's clock is wrong.
    WrongClock,
}

impl Freshness {
    fn of(issued: Timestamp, expires: Timestamp, asked: Timestamp, now: Timestamp) -> Self {
        let is_ahead = |time: Timestamp| time.duration_since(now) > FUTURE;
        if is_ahead(issued) || is_ahead(asked) {
            Self::WrongClock
        } else if expires > now {
            Self::Good
        } else if asked < expires {
            Self::NotAsked
        } else {
            Self::NotRenewed
        }
    }
}

/// How the channels of a mirror are; `in_vain` has the paths that its web server did not find, and how often.
///
/// # Errors
/// [`MirrorError`]
pub fn status(mirror: &Mirror, in_vain: &BTreeMap<String, u64>, now: Timestamp) -> Result<Vec<Status>, MirrorError> {
    let (memory, holdings) = Holding::all(mirror)?;
    let status = |(channel, holding): (ChannelName, Holding)| {
        let asked = memory.channels.get(&channel).map_or(now, |Taken { asked, .. }| *asked);
        let (mut carried, mut bytes, mut missed) = (0, 0, BTreeMap::new());
        for offer in holding.offers.iter() {
            match length(mirror.store(), &offer.file.path)? {
                Some(length) => {
                    carried += 1;
                    bytes += length;
                }
                None => {
                    let times = in_vain.iter().filter(|(path, _)| path.ends_with(&offer.file.path));
                    let times: u64 = times.map(|(_, times)| times).sum();
                    missed.extend((times > 0).then(|| (offer.file.path.clone(), times)));
                }
            }
        }
        let (issued, expires, generation) = (holding.feed.issued, holding.believed_until, holding.feed.generation);
        let freshness = Freshness::of(issued, expires, asked, now);
        let listed = holding.offers.iter().count();
        Ok(Status { channel, generation, issued, expires, asked, freshness, listed, carried, bytes, missed })
    };
    holdings.into_iter().map(status).collect()
}

/// The length of a file that is here.
fn length(store: &dyn Store, path: &str) -> Result<Option<u64>, StoreError> {
    let Some(mut content) = store.get(&path.parse()?, u64::MAX)? else { return Ok(None) };
    let length = content.seek(SeekFrom::End(0));
    length.map(Some).map_err(|cause| StoreError::Io { what: "read", place: path.to_owned(), cause })
}

/// The paths that a web server did not find, and how often, by a log in the common format. Servers write paths as they
/// were asked for, and apt asks for `%7e` where a pre-release has `~`.
pub fn in_vain(log: &str) -> BTreeMap<String, u64> {
    let mut paths = BTreeMap::new();
    for line in log.lines() {
        let mut words = line.split('"').skip(1);
        let (Some(request), Some(answer)) = (words.next(), words.next()) else { continue };
        if answer.trim_start().starts_with("404 ") {
            let path = request.split(' ').nth(1).unwrap_or_default();
            *paths.entry(plain(path).unwrap_or_else(|| path.to_owned())).or_default() += 1;
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_expired_is_told_from_who_did_not_ask_and_from_a_wrong_clock() {
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        let freshness = |asked, now| Freshness::of(at(10), at(40), at(asked), at(now));
        assert_eq!(freshness(39, 39), Freshness::Good);
        assert_eq!(freshness(39, 41), Freshness::NotAsked);
        assert_eq!(freshness(41, 41), Freshness::NotRenewed);
        assert_eq!(freshness(12, 9), Freshness::WrongClock);
        // Two generations of one second are a second apart.
        let soon = Timestamp::from_second(10 * 86_400 - 1).unwrap();
        assert_eq!(Freshness::of(at(10), at(40), soon, soon), Freshness::Good);
        assert_eq!(freshness(45, 41), Freshness::WrongClock);
    }

    #[test]
    fn a_log_tells_what_was_not_found() {
        let log = "1.2.3.4 - - [x] \"GET /pool/a.deb HTTP/1.1\" 404 153 \"-\" \"apt\"\n\
            1.2.3.4 - - [x] \"GET /pool/b.deb HTTP/1.1\" 200 404 \"-\" \"apt\"\nnonsense\n\
            1.2.3.4 - - [x] \"GET /pool/a.deb HTTP/1.1\" 404 153 \"-\" \"apt\"\n\
            1.2.3.4 - - [x] \"GET /pool/c_1%2b2%7erc1.deb HTTP/1.1\" 404 153 \"-\" \"apt\"\n\
            1.2.3.4 - - [x] \"GET /100%-free HTTP/1.1\" 404 153 \"-\" \"-\"\n";
        let found = [("/pool/a.deb", 2), ("/pool/c_1+2~rc1.deb", 1), ("/100%-free", 1)];
        assert_eq!(in_vain(log), found.map(|(path, times)| (path.to_owned(), times)).into());
    }
}
