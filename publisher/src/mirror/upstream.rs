//! The repository that a mirror is a copy of, read over HTTP by somebody who trusts neither the server nor
//! the way to it.
//!
//! What arrives is bounded in length by what was signed, and in time as a whole; a server that leads
//! elsewhere is not followed. A file is asked for again after a pause where that may help.

use std::io::{self, Cursor, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use consign_metadata::name::ChannelName;
use jiff::Timestamp;
use reqwest::blocking::{Client, Response};
use reqwest::header::{ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER};
use reqwest::{Certificate, StatusCode, redirect};
use serde::{Deserialize, Serialize};

use super::MirrorError;
use super::manner::{Manner, Throttle, Watch};
use super::medium::Shipment;
use crate::store::{Content, Key, Source, StoreError};

/// As many as a client follows before it takes them for a circle.
const REDIRECTS: usize = 5;
/// Bytes of an answer that are read at once, at most.
const PIECE: u64 = 64 * 1024;
/// Of these a server may say when to come again.
const BUSY: [StatusCode; 3] =
    [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE, StatusCode::REQUEST_TIMEOUT];
const AGENT: &str = concat!("consign-mirror/", env!("CARGO_PKG_VERSION"));

/// A repository on the web.
#[derive(Debug)]
pub struct Upstream {
    root: String,
    way: Way,
    pub(super) manner: Manner,
    pub(super) throttle: Throttle,
    requests: AtomicU64,
    bytes: AtomicU64,
}

/// How files come from it.
#[derive(Debug)]
enum Way {
    Web(Client),
    Hand(Box<Shipment>),
    Nowhere,
}

/// By what a server tells one state of a file from another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The header `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The header `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
}

/// What a server answers to a question for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T = Vec<u8>> {
    /// There is none.
    Missing,
    /// It is the one that was marked.
    Unchanged,
    /// Here it is.
    File(T, Mark),
}

/// Why an attempt came to nothing.
#[derive(Debug)]
pub enum Trouble {
    /// The next one may succeed.
    Passing(String),
    /// The same, but not before so much time has passed.
    Busy(String, Duration),
    /// It will not.
    Lasting(MirrorError),
}

/// A redirection that was not followed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Astray(String);

impl Upstream {
    /// The repository at an `http://` or `https://` address.
    ///
    /// # Errors
    /// [`MirrorError::Io`] when no client can be made on this machine, or the address is none.
    pub fn at(root: &str, manner: Manner) -> Result<Self, MirrorError> {
        let root = root.trim_end_matches('/').to_owned();
        let bad = |cause: reqwest::Error| io("open a connection to", &root)(io::Error::other(reason(&cause)));
        let address = reqwest::Url::parse(&root).map_err(|cause| io("understand", &root)(io::Error::other(cause)))?;
        let home = address.host_str().unwrap_or_default().to_owned();
        let mut allowed = manner.elsewhere.clone();
        allowed.insert(home);
        let mut client = Client::builder()
            .user_agent(AGENT)
            .connect_timeout(Duration::from_secs(20).min(manner.stall))
            .timeout(manner.stall)
            .pool_max_idle_per_host(manner.lanes)
            .https_only(address.scheme() == "https")
            .redirect(policy(Arc::new(allowed)));
        for authority in &manner.authorities {
            let certificates = Certificate::from_pem_bundle(authority).map_err(bad)?;
            client = client.tls_certs_merge(certificates);
        }
        let client = client.build().map_err(bad)?;
        Ok(Self::by(Way::Web(client), root, manner))
    }

    /// The repository as media have brought it.
    pub fn shipped(shipment: Shipment, manner: Manner) -> Self {
        Self::by(Way::Hand(Box::new(shipment)), "medium".to_owned(), manner)
    }

    /// None: for who reads what is here, and asks nobody.
    pub fn nowhere() -> Self {
        Self::by(Way::Nowhere, "nowhere".to_owned(), Manner::default())
    }

    fn by(way: Way, root: String, manner: Manner) -> Self {
        let throttle = Throttle::new(manner.rate);
        Self { way, throttle, manner, root, requests: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// The media that it is on, where nobody can be asked.
    pub fn shipment(&self) -> Option<&Shipment> {
        match &self.way {
            Way::Hand(shipment) => Some(shipment),
            Way::Web(_) | Way::Nowhere => None,
        }
    }

    /// Its address.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Where a file of it is.
    pub fn url(&self, path: impl std::fmt::Display) -> String {
        format!("{}/{path}", self.root)
    }

    /// When the vendor was asked, where that was not now.
    pub fn asked(&self, channel: &ChannelName) -> Option<Timestamp> {
        self.shipment().and_then(|shipment| shipment.asked(channel))
    }

    /// How many requests were made of it.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How many bytes of files came from it.
    pub fn received(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// A small file of at most `maximum` bytes, unless it is still the one that is marked.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn ask(&self, key: &Key, maximum: u64, known: &Mark) -> Result<Answer, MirrorError> {
        self.ask_into(key, maximum, known, || Ok(Vec::new()))
    }

    /// The same, written somewhere; `fresh` begins anew where the file is asked for again.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn ask_into<T: Write>(
        &self,
        key: &Key,
        maximum: u64,
        known: &Mark,
        fresh: impl Fn() -> io::Result<T>,
    ) -> Result<Answer<T>, MirrorError> {
        let on = |cause| MirrorError::Io { what: "write", place: key.to_string(), cause };
        if let Way::Nowhere = &self.way {
            return Ok(Answer::Missing);
        }
        if let Way::Hand(shipment) = &self.way {
            return Ok(match shipment.ask(key, maximum)? {
                Answer::Missing => Answer::Missing,
                Answer::Unchanged => Answer::Unchanged,
                Answer::File(bytes, mark) => {
                    let mut out = fresh().map_err(on)?;
                    out.write_all(&bytes).map_err(on)?;
                    Answer::File(out, mark)
                }
            });
        }
        let watch = self.manner.watch();
        self.patiently(&self.url(key), &watch, || {
            let conditions = [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.modified)];
            let headers: Vec<_> =
                conditions.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
            let mut answer = self.request(key, &headers)?;
            match answer.status() {
                StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Answer::Missing),
                StatusCode::NOT_MODIFIED if !headers.is_empty() => return Ok(Answer::Unchanged),
                StatusCode::OK => {}
                _ => return Err(self.unexpected(key, &answer)),
            }
            let too_large = || Trouble::Lasting(MirrorError::Store(StoreError::TooLarge { key: key.clone(), maximum }));
            if answer.content_length().is_some_and(|length| length > maximum) {
                return Err(too_large());
            }
            let mark = mark(answer.headers());
            let lasting = |cause| Trouble::Lasting(on(cause));
            let (mut out, mut length) = (fresh().map_err(lasting)?, 0);
            self.receive(&mut answer, &watch, |chunk| {
                length += chunk.len() as u64;
                if length > maximum {
                    return Err(too_large());
                }
                out.write_all(chunk).map_err(lasting)
            })?;
            Ok(Answer::File(out, mark))
        })
    }

    /// One request, and the beginning of its answer.
    pub(super) fn request(&self, key: &Key, headers: &[(HeaderName, String)]) -> Result<Response, Trouble> {
        let Way::Web(client) = &self.way else {
            return Err(Trouble::Lasting(MirrorError::Missing { url: self.url(key) }));
        };
        self.requests.fetch_add(1, Ordering::Relaxed);
        let request = client.get(self.url(key));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        request.send().map_err(|cause| match astray(&cause) {
            Some(to) => Trouble::Lasting(MirrorError::Elsewhere { url: self.url(key), to }),
            None => Trouble::Passing(reason(&cause.without_url())),
        })
    }

    /// Everything that an answer holds, piece by piece, in the time there is.
    pub(super) fn receive(
        &self,
        answer: &mut Response,
        watch: &Watch<'_>,
        mut take: impl FnMut(&[u8]) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let room = answer.content_length().map_or(PIECE, |length| length.clamp(1, PIECE));
        let mut buffer = vec![0; room as usize];
        loop {
            let read = answer.read(&mut buffer).map_err(|cause| Trouble::Passing(reason(&cause)))?;
            if read == 0 {
                return Ok(());
            }
            self.bytes.fetch_add(read as u64, Ordering::Relaxed);
            take(&buffer[..read])?;
            self.throttle.passed(read);
            watch.received(read);
            if watch.is_over_in(Duration::ZERO) {
                return Err(Trouble::Passing("the server is too slow".to_owned()));
            }
        }
    }

    /// Tries again while that may help and there is time.
    pub(super) fn patiently<T>(
        &self,
        url: &str,
        watch: &Watch<'_>,
        mut attempt: impl FnMut() -> Result<T, Trouble>,
    ) -> Result<T, MirrorError> {
        let mut asked = 1;
        loop {
            let (cause, least) = match attempt() {
                Ok(done) => return Ok(done),
                Err(Trouble::Lasting(error)) => return Err(error),
                Err(Trouble::Passing(cause)) => (cause, Duration::ZERO),
                Err(Trouble::Busy(cause, least)) => (cause, least),
            };
            let pause = self.manner.pause_before(asked).max(least);
            if asked > self.manner.retries || watch.is_over_in(pause) {
                return Err(MirrorError::Unreachable { url: url.to_owned(), cause, asked });
            }
            std::thread::sleep(pause);
            asked += 1;
        }
    }

    /// An answer that is none to the question.
    pub(super) fn unexpected(&self, key: &Key, answer: &Response) -> Trouble {
        let status = answer.status();
        let cause = format!("the server answers {status}");
        if let Some(pause) = retry_after(answer.headers()).filter(|_| BUSY.contains(&status)) {
            return Trouble::Busy(format!("{cause}, and to come again in {} seconds", pause.as_secs()), pause);
        }
        let passes = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
        if status.is_server_error() || passes.contains(&status) {
            return Trouble::Passing(cause);
        }
        Trouble::Lasting(MirrorError::Unreachable { url: self.url(key), cause, asked: 1 })
    }
}

impl Source for Upstream {
    fn get(&self, key: &Key, maximum: u64) -> Result<Option<Box<dyn Content>>, StoreError> {
        match self.ask(key, maximum, &Mark::default()) {
            Ok(Answer::File(bytes, _)) => Ok(Some(Box::new(Cursor::new(bytes)))),
            Ok(Answer::Missing | Answer::Unchanged) => Ok(None),
            Err(MirrorError::Store(error)) => Err(error),
            Err(MirrorError::Unreachable { url, cause, asked }) => {
                let cause = io::Error::other(format!("{cause} (asked {asked} times)"));
                Err(StoreError::Io { what: "get", place: url, cause })
            }
            Err(other) => Err(StoreError::Io { what: "get", place: self.url(key), cause: io::Error::other(other) }),
        }
    }
}

/// Within the servers that are allowed, and never from https to http, which the client itself refuses.
fn policy(allowed: Arc<std::collections::BTreeSet<String>>) -> redirect::Policy {
    redirect::Policy::custom(move |attempt| {
        let host = attempt.url().host_str().unwrap_or_default().to_owned();
        if !allowed.contains(&host) {
            return attempt.error(Astray(host));
        }
        if attempt.previous().len() > REDIRECTS {
            return attempt.error(Astray(format!("{host} again and again")));
        }
        attempt.follow()
    })
}

/// Where an answer led that was not followed.
fn astray(error: &reqwest::Error) -> Option<String> {
    let mut causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.find_map(|cause| cause.downcast_ref::<Astray>().map(|astray| astray.0.clone()))
}

/// When a server wants to be asked again (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

fn mark(headers: &HeaderMap) -> Mark {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Mark { etag: text(ETAG), modified: text(LAST_MODIFIED) }
}

/// The error with everything below it; by itself it says no more than that a request failed.
fn reason(error: &dyn std::error::Error) -> String {
    let below = std::iter::successors(error.source(), |e| e.source());
    below.fold(error.to_string(), |text, e| format!("{text}: {e}"))
}

fn io(what: &'static str, place: &str) -> impl Fn(io::Error) -> MirrorError {
    let place = place.to_owned();
    move |cause| MirrorError::Io { what, place: place.clone(), cause }
}
