//! Media that are signed by who packs them, and sites that take no others.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::isolated::Isolated;
use crate::dice::noise;
use crate::project::{consign, err, ok, out};

/// A site that takes what `packer` has packed; `other` packs as well.
struct Signed {
    site: Isolated,
}

impl Signed {
    fn new() -> Self {
        let site = Isolated::with("");
        for name in ["packer", "other"] {
            site.scene.project.keys(name, name, 365);
        }
        site.release("1.0.0");
        Self { site }
    }

    fn key(&self, name: &str, file: &str) -> PathBuf {
        self.site.scene.project.path(name).join(file)
    }

    fn export(&self, medium: &str, by: &str, arguments: &[&str]) -> Value {
        let key = self.key(by, "package.secret.pgp");
        self.site.exported(medium, &[arguments, &["--key", key.to_str().unwrap()]].concat())
    }

    /// An import that says who packs.
    fn naming(&self, media: &[&str], packer: &str) -> Command {
        let media: Vec<_> = media.iter().map(|name| self.site.medium(name)).collect();
        let mut import = self.site.import_command(&media);
        import.arg("--packed-by").arg(self.key(packer, "certificate.pgp"));
        import
    }

    fn own(&self, medium: &str, file: &str) -> PathBuf {
        self.site.medium(medium).join("consign-medium").join(file)
    }
}

#[test]
fn a_site_that_knows_who_packs_takes_nothing_else_and_parses_nothing_else() {
    let signed = Signed::new();
    let site = &signed.site;
    signed.export("good", "packer", &[]);
    signed.export("foreign", "other", &[]);
    site.exported("unsigned", &[]);
    let first = signed.naming(&["unsigned"], "packer").output().unwrap();
    assert_eq!(first.status.code(), Some(3), "{}", err(&first));
    assert!(err(&first).contains("nobody has signed it") && !site.mirror().exists(), "{}", err(&first));
    let told = ok(&mut signed.naming(&["good"], "packer"));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let roles: Value = serde_json::from_slice(&fs::read(signed.key("packer", "roles.json")).unwrap()).unwrap();
    assert_eq!(told["packed_by"], roles["roles"]["package"][0]);
    let status = out(&ok(consign().args(["mirror", "status"]).arg(site.mirror())));
    let signer = told["packed_by"].as_str().unwrap();
    assert!(status.contains(&format!("  media are taken if one of these keys has signed them: {signer}")), "{status}");
    let status = out(&ok(consign().args(["mirror", "status", "--json"]).arg(site.mirror())));
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["packed_by"], serde_json::json!([signer]));
    // From now on nobody has to say it again.
    let said = site.refused(&["unsigned"], 3, "volume.json: nobody has signed it");
    assert!(said.contains("--packed-by FILE"), "{said}");
    site.refused(&["foreign"], 3, "volume.json: no key of its packer has signed it: ");
    assert_eq!(site.imported(&["good"])["changed"], false);
    // What is no label at all is refused for its signature, before anybody looks what it is.
    let label = signed.own("good", "volume.json");
    fs::write(&label, b"{").unwrap();
    site.refused(&["good"], 3, "volume.json: no key of its packer has signed it");
    // Whoever takes media of anybody takes these.
    fs::remove_dir_all(site.mirror()).unwrap();
    assert_eq!(site.imported(&["foreign"])["generation"], 1);
}

#[test]
fn label_and_manifest_are_refused_when_they_are_not_those_that_were_signed() {
    let signed = Signed::new();
    let site = &signed.site;
    signed.export("good", "packer", &[]);
    ok(&mut signed.naming(&["good"], "packer"));
    site.release("1.1.0");
    signed.export("next", "packer", &[]);
    let spoilt = |act: &dyn Fn(), words: &str| {
        let _ = fs::remove_dir_all(site.medium("bad"));
        ok(Command::new("cp").arg("-a").arg(site.medium("next")).arg(site.medium("bad")));
        act();
        site.refused(&["bad"], 3, words);
    };
    let own = |file: &str| signed.own("bad", file);
    let edit = |file: &str, from: &str, to: &str| {
        let text = fs::read_to_string(own(file)).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(own(file), text.replacen(from, to, 1)).unwrap();
    };
    let take = |file: &str| fs::copy(signed.own("good", file), own(file)).map(drop).unwrap();
    let bad_label = "volume.json: no key of its packer has signed it";
    spoilt(&|| edit("volume.json", "\"volume\":1,\"of\":1", "\"volume\":1,\"of\":2"), bad_label);
    spoilt(&|| edit("manifest.json", "\"generation\":2", "\"generation\":1"), "the manifest of export");
    spoilt(&|| take("manifest.json"), "the manifest of export");
    spoilt(&|| take("volume.json"), bad_label);
    spoilt(&|| take("volume.json.asc"), bad_label);
    spoilt(&|| take("manifest.json.asc"), "manifest.json: no key of its packer has signed it");
    spoilt(&|| fs::remove_file(own("manifest.json.asc")).unwrap(), "manifest.json: nobody has signed it");
    spoilt(&|| fs::write(own("volume.json.asc"), vec![b'x'; 1 << 20]).unwrap(), "volume.json: nobody has signed it");
    // All of the earlier export is by the same packer: the vendor's generation is what tells it from a new one.
    assert_eq!(site.imported(&["next"])["generation"], 2);
    site.refused(&["good"], 3, "cannot take generation 1 of channel stable: this mirror has 2");
}

#[test]
fn every_volume_is_signed_and_what_is_swapped_between_them_is_named() {
    let signed = Signed::new();
    let site = &signed.site;
    fs::write(site.scene.project.path("app/noise"), noise(1, 600_000)).unwrap();
    site.release("1.1.0");
    let told = signed.export("dvds", "packer", &["--volume-size", "850k"]);
    let number = told["volumes"].as_array().unwrap().len();
    assert!(number >= 2, "{told}");
    let volume = |number: usize, file: &str| signed.own(&format!("dvds/volume-{number}"), file);
    for number in 1..=number {
        for file in ["volume.json", "manifest.json"] {
            assert!(volume(number, &format!("{file}.asc")).exists(), "{file} of {number}");
        }
    }
    let swap = || {
        for file in ["volume.json", "volume.json.asc"] {
            fs::rename(volume(1, file), volume(1, "x")).unwrap();
            fs::rename(volume(2, file), volume(1, file)).unwrap();
            fs::rename(volume(1, "x"), volume(2, file)).unwrap();
        }
    };
    swap();
    let one = signed.naming(&["dvds/volume-1"], "packer").output().unwrap();
    assert_eq!(one.status.code(), Some(3), "{}", err(&one));
    assert!(err(&one).contains("is missing on volume 2"), "{}", err(&one));
    swap();
    fs::remove_file(volume(2, "manifest.json.asc")).unwrap();
    let all: Vec<_> = (1..=number).map(|number| format!("dvds/volume-{number}")).collect();
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    site.refused(&all, 3, "volume-2/consign-medium/manifest.json: nobody has signed it");
    site.refused(&["dvds/volume-1"], 1, "volume 2 of");
}

#[test]
fn who_packs_is_replaced_by_name_and_a_key_for_something_else_does_not_pack() {
    let signed = Signed::new();
    let site = &signed.site;
    signed.export("stick", "packer", &[]);
    ok(&mut signed.naming(&["stick"], "packer"));
    signed.export("other", "other", &[]);
    site.refused(&["other"], 3, "no key of its packer has signed it");
    ok(&mut signed.naming(&["other"], "other"));
    site.refused(&["stick"], 3, "no key of its packer has signed it");
    let index = signed.key("packer", "index.secret.pgp");
    let wrong = site.export_command("x", &["--key", index.to_str().unwrap()]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(3));
    assert!(err(&wrong).contains("it has not the role \"package\"") && !site.medium("x").exists(), "{}", err(&wrong));
    // The next export of nobody's leaves no signature of somebody's.
    site.exported("stick", &[]);
    assert!(!signed.own("stick", "volume.json.asc").exists() && !signed.own("stick", "manifest.json.asc").exists());
    // What a mirror takes from a server is signed by the vendor alone.
    let sync = ok(consign().args(["mirror", "sync", &site.scene.server.url()]).arg(site.mirror()));
    assert!(out(&sync).contains("nothing is newer"), "{}", out(&sync));
}
