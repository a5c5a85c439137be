//! The page of a Windows host, served by the agent's service, under Wine.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use consign_lab::{Wine, until};

const PROGRAM: &str = r"C:\Program Files\Consignee\consignee.exe";
const SOON: Duration = Duration::from_secs(60);

/// Sends a request to a port of this machine, which is that of its Wine as well; nothing where nobody answers.
fn ask(port: u16, host: &str, request: &str, form: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(SOON)).ok()?;
    let length = form.len();
    let head =
        format!("{request}\r\nHost: {host}:{port}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{form}");
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Some(String::from_utf8_lossy(&answer).into_owned()).filter(|answer| !answer.is_empty())
}

#[test]
fn the_service_serves_the_page_while_it_is_switched_on() {
    let wine = match Wine::with_agent() {
        Ok(wine) => wine,
        Err(not_run) => return not_run.report(),
    };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let policy = wine.path(r"C:\ProgramData\Consign\policy.toml");
    fs_err::create_dir_all(policy.parent().unwrap()).unwrap();
    fs_err::write(&policy, format!("[page]\nport = {port}\n")).unwrap();
    let line = format!("\"{PROGRAM}\" service");
    wine.ok(&["sc", "create", "Consignee", "binPath=", &line, "start=", "demand"]);
    wine.ok(&["net", "start", "Consignee"]);
    wine.wait_for("Consignee", "RUNNING");
    assert!(!wine.consignee(&["page", "--url"]).status.success(), "it is off");

    wine.ok(&[PROGRAM, "page", "--on"]);
    let get = |path: &str, fields: &str| ask(port, "localhost", &format!("GET {path} HTTP/1.1{fields}"), "");
    let login = until("the page answers", SOON, || get("/consignee/login", "")).unwrap();
    assert!(login.contains("consignee page") && !login.contains("sudo"), "{login}");
    let other = ask(port, "evil.example", "GET /consignee/login HTTP/1.1", "").unwrap();
    assert!(other.starts_with("HTTP/1.1 421"), "{other}");
    assert!(get("/consignee/", "").unwrap().starts_with("HTTP/1.1 403"));

    let address = wine.ok(&[PROGRAM, "page", "--url"]);
    let (page, code) = address.trim().split_once("#t=").unwrap();
    assert_eq!(page, format!("http://localhost:{port}/consignee/login"));
    let form = "Content-Type: application/x-www-form-urlencoded";
    let request = format!("POST /consignee/login HTTP/1.1\r\nOrigin: http://localhost:{port}\r\n{form}");
    let opened = ask(port, "localhost", &request, &format!("code={code}")).unwrap();
    let cookie =
        opened.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap_or_else(|| panic!("{opened}"));
    let cookie = format!("\r\nCookie: {}", cookie.split(';').next().unwrap());
    let overview = get("/consignee/", &cookie).unwrap();
    assert!(overview.starts_with("HTTP/1.1 200") && overview.contains("no product is managed"), "{overview}");
    assert!(ask(port, "localhost", &request, &format!("code={code}")).unwrap().starts_with("HTTP/1.1 403"), "used");

    wine.ok(&[PROGRAM, "page", "--off"]);
    until("nobody answers", SOON, || get("/consignee/login", "").is_none().then_some(())).unwrap();
    wine.ok(&["net", "stop", "Consignee"]);
}
