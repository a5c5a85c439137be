//! Who is told of an outage: `[tell]`.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::{SiteError, wrong};

/// Whom a program runs as where the site does not say: somebody who owns nothing.
const NOBODY: &str = "nobody";

/// The ways on which people are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tell {
    /// All terminals of the host.
    pub wall: bool,
    /// A program of the site's and its arguments, the news on its standard input.
    pub program: Option<Vec<String>>,
    /// The user that it runs as.
    pub user: String,
    /// An address that the news are posted to.
    pub web_hook: Option<WebHook>,
}

/// Where the address of a web hook is.
#[derive(Clone, PartialEq, Eq)]
pub enum WebHook {
    /// Here.
    Address(String),
    /// In the first line of a file that only root can read, HTTP headers in those after it.
    File(PathBuf),
}

// An address may be a secret, and what is debugged ends up in logs.
impl fmt::Debug for WebHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(_) => f.write_str("Address(..)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// What one file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TellTable {
    wall: Option<bool>,
    program: Option<Spanned<Vec<String>>>,
    user: Option<Spanned<String>>,
    web_hook: Option<Spanned<String>>,
    web_hook_file: Option<Spanned<PathBuf>>,
}

/// The keys of one file, checked.
#[derive(Debug, Default)]
pub(super) struct Said {
    wall: Option<bool>,
    program: Option<Vec<String>>,
    user: Option<String>,
    web_hook: Option<WebHook>,
}

impl Said {
    /// Together with what the host's file says, key by key.
    pub fn or(self, host: Self) -> Tell {
        Tell {
            wall: self.wall.or(host.wall).unwrap_or(true),
            program: self.program.or(host.program),
            user: self.user.or(host.user).unwrap_or_else(|| NOBODY.to_owned()),
            web_hook: self.web_hook.or(host.web_hook),
        }
    }
}

impl TellTable {
    pub fn check(self, path: &Path, text: &str) -> Result<Said, SiteError> {
        let wrong = |span, problem: &str| wrong(path, text, span, problem.to_owned());
        if let Some(program) = &self.program
            && !program.get_ref().first().is_some_and(|name| name.starts_with('/'))
        {
            return Err(wrong(program.span(), "a program and its arguments, as in [\"/usr/local/bin/tell\", \"erp\"]"));
        }
        if let Some(user) = self.user.as_ref().filter(|user| user.get_ref().is_empty()) {
            return Err(wrong(user.span(), "the name of a user is missing"));
        }
        if let (Some(_), Some(file)) = (&self.web_hook, &self.web_hook_file) {
            return Err(wrong(file.span(), "web_hook is given, too; only one of them can be"));
        }
        if let Some(address) = self.web_hook.as_ref().filter(|address| !is_address(address.get_ref())) {
            return Err(wrong(address.span(), ADDRESS));
        }
        if let Some(file) = self.web_hook_file.as_ref().filter(|file| !file.get_ref().is_absolute()) {
            return Err(wrong(file.span(), "the path of a file begins with /"));
        }
        let address = self.web_hook.map(|address| WebHook::Address(address.into_inner()));
        let file = self.web_hook_file.map(|file| WebHook::File(file.into_inner()));
        Ok(Said {
            wall: self.wall,
            program: self.program.map(Spanned::into_inner),
            user: self.user.map(Spanned::into_inner),
            web_hook: address.or(file),
        })
    }
}

/// What an address must be; it is never repeated.
pub const ADDRESS: &str = "an address begins with https://, or with http://127.0.0.1 or http://localhost for a \
    program on this host";

/// Whether news may be sent there: encrypted, or not over any network.
pub fn is_address(address: &str) -> bool {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let ends = |rest: &str| rest.is_empty() || rest.starts_with([':', '/']);
    let is_local = || local.iter().any(|host| address.strip_prefix(host).is_some_and(ends));
    !address.chars().any(|c| c.is_control() || c.is_whitespace())
        && (address.strip_prefix("https://").is_some_and(|rest| !rest.is_empty()) || is_local())
}
