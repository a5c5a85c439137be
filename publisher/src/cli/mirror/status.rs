//! `consign mirror status`: how a mirror is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::{SpanRound, Timestamp, Unit};

use super::failed;
use crate::cli::{Failure, Outcome, say};
use crate::file::OnFile;
use crate::mirror::{self, Freshness, Memory, Mirror, Missed, Packer, Pin, Selection};

/// Where the service of `consign mirror serve --unit` keeps it.
const MISSED: &str = "/var/lib/consign-mirror/missed.json";

/// Show how old a mirror is, until when hosts believe it, and what it carries. Asks nobody.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror status /srv/mirror
  consign mirror status /srv/mirror --log /var/log/nginx/access.log
  consign mirror status /srv/mirror --json

Exit status: 0 hosts believe every channel, 1 it could not be looked, 3 hosts do not believe one.")]
pub struct Status {
    /// The mirror: a folder
    folder: PathBuf,
    /// The access log of its web server: says which packages hosts asked for in vain
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// The same as consign mirror serve keeps it [default: that of its service, if there is one]
    #[arg(long, value_name = "FILE")]
    missed: Option<PathBuf>,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
}

impl Status {
    pub fn run(self) -> Outcome {
        let mirror = Mirror::at(&self.folder);
        let log = self.log.as_ref().map(|path| std::fs::read(path).on("read", path)).transpose()?;
        let mut in_vain = log.map(|bytes| mirror::in_vain(&String::from_utf8_lossy(&bytes))).unwrap_or_default();
        in_vain.extend(Missed::read(self.missed.as_deref().unwrap_or(Path::new(MISSED))).map_err(failed)?);
        let now = Timestamp::now();
        let channels = mirror::status(&mirror, &in_vain, now).map_err(failed)?;
        let memory = Memory::load(&self.folder).map_err(failed)?;
        if self.json {
            say(report(&channels, memory.as_ref()));
        } else {
            memory.iter().for_each(pinned);
            channels.iter().for_each(|status| show(status, now));
        }
        if channels.is_empty() {
            let nothing = format!(
                "{} shows nothing yet: its first sync or import did not come to its end",
                self.folder.display()
            );
            return Err(Failure::refused(nothing).hint("the same sync or import, typed again, goes on"));
        }
        let doubtful = channels.iter().find(|status| status.freshness != Freshness::Good);
        doubtful.map_or(Ok(()), |status| Err(refusal(status)))
    }
}

/// The channels, and what the mirror goes by; the certificate is long, and in the mirror.
fn report(channels: &[mirror::Status], memory: Option<&Memory>) -> serde_json::Value {
    let mut report = serde_json::json!({ "channels": channels });
    if let Some(Memory { upstream, url, pin, selection, packed_by, .. }) = memory {
        let Pin { vendor, primary, roles, minimum_generation, .. } = pin;
        report["upstream"] = serde_json::json!(upstream);
        report["url"] = serde_json::json!(url);
        report["selection"] = serde_json::json!(selection);
        report["packed_by"] = serde_json::json!(packed_by.as_ref().map(Packer::keys));
        report["pin"] = serde_json::json!({
            "vendor": vendor, "primary": primary, "roles": roles, "minimum_generation": minimum_generation,
        });
    }
    report
}

fn pinned(memory: &Memory) {
    let Pin { vendor, primary, minimum_generation, .. } = &memory.pin;
    say(format_args!("{vendor}, by its primary key {primary}, from {}", memory.upstream));
    for (channel, generation) in minimum_generation {
        say(format_args!("  {channel}: nothing below generation {generation}"));
    }
    if let Some(packer) = &memory.packed_by {
        let keys: Vec<_> = packer.keys().iter().map(ToString::to_string).collect();
        say(format_args!("  media are taken if one of these keys has signed them: {}", keys.join(", ")));
    }
    let Selection { products, architectures, formats } = &memory.selection;
    let products = products.iter().map(ToString::to_string).collect();
    let of = |set: &BTreeSet<String>| set.iter().cloned().collect();
    for (what, only) in [("products", products), ("architectures", of(architectures)), ("formats", of(formats))] {
        let only: Vec<String> = only;
        if !only.is_empty() {
            say(format_args!("  carried are only the {what} {}", only.join("; ")));
        }
    }
}

fn show(status: &mirror::Status, now: Timestamp) {
    let mirror::Status { channel, generation, issued, expires, asked, listed, carried, bytes, missed, .. } = status;
    say(format_args!("{channel}: generation {generation} of {issued}, made {} ago", span(*issued, now)));
    if *expires > now {
        say(format_args!("  hosts believe it until {expires}, for another {}", span(now, *expires)));
    } else {
        say(format_args!("  it expired on {expires}, {} ago", span(*expires, now)));
    }
    say(format_args!("  the vendor was last asked on {asked}"));
    say(format_args!("  {carried} of {listed} packages are here, {} MB", bytes.div_ceil(1_000_000)));
    for (path, times) in missed {
        say(format_args!("  hosts asked {times} times for {path}, which is not carried"));
    }
}

/// In days and hours.
fn span(from: Timestamp, to: Timestamp) -> String {
    let hours = SpanRound::new().largest(Unit::Hour).smallest(Unit::Hour);
    let hours = from.until(to).and_then(|span| span.round(hours)).map_or(0, |span| span.get_hours().unsigned_abs());
    match hours {
        0..48 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    }
}

fn refusal(status: &mirror::Status) -> Failure {
    let (channel, asked) = (&status.channel, status.asked);
    match status.freshness {
        Freshness::NotAsked => {
            Failure::refused(format!("channel {channel} has expired, and nobody has asked the vendor since {asked}"))
                .hint("consign mirror sync")
        }
        Freshness::NotRenewed => Failure::refused(format!(
            "channel {channel} has expired, and the vendor's server showed nothing newer on {asked}"
        ))
        .hint("ask the vendor: its pipeline stands still, or somebody shows you an old copy"),
        _ => Failure::refused(format!("channel {channel} is from the future: the clock of this machine is wrong")),
    }
}
