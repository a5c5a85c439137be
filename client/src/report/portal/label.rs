//! The short texts of the page: headings, buttons, names of fields.

use consign_metadata::text::Language;

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Upgrades of this host
    Title,
    /// Skip to the content
    Skip,
    /// Products
    Products,
    /// Pages
    Navigation,
    /// Language
    Languages,
    /// Log in
    LogIn,
    /// Log out
    LogOut,
    /// One-time code
    Code,
    /// Only an administrator of this host may see this page. Type in a terminal on it, as administrator:
    CodeHelp,
    /// Open the address that it prints within a minute, or paste what stands behind t= here.
    CodeUse,
    /// Product
    Product,
    /// Installed
    Installed,
    /// Offered
    Offered,
    /// Class of the change
    Class,
    /// State
    State,
    /// not finished yet
    NotFinished,
    /// nothing newer
    NothingNewer,
    /// no product is managed on this host yet
    NoProduct,
    /// What concerns the whole host
    Concerns,
    /// Why
    Why,
    /// Release notes
    Notes,
    /// there is no release note on the way
    NoNotes,
    /// What is done, step by step
    Plan,
    /// What happened
    History,
    /// Watch
    Watch,
    /// Upgrade
    Upgrade,
    /// Look for upgrades
    UpgradeLook,
    /// The way
    Way,
    /// To read and to agree to
    ToAgree,
    /// nothing has to be acknowledged
    NothingToAgree,
    /// Keep the ticks only
    Keep,
    /// It goes on without this page; leave it whenever you like.
    StartOff,
    /// no upgrade yet
    NoUpgrade,
    /// Steps
    Steps,
    /// What is written
    Log,
    /// Where it stands
    Next,
    /// Load again
    Reload,
    /// Load again by itself every 3 seconds
    ReloadAlways,
    /// Do not load again by itself
    ReloadNever,
    /// Pause
    Pause,
    /// Go on
    GoOn,
    /// The page cannot be reached now; it is tried again.
    Lost,
    /// Back to the product
    Back,
    /// This could not be done
    Problem,
}

impl Label {
    /// Every one of them.
    #[cfg(test)]
    pub const ALL: [Self; 44] = [
        Self::Title,
        Self::Skip,
        Self::Products,
        Self::Navigation,
        Self::Languages,
        Self::LogIn,
        Self::LogOut,
        Self::Code,
        Self::CodeHelp,
        Self::CodeUse,
        Self::Product,
        Self::Installed,
        Self::Offered,
        Self::Class,
        Self::State,
        Self::NotFinished,
        Self::NothingNewer,
        Self::NoProduct,
        Self::Concerns,
        Self::Why,
        Self::Notes,
        Self::NoNotes,
        Self::Plan,
        Self::History,
        Self::Watch,
        Self::Upgrade,
        Self::UpgradeLook,
        Self::Way,
        Self::ToAgree,
        Self::NothingToAgree,
        Self::Keep,
        Self::StartOff,
        Self::NoUpgrade,
        Self::Steps,
        Self::Log,
        Self::Next,
        Self::Reload,
        Self::ReloadAlways,
        Self::ReloadNever,
        Self::Pause,
        Self::GoOn,
        Self::Lost,
        Self::Back,
        Self::Problem,
    ];

    /// In the reader's language.
    pub fn text(self, language: Language) -> String {
        let (english, french) = self.both();
        let text = match language {
            Language::En => english,
            Language::Fr => french,
        };
        text.to_owned()
    }

    fn both(self) -> (&'static str, &'static str) {
        match self {
            Self::Title => ("Upgrades of this host", "Mises à niveau de cet hôte"),
            Self::Skip => ("Skip to the content", "Aller au contenu"),
            Self::Products => ("Products", "Produits"),
            Self::Navigation => ("Pages", "Navigation"),
            Self::Languages => ("Language", "Langue"),
            Self::LogIn => ("Log in", "Se connecter"),
            Self::LogOut => ("Log out", "Se déconnecter"),
            Self::Code => ("One-time code", "Code à usage unique"),
            Self::CodeHelp => (
                "Only an administrator of this host may see this page. Type in a terminal on it, as administrator:",
                "Seul un administrateur de cet hôte peut voir cette page. Tapez dans un terminal de l'hôte, en tant qu'administrateur :",
            ),
            Self::CodeUse => (
                "Open the address that it prints within a minute, or paste what stands behind t= here.",
                "Ouvrez l'adresse affichée dans la minute, ou collez ici ce qui suit t=.",
            ),
            Self::Product => ("Product", "Produit"),
            Self::Installed => ("Installed", "Installée"),
            Self::Offered => ("Offered", "Proposée"),
            Self::Class => ("Class of the change", "Classe du changement"),
            Self::State => ("State", "État"),
            Self::NotFinished => ("not finished yet", "pas encore terminée"),
            Self::NothingNewer => ("nothing newer", "rien de plus récent"),
            Self::NoProduct => {
                ("no product is managed on this host yet", "aucun produit n'est encore géré sur cet hôte")
            }
            Self::Concerns => ("What concerns the whole host", "Ce qui concerne tout l'hôte"),
            Self::Why => ("Why", "Pourquoi"),
            Self::Notes => ("Release notes", "Notes de version"),
            Self::NoNotes => ("there is no release note on the way", "aucune note de version sur le chemin"),
            Self::Plan => ("What is done, step by step", "Ce qui est fait, étape par étape"),
            Self::History => ("What happened", "Historique"),
            Self::Watch => ("Watch", "Suivre"),
            Self::Upgrade => ("Upgrade", "Mettre à niveau"),
            Self::UpgradeLook => ("Look for upgrades", "Chercher des mises à niveau"),
            Self::Way => ("The way", "Le chemin"),
            Self::ToAgree => ("To read and to agree to", "À lire et à accepter"),
            Self::NothingToAgree => ("nothing has to be acknowledged", "il n'y a rien à acquitter"),
            Self::Keep => ("Keep the ticks only", "Seulement garder les coches"),
            Self::StartOff => (
                "It goes on without this page; leave it whenever you like.",
                "Elle se poursuit sans cette page ; quittez-la quand vous voulez.",
            ),
            Self::NoUpgrade => ("no upgrade yet", "aucune mise à niveau pour l'instant"),
            Self::Steps => ("Steps", "Étapes"),
            Self::Log => ("What is written", "Ce qui est écrit"),
            Self::Next => ("Where it stands", "Où elle en est"),
            Self::Reload => ("Load again", "Recharger"),
            Self::ReloadAlways => {
                ("Load again by itself every 3 seconds", "Recharger automatiquement toutes les 3 secondes")
            }
            Self::ReloadNever => ("Do not load again by itself", "Ne plus recharger automatiquement"),
            Self::Pause => ("Pause", "Mettre en pause"),
            Self::GoOn => ("Go on", "Reprendre"),
            Self::Lost => (
                "The page cannot be reached now; it is tried again.",
                "La page est injoignable pour l'instant ; nouvel essai en cours.",
            ),
            Self::Back => ("Back to the product", "Retour au produit"),
            Self::Problem => ("This could not be done", "Cela n'a pas pu être fait"),
        }
    }
}
