//! Connections: at most so many, none that dawdles, and one thread for all of them. What reads files or asks the
//! agent's service is done on threads beside it.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::answer::Answer;
use super::refusal::Refusal;
use super::{Portal, desk};

/// How many connections there are at once; a person has one or two.
const CONNECTIONS: usize = 64;
/// How many of them are worked for at once.
const WORKERS: usize = 8;
/// The longest form: a tick for each of thousands of notes.
const FORM: usize = 256 * 1024;
/// How long a head or a form may be on its way.
const PATIENCE: Duration = Duration::from_secs(10);
const TURN: Duration = Duration::from_millis(500);
/// How long a page stays that nobody visits, where its socket starts it again.
pub const IDLE: Duration = Duration::from_secs(60);

/// Whether the server ends now. Asked twice a second, with how long nobody was connected.
pub type Stay<'a> = dyn FnMut(&Portal, Duration) -> bool + 'a;

/// Sockets on both addresses of this host: were one of them left free, another user could listen on it and be what a
/// browser finds at `localhost`. Without IPv6 there is one.
///
/// # Errors
/// When another program has one of them.
pub fn listeners(port: u16) -> io::Result<Vec<TcpListener>> {
    let first = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    let port = first.local_addr()?.port();
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))) {
        Ok(second) => Ok(vec![first, second]),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        Err(_) => Ok(vec![first]),
    }
}

/// Serves until it ends.
///
/// # Errors
/// When the system gives no thread or socket.
pub fn serve(portal: Arc<Portal>, listeners: Vec<TcpListener>, stay: &mut Stay<'_>) -> io::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_io().enable_time().max_blocking_threads(WORKERS).build()?;
    runtime.block_on(async {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        for listener in listeners {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::spawn(accept(Arc::clone(&portal), listener, Arc::clone(&room)));
        }
        let mut used = Instant::now();
        loop {
            tokio::time::sleep(TURN).await;
            if room.available_permits() < CONNECTIONS {
                used = Instant::now();
            }
            if stay(&portal, used.elapsed()) {
                return Ok(());
            }
        }
    })
}

async fn accept(portal: Arc<Portal>, listener: tokio::net::TcpListener, room: Arc<Semaphore>) {
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, peer)) if peer.ip().to_canonical().is_loopback() => stream,
            Ok(_) => continue,
            Err(problem) => {
                log::warn!("cannot accept a connection: {problem}");
                tokio::time::sleep(TURN).await;
                continue;
            }
        };
        let portal = Arc::clone(&portal);
        tokio::spawn(async move {
            let _permit = permit;
            let service = service_fn(move |request| answer(Arc::clone(&portal), request));
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_headers(64);
            // Whoever hung up is not missed.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(portal: Arc<Portal>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let body = match desk::admit(&portal, &parts) {
        Ok(()) => read(body).await,
        Err(refusal) => Err(refusal),
    };
    let answered = tokio::task::spawn_blocking(move || match body {
        Ok(body) => desk::answer(&portal, &parts, &body, Timestamp::now()),
        Err(refusal) => desk::refuse(&portal, &parts, refusal),
    });
    Ok(answered.await.unwrap_or_else(|_| panicked()))
}

async fn read(body: Incoming) -> Result<Vec<u8>, Refusal> {
    match tokio::time::timeout(PATIENCE, Limited::new(body, FORM).collect()).await {
        Err(_) => Err(Refusal::Slow),
        Ok(Err(_)) => Err(Refusal::Large),
        Ok(Ok(body)) => Ok(body.to_bytes().to_vec()),
    }
}

fn panicked() -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
    answer
}
