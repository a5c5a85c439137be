//! The site's rules for a product: its own file's, and key by key the host's where that says nothing.

use std::collections::BTreeSet;
use std::path::Path;

use consign_metadata::name::ProductId;
use consign_metadata::version::Class;
use serde::Deserialize;
use toml::Spanned;

use super::checks::{Checks, ChecksTable};
use super::keep::{Keep, KeepTable};
use super::tell::{Said, Tell, TellTable};
use super::window::{Window, Windows};
use super::{Repair, SiteError, parse, text, wrong};
use crate::places::Places;

/// What the site wants of the upgrades of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The classes of change that may be installed when nobody is there; `None` where all may.
    pub unattended: Option<BTreeSet<Class>>,
    /// When the product may stop; `None` where it may at any time.
    pub window: Option<Windows>,
    /// Who is told of an outage.
    pub tell: Tell,
    /// Who puts right what an interrupted transaction has left.
    pub repair: Repair,
    /// How much each of the agent's own looks weighs.
    pub checks: Checks,
    /// How much of what one could go back to is kept.
    pub keep: Keep,
}

/// What one file says.
#[derive(Debug, Default)]
struct Own {
    unattended: Option<BTreeSet<Class>>,
    window: Option<Windows>,
    tell: Said,
    repair: Option<Repair>,
    checks: ChecksTable,
    keep: KeepTable,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            unattended: None,
            window: None,
            tell: Said::default().or(Said::default()),
            repair: Repair::Ask,
            checks: Checks::default(),
            keep: Keep::default(),
        }
    }
}

/// The keys and tables that both files may have.
pub(super) struct Tables {
    pub repair: Option<Repair>,
    pub unattended: Option<UnattendedTable>,
    pub window: Option<WindowTable>,
    pub tell: Option<TellTable>,
    pub checks: Option<ChecksTable>,
    pub keep: Option<KeepTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnattendedTable {
    classes: BTreeSet<Class>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowTable {
    allowed: Spanned<Vec<Spanned<String>>>,
}

impl Rules {
    /// The rules for a product; without files there are none.
    ///
    /// # Errors
    /// [`SiteError`]
    pub fn read(places: &Places, id: &ProductId) -> Result<Self, SiteError> {
        let host = match text(&places.policy())? {
            Some(text) => {
                Own::of(&places.policy(), &text, parse::<super::PolicyFile>(&places.policy(), &text)?.tables())?
            }
            None => Own::default(),
        };
        let path = places.site(id);
        let own = match text(&path)? {
            Some(text) => Own::of(&path, &text, parse::<super::ProductFile>(&path, &text)?.tables())?,
            None => Own::default(),
        };
        Ok(Self {
            unattended: own.unattended.or(host.unattended),
            window: own.window.or(host.window),
            tell: own.tell.or(host.tell),
            repair: own.repair.or(host.repair).unwrap_or_default(),
            checks: own.checks.or(host.checks),
            keep: own.keep.or(host.keep),
        })
    }
}

impl Own {
    fn of(path: &Path, text: &str, tables: Tables) -> Result<Self, SiteError> {
        Ok(Self {
            repair: tables.repair,
            unattended: tables.unattended.map(|table| table.classes),
            window: tables.window.map(|table| table.windows(path, text)).transpose()?,
            tell: tables.tell.map(|table| table.check(path, text)).transpose()?.unwrap_or_default(),
            checks: tables.checks.unwrap_or_default(),
            keep: tables.keep.map(|table| table.check(path, text)).transpose()?.unwrap_or_default(),
        })
    }
}

impl WindowTable {
    fn windows(self, path: &Path, text: &str) -> Result<Windows, SiteError> {
        let mut windows = Vec::new();
        for line in self.allowed.get_ref() {
            let window = line.get_ref().parse::<Window>();
            windows.push(window.map_err(|problem| wrong(path, text, line.span(), problem))?);
        }
        Windows::of(windows).ok_or_else(|| {
            let problem = "no window is allowed, so nothing ever could be installed; leave [window] out, or name one";
            wrong(path, text, self.allowed.span(), problem.to_owned())
        })
    }
}
