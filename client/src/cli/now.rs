//! `consignee now`: a release may be installed outside the maintenance windows, and with nobody there.

use std::time::Duration;

use clap::Args;
use consign_metadata::name::ProductId;

use super::complaint::Complaint;
use super::person;
use super::session::{Exit, Session};
use crate::conversation;
use crate::engine::machine::State;
use crate::report::page::{Page, Style};
use crate::report::{advice, say};
use crate::request::{Reply, Request};

/// Long enough for a service that is busy with another product.
const LIMIT: Duration = Duration::from_secs(60);

/// Let what is offered be installed outside the maintenance windows, and by anybody
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sudo consignee now acme/erp")]
pub struct Arguments {
    /// The product, as vendor/product
    product: ProductId,
}

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        person::must_be_root()?;
        let product = session.product(&self.product)?;
        let request = Request::Now { product: product.id.clone(), by: person::here() };
        if let Reply::Failed { cause } = conversation::ask(&session.places, &request, LIMIT)? {
            return Err(Complaint::Failed(cause));
        }
        let upgrade = product.newest()?.ok_or_else(|| Complaint::NoUpgrade(product.id.clone()))?;
        let (mut page, language, to) = (Page::default(), session.language, &upgrade.header.to);
        let line = say!(
            language,
            "{to} may be installed at any time; later releases are held to the windows again",
            "la version {to} peut être installée à tout moment ; les suivantes attendront de nouveau les fenêtres"
        );
        page.add(0, Style::Good, line);
        // What the gates ask for is asked for all the same.
        advice::show(&mut page, &advice::on_upgrade(&upgrade, language), language);
        session.out.page(&page)?;
        Ok(if upgrade.state == State::Cleared { Exit::Done } else { Exit::Waits })
    }
}
