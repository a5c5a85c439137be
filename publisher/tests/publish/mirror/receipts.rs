//! What a site says of itself, and an export that brings exactly the rest.

use super::isolated::Isolated;
use crate::dice::noise;
use crate::formats::BOTH;
use crate::project::{consign, err, ok, out};

fn receipt(site: &Isolated) -> serde_json::Value {
    let told = ok(consign().args(["mirror", "receipt"]).arg(site.mirror()).arg("--json"));
    serde_json::from_slice(&told.stdout).unwrap()
}

/// A site with the first of two releases.
fn behind() -> Isolated {
    let site = Isolated::with("");
    site.release("1.0.0");
    site.exported("stick", &[]);
    site.imported(&["stick"]);
    site.release("1.1.0");
    site
}

#[test]
fn a_code_that_was_heard_right_brings_what_the_site_lacks_and_a_wrong_one_is_noticed() {
    let site = behind();
    let code = receipt(&site)["channels"]["stable"]["code"].as_str().unwrap().to_owned();
    let typed = out(&ok(consign().args(["mirror", "receipt"]).arg(site.mirror())));
    assert_eq!(typed, format!("stable: generation 1, code {code}\n"));
    assert_eq!(site.exported("stick", &["--code", &code])["files"], 1);
    assert_eq!(site.imported(&["stick"])["generation"], 2);
    let said = |code: &str| err(&site.export_command("other", &["--code", code]).output().unwrap());
    let misheard = code.replacen("0001", "0007", 1);
    assert!(said(&misheard).contains("group 1 of it is wrong"), "{}", said(&misheard));
    // The code of another generation with this number.
    let stranger = behind();
    let theirs = receipt(&stranger)["channels"]["stable"]["code"].as_str().unwrap().to_owned();
    let foreign = said(&theirs);
    assert!(foreign.contains("its generation 1 of channel stable is not the one that was here"), "{foreign}");
    assert!(!site.medium("other").exists());
}

#[test]
fn a_receipt_names_every_file_even_where_the_mirror_that_exports_was_not_there() {
    let site = behind();
    let path = site.medium("receipt.json");
    ok(consign().args(["mirror", "receipt"]).arg(site.mirror()).arg("--to").arg(&path));
    let path = path.to_str().unwrap();
    // What the exporting mirror remembers is gone; the receipt is enough.
    std::fs::remove_file(site.scene.mirror().join(".consign/ledger.json")).unwrap();
    let told = site.exported("stick", &["--receipt", path]);
    assert_eq!((&told["files"], &told["channels"]["stable"]), (&1.into(), &serde_json::json!([2, 1])));
    // One of its packages has gone since: the next receipt says so.
    let package = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";
    std::fs::remove_file(site.mirror().join(package)).unwrap();
    assert_eq!(receipt(&site)["channels"]["stable"]["incomplete"], true);
    site.refused(&["stick"], 3, &format!("{package} is neither in this export nor here"));
    ok(consign().args(["mirror", "receipt"]).arg(site.mirror()).args(["--to", path]));
    assert_eq!(site.exported("stick", &["--receipt", path])["files"], 2);
    assert_eq!(site.imported(&["stick"])["generation"], 2);
    // That of a site which is ahead, and that of a stranger.
    ok(consign().args(["mirror", "receipt"]).arg(site.mirror()).args(["--to", path]));
    let stranger = Isolated::with("");
    stranger.release("1.0.0");
    let foreign = err(&stranger.export_command("x", &["--receipt", path]).output().unwrap());
    assert!(foreign.contains("its receipt is of a mirror of acme, whose primary key is"), "{foreign}");
    std::fs::write(path, std::fs::read_to_string(path).unwrap().replace("\"generation\":2", "\"generation\":9"))
        .unwrap();
    let ahead = err(&site.export_command("x", &["--receipt", path]).output().unwrap());
    assert!(ahead.contains("it has generation 9 of channel stable, and this mirror has 2"), "{ahead}");
}

#[test]
fn a_package_with_few_new_bytes_is_carried_as_these_where_the_site_can_make_it_again() {
    let site = Isolated::with(BOTH);
    let mut program = noise(1, 4_000_000);
    let write = |bytes: &[u8]| std::fs::write(site.scene.project.path("app/program"), bytes).unwrap();
    write(&program);
    site.release("1.0.0");
    site.exported("stick", &[]);
    site.imported(&["stick"]);
    // Two bytes in a hundred are others, in four places.
    for place in 0..4 {
        let at = place * 990_000;
        program.splice(at..at + 20_000, noise(place as u64 + 9, 20_000));
    }
    write(&program);
    site.release("1.1.0");
    let path = site.medium("receipt.json");
    ok(consign().args(["mirror", "receipt"]).arg(site.mirror()).arg("--to").arg(&path));
    let told = site.exported("stick", &["--receipt", path.to_str().unwrap()]);
    assert_eq!((&told["files"], &told["deltas"]), (&2.into(), &2.into()), "a deb and an rpm");
    assert!(told["bytes"].as_u64().unwrap() < 400_000, "{told}");
    assert_eq!(site.imported(&["stick"])["generation"], 2);
    assert!(site.files() == site.scene.files());

    // A site whose consign packs otherwise gets whole packages; so does one that only telephones.
    let receipt = std::fs::read_to_string(&path).unwrap();
    let codec = receipt.split("\"codecs\":[\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    std::fs::write(&path, receipt.replace(&codec, "slices-1-0000000000000000")).unwrap();
    let told = site.exported("other", &["--receipt", path.to_str().unwrap()]);
    assert_eq!((&told["files"], &told["deltas"]), (&2.into(), &0.into()));
    // And a delta by another method is named, as is one to a package that is not as it was.
    std::fs::write(&path, &receipt).unwrap();
    let old = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";
    std::fs::remove_dir_all(site.mirror()).unwrap();
    site.refused(&["stick"], 3, &format!("is a delta to {old}, which is not here as it was"));
}
