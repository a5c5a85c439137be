//! What Windows Installer does, in which order.
//!
//! The old package goes right after the transaction begins: Windows takes that back with the rest, and what
//! is installed then meets no older file whose version or date could outweigh it.

use super::control::MsiControl;
use super::database::{Database, row};
use super::record::Setting;
use super::services;

const EXECUTE: [(&str, i32); 28] = [
    ("ValidateProductID", 700),
    ("CostInitialize", 800),
    ("FileCost", 900),
    ("CostFinalize", 1000),
    ("MigrateFeatureStates", 1200),
    ("InstallValidate", 1400),
    ("InstallInitialize", 1500),
    ("RemoveExistingProducts", 1501),
    ("ProcessComponents", 1600),
    ("UnpublishFeatures", 1800),
    ("StopServices", 1900),
    ("DeleteServices", 2000),
    ("RemoveRegistryValues", 2600),
    ("RemoveEnvironmentStrings", 3300),
    ("RemoveFiles", 3500),
    ("RemoveFolders", 3600),
    ("CreateFolders", 3700),
    ("InstallFiles", 4000),
    ("WriteRegistryValues", 5000),
    ("WriteEnvironmentStrings", 5200),
    ("InstallServices", 5800),
    ("MsiConfigureServices", 5850),
    ("StartServices", 5900),
    ("RegisterUser", 6000),
    ("RegisterProduct", 6100),
    ("PublishFeatures", 6300),
    ("PublishProduct", 6400),
    ("InstallFinalize", 6600),
];
const ADMIN: [(&str, i32); 7] = [
    ("CostInitialize", 800),
    ("FileCost", 900),
    ("CostFinalize", 1000),
    ("InstallValidate", 1400),
    ("InstallInitialize", 1500),
    ("InstallAdminPackage", 3900),
    ("InstallFiles", 4000),
];
const ADVERTISE: [(&str, i32); 6] = [
    ("CostInitialize", 800),
    ("CostFinalize", 1000),
    ("InstallValidate", 1400),
    ("InstallInitialize", 1500),
    ("PublishFeatures", 6300),
    ("PublishProduct", 6400),
];
const FINALIZE: (&str, i32) = ("InstallFinalize", 6600);
const BEFORE: [(&str, i32); 2] = [("FindRelatedProducts", 25), ("AppSearch", 50)];
const AFTER_SETTINGS: i32 = 51;
const LAUNCH_CONDITIONS: (&str, i32) = ("LaunchConditions", 600);
const COSTS: [(&str, i32); 3] = [("CostInitialize", 800), ("FileCost", 900), ("CostFinalize", 1000)];
const EXECUTE_ACTION: (&str, i32) = ("ExecuteAction", 1300);
/// Set in a package that is removed because another version takes its place.
const IS_REPLACED: &str = "UPGRADINGPRODUCTCODE";

/// Writes the rows.
pub fn describe(database: &mut Database, control: &MsiControl, settings: &[Setting]) {
    let register = services::condition(&control.services);
    let keep = format!("NOT {IS_REPLACED}");
    let condition = |action: &str| match action {
        "InstallServices" | "MsiConfigureServices" => register.clone(),
        "DeleteServices" => keep.clone(),
        _ => String::new(),
    };
    for table in ["InstallExecuteSequence", "InstallUISequence"] {
        prelude(database, table, settings);
    }
    for (action, number) in EXECUTE {
        database.add("InstallExecuteSequence", row![action, condition(action), number]);
    }
    for (action, number) in COSTS.into_iter().chain([EXECUTE_ACTION]) {
        database.add("InstallUISequence", row![action, "", number]);
        database.add("AdminUISequence", row![action, "", number]);
    }
    for (action, number) in ADMIN.into_iter().chain([FINALIZE]) {
        database.add("AdminExecuteSequence", row![action, "", number]);
    }
    for (action, number) in ADVERTISE.into_iter().chain([FINALIZE]) {
        database.add("AdvtExecuteSequence", row![action, "", number]);
    }
}

/// What is found out before anything is decided.
fn prelude(database: &mut Database, table: &str, settings: &[Setting]) {
    for (action, number) in BEFORE.into_iter().chain([LAUNCH_CONDITIONS]) {
        database.add(table, row![action, "", number]);
    }
    for (setting, number) in settings.iter().zip(AFTER_SETTINGS..) {
        database.add(table, row![&setting.action, &setting.condition, number]);
    }
}
