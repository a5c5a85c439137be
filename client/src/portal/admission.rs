//! Who is let in: the address, the method, and where a request that changes something comes from.
//!
//! A web site in a browser on this host can have it send requests here, under a name of its own that it lets point to
//! 127.0.0.1 ("DNS rebinding"), or with a form of its own. The first is seen by the `Host` field, which a script cannot
//! set; the second by `Origin` and `Sec-Fetch-Site`, which it cannot set either.

use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::http::request::Parts;
use hyper::{Method, Version};

use super::refusal::Refusal;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORM: &str = "application/x-www-form-urlencoded";

/// The addresses that are this page's, as the `Host` field names them.
pub fn hosts(port: u16) -> impl Iterator<Item = String> {
    let names = ["localhost", "127.0.0.1", "[::1]"];
    let with_port = names.into_iter().map(move |name| format!("{name}:{port}"));
    // The port of http itself is left out by browsers.
    with_port.chain(names.into_iter().filter(move |_| port == 80).map(str::to_owned))
}

/// The address that was asked for, where it is ours. Compared as a whole: what only begins like it is another.
///
/// # Errors
/// [`Refusal::Address`], also where there is none or more than one.
pub fn address(parts: &Parts, port: u16) -> Result<String, Refusal> {
    let asked = only(&parts.headers, &HOST).ok().flatten().ok_or(Refusal::Address)?;
    // A request as to a proxy names an address of its own.
    let is_plain = parts.uri.authority().is_none() && parts.version >= Version::HTTP_10;
    let known = hosts(port).find(|host| host == asked);
    known.filter(|_| is_plain).ok_or(Refusal::Address)
}

/// Whether a page of ours, at the same address, sends the form.
///
/// # Errors
/// [`Refusal::Origin`], also where the browser does not say; [`Refusal::Form`] for anything but a form.
pub fn form(parts: &Parts, address: &str) -> Result<(), Refusal> {
    let (origin, site) = (only(&parts.headers, &ORIGIN)?, only(&parts.headers, &SITE)?);
    let is_ours = origin.is_none_or(|origin| origin == format!("http://{address}"));
    let is_same = site.is_none_or(|site| site == "same-origin");
    if !is_ours || !is_same || (origin.is_none() && site.is_none()) {
        return Err(Refusal::Origin);
    }
    let kind = only(&parts.headers, &CONTENT_TYPE)?.unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case(FORM) { Ok(()) } else { Err(Refusal::Form) }
}

/// Whether anything is answered by this method at all.
///
/// # Errors
/// [`Refusal::Method`]
pub fn method(method: &Method) -> Result<(), Refusal> {
    let is_known = [Method::GET, Method::HEAD, Method::POST].contains(method);
    if is_known { Ok(()) } else { Err(Refusal::Method) }
}

/// A field that may be there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refusal> {
    let mut all = headers.get_all(name).iter();
    let first = all.next().map(|value| value.to_str().map_err(|_| Refusal::Origin)).transpose()?;
    if all.next().is_some() { Err(Refusal::Origin) } else { Ok(first) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn parts(fields: &[(&str, &str)]) -> Parts {
        let request = Request::builder().method("POST").uri("/consignee/login");
        let request = fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_the_names_of_this_host_with_its_port_are_ours() {
        let asked = |host: &str| address(&parts(&[("host", host)]), 8080);
        for ours in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert_eq!(asked(ours).as_deref(), Ok(ours));
        }
        let others = [
            "localhost",
            "localhost:80",
            "localhost:8080.evil.example",
            "localhost.evil.example:8080",
            "evil.example",
            "127.0.0.1:80800",
            "127.0.0.2:8080",
            "::1:8080",
            "LOCALHOST:8080",
            "localhost:8080 ",
            "user@localhost:8080",
            "",
        ];
        for other in others {
            assert_eq!(asked(other), Err(Refusal::Address), "{other}");
        }
        assert_eq!(address(&parts(&[]), 8080), Err(Refusal::Address), "none");
        let twice = parts(&[("host", "localhost:8080"), ("host", "localhost:8080")]);
        assert_eq!(address(&twice, 8080), Err(Refusal::Address), "twice");
        assert_eq!(address(&parts(&[("host", "localhost")]), 80).as_deref(), Ok("localhost"));
    }

    #[test]
    fn a_request_as_to_a_proxy_is_not_ours() {
        let request = Request::get("http://localhost:8080/consignee/").header("host", "localhost:8080");
        let parts = request.body(()).unwrap().into_parts().0;
        assert_eq!(address(&parts, 8080), Err(Refusal::Address));
    }

    #[test]
    fn only_our_own_pages_send_forms() {
        const URL: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
        let sent = |fields: &[(&str, &str)]| form(&parts(&[fields, &[URL]].concat()), "localhost:8080");
        let ours = ("origin", "http://localhost:8080");
        assert_eq!(sent(&[ours]), Ok(()));
        assert_eq!(sent(&[ours, ("sec-fetch-site", "same-origin")]), Ok(()));
        assert_eq!(sent(&[("sec-fetch-site", "same-origin")]), Ok(()));
        let refused: [&[(&str, &str)]; 8] = [
            &[],
            &[("origin", "null")],
            &[("origin", "http://localhost:8081")],
            &[("origin", "http://127.0.0.1:8080")],
            &[("origin", "https://localhost:8080")],
            &[("origin", "http://localhost:8080.evil.example")],
            &[ours, ("sec-fetch-site", "same-site")],
            &[ours, ours],
        ];
        for fields in refused {
            assert_eq!(sent(fields), Err(Refusal::Origin), "{fields:?}");
        }
    }

    #[test]
    fn what_a_page_of_others_may_send_unasked_is_no_form() {
        for kind in ["text/plain", "multipart/form-data; boundary=x", "application/json", ""] {
            let sent = parts(&[("origin", "http://localhost:8080"), ("content-type", kind)]);
            assert_eq!(form(&sent, "localhost:8080"), Err(Refusal::Form), "{kind}");
        }
    }

    #[test]
    fn other_methods_do_nothing() {
        for (method, is_known) in [("GET", true), ("POST", true), ("OPTIONS", false), ("PUT", false), ("TRACE", false)]
        {
            assert_eq!(super::method(&method.parse().unwrap()).is_ok(), is_known, "{method}");
        }
    }
}
