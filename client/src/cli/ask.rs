//! A question to the person at the terminal. Without one nothing is assumed.

use super::complaint::Complaint;
use super::session::Session;
use crate::report::page::{Page, Style};

/// Asks for a yes.
///
/// # Errors
/// [`Complaint::Declined`]; [`Complaint::Unconfirmed`] naming the option that stands for a yes.
pub fn yes(session: &mut Session, question: &str, option: &'static str) -> Result<(), Complaint> {
    let given = answer(session, question, option)?;
    let is_yes = ["y", "yes", "o", "oui"].contains(&given.to_lowercase().as_str());
    if is_yes { Ok(()) } else { Err(Complaint::Declined) }
}

/// Asks for a word to be typed.
///
/// # Errors
/// As [`yes`].
pub fn word(session: &mut Session, question: &str, word: &str, option: &'static str) -> Result<(), Complaint> {
    if answer(session, question, option)? == word { Ok(()) } else { Err(Complaint::Declined) }
}

fn answer(session: &mut Session, question: &str, option: &'static str) -> Result<String, Complaint> {
    if !session.can_answer {
        return Err(Complaint::Unconfirmed { option });
    }
    let mut page = Page::default();
    page.add(0, Style::Heading, question);
    session.err.page(&page)?;
    let mut line = String::new();
    session.input.read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
