//! What is done, and in which order; and that no program of anybody's runs as the system.

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::msi::Tables;

use super::{Faults, rows};

/// Actions that set a property, or stop.
const HARMLESS: [&str; 3] = ["51", "35", "19"];
/// Each after the one before it, where it is there (ICE27).
const ORDER: [&str; 29] = [
    "FindRelatedProducts",
    "AppSearch",
    "LaunchConditions",
    "ValidateProductID",
    "CostInitialize",
    "FileCost",
    "CostFinalize",
    "MigrateFeatureStates",
    "InstallValidate",
    "InstallInitialize",
    "RemoveExistingProducts",
    "ProcessComponents",
    "UnpublishFeatures",
    "StopServices",
    "DeleteServices",
    "RemoveRegistryValues",
    "RemoveEnvironmentStrings",
    "RemoveFiles",
    "RemoveFolders",
    "CreateFolders",
    "InstallFiles",
    "WriteRegistryValues",
    "WriteEnvironmentStrings",
    "InstallServices",
    "MsiConfigureServices",
    "StartServices",
    "RegisterProduct",
    "PublishProduct",
    "InstallFinalize",
];
/// Without them nothing is installed (ICE26).
const REQUIRED: [&str; 9] = [
    "CostInitialize",
    "FileCost",
    "CostFinalize",
    "InstallValidate",
    "InstallInitialize",
    "ProcessComponents",
    "RegisterProduct",
    "PublishProduct",
    "InstallFinalize",
];
/// The action that carries a table out.
const CARRIED_OUT: [(&str, &str); 12] = [
    ("File", "InstallFiles"),
    ("File", "RemoveFiles"),
    ("Registry", "WriteRegistryValues"),
    ("Registry", "RemoveRegistryValues"),
    ("Environment", "WriteEnvironmentStrings"),
    ("Environment", "RemoveEnvironmentStrings"),
    ("ServiceInstall", "InstallServices"),
    ("ServiceControl", "StopServices"),
    ("MsiServiceConfig", "MsiConfigureServices"),
    ("CreateFolder", "CreateFolders"),
    ("Upgrade", "RemoveExistingProducts"),
    ("AppSearch", "AppSearch"),
];

pub fn look(tables: &Tables, faults: &mut Faults) {
    let numbers: BTreeMap<String, i32> = rows(tables, "InstallExecuteSequence", ["Action", "Sequence"])
        .into_iter()
        .filter_map(|[action, number]| Some((action, number.parse().ok()?)))
        .collect();
    for action in REQUIRED.iter().filter(|action| !numbers.contains_key(**action)) {
        faults.add("ICE26", format!("{action} is not done"));
    }
    for (table, action) in CARRIED_OUT {
        if !tables.table(table).rows.is_empty() && !numbers.contains_key(action) {
            faults.add("ICE26", format!("{action} is not done, and {table} has rows"));
        }
    }
    let ordered: Vec<_> = ORDER.iter().filter_map(|action| Some((action, numbers.get(*action)?))).collect();
    for two in ordered.windows(2).filter(|two| two[0].1 >= two[1].1) {
        faults.add("ICE27", format!("{} comes before {}", two[1].0, two[0].0));
    }
    let at = |action: &str| numbers.get(action).copied().unwrap_or(0);
    if at("RemoveExistingProducts") != at("InstallInitialize") + 1 {
        faults.add("ICE63", "the old product does not go right after the transaction begins");
    }
    let own: BTreeMap<_, _> =
        rows(tables, "CustomAction", ["Action", "Type"]).into_iter().map(|[a, t]| (a, t)).collect();
    for (action, kind) in own.iter().filter(|(_, kind)| !HARMLESS.contains(&kind.as_str())) {
        faults.add("actions", format!("{action} has the type {kind}, and a package runs no program"));
    }
    let known: BTreeSet<_> = ORDER.iter().chain(&OTHERS).copied().collect();
    for action in numbers.keys().filter(|action| !known.contains(action.as_str()) && !own.contains_key(*action)) {
        faults.add("ICE23", format!("{action} is no action"));
    }
}

const OTHERS: [&str; 3] = ["RegisterUser", "PublishFeatures", "DuplicateFiles"];
