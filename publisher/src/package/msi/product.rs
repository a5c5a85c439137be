//! What a package is to Windows: its properties, what it takes the place of, and when it is refused.

use super::control::MsiControl;
use super::database::{Database, row};
use super::files::{INSTALL_FOLDER, feature};
use super::identity::Guid;
use super::record::AGENT_PRESENT;
use crate::package::PackageContents;

/// Names that people know the packages of a vendor by are in English.
pub const LANGUAGE: &str = "1033";
/// The site says that the agent comes later: an image is made.
const WITHOUT_AGENT: &str = "CONSIGNEE";
const MIGRATE_FEATURES: i32 = 0x001;
const ONLY_DETECT: i32 = 0x002;
const FROM_INCLUSIVE: i32 = 0x100;
const TO_INCLUSIVE: i32 = 0x200;
const LAUNCH: [(&str, &str); 2] = [
    ("VersionNT64", "[ProductName] needs Windows for 64 bits."),
    (
        "NOT NEWERFOUND OR Installed",
        "A later version of [ProductName] is installed. Take the upgrade back with: consignee rollback",
    ),
];

/// The identity of a release of a package.
pub fn product_code(control: &MsiControl, native: &str, architecture: &str) -> Guid {
    control.upgrade_code.derived(&format!("{native}\\{architecture}"))
}

/// The maker, as the list of what is installed shows it.
pub fn manufacturer(contents: &PackageContents) -> &str {
    contents.maintainer.split(" <").next().unwrap_or_default()
}

/// Writes the rows.
pub fn describe(database: &mut Database, contents: &PackageContents, control: &MsiControl, product_code: Guid) {
    let native = contents.native.msi.as_deref().unwrap_or_default();
    let public = control.options.iter().map(|option| option.property.as_str());
    let secure: Vec<_> = ["NEWERFOUND", "OLDFOUND", INSTALL_FOLDER, WITHOUT_AGENT].into_iter().chain(public).collect();
    let mut property = |name: &str, value: &str| {
        if !value.is_empty() {
            database.add("Property", row![name, value]);
        }
    };
    property("ProductCode", &product_code.to_string());
    property("ProductVersion", &control.product_version);
    property("ProductName", &control.name);
    property("ProductLanguage", LANGUAGE);
    property("Manufacturer", manufacturer(contents));
    property("UpgradeCode", &control.upgrade_code.to_string());
    property("ALLUSERS", "1");
    property("ARPNOMODIFY", "1");
    property("ARPCOMMENTS", &format!("{} {native}: {}", control.product, contents.summary));
    property("ARPURLINFOABOUT", contents.homepage.as_deref().unwrap_or_default());
    property("ConsignPackage", contents.name.as_str());
    property("ConsignProduct", &control.product);
    property("ConsignVersion", native);
    property("ConsignSummary", &contents.summary);
    property("ConsignLicense", &contents.copyright.license);
    property("SecureCustomProperties", &secure.join(";"));
    relations(database, control);
    conditions(database, control);
}

/// Versions of the same numbers may take each other's place: a pre-release has those of its release.
fn relations(database: &mut Database, control: &MsiControl) {
    let (code, version) = (control.upgrade_code.to_string(), &control.product_version);
    let older = MIGRATE_FEATURES | FROM_INCLUSIVE | TO_INCLUSIVE;
    database.add("Upgrade", row![&code, "0.0.0", version, "", older, "", "OLDFOUND"]);
    database.add("Upgrade", row![code, version, "", "", ONLY_DETECT, "", "NEWERFOUND"]);
}

fn conditions(database: &mut Database, control: &MsiControl) {
    for (condition, sentence) in LAUNCH {
        database.add("LaunchCondition", row![condition, sentence]);
    }
    if control.needs_agent {
        let condition = format!("{AGENT_PRESENT} OR Installed OR {WITHOUT_AGENT} = \"later\"");
        let sentence = "[ProductName] is started by the agent of Consign, which is not installed. Install consignee first, or pass CONSIGNEE=later.";
        database.add("LaunchCondition", row![condition, sentence]);
    }
    for option in &control.options {
        let values = option.allowed.iter().map(|value| format!("{} = \"{value}\"", option.property));
        let condition = format!("Installed OR {}", values.collect::<Vec<_>>().join(" OR "));
        let sentence = format!("{} must be one of: {}.", option.property, option.allowed.join(", "));
        database.add("LaunchCondition", row![condition, sentence]);
    }
}

/// Writes the features: all of a package is installed, and nobody is asked.
pub fn features(database: &mut Database, control: &MsiControl, count: usize) {
    for part in 0..count {
        let (name, parent) = match part {
            0 => (feature(0), None),
            part => (format!("{}{part}", feature(0)), Some(feature(0))),
        };
        let (title, hidden) = (truncated(&control.name, 64), 0);
        database.add("Feature", row![name, parent, title, "", hidden, 1, INSTALL_FOLDER, FAVOR_PARENT]);
    }
}

/// Goes where its parent goes.
const FAVOR_PARENT: i32 = 0x2;

fn truncated(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
