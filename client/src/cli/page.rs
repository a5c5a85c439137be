//! `consignee page`: the page in the browser, switched on and off, and the address that opens it once.

use clap::Args;
use jiff::Timestamp;

use super::complaint::Complaint;
use super::session::{Exit, Session};
use super::{agent, person};
use crate::host::portal;
use crate::portal::{BASE, service, tickets};
use crate::report;
use crate::site::Policy;

/// Open the page of this host in a browser: prints an address that logs you in, once, within a minute
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Switch it on, now and at every boot, on the port of policy.toml
    #[arg(long)]
    on: bool,
    /// Switch it off
    #[arg(long, conflicts_with = "on")]
    off: bool,
    /// Only the address, on stdout
    #[arg(long, conflicts_with_all = ["on", "off"])]
    url: bool,
    /// Serve it; started by systemd
    #[arg(long, hide = true, conflicts_with_all = ["on", "off", "url"])]
    serve: bool,
}

const EXAMPLES: &str = "\
Examples:
  sudo consignee page --on
  sudo consignee page
  sudo consignee page --url
  sudo consignee page --off

It answers on this host alone, at http://localhost:8080/. From another machine:
ssh -L 8080:localhost:8080 root@host";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        person::must_be_root()?;
        match (self.serve, self.on, self.off) {
            (true, _, _) => serve(session),
            (_, true, _) => switch(session, true),
            (_, _, true) => switch(session, false),
            _ => self.address(session),
        }
    }

    fn address(&self, session: &mut Session) -> Result<Exit, Complaint> {
        let failed = |cause: String| Complaint::Failed(cause);
        let port = portal::port(&session.places).map_err(|error| failed(error.to_string()))?;
        let port = port.ok_or(Complaint::PageOff)?;
        let code = tickets::issue(&session.places, &person::here(), Timestamp::now());
        let code = code.map_err(|cause| failed(format!("cannot make a code: {cause}")))?;
        let address = format!("http://localhost:{port}{BASE}/login#t={code}");
        match self.url {
            true => session.out.bytes(format!("{address}\n").as_bytes())?,
            false => session.out.page(&report::portal::address(&address, session.language))?,
        }
        Ok(Exit::Done)
    }
}

fn switch(session: &mut Session, on: bool) -> Result<Exit, Complaint> {
    let failed = |error: &dyn std::fmt::Display| Complaint::Failed(error.to_string());
    let port = match on {
        true => Some(Policy::read(&session.places).map_err(|error| failed(&error))?.page),
        false => None,
    };
    let switched = match port {
        Some(port) => portal::switch_on(&session.places, port),
        None => portal::switch_off(&session.places),
    };
    switched.map_err(|error| failed(&error))?;
    session.out.page(&report::portal::switched(port, session.language))?;
    Ok(Exit::Done)
}

fn serve(session: &Session) -> Result<Exit, Complaint> {
    agent::log_to_journal();
    let served = service::run(session.places.clone());
    served.map(|()| Exit::Done).map_err(|cause| Complaint::Failed(format!("cannot serve the page: {cause}")))
}
