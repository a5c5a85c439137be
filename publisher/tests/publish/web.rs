//! A repository on a web server that is slow, hostile or broken.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use consign::store::{HttpSource, Key, Source, StoreError};

/// Answers every request in one way, on a port of its own, and hangs up.
fn server(answer: impl Fn(&str, TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().unwrap().unwrap_or_default();
            // Up to the empty line that ends the head of a request.
            lines.map_while(Result::ok).find(String::is_empty);
            answer(&request, stream);
        }
    });
    format!("http://{address}/debian/")
}

fn key() -> Key {
    "dists/stable/InRelease".parse().unwrap()
}

#[test]
fn a_file_is_asked_for_below_the_address() {
    let root = server(|request, mut stream| {
        let body = request.split(' ').nth(1).unwrap();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).unwrap();
    });
    let source = HttpSource::at(&root).unwrap();
    let (bytes, _) = source.read(&key(), 100).unwrap().unwrap();
    assert_eq!(bytes, b"/debian/dists/stable/InRelease");
    assert!(matches!(source.read(&key(), 10), Err(StoreError::TooLarge { maximum: 10, .. })));
}

#[test]
fn an_endless_body_is_cut_off() {
    let root = server(|_, mut stream| {
        let _ = write!(stream, "HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let read = HttpSource::at(&root).unwrap().read(&key(), 1_000_000);
    assert!(matches!(read, Err(StoreError::TooLarge { .. })), "{read:?}");
}

#[test]
fn not_there_and_could_not_look_are_different_answers() {
    let missing = server(|_, mut stream| {
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap()
    });
    assert_eq!(HttpSource::at(&missing).unwrap().read(&key(), 100).unwrap(), None);
    let broken = server(|_, mut stream| stream.write_all(b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n").unwrap());
    let error = HttpSource::at(&broken).unwrap().read(&key(), 100).unwrap_err().to_string();
    assert!(error.starts_with("cannot get http://127.0.0.1:") && error.contains("503"), "{error}");
    let cut = server(|_, mut stream| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").unwrap());
    assert!(HttpSource::at(&cut).unwrap().read(&key(), 100).is_err(), "half a file is no file");
}
