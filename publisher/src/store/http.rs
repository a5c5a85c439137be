//! A repository on the web, to be read as a client reads it.
//!
//! Every answer has a deadline for the whole of it and a cap on its length; both are enforced while
//! reading, because a hostile server decides neither.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};

use super::{Content, Key, Source, StoreError};

/// For the answer to begin, and for a small file as a whole.
const DEADLINE: Duration = Duration::from_secs(60);
/// Slower than this, and a large file is given up.
const MINIMUM_RATE: u64 = 64 * 1024;

/// The root of a repository, by its address.
#[derive(Debug)]
pub struct HttpSource {
    root: String,
    client: Client,
}

impl HttpSource {
    /// The repository at an `http://` or `https://` address.
    ///
    /// # Errors
    /// [`StoreError::Io`] when no client can be made on this machine.
    pub fn at(root: &str) -> Result<Self, StoreError> {
        let agent = concat!("consign/", env!("CARGO_PKG_VERSION"));
        let root = root.trim_end_matches('/').to_owned();
        // A redirection must not lead out of what the address promised.
        let secure = root.starts_with("https://");
        let client = Client::builder().user_agent(agent).connect_timeout(Duration::from_secs(20)).https_only(secure);
        let client = client.build();
        let client = client.map_err(|cause| cannot("open a connection to", &root)(io::Error::other(reason(&cause))))?;
        Ok(Self { root, client })
    }

    fn answer(&self, url: &str, maximum: u64) -> Result<Option<Response>, StoreError> {
        let deadline = DEADLINE + Duration::from_secs(maximum / MINIMUM_RATE);
        let sent = self.client.get(url).timeout(deadline).send().and_then(|answer| match answer.status() {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            _ => answer.error_for_status().map(Some),
        });
        // The address is said once, by our own words.
        sent.map_err(|cause| cannot("get", url)(io::Error::other(reason(&cause.without_url()))))
    }
}

impl Source for HttpSource {
    fn get(&self, key: &Key, maximum: u64) -> Result<Option<Box<dyn Content>>, StoreError> {
        let url = format!("{}/{key}", self.root);
        let Some(answer) = self.answer(&url, maximum)? else { return Ok(None) };
        let too_large = || StoreError::TooLarge { key: key.clone(), maximum };
        if answer.content_length().is_some_and(|length| length > maximum) {
            return Err(too_large());
        }
        let mut file = tempfile::tempfile().map_err(cannot("make a temporary file for", &url))?;
        let length = receive(answer, &mut file, maximum).map_err(cannot("get", &url))?;
        if length > maximum {
            return Err(too_large());
        }
        Ok(Some(Box::new(file)))
    }
}

fn receive(answer: Response, file: &mut File, maximum: u64) -> io::Result<u64> {
    let length = io::copy(&mut answer.take(maximum.saturating_add(1)), file)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(length)
}

/// The error with everything below it; by itself it says no more than that a request failed.
fn reason(error: &dyn std::error::Error) -> String {
    let below = std::iter::successors(error.source(), |e| e.source());
    below.fold(error.to_string(), |text, e| format!("{text}: {e}"))
}

fn cannot(what: &'static str, url: &str) -> impl FnOnce(io::Error) -> StoreError {
    let place = url.to_owned();
    move |cause| StoreError::Io { what, place, cause }
}
