//! Raw requests over a socket, as a browser, a script and an attacker send them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;

use super::server;
use super::{Portal, tickets};
use crate::engine::event::Person;
use crate::places::Places;
use crate::product::Product;

/// A page that is served until the test ends.
struct Served {
    portal: Arc<Portal>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Served {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::below(folder.path());
        let product = Product::new(&places, "acme/erp".parse().unwrap());
        fs_err::create_dir_all(product.folder()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let portal = Arc::new(Portal::new(places, listener.local_addr().unwrap().port()));
        let stop = Arc::new(AtomicBool::new(false));
        let (served, stopped) = (Arc::clone(&portal), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            server::serve(served, vec![listener], &mut |_, _| stopped.load(Ordering::Relaxed)).unwrap();
        });
        Self { portal, stop, thread: Some(thread), _folder: folder }
    }

    fn host(&self) -> String {
        format!("localhost:{}", self.portal.port)
    }

    /// Sends exactly this, and reads to the end.
    fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.portal.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn get(&self, path: &str, fields: &str) -> String {
        let host = self.host();
        self.raw(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{fields}\r\n"))
    }

    /// A form, as one of our own pages sends it.
    fn post(&self, path: &str, fields: &str, form: &str) -> String {
        let origin = format!("Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\n", self.host());
        self.post_from(&origin, path, fields, form)
    }

    fn post_from(&self, origin: &str, path: &str, fields: &str, form: &str) -> String {
        let (host, length) = (self.host(), form.len());
        self.raw(&format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{origin}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n{fields}\r\n{form}"
        ))
    }

    fn code(&self) -> String {
        let by = Person { uid: 0, name: "marie".to_owned() };
        tickets::issue(&self.portal.places, &by, Timestamp::now()).unwrap()
    }

    /// The field with the cookie of a new session.
    fn log_in(&self) -> String {
        let answer = self.post("/consignee/login", "", &format!("code={}", self.code()));
        assert_eq!(status(&answer), 303, "{answer}");
        let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        format!("Cookie: {}\r\n", cookie.split(';').next().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().map(JoinHandle::join);
    }
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"))
}

/// The token in a page's forms.
fn token(page: &str) -> String {
    page.split("name=\"token\" value=\"").nth(1).unwrap_or_else(|| panic!("{page}"))[..32].to_owned()
}

#[test]
fn whoever_names_another_host_gets_nothing() {
    let served = Served::new();
    let port = served.portal.port;
    let others = ["evil.example", "localhost", &format!("localhost.evil.example:{port}"), "localhost:1"];
    for path in ["/", "/consignee/login", "/consignee/page.css", "/consignee/acme/erp"] {
        for other in others {
            let answer = served.raw(&format!("GET {path} HTTP/1.1\r\nHost: {other}\r\nConnection: close\r\n\r\n"));
            assert_eq!(status(&answer), 421, "{path} at {other}: {answer}");
            assert!(!answer.contains("<html"), "{answer}");
        }
    }
    let nothing = served.raw("GET /consignee/login HTTP/1.0\r\n\r\n");
    assert_eq!(status(&nothing), 421, "{nothing}");
    for name in ["localhost", "127.0.0.1", "[::1]"] {
        let ours = format!("GET /consignee/login HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&served.raw(&ours)), 200, "{name}");
    }
    let proxy = format!("GET http://evil.example/ HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    assert_eq!(status(&served.raw(&proxy)), 421);
}

#[test]
fn a_stranger_sees_the_way_in_and_nothing_of_the_host() {
    let served = Served::new();
    assert_eq!(status(&served.get("/", "")), 303);
    for path in ["/consignee/", "/consignee/acme/erp", "/consignee/acme/erp/live", "/consignee/no/such/page"] {
        for cookie in ["", "Cookie: consignee_8080=0\r\n", &format!("Cookie: consignee_{}=0\r\n", served.portal.port)] {
            let page = served.get(path, cookie);
            assert_eq!(status(&page), 403, "{path}");
            assert!(page.contains("consignee page") && !page.contains("acme"), "{page}");
        }
    }
    let change = served.post("/consignee/acme/erp/upgrade", "", "do=install&token=");
    assert_eq!(status(&change), 403);
    assert!(!change.contains("acme"), "{change}");
}

#[test]
fn a_code_opens_one_session_whose_cookie_no_script_and_no_other_site_has() {
    let served = Served::new();
    let code = served.code();
    let form = format!("code={code}");
    let first = served.post("/consignee/login", "", &form);
    assert_eq!(status(&first), 303, "{first}");
    let cookie = first.lines().find(|line| line.starts_with("set-cookie: ")).unwrap();
    assert!(cookie.contains("; Path=/consignee; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(cookie.contains(&format!("consignee_{}=", served.portal.port)) && !cookie.contains(&code), "{cookie}");
    let again = served.post("/consignee/login", "", &form);
    assert_eq!(status(&again), 403);
    assert!(again.contains("was used") && !again.contains("set-cookie"), "{again}");
    let session = format!("Cookie: {}\r\n", cookie["set-cookie: ".len()..].split(';').next().unwrap());
    let page = served.get("/consignee/", &session);
    assert!(page.contains("marie") && page.contains("acme/erp"), "{page}");
    // Another browser has another one, and a session that was left is none.
    let other = served.log_in();
    let out = served.post("/consignee/logout", &session, &format!("token={}", token(&page)));
    assert!(out.contains("Max-Age=0"), "{out}");
    assert_eq!([&session, &other].map(|cookie| status(&served.get("/consignee/", cookie))), [403, 200]);
}

#[test]
fn forms_of_others_are_refused_whatever_cookie_comes_with_them() {
    let served = Served::new();
    let session = served.log_in();
    let page = served.get("/consignee/", &session);
    let form = format!("token={}", token(&page));
    let own = format!("Origin: http://{}\r\n", served.host());
    let origins = [
        "",
        "Origin: null\r\n",
        "Origin: http://evil.example\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        &format!("{own}Sec-Fetch-Site: same-site\r\n"),
        &format!("Origin: http://localhost:{}.evil.example\r\n", served.portal.port),
        // Another program of this host: a site of its own port.
        "Origin: http://localhost:1\r\nSec-Fetch-Site: same-site\r\n",
    ];
    for origin in origins {
        for path in ["/consignee/logout", "/consignee/login", "/consignee/acme/erp/upgrade"] {
            let answer = served.post_from(origin, path, &session, &form);
            assert_eq!(status(&answer), 403, "{origin}{path}: {answer}");
            assert!(!answer.contains("set-cookie"), "{answer}");
        }
    }
    assert_eq!(status(&served.get("/consignee/", &session)), 200, "it was logged out");
}

#[test]
fn a_form_without_the_token_of_its_session_does_nothing() {
    let served = Served::new();
    let (marie, other) = (served.log_in(), served.log_in());
    let others = token(&served.get("/consignee/", &other));
    for form in ["".to_owned(), "token=".to_owned(), format!("token={others}")] {
        for path in ["/consignee/logout", "/consignee/acme/erp/upgrade"] {
            let answer = served.post(path, &marie, &form);
            assert_eq!(status(&answer), 403, "{path} {form}: {answer}");
            assert!(answer.contains("not of this session"), "{answer}");
        }
    }
    assert_eq!(status(&served.get("/consignee/", &marie)), 200);
}

#[test]
fn only_forms_are_read_and_only_small_ones() {
    let served = Served::new();
    let host = served.host();
    for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
        let answer = served.raw(&format!(
            "POST /consignee/login HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\n\
             Content-Type: {kind}\r\nContent-Length: 6\r\n\r\ncode=x"
        ));
        assert_eq!(status(&answer), 415, "{kind}: {answer}");
    }
    let large = format!("code={}", "x".repeat(512 * 1024));
    let answer = served.post("/consignee/login", "", &large);
    // It may hang up before all of it is sent.
    assert!(answer.is_empty() || status(&answer) == 413, "{answer}");
    for method in ["OPTIONS", "PUT", "DELETE", "TRACE", "BREW"] {
        let request = format!("{method} /consignee/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = served.raw(&request);
        assert_eq!(status(&answer), 405, "{answer}");
        assert!(!answer.to_lowercase().contains("access-control"), "{answer}");
    }
}

#[test]
fn every_answer_tells_the_browser_to_run_and_frame_nothing_of_others() {
    let served = Served::new();
    let session = served.log_in();
    let paths = ["/", "/consignee/login", "/consignee/", "/consignee/page.js", "/consignee/page.css", "/nowhere"];
    for path in paths {
        let answer = served.get(path, &session);
        let head = answer.split("\r\n\r\n").next().unwrap();
        let expected = [
            "content-security-policy: default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
            "cross-origin-opener-policy: same-origin",
            "cross-origin-resource-policy: same-origin",
            "referrer-policy: same-origin",
            "cache-control: no-store",
        ];
        for field in expected {
            assert!(head.contains(field), "{path} lacks {field}: {head}");
        }
        assert!(!head.contains("access-control"), "{head}");
    }
    let page = served.get("/consignee/", &session);
    for inline in ["<style", " style=", "<script>", " onclick", "javascript:", "http://", "https://"] {
        assert!(!page.split("<html").nth(1).unwrap().contains(inline), "{inline}: {page}");
    }
}

#[test]
fn who_guesses_codes_is_stopped_and_who_has_one_is_not() {
    let served = Served::new();
    let guess = |n: u32| status(&served.post("/consignee/login", "", &format!("code={n:032x}")));
    let answers: Vec<u16> = (0..12).map(guess).collect();
    assert_eq!(answers[..10], [403; 10]);
    assert_eq!(answers[10..], [429; 2]);
    served.log_in();
}

#[test]
fn who_presses_faster_than_a_person_is_stopped() {
    let served = Served::new();
    let session = served.log_in();
    let form = format!("token={}", token(&served.get("/consignee/", &session)));
    let press = |_| status(&served.post("/consignee/no/product/upgrade", &session, &form));
    let answers: Vec<u16> = (0..31).map(press).collect();
    assert_eq!((&answers[..30], answers[30]), (&[404; 30][..], 429));
}

#[test]
fn the_page_speaks_the_language_of_the_browser_until_another_is_chosen() {
    let served = Served::new();
    let said = |fields: &str, query: &str| served.get(&format!("/consignee/login{query}"), fields);
    assert!(said("Accept-Language: fr\r\n", "").contains("<html lang=\"fr\">"));
    assert!(said("Accept-Language: de\r\n", "").contains("<html lang=\"en\">"));
    let switched = said("Accept-Language: en\r\n", "?language=fr");
    let cookie = switched.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(switched.contains("Se connecter") && cookie.contains("SameSite=Strict"), "{switched}");
    let kept = format!("Accept-Language: en\r\nCookie: {}\r\n", cookie.split(';').next().unwrap());
    assert!(said(&kept, "").contains("Se connecter"));
}

#[test]
fn without_the_agents_service_a_person_is_told_so() {
    let served = Served::new();
    let session = served.log_in();
    let answer = served.get("/consignee/acme/erp/upgrade", &session);
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(answer.contains("cannot reach the agent&#39;s service"), "{answer}");
    for other in
        ["/consignee/acme/other", "/consignee/acme/erp/notes", "/consignee/../etc/passwd", "/consignee/%2e%2e/x"]
    {
        assert_eq!(status(&served.get(other, &session)), 404, "{other}");
    }
}
