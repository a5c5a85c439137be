//! How to see that the product works after it was started.

use super::spanned::Spanned;
use consign_metadata::plan::{HealthCheck, Step};

use super::account::UserName;
use super::authored;
use super::command::{self, Known};
use super::error::Fault;
use super::steps::seconds;

const WITHIN: u32 = 60;
const STABLE: u32 = 5;

/// The health step of the plan: every check, and the longest of their times.
pub(super) fn validate(entries: &[Spanned<authored::Health>], known: &Known<'_>) -> Result<Step, Fault> {
    let mut checks = Vec::new();
    let (mut within_seconds, mut stable_seconds) = (0, 0);
    for entry in entries {
        checks.push(check(entry, known)?);
        within_seconds = within_seconds.max(seconds(entry.get_ref().within, WITHIN));
        stable_seconds = stable_seconds.max(seconds(entry.get_ref().stable, STABLE));
    }
    if entries.is_empty() {
        (within_seconds, stable_seconds) = (WITHIN, STABLE);
    }
    Ok(Step::Health { checks, within_seconds, stable_seconds })
}

/// What one entry wants to hold.
pub(super) fn check(entry: &Spanned<authored::Health>, known: &Known<'_>) -> Result<HealthCheck, Fault> {
    let health = entry.get_ref();
    let check = match (&health.http, &health.tcp, &health.command) {
        (Some(url), None, None) => HealthCheck::Http { url: http(url)? },
        (None, Some(address), None) => HealthCheck::Tcp { address: tcp(address)? },
        (None, None, Some(words)) => {
            command::absolute(words)?;
            let user = health.user.clone().unwrap_or_else(UserName::root).into();
            HealthCheck::Command { command: command::validate(words, known)?, user }
        }
        _ => return Err(Fault::at(entry.span(), "a health entry has exactly one of http, tcp and command")),
    };
    if health.user.is_some() && health.command.is_none() {
        return Err(Fault::at(entry.span(), "only a command has a user"));
    }
    Ok(check)
}

fn http(url: &Spanned<String>) -> Result<String, Fault> {
    let text = url.get_ref();
    if !text.starts_with("http://") || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Fault::at(url.span(), format!("{text:?} is not a plain http:// address"))
            .help("health is checked on the host itself, as in http://127.0.0.1:8080/health"));
    }
    Ok(text.clone())
}

fn tcp(address: &Spanned<String>) -> Result<String, Fault> {
    let text = address.get_ref();
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0) => Ok(text.clone()),
        _ => Err(Fault::at(address.span(), format!("{text:?} is not host:port, as in 127.0.0.1:5432"))),
    }
}
