//! Connections: at most so many, none that dawdles, and an end at which those that are at work may finish.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

use super::Site;
use super::access::Entry;
use super::content::Content;
use crate::mirror::MirrorError;

/// How many connections there are at once; others wait in the queue of the system.
const CONNECTIONS: usize = 4096;
/// How long the head of a request may be on its way, or a connection be without one.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long those that are at work may take at the end.
const FAREWELL: Duration = Duration::from_secs(30);
/// How often what hosts missed is written down.
const SAVING: Duration = Duration::from_secs(60);
/// After a failure to accept, such as of too many open files.
const TURN: Duration = Duration::from_millis(200);

/// Sockets on these addresses.
///
/// # Errors
/// [`MirrorError::Io`] where another program has one of them, or nobody may have it.
pub fn listeners(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, MirrorError> {
    let listen = |address: &SocketAddr| {
        TcpListener::bind(address).map_err(|cause| MirrorError::Io {
            what: "listen on",
            place: address.to_string(),
            cause,
        })
    };
    addresses.iter().map(listen).collect()
}

/// Serves until it is told to end (SIGTERM, SIGINT); opens its log again when it is told so (SIGHUP).
///
/// # Errors
/// [`MirrorError::Io`] when the system gives no thread or socket; [`MirrorError`] when what hosts missed cannot be kept.
pub fn serve(site: Site, listeners: Vec<TcpListener>) -> Result<(), MirrorError> {
    let site = Arc::new(site);
    let workers = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 16);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(workers).enable_io().enable_time().build();
    let served = runtime.and_then(|runtime| runtime.block_on(until_told(&site, listeners)));
    served.map_err(|cause| MirrorError::Io { what: "serve", place: "the mirror".to_owned(), cause })?;
    site.missed.save()
}

async fn until_told(site: &Arc<Site>, listeners: Vec<TcpListener>) -> io::Result<()> {
    let graceful = Arc::new(GracefulShutdown::new());
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut accepting = tokio::task::JoinSet::new();
    for listener in listeners {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        accepting.spawn(accept(Arc::clone(site), listener, Arc::clone(&room), Arc::clone(&graceful)));
    }
    let (mut end, mut stop) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut again = signal(SignalKind::hangup())?;
    let mut saving = tokio::time::interval(SAVING);
    loop {
        tokio::select! {
            _ = end.recv() => break,
            _ = stop.recv() => break,
            _ = again.recv() => site.log.reopen(),
            // One that fails is tried again, and told at the end.
            _ = saving.tick() => drop(tokio::task::block_in_place(|| site.missed.save())),
        }
    }
    accepting.shutdown().await;
    // Nobody accepts any more; those that are connected hold a watcher of their own.
    if let Some(graceful) = Arc::into_inner(graceful) {
        let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
    }
    Ok(())
}

async fn accept(
    site: Arc<Site>,
    listener: tokio::net::TcpListener,
    room: Arc<Semaphore>,
    graceful: Arc<GracefulShutdown>,
) {
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(TURN).await;
            continue;
        };
        let (site, watcher) = (Arc::clone(&site), graceful.watcher());
        tokio::spawn(async move {
            let _permit = permit;
            site.figures.connected();
            converse(Arc::clone(&site), stream, peer, watcher).await;
            site.figures.disconnected();
        });
    }
}

async fn converse(site: Arc<Site>, stream: TcpStream, peer: SocketAddr, watcher: Watcher) {
    let _ = stream.set_nodelay(true);
    // Who takes nothing of what was sent is gone.
    let _ = rustix::net::sockopt::set_tcp_user_timeout(&stream, PATIENCE.as_millis() as u32);
    let service = service_fn(move |request| {
        let answer = answer(&site, request, peer);
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_headers(64).pipeline_flush(true);
    let connection = server.serve_connection(TokioIo::new(stream), service);
    // Whoever hung up is not missed.
    let _ = watcher.watch(connection).await;
}

fn answer(site: &Arc<Site>, request: Request<Incoming>, peer: SocketAddr) -> Response<Content> {
    let (parts, _) = request.into_parts();
    let answer = site.answer(&parts, peer.ip());
    let entry = Entry::of(Arc::clone(site), peer.ip().to_canonical(), &parts, answer.status().as_u16());
    answer.map(|content| content.logged(entry))
}
