//! `consignee hook look`: what is offered and what is held, after the lists were updated.

use std::time::Duration;

use super::super::complaint::Complaint;
use super::super::session::{Exit, Session};
use crate::conversation;
use crate::report::page::{Page, Style};
use crate::report::say;
use crate::report::{kept_back, notices, offers};
use crate::request::{Reply, Request};

/// Nobody waits longer for a list of offers.
const LIMIT: Duration = Duration::from_secs(30);

/// Never fails the update: what could not be said is not worth that.
pub fn run(session: &mut Session) -> Exit {
    let page = match conversation::ask(&session.places, &Request::Look { patient: false }, LIMIT) {
        Ok(Reply::Looked { offers, notices }) => {
            let mut page = offers::page(&offers, session.language);
            page.append(0, kept_back::page(&session.places, &offers, session.language));
            page.append(0, notices::page(&notices, session.language));
            page
        }
        Ok(Reply::Failed { cause }) => still_held(session, &cause),
        Ok(_) => Page::default(),
        Err(error) => still_held(session, &Complaint::from(error).sentence(session.language)),
    };
    let _ = session.out.page(&page);
    Exit::Done
}

fn still_held(session: &Session, cause: &str) -> Page {
    let (mut page, language) = (Page::default(), session.language);
    page.add(
        0,
        Style::Warning,
        say!(
            language,
            "consignee: everything it manages stays held back until it could look at what is offered ({cause})",
            "consignee : tout ce qu'il gère reste retenu tant que ce qui est proposé n'a pas été examiné ({cause})"
        ),
    );
    page
}
