//! In what state the host is while an upgrade has not ended: packages, engines, data.

use consign_metadata::plan::RESERVED_STEP_NAMES;
use consign_metadata::text::Language;

use super::status::ModuleStatus;
use super::words;
use crate::engine::event::Packages;
use crate::engine::machine::Upgrade;
use crate::host::typed;

/// The state of the host while the upgrade has not ended: packages, engines, data.
pub fn sentences(upgrade: &Upgrade, kept_from_starting: bool, language: Language) -> [String; 3] {
    [packages(upgrade, language), engines(kept_from_starting, language), data(upgrade, language)]
}

fn packages(upgrade: &Upgrade, language: Language) -> String {
    let to = &upgrade.header.to;
    match (upgrade.packages, &upgrade.header.from) {
        (Packages::Before, Some(from)) => say!(language, "packages: still at {from}", "paquets : toujours en {from}"),
        (Packages::Before, None) => say!(language, "packages: not installed yet", "paquets : pas encore installés"),
        (Packages::Partial, _) => {
            say!(language, "packages: some at {to}, others not", "paquets : une partie en {to}, les autres non")
        }
        (Packages::After, _) => say!(language, "packages: all at {to}", "paquets : tous en {to}"),
    }
}

/// Where one package is.
pub fn module(module: &ModuleStatus, language: Language) -> String {
    let ModuleStatus { package, wanted, version, configured } = module;
    match version {
        None => say!(language, "{package} is not installed", "{package} n'est pas installé"),
        Some(_) if !configured && typed::here().leaves_two_versions => {
            say!(language, "two versions of {package} are installed", "deux versions de {package} sont installées")
        }
        Some(version) if version != wanted => {
            say!(language, "{package} {version}, not {wanted}", "{package} {version}, et non {wanted}")
        }
        Some(version) if *configured => say!(language, "{package} {version}", "{package} {version}"),
        Some(version) => say!(
            language,
            "{package} {version}, unpacked and not configured",
            "{package} {version}, dépaqueté mais pas configuré"
        ),
    }
}

/// Whose packages the command changes, too, by which a person finishes the transaction.
pub fn also_repaired(names: &[String], language: Language) -> String {
    let (command, names) = (typed::repair(&[]), words::list(names));
    say!(
        language,
        "{command} also takes away the older versions of {names}",
        "{command} supprime aussi les anciennes versions de {names}"
    )
}

fn engines(kept_from_starting: bool, language: Language) -> String {
    match kept_from_starting {
        true => say!(
            language,
            "engines: stopped, and kept from starting even by a reboot",
            "moteurs : arrêtés, et empêchés de démarrer même après un redémarrage de l'hôte"
        ),
        false => say!(language, "engines: free to run", "moteurs : autorisés à démarrer"),
    }
}

fn data(upgrade: &Upgrade, language: Language) -> String {
    let touched: Vec<_> = (0..)
        .zip(&upgrade.header.items)
        .filter(|(index, item)| {
            !item.packages && !RESERVED_STEP_NAMES.contains(&item.name.as_str()) && upgrade.attempts(*index) > 0
        })
        .map(|(_, item)| item.name.as_str())
        .collect();
    if touched.is_empty() {
        return say!(
            language,
            "data: no step of the vendor's has touched it",
            "données : aucune étape de l'éditeur n'y a touché"
        );
    }
    let touched = words::list(&touched);
    say!(language, "data: may have been changed by {touched}", "données : peut-être modifiées par {touched}")
}
