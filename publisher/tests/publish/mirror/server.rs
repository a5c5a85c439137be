//! A web server for a folder that does something else where a test tells it to.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is answered.
#[derive(Clone)]
pub enum Twist {
    /// The file.
    Honest,
    /// Something else.
    Body(Vec<u8>),
    /// The file, cut off after so many bytes, although all of it was promised.
    Cut(usize),
    /// As many bytes as the client takes.
    Endless,
    /// One byte now and then.
    Drip,
    /// Another range than was asked for, by so many bytes.
    Beside(usize),
    /// Somewhere else.
    Redirect(String),
    /// A status and nothing.
    Status(u16),
    /// Too much to do, and when to come again.
    Busy(u64),
}

type Script = dyn Fn(&str, usize) -> Twist + Send + Sync;

pub struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves a folder; the script is asked with each path, and how often it was asked for before.
    pub fn of(folder: PathBuf, script: impl Fn(&str, usize) -> Twist + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), asked: Arc::default() };
        let (asked, script): (_, Arc<Script>) = (server.asked.clone(), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (folder, asked, script) = (folder.clone(), asked.clone(), script.clone());
                std::thread::spawn(move || answer(stream, &folder, &asked, &*script));
            }
        });
        server
    }

    /// The same as a proxy, for whatever host it is asked.
    pub fn proxy(folder: PathBuf) -> Self {
        Self::of(folder, |_, _| Twist::Honest)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked for: the path or address, and the range if one was named.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, folder: &Path, asked: &Mutex<Vec<String>>, script: &Script) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
        .collect();
    let range = headers.get("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let path = match target.strip_prefix("http://") {
        Some(rest) => rest.split_once('/').map_or("", |(_, path)| path).to_owned(),
        None => target.trim_start_matches('/').to_owned(),
    };
    let times = {
        let mut asked = asked.lock().unwrap();
        let words = |from: &usize| format!("{target} from {from}");
        let line = range.as_ref().map_or_else(|| target.clone(), words);
        let before = asked.iter().filter(|asked| asked.split(' ').next() == Some(&target)).count();
        asked.push(line);
        before
    };
    let twist = script(&path, times);
    let file = std::fs::read(folder.join(&path));
    let close = "Connection: close\r\n\r\n";
    match (twist, file) {
        (Twist::Status(status), _) => write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\n{close}"),
        (Twist::Busy(seconds), _) => {
            write!(stream, "HTTP/1.1 503 Busy\r\nRetry-After: {seconds}\r\nContent-Length: 0\r\n{close}")
        }
        (Twist::Redirect(to), _) => {
            write!(stream, "HTTP/1.1 302 There\r\nLocation: {to}\r\nContent-Length: 0\r\n{close}")
        }
        (Twist::Endless, _) => {
            write!(stream, "HTTP/1.1 200 OK\r\n{close}").ok()?;
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
            Ok(())
        }
        (Twist::Drip, Ok(file)) => {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{close}", file.len()).ok()?;
            for byte in file {
                stream.write_all(&[byte]).ok()?;
                std::thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        }
        (Twist::Body(bytes), _) => whole(&mut stream, &bytes, bytes.len()),
        (Twist::Cut(length), Ok(file)) => whole(&mut stream, &file[..length.min(file.len())], file.len()),
        (Twist::Beside(by), Ok(file)) if range.is_some() => part(&mut stream, &file, range.unwrap_or(0) + by),
        (_, Ok(file)) => match range {
            Some(from) if from < file.len() => part(&mut stream, &file, from),
            Some(_) => write!(stream, "HTTP/1.1 416 No\r\nContent-Length: 0\r\n{close}"),
            None => whole(&mut stream, &file, file.len()),
        },
        (_, Err(_)) => write!(stream, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n{close}"),
    }
    .ok()
}

fn whole(stream: &mut TcpStream, bytes: &[u8], promised: usize) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {promised}\r\nConnection: close\r\n\r\n")?;
    stream.write_all(bytes)
}

fn part(stream: &mut TcpStream, file: &[u8], from: usize) -> std::io::Result<()> {
    let (rest, all) = (&file[from.min(file.len())..], file.len());
    let head = format!("Content-Length: {}\r\nContent-Range: bytes {from}-{}/{all}", rest.len(), all - 1);
    write!(stream, "HTTP/1.1 206 Part\r\n{head}\r\nConnection: close\r\n\r\n")?;
    stream.write_all(rest)
}
