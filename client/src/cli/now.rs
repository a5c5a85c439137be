//! `consignee now`: a release may be installed outside the maintenance windows, and with nobody there.

use std::time::Duration;

use clap::Args;
use consign_metadata::name::ProductId;
use consign_metadata::text::Language;

use super::complaint::Complaint;
use super::person;
use super::session::{Exit, Session};
use crate::conversation;
use crate::engine::event::Reason;
use crate::engine::machine::{State, Upgrade};
use crate::report::page::{Page, Style};
use crate::report::{advice, reason, say};
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
        if let Some(upgrade) = product.newest()?.filter(|upgrade| upgrade.unmet().iter().any(Reason::is_out_of_reach)) {
            session.out.page(&held(&upgrade, session.language))?;
            return Ok(Exit::Waits);
        }
        let request = Request::Now { product: product.id.clone(), by: person::here() };
        if let Reply::Failed { cause } = conversation::ask(&session.places, &request, LIMIT)? {
            return Err(Complaint::Failed(cause));
        }
        let upgrade = product.newest()?.ok_or_else(|| Complaint::NoUpgrade(product.id.clone()))?;
        session.out.page(&noted(&upgrade, session.language))?;
        Ok(if upgrade.state == State::Cleared { Exit::Done } else { Exit::Waits })
    }
}

fn noted(upgrade: &Upgrade, language: Language) -> Page {
    let (mut page, to) = (Page::default(), &upgrade.header.to);
    if upgrade.state != State::Cleared {
        let line = say!(
            language,
            "noted: no window holds {to} any more",
            "c'est noté : plus aucune fenêtre ne retient la version {to}"
        );
        page.add(0, Style::Plain, line);
        // What the gates ask for is asked for all the same.
        page.append(0, held(upgrade, language));
        return page;
    }
    let line = say!(
        language,
        "{to} may be installed at any time; later releases are held to the windows again",
        "la version {to} peut être installée à tout moment ; les suivantes attendront de nouveau les fenêtres"
    );
    page.add(0, Style::Good, line);
    advice::show(&mut page, &advice::on_upgrade(upgrade, language), language);
    page
}

fn held(upgrade: &Upgrade, language: Language) -> Page {
    let (mut page, to) = (Page::default(), &upgrade.header.to);
    page.add(
        0,
        Style::Warning,
        say!(language, "{to} is held for other reasons:", "la version {to} est retenue pour d'autres raisons :"),
    );
    for reason in upgrade.unmet() {
        page.add(2, Style::Plain, format!("- {}", reason::sentence(reason, language)));
    }
    advice::show(&mut page, &advice::on_upgrade(upgrade, language), language);
    page
}
