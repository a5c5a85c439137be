//! Services as rows. The package stops them and never starts them: that is the agent's, once it has migrated.
//!
//! An upgrade leaves a service registered, so that its account with its password, its start type, what
//! becomes of it when it fails and who may touch it stay as the site has them: the old package does not
//! delete services when another one takes its place, and the new one registers them only where one is
//! missing or is defined in another way than the package before defined it.

use consign_metadata::digest::Sha256;

use super::control::{INSTALL, MsiControl, Service, StartType};
use super::database::{Database, row};
use super::files::{Layout, key};

/// The agent's service.
pub const AGENT_SERVICE: &str = "Consignee";
/// Where hosts keep services.
pub const SERVICES_KEY: &str = "SYSTEM\\CurrentControlSet\\Services";
/// The definition that the installed package gave to its services.
pub const DEFINED: &str = "SERVICESDEFINED";
/// Before 5.0, and in Wine, an old package cannot know that another one takes its place: its services go.
const OLD_INSTALLER: &str = "VersionMsi < \"5.00\"";
const OWN_PROCESS: i32 = 16;
/// Without the service the package is not installed.
const CRITICAL: i32 = 0x8001;
const STOP_ON_INSTALL: i32 = 0x02;
const DELETE_ON_INSTALL: i32 = 0x08;
const STOP_ON_UNINSTALL: i32 = 0x20;
const DELETE_ON_UNINSTALL: i32 = 0x80;
/// When it is installed.
const ON_INSTALL: i32 = 1;
const DELAYED_START: i32 = 3;
/// An exit with an error counts as a failure, too.
const FAILURE_BY_EXIT: i32 = 4;
const RESTART: &str = "1";
const NOTHING: &str = "0";

/// The property that says whether the host has a service.
pub fn present(index: usize) -> String {
    format!("SERVICE{}", index + 1)
}

/// What the services are, as one digest: of what only the package decides.
pub fn definition(services: &[Service]) -> String {
    let lines: String = services
        .iter()
        .map(|service| format!("{}\t{}\t{}\n", service.name, service.program.to_lowercase(), service.arguments))
        .collect();
    // A half is enough to tell them apart, and a condition has room for 255 characters.
    Sha256::of(lines.as_bytes()).to_string()[..32].to_owned()
}

/// When services are registered.
pub fn condition(services: &[Service]) -> String {
    let missing = (0..services.len()).map(|index| format!(" OR NOT {}", present(index)));
    let changed = format!("{DEFINED} <> \"{}\"", definition(services));
    format!("{OLD_INSTALLER} OR {changed}{}", missing.collect::<String>())
}

/// Writes the rows.
pub fn describe(database: &mut Database, control: &MsiControl, main: &str) {
    for service in &control.services {
        let component = component(service);
        let row_key = key("s", &service.name);
        let depends: String = service.depends.iter().map(|name| format!("{name}[~]")).collect();
        let depends = if depends.is_empty() { depends } else { format!("{depends}[~]") };
        database.add(
            "ServiceInstall",
            row![
                &row_key,
                &service.name,
                &service.display,
                OWN_PROCESS,
                service.start.number(),
                CRITICAL,
                "",
                depends,
                &service.account,
                "",
                &service.arguments,
                &component,
                &service.description
            ],
        );
        let event = STOP_ON_INSTALL | STOP_ON_UNINSTALL | DELETE_ON_UNINSTALL;
        database.add("ServiceControl", row![&row_key, &service.name, event, "", 1, &component]);
        configure(database, service, &row_key, &component);
    }
    for name in &control.removed_services {
        let event = STOP_ON_INSTALL | DELETE_ON_INSTALL;
        database.add("ServiceControl", row![key("s", name), name, event, "", 1, main]);
    }
}

fn configure(database: &mut Database, service: &Service, row_key: &str, component: &str) {
    if service.start == StartType::AutomaticDelayed {
        let row = row![format!("{row_key}_d"), &service.name, ON_INSTALL, DELAYED_START, "1", component];
        database.add("MsiServiceConfig", row);
    }
    let Some(recovery) = &service.recovery else { return };
    let restarts = recovery.restart_after.iter().map(|_| RESTART);
    let delays = recovery.restart_after.iter().map(|seconds| (u64::from(*seconds) * 1000).to_string());
    let actions: Vec<_> = restarts.chain([NOTHING]).collect();
    let delays: Vec<_> = delays.chain([NOTHING.to_owned()]).collect();
    let reset = i32::try_from(recovery.reset_after).unwrap_or(i32::MAX);
    database.add(
        "MsiServiceConfigFailureActions",
        row![row_key, &service.name, ON_INSTALL, reset, "", "", actions.join("[~]"), delays.join("[~]"), component],
    );
    let row = row![format!("{row_key}_f"), &service.name, ON_INSTALL, FAILURE_BY_EXIT, "1", component];
    database.add("MsiServiceConfig", row);
}

/// The component of its program, whose path the service gets.
pub fn component(service: &Service) -> String {
    Layout::component_key(&program(service))
}

/// Its program in the tree.
pub fn program(service: &Service) -> String {
    format!("{}/{}", INSTALL.trim_start_matches('/'), service.program)
}
