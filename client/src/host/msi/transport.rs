//! Files of a repository, over https, http, or from a folder.
//!
//! Nothing that comes is believed: whoever asks compares digests or signatures. Certificates are verified by what the
//! system trusts, or by the one authority that the site names.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder};
use reqwest::{Certificate, Proxy};

use crate::host::HostError;
use crate::site::repository::Subscription;

/// How long a server may take until it is there.
const CONNECT: Duration = Duration::from_secs(20);

/// Fetches a file of at most `maximum` bytes, in at most `limit`.
///
/// # Errors
/// When it cannot be had.
pub fn fetch(from: &Subscription, path: &str, maximum: u64, limit: Duration) -> Result<Vec<u8>, HostError> {
    let cannot = |reason: String| HostError { action: format!("fetch {}/{path}", from.url), reason };
    let mut bytes = Vec::new();
    let read = open(from, path, limit).map_err(cannot)?.take(maximum.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|cause| cannot(causes(&cause)))?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= maximum => Ok(bytes),
        _ => Err(cannot(format!("it has more than {maximum} bytes"))),
    }
}

/// Writes a file of exactly this size to a path, in at most `limit`.
///
/// # Errors
/// When it cannot be had, or written.
pub fn save(from: &Subscription, path: &str, size: u64, to: &Path, limit: Duration) -> Result<(), HostError> {
    let cannot = |reason: String| HostError { action: format!("fetch {}/{path}", from.url), reason };
    let mut source = open(from, path, limit).map_err(cannot)?.take(size.saturating_add(1));
    let mut file = File::create(to).map_err(|cause| crate::host::at("write", to, cause))?;
    let length = io::copy(&mut source, &mut file).map_err(|cause| cannot(causes(&cause)))?;
    file.sync_all().map_err(|cause| crate::host::at("write", to, cause))?;
    if length == size { Ok(()) } else { Err(cannot(format!("it has {length} bytes, and the feed says {size}"))) }
}

fn open(from: &Subscription, path: &str, limit: Duration) -> Result<Box<dyn Read>, String> {
    if let Some(folder) = from.url.strip_prefix("file://") {
        let file = File::open(in_folder(folder, path)).map_err(|cause| cause.to_string())?;
        return Ok(Box::new(file));
    }
    let mut request = client(from, limit)?.get(format!("{}/{path}", from.url));
    if let Some(login) = &from.login {
        request = request.basic_auth(&login.user, Some(&login.password));
    }
    let answer = request.send().map_err(|problem| causes(&problem.without_url()))?;
    match answer.status() {
        status if status.is_success() => Ok(Box::new(answer)),
        status => Err(format!("the server answers {status}")),
    }
}

/// `/C:/mirror` is a folder of this host, `server/share` one of another.
fn in_folder(folder: &str, path: &str) -> PathBuf {
    let folder = match folder.strip_prefix('/') {
        Some(here) => here.replace('/', r"\"),
        None => format!(r"\\{}", folder.replace('/', r"\")),
    };
    path.split('/').fold(PathBuf::from(folder), |folder, name| folder.join(name))
}

fn client(from: &Subscription, limit: Duration) -> Result<Client, String> {
    static CRYPTOGRAPHY: Once = Once::new();
    CRYPTOGRAPHY.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let builder = Client::builder().timeout(limit).connect_timeout(CONNECT.min(limit));
    // Who asked for https is not led away from it.
    let builder = builder.https_only(from.url.starts_with("https://")).user_agent("consignee");
    let builder = via(authority(builder, from)?, from)?;
    builder.build().map_err(|problem| causes(&problem))
}

fn authority(builder: ClientBuilder, from: &Subscription) -> Result<ClientBuilder, String> {
    let Some(path) = &from.certificate_authority else { return Ok(builder) };
    let named = |cause: &dyn std::fmt::Display| format!("{}: {cause}", path.display());
    let pem = std::fs::read(path).map_err(|cause| named(&cause))?;
    Ok(builder.tls_certs_only(Certificate::from_pem_bundle(&pem).map_err(|cause| named(&cause))?))
}

fn via(builder: ClientBuilder, from: &Subscription) -> Result<ClientBuilder, String> {
    match &from.proxy {
        Some(proxy) => Ok(builder.proxy(Proxy::all(proxy).map_err(|problem| causes(&problem))?)),
        None => Ok(builder),
    }
}

/// What went wrong, down to the cause that says it.
fn causes(problem: &dyn std::error::Error) -> String {
    let mut said = problem.to_string();
    let mut cause = problem.source();
    while let Some(deeper) = cause {
        let words = deeper.to_string();
        if !said.contains(&words) {
            said = format!("{said}: {words}");
        }
        cause = deeper.source();
    }
    said
}
