//! Which part of a file a client asks for, and whether it has that already (RFC 9110, sections 13 and 14).

use std::ops::Range;
use std::time::{Duration, SystemTime};

use hyper::header::{HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};

/// By what one state of a file is told from another.
#[derive(Debug, Clone, Copy)]
pub struct State {
    /// Bytes.
    pub size: u64,
    pub modified: SystemTime,
}

/// What is sent of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Nothing: the client has it.
    Unchanged,
    /// All of it.
    Whole,
    /// These bytes.
    Bytes(Range<u64>),
    /// Nothing: it ends before what was asked for begins.
    Beyond,
}

impl State {
    /// As `ETag` says it.
    pub fn tag(&self) -> String {
        let age = self.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        format!("\"{:x}-{:x}\"", age.as_nanos(), self.size)
    }

    /// As `Last-Modified` says it.
    pub fn date(&self) -> String {
        httpdate::fmt_http_date(self.modified.max(SystemTime::UNIX_EPOCH))
    }

    /// Only this very second: an operator may show an older generation again, which is news to its hosts.
    fn is_of(&self, date: &str) -> bool {
        let whole =
            |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).as_ref().map_or(0, Duration::as_secs);
        httpdate::parse_http_date(date).is_ok_and(|date| whole(date) == whole(self.modified))
    }

    fn is_tagged(&self, tags: &str) -> bool {
        let tag = self.tag();
        tags.split(',').map(|one| one.trim()).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
    }
}

/// What a client is sent.
pub fn part(headers: &HeaderMap, state: &State) -> Part {
    let has_it = match field(headers, &IF_NONE_MATCH) {
        Some(tags) => state.is_tagged(tags),
        None => field(headers, &IF_MODIFIED_SINCE).is_some_and(|date| state.is_of(date)),
    };
    if has_it {
        return Part::Unchanged;
    }
    let is_the_same = match field(headers, &IF_RANGE) {
        Some(tag) if tag.starts_with('"') => tag == state.tag(),
        Some(date) => state.is_of(date),
        None => true,
    };
    let range = field(headers, &RANGE).filter(|_| is_the_same);
    range.and_then(|range| bytes(range, state.size)).unwrap_or(Part::Whole)
}

/// One range; `None` for what need not be understood: several of them, or another unit.
fn bytes(range: &str, size: u64) -> Option<Part> {
    let (first, last) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse::<u64>().ok())?;
    let (from, to) = match (first, last) {
        ("", last) => (size.saturating_sub(number(last).filter(|last| *last > 0)?), size),
        (first, "") => (number(first)?, size),
        (first, last) => (number(first)?, number(last).filter(|last| Some(*last) >= number(first))?.saturating_add(1)),
    };
    Some(if from < size { Part::Bytes(from..to.min(size)) } else { Part::Beyond })
}

fn field<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn state() -> State {
        let modified = httpdate::parse_http_date(DATE).unwrap() + Duration::from_millis(5);
        State { size: 10, modified }
    }

    fn asked(fields: &[(HeaderName, &str)]) -> Part {
        let headers = fields.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        part(&headers.collect(), &state())
    }

    #[test]
    fn a_range_is_one_of_what_is_there() {
        let range = |text: &str| asked(&[(RANGE, text)]);
        assert_eq!(range("bytes=0-3"), Part::Bytes(0..4));
        assert_eq!(range("bytes=4-"), Part::Bytes(4..10));
        assert_eq!(range("bytes=4-99"), Part::Bytes(4..10));
        assert_eq!(range("bytes=-3"), Part::Bytes(7..10));
        assert_eq!(range("bytes=-99"), Part::Bytes(0..10));
        assert_eq!(range("bytes=10-"), Part::Beyond);
        for whole in ["bytes=3-1", "bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=-0", "bytes=+1-2", "bytes", ""] {
            assert_eq!(range(whole), Part::Whole, "{whole}");
        }
    }

    #[test]
    fn only_what_the_client_has_to_the_second_is_unchanged() {
        let (tag, other) = (state().tag(), "Sun, 06 Nov 1994 08:49:38 GMT");
        assert_eq!(asked(&[(IF_NONE_MATCH, &tag)]), Part::Unchanged);
        assert_eq!(asked(&[(IF_NONE_MATCH, &format!("\"x\", W/{tag}"))]), Part::Unchanged);
        assert_eq!(asked(&[(IF_MODIFIED_SINCE, DATE)]), Part::Unchanged);
        assert_eq!(asked(&[(IF_MODIFIED_SINCE, other)]), Part::Whole);
        assert_eq!(asked(&[(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, DATE)]), Part::Whole);
    }

    #[test]
    fn the_rest_of_another_file_is_never_sent() {
        let rest = |condition: &str| asked(&[(RANGE, "bytes=4-"), (IF_RANGE, condition)]);
        assert_eq!(rest(&state().tag()), Part::Bytes(4..10));
        assert_eq!(rest(DATE), Part::Bytes(4..10));
        for other in ["\"x\"", &format!("W/{}", state().tag()), "Sun, 06 Nov 1994 08:49:38 GMT"] {
            assert_eq!(rest(other), Part::Whole, "{other}");
        }
    }
}
