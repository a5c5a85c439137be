//! How an object store is reached, and who may write to it.
//!
//! What opens it is asked of the environment alone (`AWS_ACCESS_KEY_ID` and its like, the account of the container
//! or of the machine): an argument would be seen by everybody on the machine.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{BackoffConfig, Certificate, ClientOptions, Error, RetryConfig};

use super::blocks::BLOCK;

/// Slower than this, and a block is given up.
const MINIMUM_RATE: u64 = 64 * 1024;
/// For everything but the block itself.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of what a server says of a failure.
const WORDS: usize = 400;
/// Where the account of a machine is asked for when nothing else says who may write.
const ACCOUNT: &str = "/latest/api/token";

/// How it is reached.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The address of a server other than Amazon's. Only one that begins with `http://` is spoken to in the clear.
    pub endpoint: Option<String>,
    /// The region; nothing said, what the environment says.
    pub region: Option<String>,
    /// How often a request is made again where that may help.
    pub retries: u32,
    /// Before the first of these, each later pause is longer.
    pub pause: Duration,
    /// Further certificate authorities, PEM.
    pub authorities: Vec<Vec<u8>>,
}

impl Access {
    pub(super) fn open(&self, bucket: &str) -> Result<AmazonS3, Error> {
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_disable_bulk_delete(true);
        let is_open = self.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/')).with_virtual_hosted_style_request(false);
        }
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        let for_a_block = PATIENCE + Duration::from_secs(BLOCK as u64 / MINIMUM_RATE);
        let mut options = ClientOptions::new().with_allow_http(is_open).with_timeout(for_a_block);
        for pem in &self.authorities {
            options = options.with_root_certificate(Certificate::from_pem(pem)?);
        }
        let backoff = BackoffConfig { init_backoff: self.pause, ..BackoffConfig::default() };
        let retry_timeout = for_a_block + PATIENCE;
        let retry = RetryConfig { max_retries: self.retries as usize, backoff, retry_timeout };
        builder.with_client_options(options).with_retry(retry).build()
    }
}

/// What went wrong, on one line. It has addresses, states and what the server says, and never a key.
pub(super) fn reason(error: &Error) -> String {
    let said = error.to_string();
    if said.contains(ACCOUNT) {
        return "nobody has said who may write: AWS_ACCESS_KEY_ID is not set, and the machine has no account"
            .to_owned();
    }
    let said = said.strip_prefix("Generic S3 error: ").unwrap_or(&said);
    let words: Vec<&str> = said.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
