//! What is carried by hand: only what the site lacks, whole, in any order, and nothing that the vendor has not signed.

use std::path::Path;
use std::process::Command;

use super::isolated::Isolated;
use crate::formats::BOTH;
use crate::project::{consign, err, ok, out};

const OLD: &str = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";
const NEW: &str = "pool/main/a/acme-erp/acme-erp_1.1.0-1_all.deb";

/// A file of a package on a medium, by the name that it has in the mirror.
fn blob(site: &Isolated, medium: &str, file: &str) -> std::path::PathBuf {
    let bytes = &site.scene.files()[file];
    let name = consign_metadata::digest::Sha256::of(bytes).to_string();
    site.medium(medium).join("consign-medium/blobs").join(&name[..2]).join(name)
}

#[test]
fn a_site_has_what_the_mirror_has_and_then_only_the_change_is_carried() {
    let site = Isolated::with(BOTH);
    site.release("1.0.0");
    let told = site.exported("stick", &[]);
    assert_eq!(told["channels"]["stable"], serde_json::json!([1, null]));
    let told = site.imported(&["stick"]);
    assert_eq!((&told["generation"], &told["before"], &told["partial"]), (&1.into(), &().into(), &false.into()));
    let same = |name: &str| site.files()[name] == site.scene.files()[name];
    assert!(same(OLD) && same("consign/stable/feed.pgp") && same("dists/stable/InRelease"));

    site.release("1.1.0");
    let whole = site.exported("whole", &[])["files"].as_u64().unwrap();
    let change = site.exported("stick", &["--since", "1"]);
    assert_eq!((whole, &change["files"]), (4, &2.into()), "two packages of each release");
    assert!(!blob(&site, "stick", OLD).exists() && blob(&site, "stick", NEW).exists());
    let told = site.imported(&["stick"]);
    assert_eq!((&told["before"], &told["generation"]), (&1.into(), &2.into()));
    let (there, here) = (site.files(), site.scene.files());
    assert!(there == here, "{:?} {:?}", there.keys(), here.keys());
    // The same again changes nothing, and an older one is refused.
    assert_eq!(site.imported(&["stick"])["changed"], false);
    assert!(site.import(&["whole"]).status.success());
}

#[test]
fn what_is_older_foreign_unfinished_or_nothing_at_all_is_refused_with_the_reason() {
    let site = Isolated::with("");
    site.release("1.0.0");
    site.exported("old", &[]);
    site.release("1.1.0");
    site.exported("new", &[]);
    site.imported(&["new"]);
    site.refused(&["old"], 3, "cannot take generation 1 of channel stable: this mirror has 2");
    let nothing = site.medium("empty");
    std::fs::create_dir(&nothing).unwrap();
    site.refused(&["empty"], 3, "it holds no export, or one that was not finished");
    site.refused(&["old", "new"], 3, "they hold different exports");
    ok(Command::new("cp").arg("-a").arg(site.medium("new")).arg(site.medium("unfinished")));
    std::fs::remove_file(site.medium("unfinished/consign-medium/volume.json")).unwrap();
    site.refused(&["unfinished"], 3, "it holds no export, or one that was not finished");
    let stranger = Isolated::with("");
    stranger.release("1.0.0");
    stranger.exported("stick", &[]);
    std::fs::rename(stranger.medium("stick"), site.medium("foreign")).unwrap();
    site.refused(&["foreign"], 3, "and this is a mirror of acme, whose primary key is");
    // The change alone is nothing to a site that has not what it begins with.
    site.exported("change", &["--since", "1"]);
    std::fs::remove_dir_all(site.mirror()).unwrap();
    site.refused(&["change"], 3, &format!("{OLD} is neither in this export nor here"));
    let ahead = site.export_command("x", &["--since", "7"]).output().unwrap();
    assert!(err(&ahead).contains("it has generation 7 of channel stable, and this mirror has 2"), "{}", err(&ahead));
    std::fs::remove_file(site.scene.mirror().join(".consign/ledger.json")).unwrap();
    let unknown = site.export_command("x", &["--since", "1"]).output().unwrap();
    assert!(err(&unknown).contains("the last that it had are 2"), "{}", err(&unknown));
    assert_eq!((ahead.status.code(), unknown.status.code()), (Some(3), Some(1)));
    let nobody =
        consign().args(["mirror", "import"]).args([site.medium("new"), site.medium("fresh")]).output().unwrap();
    assert!(err(&nobody).contains("--certificate FILE"), "{}", err(&nobody));
}

#[test]
fn what_others_did_to_a_stick_does_not_matter_unless_it_is_gone_or_altered() {
    let site = Isolated::with("");
    site.release("1.0.0");
    site.exported("stick", &[]);
    let (stick, package) = (site.medium("stick"), blob(&site, "stick", OLD));
    std::fs::write(stick.join("photo.jpg"), b"holidays").unwrap();
    std::fs::create_dir_all(stick.join("System Volume Information")).unwrap();
    std::os::unix::fs::symlink("/etc", stick.join("consign-medium/etc")).unwrap();
    let good = std::fs::read(&package).unwrap();
    std::fs::remove_file(&package).unwrap();
    site.refused(&["stick"], 3, &format!("{OLD} is missing on volume 1"));
    let mut bad = good.clone();
    bad[100] ^= 1;
    std::fs::write(&package, &bad).unwrap();
    site.refused(&["stick"], 3, &format!("{OLD} is altered on volume 1"));
    std::fs::remove_file(&package).unwrap();
    std::os::unix::fs::symlink(site.scene.mirror().join(OLD), &package).unwrap();
    site.refused(&["stick"], 3, &format!("{OLD} is missing on volume 1"));
    std::fs::remove_file(&package).unwrap();
    std::fs::write(stick.join("consign-medium/1B2C~1"), &good).unwrap();
    assert_eq!(site.imported(&["stick"])["generation"], 1);
    // What is somebody else's stays where the next export is written.
    site.release("1.1.0");
    site.exported("stick", &["--since", "1"]);
    assert!(["photo.jpg", "consign-medium/1B2C~1", "consign-medium/etc"].iter().all(|left| stick.join(left).exists()));
    assert_eq!(site.imported(&["stick"])["generation"], 2);
}

#[test]
fn a_medium_carries_its_own_reader_and_says_what_it_is() {
    let site = Isolated::with("");
    site.release("1.0.0");
    let reader = Path::new(env!("CARGO_BIN_EXE_consign"));
    let exported = ok(&mut site.export_command("stick", &["--reader", reader.to_str().unwrap()]));
    // It is one of this system, which the site has to have as well.
    assert!(err(&exported).contains("runs only where /lib64/ld-linux-x86-64.so.2"), "{}", err(&exported));
    let carried = site.medium("stick/consign-medium/consign");
    let bytes = std::fs::read(&carried).unwrap();
    assert!(bytes == std::fs::read(reader).unwrap());
    let digest = consign_metadata::digest::Sha256::of(&bytes).to_string();
    for (leaflet, words) in
        [("READ-ME.txt", "Volume 1 of 1 of export"), ("LISEZ-MOI.txt", "Volume 1 sur 1 de l'export")]
    {
        let text = std::fs::read_to_string(site.medium("stick/consign-medium").join(leaflet)).unwrap();
        assert!(text.contains(words) && text.contains(&digest) && text.contains("ld-linux-x86-64"), "{text}");
    }
    // As the leaflet says it.
    let installed = site.medium("consign");
    ok(Command::new("install").args(["-m", "755"]).arg(carried).arg(&installed));
    let mut import = Command::new(installed);
    import.args(["mirror", "import"]).arg(site.medium("stick")).arg(site.mirror()).arg("--certificate");
    ok(import.arg(site.scene.project.certificate()));
    assert_eq!(site.findings(), Vec::<String>::new());
    // What no machine of a site can run is not carried.
    let script = site.scene.project.path("consign.toml");
    let refused = site.export_command("x", &["--reader", script.to_str().unwrap()]).output().unwrap();
    assert_eq!(refused.status.code(), Some(3));
    assert!(err(&refused).contains("no program for 64-bit Linux") && !site.medium("x").exists(), "{}", err(&refused));
    // The next one without a reader has none.
    site.exported("stick", &[]);
    assert!(!site.medium("stick/consign-medium/consign").exists());
}

#[test]
fn withdrawals_new_keys_and_a_part_of_the_packages_arrive_as_they_are() {
    let site = Isolated::with(BOTH);
    site.release("1.0.0");
    site.exported("stick", &[]);
    site.imported(&["stick"]);
    // Two rotations of keys, of which the site hears nothing before it has the next medium.
    for phase in ["add", "both", "new", "drop"] {
        ok(consign().current_dir(site.scene.project.root()).args(["key", "rotate", phase]));
        site.scene.project.published(&["--renew"]);
        site.scene.synced(&[]);
    }
    site.release("1.1.0");
    site.scene.synced(&["--format", "deb"]);
    site.exported("stick", &["--since", "1"]);
    let output = Command::new(env!("CARGO_BIN_EXE_consign"))
        .args(["mirror", "import"])
        .args([site.medium("stick"), site.mirror()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(out(&output).contains("of which it carries a part"), "{}", out(&output));
    assert!(site.files().contains_key(NEW));
    let missing: Vec<_> = site.findings().into_iter().filter(|finding| !finding.contains(".rpm")).collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn a_renewal_is_carried_without_packages_and_tells_when_the_vendor_was_asked() {
    let site = Isolated::with(BOTH);
    site.release("1.0.0");
    site.exported("stick", &[]);
    site.imported(&["stick"]);
    let until = |mirror: &Path| {
        let told = ok(consign().args(["mirror", "status"]).arg(mirror).arg("--json"));
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
        ["expires", "asked"].map(|field| told["channels"][0][field].as_str().unwrap().to_owned())
    };
    let [expires, asked] = until(&site.mirror());
    assert_eq!([expires.clone(), asked.clone()], until(&site.scene.mirror()), "as the connected mirror was told");
    site.scene.project.published(&["--renew"]);
    site.scene.synced(&[]);
    let told = site.exported("stick", &["--since", "1"]);
    assert_eq!(told["files"], 0);
    assert!(told["bytes"].as_u64().unwrap() < 60_000, "{told}");
    assert_eq!(site.imported(&["stick"])["generation"], 2);
    let renewed = until(&site.mirror());
    assert!(renewed[0] > expires && renewed[1] > asked, "{renewed:?}");
}
