//! Manifests for winget, one set for each package and version: `winget install --manifest <folder>` takes them,
//! and whoever keeps a source of their own puts them there. Nothing of ours reads them.

use consign_metadata::feed::FileReference;

use crate::package::{Format, MsiFacts, SignedPackage};

/// Version of the manifests.
const SCHEMA: &str = "1.6.0";
/// What people read is in English.
const LOCALE: &str = "en-US";

/// The files of a package, by their paths below the root of the repository; none of one that is not for Windows.
pub fn manifests(package: &SignedPackage, file: &FileReference, vendor: &str, url: &str) -> Vec<(String, String)> {
    let Format::Msi(facts) = package.format() else { return Vec::new() };
    let name = package.name().as_str();
    let (identifier, version) = (format!("{vendor}.{name}"), package.version());
    let folder = format!("windows/winget/{name}/{version}");
    let head = format!("PackageIdentifier: {}\nPackageVersion: {}\n", quoted(&identifier), quoted(version));
    let of = |kind: &str, extension: &str, body: String| {
        let text = format!("{head}{body}ManifestType: {kind}\nManifestVersion: {SCHEMA}\n");
        (format!("{folder}/{identifier}{extension}.yaml"), text)
    };
    vec![
        of("version", "", format!("DefaultLocale: {LOCALE}\n")),
        of("installer", ".installer", installer(facts, package.architecture(), file, url)),
        of("defaultLocale", &format!(".locale.{LOCALE}"), locale(facts)),
    ]
}

fn installer(facts: &MsiFacts, architecture: &str, file: &FileReference, url: &str) -> String {
    let digest = file.sha256.to_string().to_uppercase();
    format!(
        "InstallerType: msi\nScope: machine\nUpgradeBehavior: install\nInstallers:\n- Architecture: {architecture}\n  \
         InstallerUrl: {}\n  InstallerSha256: {digest}\n  ProductCode: {}\n  AppsAndFeaturesEntries:\n  - ProductCode: \
         {}\n    UpgradeCode: {}\n    DisplayVersion: {}\n",
        quoted(&format!("{url}/{}", file.path)),
        quoted(&facts.product_code),
        quoted(&facts.product_code),
        quoted(&facts.upgrade_code),
        quoted(&facts.product_version),
    )
}

fn locale(facts: &MsiFacts) -> String {
    format!(
        "PackageLocale: {LOCALE}\nPublisher: {}\nPackageName: {}\nLicense: {}\nShortDescription: {}\n",
        quoted(&facts.manufacturer),
        quoted(&facts.name),
        quoted(&facts.license),
        quoted(&facts.summary),
    )
}

/// As YAML has any text: double quotes, of which JSON's are a part.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
