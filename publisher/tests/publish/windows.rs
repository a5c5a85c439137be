//! Packages for Windows in a publication: in the pool, and in the feed that everybody reads.

use std::path::PathBuf;

use consign::feed;
use consign::store::DirectoryStore;
use consign::trust::Trust;
use consign_metadata::document::Role;
use consign_metadata::feed::{Feed, Shard};
use consign_metadata::name::ProductId;

use crate::project::{Project, err, out};

const WINDOWS: &str = "[module.windows]\nupgrade_code = \"{6F1C0A5E-2B47-4D0B-9A3E-51C7D82493E6}\"\n\
    files = [{ from = \"win/\", to = \"bin/\" }]\n";

/// A project whose release has packages in these formats.
pub fn project(formats: &'static str) -> Project {
    let mut project = Project::new();
    project.formats = formats;
    project.write("win/erp.exe", "MZ, as it were\n");
    project
}

/// Builds, with the module's table in its place.
pub fn build(project: &Project, version: &str) -> Vec<PathBuf> {
    build_with(project, version, "", &[])
}

/// The same with further lines in the manifest and further arguments.
pub fn build_with(project: &Project, version: &str, more: &str, arguments: &[&str]) -> Vec<PathBuf> {
    project.manifest("erp", version, more);
    let manifest = std::fs::read_to_string(project.path("consign.toml")).unwrap();
    project.write("consign.toml", &manifest.replace("[notes]", &format!("{WINDOWS}[notes]")));
    let built =
        crate::project::ok(project.command("build", &["--json"]).args(arguments).env_remove("CONSIGN_WINDOWS_KEY"));
    let built: serde_json::Value = serde_json::from_slice(&built.stdout).unwrap();
    let packages = built["packages"].as_array().unwrap();
    packages.iter().map(|package| project.path(package["path"].as_str().unwrap())).collect()
}

/// What is published, as hosts read it.
pub fn head(project: &Project) -> Feed {
    let trust = Trust::beside(&project.certificate()).unwrap();
    let store = DirectoryStore::at(project.public());
    let (vendor, keys) = ("acme".parse().unwrap(), trust.keyring(Role::Index).unwrap());
    feed::head(&store, &vendor, &"stable".parse().unwrap(), &keys).unwrap().unwrap().feed
}

fn shard(project: &Project) -> Shard {
    let head = head(project);
    let (product, file) = head.shards.iter().next().unwrap();
    let id = ProductId { vendor: head.vendor.clone(), product: product.clone() };
    feed::shard(&DirectoryStore::at(project.public()), &id, file).unwrap()
}

#[test]
fn the_feed_names_packages_for_windows_beside_the_others_and_verify_reads_them() {
    let project = project("formats = [\"deb\", \"msi\"]\n");
    let built = build(&project, "1.0.0");
    project.published(&[]);
    let place = "windows/pool/acme-erp/acme-erp-1.0.0-1.x64.msi";
    let packages = shard(&project).releases[0].packages.clone();
    let natives: Vec<_> = packages.iter().map(|p| (p.native.deb.as_deref(), p.native.msi.as_deref())).collect();
    assert_eq!(natives, [(Some("1.0.0-1"), None), (None, Some("1.0.0-1"))]);
    assert_eq!((packages[1].file.path.as_str(), packages[1].architecture.as_str()), (place, "x64"));
    let msi = built.iter().find(|path| path.extension().unwrap() == "msi").unwrap();
    assert_eq!(project.files()[place], std::fs::read(msi).unwrap());
    let verified = project.verify(&[]);
    assert!(verified.status.success(), "{}{}", out(&verified), err(&verified));

    let winget = |file: &str| {
        let path = format!("windows/winget/acme-erp/1.0.0-1/acme.acme-erp{file}.yaml");
        String::from_utf8(project.files()[&path].clone()).unwrap()
    };
    let installer = winget(".installer");
    for line in [
        "PackageIdentifier: \"acme.acme-erp\"".to_owned(),
        format!("InstallerUrl: \"https://packages.acme.example/{place}\""),
        format!("InstallerSha256: {}", packages[1].file.sha256.to_string().to_uppercase()),
        "UpgradeCode: \"{6F1C0A5E-2B47-4D0B-9A3E-51C7D82493E6}\"".to_owned(),
    ] {
        assert!(installer.contains(&line), "{line}: {installer}");
    }
    assert!(winget(".locale.en-US").contains("ShortDescription: \"an example\"\n"));
    assert!(winget("").ends_with("ManifestType: version\nManifestVersion: 1.6.0\n"));

    // The same content again keeps the bytes that are published; another one is refused.
    let before = project.files();
    build(&project, "1.0.0");
    project.published(&[]);
    assert_eq!(project.files()[place], before[place]);
    project.write("win/erp.exe", "MZ, as it is now\n");
    build(&project, "1.0.0");
    let refused = project.publish(&[]);
    assert!(err(&refused).contains("acme-erp 1.0.0-1 (x64) again"), "{}", err(&refused));

    // Damaged in the pool, it is found.
    let mut bytes = before[place].clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(project.public().join(place), bytes).unwrap();
    let verified = project.verify(&[]);
    assert!(!verified.status.success() && out(&verified).contains(place), "{}{}", out(&verified), err(&verified));
}

#[test]
fn a_product_for_windows_alone_is_published_and_one_of_another_vendor_is_not() {
    let project = project("formats = [\"msi\"]\n");
    let built = build(&project, "1.0.0");
    assert_eq!(built.len(), 1);
    project.published(&[]);
    assert_eq!(shard(&project).releases[0].packages.len(), 1);

    let stranger = self::project("formats = [\"msi\"]\n");
    let theirs = build(&stranger, "1.1.0");
    let refused = project.publish(&[theirs[0].to_str().unwrap()]);
    assert!(err(&refused).contains("is signed by key"), "{}", err(&refused));
}

#[test]
fn a_release_that_windows_installer_would_not_upgrade_to_is_refused() {
    let numbered = |windows_version: &str| -> &'static str {
        format!("formats = [\"msi\"]\nwindows_version = \"{windows_version}\"\n").leak()
    };
    let mut project = project(numbered("24.1.0"));
    build(&project, "2024.1.0");
    project.published(&[]);
    let mut next = |version: &str, windows_version: &str| {
        project.formats = numbered(windows_version);
        build(&project, version);
        let output = project.publish(&[]);
        (output.status.success(), err(&output))
    };
    for low in ["24.1.0", "24.0.7"] {
        let (published, said) = next("2024.2.0", low);
        assert!(!published && said.contains(&format!("2024.2.0 is {low} and 2024.1.0 is 24.1.0")), "{said}");
    }
    // A packaging revision has the numbers of its release, and one in between must be lower than what comes after it.
    assert!(next("2024.3.0", "24.3.0").0);
    let (published, said) = next("2024.2.0", "24.4.0");
    assert!(!published && said.contains("2024.3.0 is 24.3.0 and 2024.2.0 is 24.4.0"), "{said}");
    assert!(next("2024.2.0", "24.2.0").0);

    project.formats = numbered("24.5.0");
    build(&project, "2024.5.0");
    let manifest = std::fs::read_to_string(project.path("consign.toml")).unwrap();
    project.write("consign.toml", &manifest.replace("{6F1C", "{6F1D"));
    crate::project::ok(&mut project.command("build", &[]));
    let said = err(&project.publish(&[]));
    assert!(said.contains("the upgrade code of 2024.3.0 is {6F1C"), "{said}");
}

#[test]
fn a_release_without_one_of_its_modules_for_windows_is_refused() {
    let project = project("formats = [\"deb\", \"msi\"]\n");
    let second = "[[module]]\npackage = \"acme-erp-web\"\nfiles = [{ from = \"app/\", to = \"/opt/web\" }]\n";
    let on_windows = "[module.windows]\nupgrade_code = \"{6F1C0A5E-2B47-4D0B-9A3E-51C7D82493E7}\"\n\
        files = [{ from = \"win/\", to = \"bin/\" }]\n";
    let built = build_with(&project, "1.0.0", &format!("{second}{on_windows}"), &[]);
    let less: Vec<&str> =
        built.iter().map(|p| p.to_str().unwrap()).filter(|p| !p.contains("web-1.0.0-1.x64")).collect();
    assert_eq!(less.len() + 1, built.len());
    let said = err(&project.publish(&less));
    assert!(said.contains("acme-erp-web"), "{said}");
    // A module that says nothing of Windows is not there, and not missed.
    build_with(&project, "1.0.0", second, &[]);
    project.published(&[]);
    assert_eq!(shard(&project).releases[0].packages.len(), 3);
}
