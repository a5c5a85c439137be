//! A decision that makes no sense in the state that an upgrade is in, and what fits that state.

use consign_metadata::text::Language;

use super::state::Code;
use crate::request::Undecidable;

impl Undecidable {
    /// What was refused, and why.
    pub fn sentence(&self, language: Language) -> String {
        let (number, product, state) = (self.upgrade, &self.product, self.state.word(language));
        match self.resume {
            true => say!(
                language,
                "cannot resume upgrade {number} of {product}: it is {state}, and waits for more than time",
                "la mise à niveau n° {number} de {product} ne peut pas continuer d'elle-même : elle est {state}, et il lui faut plus que du temps"
            ),
            false => say!(
                language,
                "cannot decide that about upgrade {number} of {product}: it is {state}",
                "cette décision n'a pas de sens pour la mise à niveau n° {number} de {product} : elle est {state}"
            ),
        }
    }

    /// The command that fits the state; what a step waits for only `status` knows.
    pub fn command(&self) -> String {
        let product = &self.product;
        match self.state {
            Code::Halted | Code::Stuck => format!("consignee retry {product}"),
            Code::Forward | Code::Backward => format!("consignee follow {product}"),
            _ => format!("consignee status {product}"),
        }
    }
}

impl Code {
    /// What fits after "it is"; in English the name in the state diagram.
    fn word(self, language: Language) -> &'static str {
        let (english, french) = match self {
            Self::Planned => ("planned", "prévue"),
            Self::Held => ("held", "retenue"),
            Self::Cleared => ("cleared", "autorisée"),
            Self::Forward => ("forward", "en cours"),
            Self::Waiting => ("waiting", "en attente d'une décision"),
            Self::Halted => ("halted", "arrêtée"),
            Self::Backward => ("backward", "en cours d'annulation"),
            Self::Stuck => ("stuck", "bloquée"),
            Self::Completed => ("completed", "terminée"),
            Self::Cancelled => ("cancelled", "annulée avant tout changement"),
            Self::RolledBack => ("rolled-back", "annulée"),
            Self::Superseded => ("superseded", "remplacée par une autre"),
            Self::Rescued => ("rescued", "terminée à la main"),
        };
        match language {
            Language::En => english,
            Language::Fr => french,
        }
    }
}
