//! Manifests for winget, one set for each package and version: `winget install --manifest <folder>` takes them,
//! and whoever keeps a source of their own puts them there. Nothing of ours reads them.

use consign_metadata::feed::FileReference;

use crate::package::{Format, MsiFacts, SignedPackage};

/// Version of the manifests.
const SCHEMA: &str = "1.6.0";
/// What people read is in English.
const LOCALE: &str = "en-US";
/// What its schema allows: of a part of an identifier, of a name, of a licence and of an address.
const LONGEST_PART: usize = 32;
const LONGEST_NAME: usize = 256;
const LONGEST_LICENSE: usize = 512;
const SCHEMES: [&str; 2] = ["http://", "https://"];
const NO_LICENSE: &str = "Proprietary";

/// The files of a package, by their paths below the root of the repository; none of one that is no part of a product
/// for Windows, and none where winget cannot fetch it.
pub fn manifests(package: &SignedPackage, file: &FileReference, vendor: &str, url: &str) -> Vec<(String, String)> {
    let Format::Msi(facts) = package.format() else { return Vec::new() };
    if package.plan().is_none() || !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
        return Vec::new();
    }
    let name = package.name().as_str();
    let (identifier, version) = (format!("{}.{}", part(vendor), part(name)), package.version());
    let folder = format!("windows/winget/{name}/{version}");
    let head = format!("PackageIdentifier: {}\nPackageVersion: {}\n", quoted(&identifier), quoted(version));
    let of = |kind: &str, extension: &str, body: String| {
        let text = format!("{head}{body}ManifestType: {kind}\nManifestVersion: {SCHEMA}\n");
        (format!("{folder}/{identifier}{extension}.yaml"), text)
    };
    vec![
        of("version", "", format!("DefaultLocale: {LOCALE}\n")),
        of("installer", ".installer", installer(facts, package.architecture(), file, url)),
        of("defaultLocale", &format!(".locale.{LOCALE}"), locale(facts, name)),
    ]
}

/// A part of an identifier, which dots divide.
fn part(name: &str) -> String {
    name.replace('.', "-").chars().take(LONGEST_PART).collect()
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

fn locale(facts: &MsiFacts, package: &str) -> String {
    format!(
        "PackageLocale: {LOCALE}\nPublisher: {}\nPackageName: {}\nLicense: {}\nShortDescription: {}\n",
        quoted(&sized(&facts.manufacturer, 2, LONGEST_NAME, package)),
        quoted(&sized(&facts.name, 2, LONGEST_NAME, package)),
        quoted(&sized(&facts.license, 3, LONGEST_LICENSE, NO_LICENSE)),
        quoted(&sized(&facts.summary, 3, LONGEST_NAME, package)),
    )
}

/// A text as long as it may be, or what stands for one that is too short.
fn sized(text: &str, least: usize, most: usize, otherwise: &str) -> String {
    match text.chars().count() < least {
        true => otherwise.to_owned(),
        false => text.chars().take(most).collect(),
    }
}

/// As YAML has any text: double quotes, of which JSON's are a part.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_its_schema_does_not_allow_is_not_written() {
        assert_eq!(part("lib1.2-erp"), "lib1-2-erp");
        assert_eq!(part(&"a".repeat(40)).len(), LONGEST_PART);
        let facts = MsiFacts {
            name: "E".to_owned(),
            manufacturer: "Acme".to_owned(),
            upgrade_code: String::new(),
            product_code: String::new(),
            product_version: "1.0.0".to_owned(),
            summary: "s".repeat(300),
            license: "X".to_owned(),
        };
        let said = locale(&facts, "acme-erp");
        assert!(said.contains("PackageName: \"acme-erp\"\nLicense: \"Proprietary\"\n"), "{said}");
        assert!(said.ends_with(&format!("\"{}\"\n", "s".repeat(256))), "{said}");
        assert_eq!(quoted("a \"b\" \\ é"), r#""a \"b\" \\ é""#);
    }
}
