//! What a package leaves in the registry for the agent and for the package that comes after it; what is
//! looked up there before anything happens; and what of it the site may choose.

use super::control::MsiControl;
use super::database::{Database, row};
use super::files::{DATA_FOLDER, INSTALL_FOLDER, feature, key};
use super::layout::Layout;
use super::services::{self, AGENT_SERVICE, DEFINED, SERVICES_KEY};
use crate::package::PackageContents;

/// Below it each package has a key of its name.
pub const PACKAGES_KEY: &str = "Software\\Consignee\\Packages";
/// The component that is there for the record.
pub const RECORD: &str = "c_record";
/// The component that starts the agent's service.
const WAKE: &str = "c_wake";
/// Says that the host has the agent.
pub const AGENT_PRESENT: &str = "AGENTPRESENT";
/// When the agent's service starts, as the registry has it.
const AGENT_START: &str = "AGENTSTART";
/// What never starts: to start it would fail, and with it the installation.
const DISABLED: &str = "#4";
/// Sets a property.
const SET_PROPERTY: i32 = 51;
const LOCAL_MACHINE: i32 = 2;
/// A value, in the view of 64 bits.
const RAW_64_BIT: i32 = 2 | 16;
const IS_64_BIT: i32 = 256;
const REGISTRY_KEY_PATH: i32 = 4;
const START_ON_INSTALL: i32 = 1;
/// The search path of the system, which gets a folder more for as long as the package is there.
const SEARCH_PATH: &str = "=-*PATH";

/// An action that sets a property, and when.
#[derive(Debug)]
pub struct Setting {
    pub action: String,
    pub condition: String,
}

/// Whether it brings the agent's own service, which it starts itself.
fn is_agent(control: &MsiControl) -> bool {
    control.services.iter().any(|service| service.name == AGENT_SERVICE)
}

/// The key of a package in the registry.
pub fn package_key(contents: &PackageContents) -> String {
    format!("{PACKAGES_KEY}\\{}", contents.name)
}

/// Writes the rows on what is recorded.
pub fn describe(database: &mut Database, contents: &PackageContents, control: &MsiControl, architecture: &str) {
    let record = package_key(contents);
    let version = contents.native.msi.as_deref().unwrap_or_default();
    component(database, control, architecture, [RECORD, "", "r_version"]);
    let mut value = |row_key: &str, key: &str, name: &str, value: &str| {
        database.add("Registry", row![row_key, LOCAL_MACHINE, key, name, value, RECORD]);
    };
    value("r_version", &record, "Version", version);
    value("r_product", &record, "Product", &control.product);
    value("r_code", &record, "ProductCode", "[ProductCode]");
    value("r_install", &record, "InstallFolder", &format!("[{INSTALL_FOLDER}]"));
    value("r_data", &record, "DataFolder", &format!("[{DATA_FOLDER}]"));
    value("r_services", &record, "Services", &services::definition(&control.services));
    for option in &control.options {
        let text = format!("[{}]", option.property);
        value(&key("o", &option.name), &format!("{record}\\Options"), &option.name, &text);
    }
    for entry in &control.registry {
        let row_key = key("v", &format!("{}\\{}", entry.key, entry.name));
        value(&row_key, &entry.key, &entry.name, &entry.value);
    }
    if is_agent(control) {
        // People type its name.
        let folder = format!("[~];[{INSTALL_FOLDER}]");
        database.add("Environment", row!["path", SEARCH_PATH, folder, RECORD]);
    }
    if control.needs_agent || is_agent(control) {
        database.add("Registry", row!["r_wake", LOCAL_MACHINE, record, "Wake", version, WAKE]);
        wake(database, control, architecture);
    }
}

/// The agent's service is started, where it is there or comes with the package, and may start.
fn wake(database: &mut Database, control: &MsiControl, architecture: &str) {
    let may_start = format!("{AGENT_START} <> \"{DISABLED}\"");
    let condition = if control.needs_agent { format!("{AGENT_PRESENT} AND {may_start}") } else { may_start };
    component(database, control, architecture, [WAKE, &condition, "r_wake"]);
    // Whoever comes first: the agent looks at what is installed whenever it starts, and watches the key.
    database.add("ServiceControl", row!["wake", AGENT_SERVICE, START_ON_INSTALL, "", 0, WAKE]);
}

/// A component of the registry alone: its name, when it is installed, and its first value.
fn component(database: &mut Database, control: &MsiControl, architecture: &str, what: [&str; 3]) {
    let [name, condition, key_path] = what;
    let identity = control.upgrade_code.derived(&format!("{architecture}\\{name}"));
    let attributes = IS_64_BIT | REGISTRY_KEY_PATH;
    let row = row![name, identity.to_string(), INSTALL_FOLDER, attributes, condition, key_path];
    database.add("Component", row);
    database.add("FeatureComponents", row![feature(0), name]);
}

/// Writes the rows on what is looked up, and the actions that then set properties.
pub fn look_up(database: &mut Database, contents: &PackageContents, control: &MsiControl) -> Vec<Setting> {
    let record = package_key(contents);
    let mut search = |property: &str, key: &str, name: &str| {
        let signature = format!("find_{property}");
        database.add("AppSearch", row![property, &signature]);
        database.add("RegLocator", row![signature, LOCAL_MACHINE, key, name, RAW_64_BIT]);
    };
    search("REMEMBEREDFOLDER", &record, "InstallFolder");
    search(DEFINED, &record, "Services");
    if control.needs_agent {
        search(AGENT_PRESENT, &format!("{SERVICES_KEY}\\{AGENT_SERVICE}"), "ImagePath");
    }
    if control.needs_agent || is_agent(control) {
        search(AGENT_START, &format!("{SERVICES_KEY}\\{AGENT_SERVICE}"), "Start");
    }
    for (index, service) in control.services.iter().enumerate() {
        search(&services::present(index), &format!("{SERVICES_KEY}\\{}", service.name), "ImagePath");
    }
    for (index, option) in control.options.iter().enumerate() {
        search(&remembered(index), &format!("{record}\\Options"), &option.name);
    }
    let mut settings = Vec::new();
    let mut set = |action: String, property: &str, value: &str, condition: String| {
        database.add("CustomAction", row![&action, SET_PROPERTY, property, value, None::<i32>]);
        settings.push(Setting { action, condition });
    };
    let folder = format!("NOT {INSTALL_FOLDER} AND REMEMBEREDFOLDER");
    set("KeepFolder".to_owned(), INSTALL_FOLDER, "[REMEMBEREDFOLDER]", folder);
    for (index, option) in control.options.iter().enumerate() {
        let (property, remembered) = (&option.property, remembered(index));
        let known = format!("NOT {property} AND {remembered}");
        set(format!("Keep_{property}"), property, &format!("[{remembered}]"), known);
        set(format!("Default_{property}"), property, &option.default, format!("NOT {property}"));
    }
    settings
}

fn remembered(index: usize) -> String {
    format!("REMEMBERED{}", index + 1)
}

/// Writes the access lists of folders: only where the folder is not there yet, so that an upgrade leaves
/// what the site has changed.
pub fn permit(database: &mut Database, control: &MsiControl, layout: &Layout) {
    for (index, access) in control.access.iter().enumerate() {
        let path = access.path.trim_start_matches('/');
        let (property, signature) = (format!("FOLDER{}", index + 1), format!("find_FOLDER{}", index + 1));
        let shown = layout.shown(path).replacen("C:\\ProgramData\\", "[CommonAppDataFolder]", 1);
        database.add("AppSearch", row![&property, &signature]);
        database.add("DrLocator", row![signature, "", shown, 0]);
        let (row_key, folder) = (key("a", path), Layout::folder_key(path));
        let row = row![row_key, folder, "CreateFolder", &access.list, format!("NOT {property}")];
        database.add("MsiLockPermissionsEx", row);
    }
}
