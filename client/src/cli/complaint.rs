//! What went wrong, said the way an administrator needs it: what failed, in what state the host is, and
//! what to type next.

use std::io;

use consign_metadata::name::ProductId;
use consign_metadata::text::Language;

use super::session::{Exit, Session};
use crate::conversation::NoAnswer;
use crate::engine::journal::JournalError;
use crate::host::typed;
use crate::host::typed::shell::{ADMINISTRATEUR, ADMINISTRATOR};
use crate::library::LibraryError;
use crate::report::page::{Page, Style};
use crate::report::{portal, say, words};
use crate::request::Undecidable;

/// Why a command could not be carried out.
#[derive(Debug)]
pub enum Complaint {
    /// The product has no state on this host.
    UnknownProduct {
        /// What was named.
        product: ProductId,
        /// What there is.
        known: Vec<ProductId>,
    },
    /// The product never had an upgrade, or not this one.
    NoUpgrade(ProductId),
    /// Something on the host cannot be read; the technical reason.
    Unreadable(String),
    /// A journal cannot be used.
    Journal(JournalError),
    /// Only root may.
    NotRoot,
    /// A person has to confirm and there is none at the terminal.
    Unconfirmed {
        /// The option that confirms without a terminal.
        option: &'static str,
    },
    /// The person said no.
    Declined,
    /// What was to be acknowledged is not asked for.
    NotAsked {
        /// The note or side effect.
        what: String,
    },
    /// The task that was ticked is not open.
    NoTask {
        /// The product.
        product: ProductId,
        /// What was named.
        task: String,
        /// What is open.
        open: Vec<String>,
    },
    /// The upgrade has no such step, or nothing happened in it yet.
    NoStep {
        /// The product.
        product: ProductId,
        /// What was named.
        step: String,
        /// What there is.
        steps: Vec<String>,
    },
    /// The offer is another than the one that was named.
    OtherOffer {
        /// The product.
        product: ProductId,
        /// What is offered.
        offered: String,
    },
    /// The service gave no answer.
    NoAnswer(NoAnswer),
    /// The service could not do it; its technical reason.
    Failed(String),
    /// A decision could not be carried out; the upgrade stands where it stood.
    Stands {
        /// The product.
        product: ProductId,
        /// The technical reason; its further lines are a program's own words.
        cause: String,
    },
    /// The decision makes no sense in the state that the upgrade is in.
    Undecidable(Undecidable),
    /// The caller is not the hook, or of another age.
    Input(String),
    /// The page in the browser is switched off.
    PageOff,
    /// The output could not be written.
    Output(io::Error),
}

impl From<io::Error> for Complaint {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<JournalError> for Complaint {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Io { .. } | JournalError::Newer { .. } => Self::Unreadable(error.to_string()),
            JournalError::Damaged { .. } | JournalError::Swapped { .. } | JournalError::Illegal(_) => {
                Self::Journal(error)
            }
        }
    }
}

impl From<LibraryError> for Complaint {
    fn from(error: LibraryError) -> Self {
        match error {
            LibraryError::NoUpgrade(product) => Self::NoUpgrade(product),
            LibraryError::Journal(error) => error.into(),
            LibraryError::Unreadable(cause) => Self::Unreadable(cause),
            LibraryError::Failed(cause) => Self::Failed(cause),
        }
    }
}

impl From<NoAnswer> for Complaint {
    fn from(error: NoAnswer) -> Self {
        Self::NoAnswer(error)
    }
}

impl Complaint {
    /// Says it on stderr and gives the exit status. A reader that went away is no complaint.
    pub fn say(&self, session: &mut Session) -> Exit {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return Exit::Done,
            _ => {
                let _ = session.err.page(&self.page(session.language));
            }
        }
        match self {
            Self::Journal(_) => Exit::Halted,
            _ => Exit::Failed,
        }
    }

    /// What failed, the state of the host, what to type.
    pub fn page(&self, language: Language) -> Page {
        let mut page = Page::default();
        let sentence = self.sentence(language);
        let mut lines = sentence.lines();
        page.add(0, Style::Bad, format!("consignee: {}", lines.next().unwrap_or_default()));
        for line in lines {
            page.add(2, Style::Quiet, format!("| {line}"));
        }
        for line in [self.host(language), self.typed(language)].into_iter().flatten() {
            page.add(2, Style::Plain, line);
        }
        page
    }

    /// What failed.
    pub fn sentence(&self, language: Language) -> String {
        match self {
            Self::UnknownProduct { product, .. } => {
                say!(language, "cannot find {product} on this host", "{product} est introuvable sur cet hôte")
            }
            Self::NoUpgrade(product) => say!(
                language,
                "cannot find that upgrade of {product}",
                "cette mise à niveau de {product} est introuvable"
            ),
            Self::Unreadable(cause) | Self::Failed(cause) | Self::Input(cause) | Self::Stands { cause, .. } => {
                cause.clone()
            }
            Self::Journal(error) => error.to_string(),
            Self::NotRoot => {
                say!(language, "cannot do this: only {ADMINISTRATOR} may", "opération réservée à {ADMINISTRATEUR}")
            }
            Self::Unconfirmed { option } => say!(
                language,
                "cannot ask without a terminal; say {option}",
                "impossible de demander sans terminal ; précisez {option}"
            ),
            Self::Declined => say!(language, "not confirmed", "non confirmé"),
            Self::NotAsked { what } => {
                say!(
                    language,
                    "cannot acknowledge {what}: it is not asked for",
                    "{what} : aucun acquittement n'est demandé"
                )
            }
            Self::NoTask { product, task, .. } => {
                say!(
                    language,
                    "cannot tick {task}: {product} asks for no such task now",
                    "{task} ne peut pas être cochée : {product} ne demande pas cette tâche à présent"
                )
            }
            Self::NoStep { product, step, .. } => say!(
                language,
                "cannot show {step}: nothing of that name happened in this upgrade of {product}",
                "{step} ne peut pas être montrée : rien de ce nom ne s'est passé dans cette mise à niveau de {product}"
            ),
            Self::OtherOffer { offered, product } => say!(
                language,
                "cannot acknowledge that version: {product} {offered} is offered now",
                "cette version ne peut pas être acquittée : {product} {offered} est proposée à présent"
            ),
            Self::PageOff => portal::switched_off(language),
            Self::NoAnswer(error) => error.sentence(language),
            Self::Undecidable(upgrade) => upgrade.sentence(language),
            Self::Output(error) => {
                say!(language, "cannot write the answer: {error}", "impossible d'écrire la réponse : {error}")
            }
        }
    }

    fn host(&self, language: Language) -> Option<String> {
        match self {
            Self::Journal(_) => Some(say!(
                language,
                "the agent does nothing more for this product, and its engines stay as they are",
                "l'agent ne fait plus rien pour ce produit, et ses moteurs restent en l'état"
            )),
            Self::Stands { .. } | Self::Undecidable(_) => {
                Some(say!(language, "the upgrade stands where it stood", "l'état de la mise à niveau est inchangé"))
            }
            Self::Output(_) | Self::Unreadable(_) | Self::NoStep { .. } | Self::PageOff => None,
            _ => Some(say!(language, "nothing was changed", "rien n'a été changé")),
        }
    }

    fn typed(&self, language: Language) -> Option<String> {
        match self {
            Self::UnknownProduct { known, .. } if known.is_empty() => {
                Some(say!(language, "no product is managed here yet", "aucun produit n'est encore géré ici"))
            }
            Self::UnknownProduct { known, .. } => {
                let known = words::list(known);
                Some(say!(language, "there is: {known}", "il y a : {known}"))
            }
            Self::NoUpgrade(product) => {
                Some(say!(language, "type: consignee history {product}", "tapez : consignee history {product}"))
            }
            Self::NotRoot | Self::Unreadable(_) | Self::NoAnswer(NoAnswer::Denied) => {
                Some(match typed::here().with_rights {
                    Some(sudo) => {
                        say!(language, "type the same with {sudo} in front", "relancez la même commande avec {sudo}")
                    }
                    None => say!(
                        language,
                        "type the same in a terminal that was opened as administrator",
                        "relancez la même commande dans un terminal ouvert en tant qu'administrateur"
                    ),
                })
            }
            Self::NoAnswer(_) => {
                let service = typed::here().service;
                Some(say!(language, "type: {service}", "tapez : {service}"))
            }
            Self::Stands { product, .. } => {
                Some(say!(language, "type: consignee status {product}", "tapez : consignee status {product}"))
            }
            Self::Undecidable(upgrade) => {
                let command = upgrade.command();
                Some(say!(language, "type: {command}", "tapez : {command}"))
            }
            Self::NoTask { product, open, .. } if open.is_empty() => {
                Some(say!(language, "type: consignee status {product}", "tapez : consignee status {product}"))
            }
            Self::NoTask { open, .. } => {
                let open = words::list(open);
                Some(say!(language, "open: {open}", "à faire : {open}"))
            }
            Self::NoStep { steps, .. } => {
                let steps = words::list(steps);
                Some(say!(language, "its steps: {steps}", "ses étapes : {steps}"))
            }
            Self::OtherOffer { product, .. } => {
                Some(say!(language, "type: consignee notes {product}", "tapez : consignee notes {product}"))
            }
            Self::Journal(_)
            | Self::Unconfirmed { .. }
            | Self::Declined
            | Self::NotAsked { .. }
            | Self::PageOff
            | Self::Failed(_)
            | Self::Input(_)
            | Self::Output(_) => None,
        }
    }
}
