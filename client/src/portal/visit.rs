//! A request, read whole: what is asked for, by whom, in which language.

use consign_metadata::text::Language;
use hyper::Method;
use hyper::header::{ACCEPT_LANGUAGE, COOKIE};
use hyper::http::request::Parts;

use super::BASE;

/// The parameter that switches the language.
const LANGUAGE: &str = "language";

/// What somebody wants.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Whether a form was sent.
    pub is_form: bool,
    /// The path below [`BASE`], without a slash at either end; `None` elsewhere.
    pub path: Option<String>,
    /// The reader's language.
    pub language: Language,
    /// Whether that was chosen just now.
    pub has_switched: bool,
    /// Whether the page is to load itself again.
    pub reloads: bool,
    /// The cookie of the session.
    pub cookie: Option<String>,
    fields: Vec<(String, String)>,
}

/// The name of the session's cookie; other ports of this host have others.
pub fn session_cookie(port: u16) -> String {
    format!("consignee_{port}")
}

/// The name of the cookie that keeps the language.
pub fn language_cookie(port: u16) -> String {
    format!("consignee_language_{port}")
}

impl Visit {
    /// Reads it; `language` is that of a reader who does not say.
    pub fn of(parts: &Parts, body: &[u8], port: u16, language: Language) -> Self {
        let query: Vec<(String, String)> = pairs(parts.uri.query().unwrap_or_default().as_bytes());
        let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let switched = value(LANGUAGE).and_then(Language::of_code);
        let kept = cookie(parts, &language_cookie(port)).and_then(|code| Language::of_code(&code));
        let wanted = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| negotiated(value.to_str().ok()?));
        let path = parts.uri.path().strip_prefix(BASE).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        Self {
            is_form: parts.method == Method::POST,
            path: path.map(|path| path.trim_matches('/').to_owned()),
            language: switched.or(kept).or(wanted).unwrap_or(language),
            has_switched: switched.is_some(),
            reloads: value("reload").is_some(),
            cookie: cookie(parts, &session_cookie(port)),
            fields: pairs(body),
        }
    }

    /// The value of a field of the form; the first, where there are several.
    pub fn field<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.fields(name).next()
    }

    /// Every value of a field.
    pub fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
}

fn cookie(parts: &Parts, name: &str) -> Option<String> {
    let fields = parts.headers.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// The best of the languages that a browser asks for (RFC 9110, 12.5.4) of those that we speak.
fn negotiated(wanted: &str) -> Option<Language> {
    let weighed = wanted.split(',').filter_map(|range| {
        let (name, weight) = range.split_once(";q=").unwrap_or((range, "1"));
        let weight: f32 = weight.trim().parse().ok()?;
        let primary = name.trim().split('-').next()?.to_lowercase();
        Some((Language::of_code(&primary)?, weight))
    });
    // The first of those that weigh the same.
    let best = |best: Option<(Language, f32)>, one: (Language, f32)| match best {
        Some(best) if best.1 >= one.1 => Some(best),
        _ => Some(one),
    };
    weighed.filter(|(_, weight)| *weight > 0.0).fold(None, best).map(|(language, _)| language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn visit(uri: &str, fields: &[(&str, &str)], body: &str) -> Visit {
        let request = fields.iter().fold(Request::get(uri), |request, (name, value)| request.header(*name, *value));
        Visit::of(&request.body(()).unwrap().into_parts().0, body.as_bytes(), 8080, Language::En)
    }

    #[test]
    fn the_language_is_the_chosen_one_then_that_of_the_browser() {
        let accept = |value: &str| visit("/", &[("accept-language", value)], "").language;
        assert_eq!(accept("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5"), Language::Fr);
        assert_eq!(accept("de,en-GB;q=0.5,fr;q=0.4"), Language::En);
        assert_eq!(accept("en,fr"), Language::En);
        assert_eq!(accept("fr;q=0, de"), Language::En);
        let kept = [("accept-language", "en"), ("cookie", "a=b; consignee_language_8080=fr")];
        assert_eq!(visit("/", &kept, "").language, Language::Fr);
        let chosen = visit("/consignee/?language=en", &kept, "");
        assert_eq!((chosen.language, chosen.has_switched), (Language::En, true));
    }

    #[test]
    fn a_cookie_of_another_port_is_anothers() {
        let cookies = [("cookie", "consignee_8081=x; consignee_8080=y"), ("cookie", "consignee_8080=z")];
        assert_eq!(visit("/", &cookies, "").cookie.as_deref(), Some("y"));
        assert_eq!(visit("/", &cookies[..0], "").cookie, None);
    }

    #[test]
    fn paths_are_below_our_own() {
        let path = |uri| visit(uri, &[], "").path;
        assert_eq!(path("/consignee/acme/erp/?x=1").as_deref(), Some("acme/erp"));
        assert_eq!(path("/consignee").as_deref(), Some(""));
        assert_eq!((path("/"), path("/consigneed/x")), (None, None));
    }

    #[test]
    fn every_value_of_a_field_is_there() {
        let visit = visit("/", &[], "note=1.5.0%3Aab&note=1.6.0&confirm=acme%2Ferp");
        assert_eq!(visit.fields("note").collect::<Vec<_>>(), ["1.5.0:ab", "1.6.0"]);
        assert_eq!((visit.field("confirm"), visit.field("other")), (Some("acme/erp"), None));
    }
}
