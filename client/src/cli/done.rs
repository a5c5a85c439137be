//! `consignee done`: a person says that a task is done; before an upgrade the hold is looked at again, in
//! the middle of one it goes on.

use clap::Args;
use consign_metadata::name::{Label, ProductId};

use super::acknowledge::look;
use super::complaint::Complaint;
use super::decide::decide;
use super::person;
use super::session::{Exit, Session};
use crate::engine::event::Reason;
use crate::engine::machine::{State, Upgrade};
use crate::library;
use crate::report::acknowledging::Given;
use crate::request::Decision;

/// Say that you have done a task that an upgrade asks of a person; you answer for it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The product, as vendor/product
    product: ProductId,
    /// The tasks, by name
    #[arg(required = true, value_name = "TASK")]
    tasks: Vec<Label>,
}

const EXAMPLES: &str = "\
Examples:
  sudo consignee done acme/erp move-dns
  sudo consignee done acme/erp snapshot tell-the-users";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        person::must_be_root()?;
        let product = session.product(&self.product)?;
        let upgrade = product.newest()?.ok_or_else(|| Complaint::NoUpgrade(product.id.clone()))?;
        if let (Some(waiting), [task]) = (waiting_for(&upgrade), &self.tasks[..])
            && waiting == task.as_str()
        {
            return decide(session, &product, Decision::Done { task: task.clone() });
        }
        let open = upgrade.unmet();
        let ticked = self.tasks.iter().map(|task| named(open, task).ok_or_else(|| not_open(&upgrade, task)));
        let ticked: Vec<Reason> = ticked.collect::<Result<_, _>>()?;
        library::acknowledge(&product, &upgrade.header.to, &ticked, &person::here())?;
        look(session, &product, &upgrade, Given::Task)
    }
}

fn waiting_for(upgrade: &Upgrade) -> Option<&str> {
    let State::Waiting { item } = upgrade.state else { return None };
    let item = upgrade.header.items.get(item)?;
    item.task.as_ref().map(|_| item.name.as_str())
}

fn named(open: &[Reason], task: &Label) -> Option<Reason> {
    open.iter().find(|reason| matches!(reason, Reason::TaskOpen { id, .. } if id == task)).cloned()
}

fn not_open(upgrade: &Upgrade, task: &Label) -> Complaint {
    let before = upgrade.unmet().iter().filter_map(|reason| match reason {
        Reason::TaskOpen { id, .. } => Some(id.to_string()),
        _ => None,
    });
    let open = before.chain(waiting_for(upgrade).map(str::to_owned)).collect();
    Complaint::NoTask { product: upgrade.header.product.clone(), task: task.to_string(), open }
}
