//! Why the agent's service says nothing.

use consign_metadata::text::Language;

use crate::conversation::NoAnswer;

impl NoAnswer {
    /// As a sentence.
    pub fn sentence(&self, language: Language) -> String {
        match self {
            Self::Unreachable(cause) => say!(
                language,
                "cannot reach the agent's service: {cause}",
                "le service de l'agent est injoignable : {cause}"
            ),
            Self::Denied => say!(
                language,
                "cannot reach the agent's service: only root may",
                "le service de l'agent n'est accessible qu'à root"
            ),
            Self::Ended => say!(
                language,
                "cannot go on: the agent's service ended the conversation",
                "le service de l'agent a mis fin à la conversation"
            ),
            Self::Unknown(cause) => say!(
                language,
                "cannot understand the agent's service: {cause}",
                "réponse incompréhensible du service de l'agent : {cause}"
            ),
            Self::TimedOut => say!(
                language,
                "cannot wait any longer for the agent's service",
                "le service de l'agent n'a pas répondu à temps"
            ),
        }
    }
}
