//! A slice of an ordinary archive on a medium: the archive's own signatures count, where it is exported and at the site.

use std::path::{Path, PathBuf};
use std::process::Output;

use consign_metadata::digest::Sha256;
use serde_json::Value;

use super::isolated::{Isolated, files};
use crate::apt::Apt;
use crate::formats::BOTH;
use crate::project::{consign, err, ok, out};

const PACKAGE: &str = "pool/main/a/acme-erp/acme-erp_1.1.0-1_all.deb";

/// An archive that nobody says anything of but its signature; a mirror of a slice of it, and a site.
struct Carried {
    site: Isolated,
}

impl Carried {
    fn new() -> Self {
        let carried = Self { site: Isolated::with(BOTH) };
        carried.site.scene.release("shop", "1.0.0");
        carried.release("1.0.0");
        carried
    }

    fn release(&self, version: &str) {
        self.site.scene.release("erp", version);
        let mut sync = consign();
        sync.args(["mirror", "apt", &self.site.scene.server.url()]).arg(self.slice()).args(["--suite", "stable"]);
        ok(sync.args(["--package", "acme-erp", "--keyring"]).arg(self.site.scene.project.certificate()));
    }

    fn slice(&self) -> PathBuf {
        self.site.medium("slice")
    }

    fn archive(&self) -> PathBuf {
        self.site.medium("archive")
    }

    fn export(&self, medium: &str, more: &[&str]) -> Output {
        let mut export = consign();
        export.args(["mirror", "export"]).arg(self.slice()).arg("--to").arg(self.site.medium(medium)).args(more);
        export.output().unwrap()
    }

    fn import(&self, medium: &str, more: &[&str]) -> Output {
        let mut import = consign();
        import.args(["mirror", "import"]).arg(self.site.medium(medium)).arg(self.archive()).args(more);
        import.output().unwrap()
    }

    fn keyring(&self) -> String {
        self.site.scene.project.certificate().display().to_string()
    }

    /// What became of the suite.
    #[track_caller]
    fn imported(&self, medium: &str, more: &[&str]) -> Value {
        let output = self.import(medium, &[more, &["--json"]].concat());
        assert!(output.status.success(), "{}{}", out(&output), err(&output));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        told["suites"][0].clone()
    }

    #[track_caller]
    fn refused(&self, output: &Output, words: &str) {
        assert_eq!(output.status.code(), Some(3), "{}{}", out(output), err(output));
        assert!(err(output).contains(words), "{}", err(output));
    }
}

fn blob(medium: &Path, bytes: &[u8]) -> PathBuf {
    let name = Sha256::of(bytes).to_string();
    medium.join("consign-medium/blobs").join(&name[..2]).join(name)
}

#[test]
fn a_slice_comes_as_it_is_and_then_what_is_new_of_it() {
    let carried = Carried::new();
    assert!(carried.export("old", &[]).status.success());
    carried.refused(&carried.import("old", &[]), "--keyring FILE");
    let told = carried.imported("old", &["--keyring", &carried.keyring()]);
    assert_eq!((&told["suite"], &told["carried"], &told["fetched"]), (&"stable".into(), &1.into(), &1.into()));
    assert!(files(&carried.archive()) == files(&carried.slice()));
    carried.release("1.1.0");
    let exported = carried.export("stick", &[]);
    assert!(exported.status.success(), "{}", err(&exported));
    assert_eq!(carried.imported("stick", &[])["fetched"], 1);
    let apt = Apt::new(&format!("file:{}", carried.archive().display()), &carried.site.scene.project.certificate());
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.1.0-1"));
    apt.download("acme-erp");
    assert_eq!(carried.imported("stick", &[])["changed"], false);
    carried.refused(&carried.import("old", &[]), "and this mirror has that of");
    carried.refused(&carried.export("x", &["--code", "stable=00128482189901412344"]), "an archive has no generations");
}

#[test]
fn what_the_archive_has_not_signed_or_another_packer_brings_is_refused() {
    let carried = Carried::new();
    assert!(carried.export("stick", &[]).status.success());
    let stranger = Isolated::with("");
    let theirs = stranger.scene.project.certificate().display().to_string();
    carried.refused(&carried.import("stick", &["--keyring", &theirs]), "carries no good signature");
    assert!(!carried.archive().join("dists").exists());
    assert_eq!(carried.imported("stick", &["--keyring", &carried.keyring()])["fetched"], 1);
    carried.release("1.1.0");
    assert!(carried.export("stick", &[]).status.success());
    let before = files(&carried.archive());
    let package = blob(&carried.site.medium("stick"), &files(&carried.slice())[PACKAGE]);
    let mut bytes = std::fs::read(&package).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&package, bytes).unwrap();
    carried.refused(&carried.import("stick", &[]), &format!("{PACKAGE} is altered on volume 1"));
    assert!(files(&carried.archive()) == before);
    // Who packs is remembered here as well.
    for name in ["packer", "other"] {
        carried.site.scene.project.keys(name, name, 365);
    }
    let path = |file: &str| carried.site.scene.project.path(file).display().to_string();
    assert!(carried.export("stick", &["--key", &path("packer/package.secret.pgp")]).status.success());
    assert_eq!(carried.imported("stick", &["--packed-by", &path("packer/certificate.pgp")])["fetched"], 1);
    assert!(carried.export("stick", &["--key", &path("other/package.secret.pgp")]).status.success());
    carried.refused(&carried.import("stick", &[]), "volume.json: no key of its packer has signed it");
}

#[test]
fn no_medium_goes_where_another_belongs() {
    let carried = Carried::new();
    assert!(carried.export("stick", &[]).status.success());
    assert_eq!(carried.imported("stick", &["--keyring", &carried.keyring()])["fetched"], 1);
    carried.site.scene.synced(&[]);
    carried.site.exported("vendor", &[]);
    carried.site.imported(&["vendor"]);
    carried.site.refused(
        &["stick"],
        3,
        "it is a mirror of a vendor's repository; an archive needs a folder of its own",
    );
    let certificate = carried.keyring();
    carried.refused(&carried.import("vendor", &["--certificate", &certificate]), "it is a slice of an archive");
}
