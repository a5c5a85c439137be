//! The access log, in the combined format that programs for the logs of web servers read.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::header::{HeaderMap, HeaderName, REFERER, USER_AGENT};
use hyper::http::request::Parts;
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::strtime};

use super::Site;

/// Where requests are written down.
#[derive(Debug)]
pub struct AccessLog {
    to: Mutex<File>,
    path: Option<PathBuf>,
}

/// A request on its way to the log; written when it is dropped.
#[derive(Debug)]
pub struct Entry {
    site: Arc<Site>,
    peer: IpAddr,
    request: String,
    referer: String,
    agent: String,
    status: u16,
    /// Bytes of content.
    pub sent: u64,
}

impl AccessLog {
    /// Into something that is open, such as standard output.
    pub fn to(file: File) -> Self {
        Self { to: Mutex::new(file), path: None }
    }

    /// At the end of a file.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn at(path: PathBuf) -> io::Result<Self> {
        Ok(Self { to: Mutex::new(appending(&path)?), path: Some(path) })
    }

    /// Opens the file again, which somebody has moved away. One that cannot be opened changes nothing. Whoever sees
    /// the new one finds every later request in it.
    pub fn reopen(&self) {
        let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Ok(file)) = self.path.as_ref().map(appending) {
            *to = file;
        }
    }

    /// A full disk must not keep hosts from their packages.
    fn write(&self, line: &str) {
        let _ = self.to.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
    }
}

fn appending(path: &PathBuf) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

impl Entry {
    /// That of a request, with the answer it gets.
    pub fn of(site: Arc<Site>, peer: IpAddr, parts: &Parts, status: u16) -> Self {
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
        let request = format!("{} {target} {:?}", parts.method, parts.version);
        let (referer, agent) = (field(&parts.headers, &REFERER), field(&parts.headers, &USER_AGENT));
        Self { site, peer, request, referer, agent, status, sent: 0 }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peer, request, referer, agent, status, sent, .. } = self;
        let now = Timestamp::now().to_zoned(TimeZone::UTC);
        let now = strtime::format("%d/%b/%Y:%H:%M:%S +0000", &now).map_err(|_| fmt::Error)?;
        let [request, referer, agent] = [request, referer, agent].map(|text| Quoted(text));
        writeln!(f, "{peer} - - [{now}] {request} {status} {sent} {referer} {agent}")
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.site.figures.answered(self.status, self.sent);
        self.site.log.write(&self.to_string());
    }
}

fn field(headers: &HeaderMap, name: &HeaderName) -> String {
    headers.get(name).map_or_else(|| "-".to_owned(), |value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// What a client has written, which must not look like another line.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\x{:02X}", u32::from(character))?,
                ' '..='~' => write!(f, "{character}")?,
                other => other.encode_utf8(&mut [0; 4]).bytes().try_for_each(|byte| write!(f, "\\x{byte:02X}"))?,
            }
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::Quoted;

    #[test]
    fn what_a_client_writes_stays_in_its_place() {
        assert_eq!(Quoted("Debian APT-HTTP/1.3").to_string(), "\"Debian APT-HTTP/1.3\"");
        assert_eq!(Quoted("a\" 200\n\\é").to_string(), "\"a\\x22 200\\x0A\\x5C\\xC3\\xA9\"");
    }
}
