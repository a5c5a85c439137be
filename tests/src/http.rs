//! One HTTP request over one connection: enough to know whether a record was acknowledged.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The body, lossily decoded.
    pub body: String,
}

impl Response {
    /// Is the status one of the 2xx?
    pub fn success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Sends one request to `http://host:port/path`; every way of not being answered is an `Err`.
pub(crate) fn request(method: &str, url: &str, body: &[u8], patience: Duration) -> Result<Response, String> {
    let rest = url.strip_prefix("http://").ok_or_else(|| format!("not an http address: {url}"))?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let address = authority
        .to_socket_addrs()
        .map_err(|error| error.to_string())?
        .next()
        .ok_or_else(|| format!("no address for {authority}"))?;
    let mut stream = TcpStream::connect_timeout(&address, patience).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(patience)).map_err(|error| error.to_string())?;
    stream.set_write_timeout(Some(patience)).map_err(|error| error.to_string())?;
    // HTTP/1.0: the server closes when it has said everything, and never uses chunks. The type is
    // what curl sends with a body: servers that want a form read it as one.
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: {authority}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).map_err(|error| error.to_string())?;
    stream.write_all(body).map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(|error| error.to_string())?;
    parse(&answer)
}

fn parse(answer: &[u8]) -> Result<Response, String> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").ok_or("the answer was cut off")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok(Response { status: status.ok_or("no status in the answer")?, body: body.to_owned() })
}
