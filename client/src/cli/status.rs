//! `consignee status`: what is installed, offered, held and under way.

use clap::Args;
use consign_metadata::name::ProductId;
use jiff::Timestamp;

use super::complaint::Complaint;
use super::session::{Exit, Session};
use crate::host;
use crate::notice::{self, Notice};
use crate::report::page::{Page, Style};
use crate::report::say;
use crate::report::status::Overview;
use crate::trust::Trust;

/// What is installed, offered, held and under way, and what to type next
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Only this product, as vendor/product
    product: Option<ProductId>,
    /// Answer with JSON on stdout
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  consignee status
  consignee status acme/erp
  consignee status acme/erp --json

Exit status:
  0 all is well   3 something is held or waits for a person
  4 something halted, is stuck or damaged   5 under way";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        let products = session.products(self.product.as_ref())?;
        let mut notices = notices(session);
        notices.retain(|notice| self.product.as_ref().is_none_or(|product| product.vendor == *notice.vendor()));
        let overview = Overview::of(&products)?
            .with_packages(&*host::package_manager(&session.places))
            .with(notices)
            .on_host(&session.places);
        if self.json {
            session.out.json(&overview.report())?;
        } else {
            if products.is_empty() {
                session.out.page(&nothing(session))?;
            }
            session.out.page(&overview.page(session.language, &session.zone))?;
        }
        Ok(overview.standing().into())
    }
}

/// What concerns a vendor as a whole. Anchors that cannot be read are told where a product needs them.
fn notices(session: &Session) -> Vec<Notice> {
    let trust = Trust::read(&session.places);
    trust.map(|trust| notice::all(&session.places, &trust, Timestamp::now())).unwrap_or_default()
}

fn nothing(session: &Session) -> Page {
    let mut page = Page::default();
    let language = session.language;
    page.add(
        0,
        Style::Plain,
        say!(language, "no product is managed on this host yet", "aucun produit n'est encore géré sur cet hôte"),
    );
    page
}
