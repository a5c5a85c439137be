//! Where the page in the browser is: `[page]`.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::{SiteError, wrong};

/// What many programs on a server take; that is why it can be chosen.
pub const PORT: u16 = 8080;

/// What the file of the host says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageTable {
    port: Option<Spanned<u16>>,
}

impl PageTable {
    /// The port.
    ///
    /// # Errors
    /// [`SiteError::Wrong`] where nobody could find it.
    pub(super) fn port(self, path: &Path, text: &str) -> Result<u16, SiteError> {
        match self.port {
            Some(port) if *port.get_ref() == 0 => {
                Err(wrong(path, text, port.span(), "it is at least 1; browsers go to that very port".to_owned()))
            }
            port => Ok(port.map_or(PORT, Spanned::into_inner)),
        }
    }
}
