//! How the vendor's server is asked, as options.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reqwest::Url;

use crate::cli::Failure;
use crate::file::OnFile;
use crate::mirror::Manner;

/// Options of commands that read a repository on the web. A proxy is what `HTTPS_PROXY`, `HTTP_PROXY` and
/// `NO_PROXY` say.
#[derive(Debug, Args)]
pub struct Asking {
    /// Receive at most so many bytes a second, such as 500k or 2M
    #[arg(long, value_name = "BYTES", value_parser = amount)]
    limit_rate: Option<u64>,
    /// Fetch so many files at once
    #[arg(long, default_value_t = Manner::default().lanes, value_name = "NUMBER")]
    lanes: usize,
    /// Ask so many times again where that may help
    #[arg(long, default_value_t = Manner::default().retries, value_name = "NUMBER")]
    retries: u32,
    /// Give a file up after so many seconds; a large one has more, by 64 KiB a second
    #[arg(long, default_value_t = Manner::default().deadline.as_secs(), value_name = "SECONDS")]
    deadline: u64,
    /// Believe this certificate authority as well: a PEM file
    #[arg(long = "ca", value_name = "FILE")]
    authorities: Vec<PathBuf>,
    /// Follow the server when it sends to this one
    #[arg(long, value_name = "HOST")]
    allow_server: Vec<String>,
}

impl Asking {
    /// As the mirror takes it.
    pub fn manner(self) -> Result<Manner, Failure> {
        let read = |path: &PathBuf| std::fs::read(path).on("read", path);
        let deadline = Duration::from_secs(self.deadline);
        Ok(Manner {
            retries: self.retries,
            deadline,
            stall: Manner::default().stall.min(deadline),
            rate: self.limit_rate,
            lanes: self.lanes,
            elsewhere: self.allow_server.into_iter().collect(),
            authorities: self.authorities.iter().map(read).collect::<Result<_, _>>()?,
            ..Manner::default()
        })
    }
}

/// Bytes, with `k`, `M` or `G` for thousands, millions and thousands of millions.
pub(super) fn amount(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1_000),
        Some((at, 'm' | 'M')) => (&text[..at], 1_000_000),
        Some((at, 'g' | 'G')) => (&text[..at], 1_000_000_000),
        _ => (text, 1),
    };
    let number: u64 = digits.parse().map_err(|_| format!("{text:?} is no number of bytes, such as 500k or 2M"))?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or_else(|| format!("{text:?} is no number of bytes"))
}

/// Where hosts find something: what dnf cannot read as an address would be written into its lists as well.
pub(super) fn address(text: &str) -> Result<String, String> {
    let bad = || format!("{text:?} is no address, such as http://mirror.site.example/acme");
    let url = Url::parse(text).map_err(|_| bad())?;
    let is_known = matches!(url.scheme(), "http" | "https") && url.has_host() || url.scheme() == "file";
    if is_known { Ok(text.to_owned()) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use super::{address, amount};

    #[test]
    fn an_address_has_a_scheme() {
        for good in ["http://mirror.site.example/acme", "https://[::1]:8443/", "file:///srv/mirror"] {
            assert_eq!(address(good).unwrap(), good);
        }
        for bad in ["mirror.site.example/acme", "localhost:8080/acme", "", "/srv/mirror", "ftp://mirror.site.example"] {
            assert!(address(bad).unwrap_err().contains("is no address"), "{bad}");
        }
    }

    #[test]
    fn an_amount_may_have_a_unit() {
        assert_eq!(["7", "500k", "2M"].map(|text| amount(text).unwrap()), [7, 500_000, 2_000_000]);
        assert!(["", "k", "0", "1T", "-1"].into_iter().all(|text| amount(text).is_err()));
    }
}
