//! `consign key list`: which keys there are, which sign, and until when they are good.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::super::{Outcome, say, tell};
use super::refused;
use crate::sign::Turn;
use crate::sign::expiry::Life;
use crate::sign::key_set::{KeySet, ListedKey};

/// Show which keys there are, which sign, and until when they are good.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign key list
  consign key list --folder secrets --json")]
pub struct List {
    /// The folder of the keys
    #[arg(long, default_value = "keys")]
    folder: PathBuf,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
}

impl List {
    pub fn run(self) -> Outcome {
        let keys = KeySet::load(&self.folder).map_err(refused)?;
        show(&keys, self.json)
    }
}

/// Writes the keys and where a rotation stands.
pub fn show(keys: &KeySet, json: bool) -> Outcome {
    let (listed, primary) = (keys.list().map_err(refused)?, keys.primary_life().map_err(refused)?);
    let now = Timestamp::now();
    for warning in keys.warnings(now).map_err(refused)? {
        tell(format_args!("warning: {warning}"));
    }
    if json {
        say(as_json(keys, &listed, primary));
        return Ok(());
    }
    say(format_args!("{}: {}", keys.roles.vendor, keys.phase().sentence()));
    let dates = primary.map(|life| dates(&life, now)).unwrap_or_default();
    say(format_args!("  primary {}  {dates}", keys.roles.primary));
    for one in &listed {
        say(format_args!("  {:<7} {}  {}, {}", one.role.as_str(), one.key, dates_of(one, now), what(one)));
    }
    Ok(())
}

fn dates_of(one: &ListedKey, now: Timestamp) -> String {
    dates(&one.life, now)
}

fn dates(life: &Life, now: Timestamp) -> String {
    let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
    let end = match life.expires {
        None => "never expires".to_owned(),
        Some(on) if on <= now => format!("expired {}", day(on)),
        Some(on) => format!("expires {}", day(on)),
    };
    let revoked = if life.revoked { ", revoked" } else { "" };
    format!("created {}, {end}{revoked}", day(life.created))
}

fn what(one: &ListedKey) -> String {
    match &one.file {
        Some((Turn::Current, path)) => format!("signs ({})", path.display()),
        Some((Turn::Next, path)) => format!("will sign ({})", path.display()),
        Some((Turn::Old, path)) => format!("signs beside the new one ({})", path.display()),
        None => "its secret is not here".to_owned(),
    }
}

fn as_json(keys: &KeySet, listed: &[ListedKey], primary: Option<Life>) -> serde_json::Value {
    let life =
        |life: &Life| serde_json::json!({ "created": life.created, "expires": life.expires, "revoked": life.revoked });
    let one = |one: &ListedKey| {
        let mut value = life(&one.life);
        value["key"] = one.key.as_str().into();
        value["role"] = one.role.as_str().into();
        value["turn"] = match one.file.as_ref().map(|(turn, _)| turn) {
            Some(Turn::Current) => "current".into(),
            Some(Turn::Next) => "next".into(),
            Some(Turn::Old) => "old".into(),
            None => serde_json::Value::Null,
        };
        value["file"] = one.file.as_ref().map(|(_, path)| path.display().to_string()).into();
        value
    };
    let phase = format!("{:?}", keys.phase()).to_lowercase();
    let mut primary_key = primary.as_ref().map(life).unwrap_or_default();
    primary_key["key"] = keys.roles.primary.as_str().into();
    serde_json::json!({
        "vendor": keys.roles.vendor, "phase": phase, "primary": primary_key,
        "keys": listed.iter().map(one).collect::<Vec<_>>(),
    })
}
