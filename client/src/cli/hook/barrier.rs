//! `consignee hook barrier`: puts a transaction to the service, shows the preparation, words a refusal.

use std::io::{self, BufRead};
use std::path::PathBuf;

use jiff::Timestamp;

use super::super::complaint::Complaint;
use super::super::follow::{self, TURN, Watched};
use super::super::person;
use super::super::session::{Exit, Session};
use crate::conversation::{self, Conversation};
use crate::product::Product;
use crate::report::follower::Follower;
use crate::report::offers::{self, Refused};
use crate::request::{PackageAction, Reply, Request};

/// What the hook writes instead of a path.
const CONFIGURE: &str = "**CONFIGURE**";
const REMOVE: &str = "**REMOVE**";

pub fn run(session: &mut Session) -> Result<Exit, Complaint> {
    let actions = actions(&mut session.input)?;
    verdict(session, &Request::Barrier { actions, attended: person::is_there() }, Refused::Transaction)
}

/// Asks, shows the preparation while it is made, and words the verdict.
pub fn verdict(session: &mut Session, request: &Request, refused: Refused) -> Result<Exit, Complaint> {
    let begun = Timestamp::now();
    let mut conversation = Conversation::start(&session.places, request)?;
    let mut watched = Vec::new();
    let reply = loop {
        match conversation.next(TURN)? {
            Some(Reply::Working { product, upgrade }) if session.out.is_terminal() => {
                let product = Product::new(&session.places, product);
                let follower = Follower::since(&product, upgrade, begun);
                watched.extend(follower.ok().map(|follower| Watched { product, follower }));
            }
            Some(Reply::Fetching { product, bytes }) if session.out.is_terminal() => {
                let page = offers::fetching(&product, bytes, session.language);
                let _ = session.out.page(&page);
            }
            Some(Reply::Told { product, reasons }) => {
                let _ = session.out.page(&offers::told(&product, &reasons, session.language));
            }
            Some(reply) if conversation::is_last(&reply) => break reply,
            _ => {}
        }
        show(&mut watched, session);
    };
    show(&mut watched, session);
    answer(session, reply, refused)
}

fn answer(session: &mut Session, reply: Reply, refused: Refused) -> Result<Exit, Complaint> {
    match reply {
        Reply::Refuse { refusals } => {
            session.err.page(&offers::refusal(refused, &refusals, session.language))?;
            Ok(Exit::Failed)
        }
        Reply::Failed { cause } => Err(Complaint::Failed(cause)),
        _ => Ok(Exit::Done),
    }
}

// The verdict does not hang on whether anybody could be shown how it came about.
fn show(watched: &mut [Watched], session: &mut Session) {
    let _ = follow::show(watched, session);
}

fn actions(input: &mut dyn BufRead) -> Result<Vec<PackageAction>, Complaint> {
    let unread = |cause: io::Error| Complaint::Input(format!("cannot read the transaction: {cause}"));
    let lines = input.lines().collect::<Result<Vec<_>, _>>().map_err(unread)?;
    lines.iter().filter(|line| !line.is_empty()).map(|line| action(line)).collect()
}

fn action(line: &str) -> Result<PackageAction, Complaint> {
    let fields: Vec<&str> = line.splitn(4, '\t').collect();
    let [package, before, after, what] = fields.as_slice() else {
        return Err(Complaint::Input(format!("cannot read the transaction: {line:?} is not an action")));
    };
    let version = |text: &str| (text != "-").then(|| text.to_owned());
    Ok(PackageAction {
        package: (*package).to_owned(),
        before: version(before),
        after: version(after),
        archive: (*what != CONFIGURE && *what != REMOVE).then(|| PathBuf::from(what)),
        remove: *what == REMOVE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hooks_lines_become_actions() {
        let mut lines: &[u8] = b"acme-erp\t1.0-1\t1.1-1\t/x/a b.deb\nacme-erp\t1.0-1\t1.1-1\t**CONFIGURE**\n\
                                 gone\t1\t-\t**REMOVE**\n";
        let [unpack, configure, remove] = actions(&mut lines).unwrap().try_into().unwrap();
        assert_eq!(unpack.archive, Some(PathBuf::from("/x/a b.deb")));
        assert_eq!((configure.archive, configure.remove), (None, false));
        assert_eq!((remove.before.as_deref(), remove.after, remove.remove), (Some("1"), None, true));
        assert!(actions(&mut &b"acme-erp 1.0-1 1.1-1\n"[..]).is_err());
    }
}
