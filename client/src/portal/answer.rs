//! Responses, and what every one of them says to the browser.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{Response, StatusCode};

use super::html::Element;
use super::refusal::Refusal;
use super::visit::{language_cookie, session_cookie};
use super::{BASE, Portal};
use crate::report::portal;
use consign_metadata::text::Language;

/// What goes over the wire.
pub type Answer = Response<Full<Bytes>>;

/// Nothing inline, nothing of others, no frame around it, and forms go home only.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";
/// How long a chosen language is remembered, in seconds: a year.
const YEAR: u32 = 365 * 86400;

const FIXED: [(HeaderName, &str); 8] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // To ourselves in full: a form sent without it has no origin.
    (REFERRER_POLICY, "same-origin"),
    (CACHE_CONTROL, "no-store"),
    (VARY, "Accept-Language, Cookie"),
];

fn response(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    for (name, value) in FIXED {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// A page.
pub fn page(status: StatusCode, document: &Element, language: Language) -> Answer {
    let mut answer = response(status, "text/html; charset=utf-8", format!("<!DOCTYPE html>\n{document}\n"));
    answer.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.code()));
    answer
}

/// A file of ours.
pub fn file(kind: &'static str, text: &'static str) -> Answer {
    response(StatusCode::OK, kind, text)
}

/// To somebody who is not let in: no page, nothing that could be used.
pub fn refused(refusal: Refusal, port: u16, language: Language) -> Answer {
    let sentence = portal::refusal(refusal, port, language);
    let mut answer = response(refusal.status(), "text/plain; charset=utf-8", format!("{sentence}\n"));
    if refusal == Refusal::Method {
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    }
    answer
}

/// On to another of our pages.
pub fn see(path: &str) -> Answer {
    let mut answer = response(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", Bytes::new());
    let target = HeaderValue::from_str(&format!("{BASE}/{path}"));
    answer.headers_mut().insert(LOCATION, target.unwrap_or(HeaderValue::from_static(BASE)));
    answer
}

/// With the cookie of a session; `None` takes it away.
#[must_use]
pub fn with_session(answer: Answer, portal: &Portal, cookie: Option<&str>) -> Answer {
    let life = if cookie.is_some() { "" } else { "; Max-Age=0" };
    let value = cookie.unwrap_or_default();
    with_cookie(answer, &format!("{}={value}{life}", session_cookie(portal.port)))
}

/// With the language that was chosen.
#[must_use]
pub fn with_language(answer: Answer, portal: &Portal, language: Language) -> Answer {
    with_cookie(answer, &format!("{}={language}; Max-Age={YEAR}", language_cookie(portal.port)))
}

/// No script reads it, no other site has it sent, and no other path of this host sees it.
fn with_cookie(mut answer: Answer, cookie: &str) -> Answer {
    let field = format!("{cookie}; Path={BASE}; HttpOnly; SameSite=Strict");
    if let Ok(field) = HeaderValue::from_str(&field) {
        answer.headers_mut().append(SET_COOKIE, field);
    }
    answer
}
