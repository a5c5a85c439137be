//! Which answer a request gets.

use std::io::{self, ErrorKind};
use std::net::IpAddr;

use hyper::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LAST_MODIFIED,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};

use super::Site;
use super::conditions::{Part, State, part};
use super::content::Content;
use super::figures;
use super::folder::{Shown, asked};
use crate::store::Key;

const TEXT: &str = "text/plain; charset=utf-8";
/// By the end of the name; clients go by the name themselves.
const KINDS: [(&str, &str); 8] = [
    (".deb", "application/vnd.debian.binary-package"),
    (".rpm", "application/x-rpm"),
    (".msi", "application/x-msi"),
    (".json", "application/json"),
    (".xml", "text/xml"),
    (".gz", "application/gzip"),
    (".xz", "application/x-xz"),
    ("Release", TEXT),
];
/// Folders whose files never change under their name.
const FOR_EVER: [&str; 4] = ["pool", "plans", "shards", "by-hash"];

impl Site {
    /// The answer to a request without a body.
    pub(super) fn answer(&self, parts: &Parts, peer: IpAddr) -> Response<Content> {
        if ![Method::GET, Method::HEAD].contains(&parts.method) {
            return with(words(StatusCode::METHOD_NOT_ALLOWED), &[(ALLOW, "GET, HEAD")]);
        }
        if parts.uri.path() == figures::PATH && self.shows_figures_to(parts, peer) {
            let text = Response::new(Content::text(self.figures.text(self.missed.count())));
            return with(text, &[(CONTENT_TYPE, figures::KIND)]);
        }
        let Some(key) = asked(parts.uri.path()) else { return words(StatusCode::NOT_FOUND) };
        match self.folder.open(&key) {
            Ok(Some(shown)) => file(&key, shown, parts),
            Ok(None) => {
                self.missed.add(&key);
                words(StatusCode::NOT_FOUND)
            }
            Err(cause) => words(status(&cause)),
        }
    }

    /// To who is on this machine, and was not sent by a server that stands before us.
    fn shows_figures_to(&self, parts: &Parts, peer: IpAddr) -> bool {
        let is_sent_on = ["forwarded", "x-forwarded-for", "via"].iter().any(|name| parts.headers.contains_key(*name));
        self.figures_for_all || (peer.to_canonical().is_loopback() && !is_sent_on)
    }
}

fn file(key: &Key, shown: Shown, parts: &Parts) -> Response<Content> {
    let Shown { file, size, modified } = shown;
    let state = State { size, modified };
    let mut answer = match part(&parts.headers, &state) {
        Part::Unchanged => bare(StatusCode::NOT_MODIFIED),
        Part::Whole => Response::new(Content::file(file, 0..size)),
        Part::Bytes(bytes) => {
            let range = format!("bytes {}-{}/{size}", bytes.start, bytes.end - 1);
            let mut answer = Response::new(Content::file(file, bytes));
            *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
            with(answer, &[(CONTENT_RANGE, &range)])
        }
        Part::Beyond => {
            return with(bare(StatusCode::RANGE_NOT_SATISFIABLE), &[(CONTENT_RANGE, &format!("bytes */{size}"))]);
        }
    };
    answer = with(answer, &[(ETAG, &state.tag()), (LAST_MODIFIED, &state.date()), (ACCEPT_RANGES, "bytes")]);
    with(answer, &[(CONTENT_TYPE, kind(key)), (CACHE_CONTROL, caching(key)), (X_CONTENT_TYPE_OPTIONS, "nosniff")])
}

/// `Content-Type`
pub fn kind(key: &Key) -> &'static str {
    let known = KINDS.iter().find(|(end, _)| key.as_str().ends_with(end));
    known.map_or("application/octet-stream", |(_, kind)| kind)
}

/// `Cache-Control`: what is swapped is asked for each time; what is added stays.
pub fn caching(key: &Key) -> &'static str {
    let is_for_ever = key.as_str().split('/').any(|name| FOR_EVER.contains(&name));
    if is_for_ever { "max-age=31536000, immutable" } else { "no-cache" }
}

fn status(cause: &io::Error) -> StatusCode {
    match cause.kind() {
        ErrorKind::PermissionDenied => StatusCode::FORBIDDEN,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn bare(status: StatusCode) -> Response<Content> {
    let mut answer = Response::new(Content::default());
    *answer.status_mut() = status;
    answer
}

fn words(status: StatusCode) -> Response<Content> {
    let mut answer = Response::new(Content::text(format!("{status}\n")));
    *answer.status_mut() = status;
    with(answer, &[(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-cache")])
}

fn with(mut answer: Response<Content>, fields: &[(HeaderName, &str)]) -> Response<Content> {
    for (name, value) in fields {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}
