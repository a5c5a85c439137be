//! The short texts of the page: headings, buttons, names of fields.

use consign_metadata::text::Language;

macro_rules! labels {
    ($($name:ident: $english:literal, $french:literal;)*) => {
        /// Which of them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Label {
            $(#[doc = $english] $name,)*
        }

        impl Label {
            /// Every one of them.
            #[cfg(test)]
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            fn both(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$name => ($english, $french),)*
                }
            }
        }
    };
}

labels! {
    Title: "Upgrades of this host", "Mises à niveau de cet hôte";
    Skip: "Skip to the content", "Aller au contenu";
    Products: "Products", "Produits";
    Navigation: "Pages", "Navigation";
    Languages: "Language", "Langue";
    LogIn: "Log in", "Se connecter";
    LogOut: "Log out", "Se déconnecter";
    Code: "One-time code", "Code à usage unique";
    CodeHelp:
        "Only an administrator of this host may see this page. Type in a terminal on it, as administrator:",
        "Seul un administrateur de cet hôte peut voir cette page. Tapez dans un terminal de l'hôte, en tant qu'administrateur :";
    CodeUse:
        "Open the address that it prints within a minute, or paste what stands behind t= here.",
        "Ouvrez l'adresse affichée dans la minute, ou collez ici ce qui suit t=.";
    Product: "Product", "Produit";
    Installed: "Installed", "Installée";
    Offered: "Offered", "Proposée";
    Class: "Class of the change", "Classe du changement";
    State: "State", "État";
    NotFinished: "not finished yet", "pas encore terminée";
    NothingNewer: "nothing newer", "rien de plus récent";
    NoProduct: "no product is managed on this host yet", "aucun produit n'est encore géré sur cet hôte";
    Concerns: "What concerns the whole host", "Ce qui concerne tout l'hôte";
    Why: "Why", "Pourquoi";
    Notes: "Release notes", "Notes de version";
    NoNotes: "there is no release note on the way", "aucune note de version sur le chemin";
    Plan: "What is done, step by step", "Ce qui est fait, étape par étape";
    History: "What happened", "Historique";
    Watch: "Watch", "Suivre";
    Upgrade: "Upgrade", "Mettre à niveau";
    UpgradeLook: "Look for upgrades", "Chercher des mises à niveau";
    Way: "The way", "Le chemin";
    ToAgree: "To read and to agree to", "À lire et à accepter";
    NothingToAgree: "nothing has to be acknowledged", "il n'y a rien à acquitter";
    Keep: "Keep the ticks only", "Seulement garder les coches";
    StartOff:
        "It goes on without this page; leave it whenever you like.",
        "Elle se poursuit sans cette page ; quittez-la quand vous voulez.";
    NoUpgrade: "no upgrade yet", "aucune mise à niveau pour l'instant";
    Steps: "Steps", "Étapes";
    Log: "What is written", "Ce qui est écrit";
    Next: "Where it stands", "Où elle en est";
    Reload: "Load again", "Recharger";
    ReloadAlways: "Load again by itself every 3 seconds", "Recharger automatiquement toutes les 3 secondes";
    ReloadNever: "Do not load again by itself", "Ne plus recharger automatiquement";
    Pause: "Pause", "Mettre en pause";
    GoOn: "Go on", "Reprendre";
    Lost:
        "The page cannot be reached now; it is tried again.",
        "La page est injoignable pour l'instant ; nouvel essai en cours.";
    Back: "Back to the product", "Retour au produit";
    Problem: "This could not be done", "Cela n'a pas pu être fait";
}

impl Label {
    /// In the reader's language.
    pub fn text(self, language: Language) -> String {
        let (english, french) = self.both();
        let text = match language {
            Language::En => english,
            Language::Fr => french,
        };
        text.to_owned()
    }
}
