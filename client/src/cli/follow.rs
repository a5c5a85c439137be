//! `consignee follow`: an upgrade live, until it ends or needs a person.

use std::time::Duration;

use clap::Args;
use consign_metadata::name::ProductId;

use super::complaint::Complaint;
use super::session::{Exit, Session};
use crate::engine::machine::Upgrade;
use crate::host;
use crate::product::Product;
use crate::report::follower::Follower;
use crate::report::page::{Page, Style};
use crate::report::say;
use crate::report::state::{self, Standing};
use crate::report::status::Overview;

/// How often the journals are looked at.
pub const TURN: Duration = Duration::from_millis(200);

/// Show an upgrade live, until it ends or needs a person; it goes on without you when you leave
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Only this product, as vendor/product; else every one that is being upgraded
    product: Option<ProductId>,
}

const EXAMPLES: &str = "\
Examples:
  consignee follow
  consignee follow acme/erp

Exit status: as that of consignee status, when the following ends";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        let products = session.products(self.product.as_ref())?;
        let mut watched = watched(&products, self.product.is_some())?;
        if watched.is_empty() {
            let mut page = Page::default();
            let language = session.language;
            page.add(0, Style::Plain, say!(language, "nothing is under way", "rien n'est en cours"));
            session.out.page(&page)?;
            return Ok(Overview::of(&products)?.standing().into());
        }
        while show(&mut watched, session)? {
            std::thread::sleep(TURN);
        }
        finish(&watched, session)
    }
}

/// A product and the reader of its newest upgrade.
pub struct Watched {
    /// The product.
    pub product: Product,
    /// Its reader.
    pub follower: Follower,
}

/// The upgrades that are under way; of a product that was named also one that is not.
fn watched(products: &[Product], named: bool) -> Result<Vec<Watched>, Complaint> {
    let mut found = Vec::new();
    for product in products {
        match product.newest()? {
            Some(upgrade) if named || is_moving(&upgrade) => {
                let follower = Follower::new(product, upgrade.header.upgrade);
                found.push(Watched { product: product.clone(), follower });
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Shows what is new; whether anything may still come by itself.
pub fn show(watched: &mut [Watched], session: &mut Session) -> Result<bool, Complaint> {
    let many = watched.len() > 1;
    for Watched { product, follower } in watched.iter_mut() {
        let mut page = follower.poll(session.language, &session.zone)?;
        for line in page.lines.iter_mut().filter(|_| many) {
            line.text = format!("{}  {}", product.id, line.text);
        }
        session.out.page(&page)?;
    }
    Ok(watched.iter().any(|watched| watched.follower.upgrade().is_none_or(is_moving)))
}

/// Says how it ended and what to type; the exit status is that of `status`.
pub fn finish(watched: &[Watched], session: &mut Session) -> Result<Exit, Complaint> {
    let products: Vec<_> = watched.iter().map(|watched| watched.product.clone()).collect();
    let overview = Overview::of(&products)?.with_packages(&*host::package_manager(&session.places));
    let mut page = Page::default();
    page.add(0, Style::Plain, "");
    page.append(0, overview.page(session.language, &session.zone));
    session.out.page(&page)?;
    Ok(overview.standing().into())
}

fn is_moving(upgrade: &Upgrade) -> bool {
    state::standing(&upgrade.state) == Standing::UnderWay
}
