//! How packages are signed for Windows, and whose signature they must carry.

use std::path::PathBuf;

use super::authored;
use crate::manifest::error::Fault;
use crate::manifest::files::{Ground, one_line};
use crate::manifest::product::web_address;

/// `[windows]`
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct WindowsSigning {
    pub certificate: PathBuf,
    pub time_stamp: Option<String>,
    pub time_stamp_certificate: Option<PathBuf>,
    /// What hosts take, where that is not `certificate`.
    pub pinned: Option<PathBuf>,
    /// Another program than `osslsigncode`.
    pub sign: Option<Vec<String>>,
}

impl authored::WindowsSigning {
    pub(in crate::manifest) fn validate(&self, ground: &Ground) -> Result<WindowsSigning, Fault> {
        let words = |words: &crate::manifest::Spanned<Vec<crate::manifest::Spanned<String>>>| {
            let all: Vec<String> =
                words.get_ref().iter().map(|word| one_line(word, "a word")).collect::<Result<_, _>>()?;
            match all.iter().any(|word| word.contains("{output}")) {
                true => Ok(all),
                false => Err(Fault::at(words.span(), "no word of it is {output}, the file that it has to sign")),
            }
        };
        Ok(WindowsSigning {
            certificate: ground.existing(&self.certificate)?,
            time_stamp: self.time_stamp.as_ref().map(web_address).transpose()?,
            time_stamp_certificate: self.time_stamp_certificate.as_ref().map(|p| ground.existing(p)).transpose()?,
            pinned: self.pinned.as_ref().map(|path| ground.existing(path)).transpose()?,
            sign: self.sign.as_ref().map(words).transpose()?,
        })
    }
}
