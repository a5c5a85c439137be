//! What a server on this host replies: to a connection, to one GET.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

const ANSWER: Duration = Duration::from_secs(5);
/// Of an answer: what a status line may have, and what is read before the client hangs up nevertheless.
const LINE: usize = 1024;
const MOST: usize = 1024 * 1024;

/// A TCP connection to one of the addresses behind a name; what was found instead.
///
/// # Errors
/// In the words of the system.
pub fn to_connect(address: &str) -> Result<TcpStream, String> {
    let addresses = address.to_socket_addrs().map_err(|cause| cause.to_string())?;
    let mut found = "no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, ANSWER) {
            Ok(stream) => return Ok(stream),
            Err(cause) => found = cause.to_string(),
        }
    }
    Err(found)
}

/// One GET over plain HTTP/1.0, of which only the status line counts: a client with TLS, proxies and
/// redirects would answer for another server than the one on this host.
///
/// The rest of the answer is read as well. To many servers a client that hangs up is an error, and it has
/// cost one (Buildbot 4.3.0) all connections after it.
///
/// # Errors
/// The status, or what was found instead of one.
pub fn to_get(url: &str) -> Result<(), String> {
    let rest = url.strip_prefix("http://").ok_or("only http:// is looked at")?;
    let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
    let slash = if path.starts_with('/') { "" } else { "/" };
    let address = if has_port(authority) { authority.to_owned() } else { format!("{authority}:80") };
    let mut stream = to_connect(&address)?;
    let answer =
        exchange(&mut stream, &format!("GET {slash}{path} HTTP/1.0\r\nHost: {authority}\r\nConnection: close\r\n\r\n"));
    let answer = answer.map_err(|cause| cause.to_string())?;
    let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)?.get(..3)?.parse().ok());
    match status {
        Some(200..=399u16) => Ok(()),
        Some(status) => Err(format!("HTTP status {status}")),
        None => Err("no HTTP".to_owned()),
    }
}

fn has_port(authority: &str) -> bool {
    authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}

fn exchange(stream: &mut TcpStream, request: &str) -> std::io::Result<String> {
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    stream.write_all(request.as_bytes())?;
    let mut line = Vec::new();
    let mut buffer = [0; 8192];
    let mut taken = 0;
    let deadline = Instant::now() + ANSWER;
    // Bounded: a server that drips does not hold the upgrade.
    while taken < MOST && Instant::now() < deadline {
        let length = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(_) if line.contains(&b'\n') => break,
            Err(cause) => return Err(cause),
        };
        taken += length;
        line.extend_from_slice(&buffer[..length.min(LINE.saturating_sub(line.len()))]);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Serves one connection; answers its address, and the request when it is over.
    fn server(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serve = move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        };
        (address, std::thread::spawn(serve))
    }

    fn get(answer: &'static str, path: &str) -> (Result<(), String>, String) {
        let (address, server) = server(answer);
        let got = to_get(&format!("http://{address}{path}"));
        (got, server.join().unwrap().lines().next().unwrap_or_default().to_owned())
    }

    #[test]
    fn a_status_from_200_to_399_is_well() {
        let (got, request) = get("HTTP/1.1 200 OK\r\n\r\nhello", "/health?x=1");
        assert_eq!((got, request.as_str()), (Ok(()), "GET /health?x=1 HTTP/1.0"));
        assert_eq!(get("HTTP/1.0 399\r\n", "").1, "GET / HTTP/1.0");
        assert_eq!(get("HTTP/1.0 302 Found\r\n", "?a").1, "GET /?a HTTP/1.0");
        assert_eq!(get("HTTP/1.1 503 Starting\r\n\r\n", "/").0, Err("HTTP status 503".to_owned()));
        assert_eq!(get("SSH-2.0-x\r\n", "/").0, Err("no HTTP".to_owned()));
        assert_eq!(get("", "/").0, Err("no HTTP".to_owned()));
    }

    #[test]
    fn a_server_is_let_finish() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            assert!(stream.read(&mut request).unwrap() > 0);
            // A client that leaves some of it unread resets the connection.
            let said = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").and_then(|()| stream.write_all(&[b'x'; MOST / 2]));
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            said.and_then(|()| stream.read(&mut request))
        });
        assert_eq!(to_get(&url), Ok(()));
        assert_eq!(serving.join().unwrap().unwrap(), 0, "hung up in order");
    }

    #[test]
    fn a_server_that_never_ends_holds_nothing_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            while stream.write_all(&[b'x'; 8192]).is_ok() {}
        });
        assert_eq!(to_get(&url), Ok(()));
        serving.join().unwrap();
    }

    #[test]
    fn nobody_there_is_told() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(to_connect(&free.to_string()).unwrap_err().contains("refused"));
        assert!(to_get(&format!("http://{free}/")).is_err());
        assert!(to_get("https://127.0.0.1/").is_err());
        assert!(to_connect("127.0.0.1").is_err());
        let (address, _server) = server("");
        assert!(to_connect(&address).is_ok());
    }
}
