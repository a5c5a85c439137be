//! Exports that one medium does not hold: volumes, and packages in pieces.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::isolated::Isolated;
use crate::dice::noise;
use crate::project::{ok, out};

const PACKAGE: &str = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";

/// A site of a vendor with releases of packages that nothing makes smaller.
fn heavy(versions: &[&str]) -> Isolated {
    let site = Isolated::with("");
    for (seed, version) in (1..).zip(versions) {
        fs::write(site.scene.project.path("app/noise"), noise(seed, 300_000)).unwrap();
        site.scene.release("erp", version);
    }
    site.scene.synced(&[]);
    site
}

/// The same with one package, spread over so many volumes.
fn in_pieces() -> (Isolated, usize) {
    let site = heavy(&["1.0.0"]);
    let told = site.exported("small", &["--volume-size", "850k"]);
    let number = told["volumes"].as_array().unwrap().len();
    assert!(number >= 2, "{told}");
    (site, number)
}

#[test]
fn volumes_come_in_any_order_and_the_missing_one_is_named() {
    let site = heavy(&["1.0.0", "1.1.0", "1.2.0"]);
    let told = site.exported("dvds", &["--volume-size", "1100k"]);
    let volumes: Vec<_> = told["volumes"].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect();
    assert!(volumes.len() == 3 && volumes[1].ends_with("volume-2"), "{volumes:?}");
    for volume in &volumes {
        let used = out(&ok(Command::new("du").arg("-sb").arg(volume)));
        assert!(used.split_whitespace().next().unwrap().parse::<u64>().unwrap() < 1_100_000, "{used}");
    }
    let said = site.refused(&["dvds/volume-3"], 1, "volume 1 of 3 is missing, with 1 file");
    assert!(said.contains("volume 2 of 3 is missing, with 1 file"), "{said}");
    site.refused(&["dvds/volume-1"], 1, "volume 2 of 3 is missing, with 1 file");
    // What came before is not asked for again.
    fs::remove_dir_all(site.medium("dvds/volume-1")).unwrap();
    assert_eq!(site.imported(&["dvds/volume-2"])["generation"], 3);
}

#[test]
fn a_package_that_no_volume_holds_is_put_together_from_several() {
    let (site, number) = in_pieces();
    for volume in (2..=number).rev() {
        site.refused(&[&format!("small/volume-{volume}")], 1, "volume 1 of");
    }
    assert_eq!(site.imported(&["small/volume-1"])["generation"], 1);
    assert!(site.files()[PACKAGE] == site.scene.files()[PACKAGE]);
    assert!(!site.mirror().join(".consign/parts").exists());
}

/// The piece of a package that waits in the mirror for others.
fn piece(site: &Isolated) -> PathBuf {
    let mut parts = fs::read_dir(site.mirror().join(".consign/parts")).unwrap().map(|part| part.unwrap().path());
    parts.find(|part| part.extension().is_some_and(|extension| extension == "piece")).unwrap()
}

#[test]
fn a_piece_that_waits_and_is_not_what_it_was_is_asked_for_again_and_spoils_nothing() {
    // Whoever wrote it was killed, or the disk has lost a bit of it.
    let spoil: [fn(&mut Vec<u8>); 2] = [|bytes| bytes.truncate(1000), |bytes| bytes[1000] ^= 1];
    let (site, number) = in_pieces();
    let volume = |number: usize| format!("small/volume-{number}");
    for spoil in spoil {
        let _ = fs::remove_dir_all(site.mirror());
        site.refused(&[&volume(number)], 1, "volume 1 of");
        let piece = piece(&site);
        let mut bytes = fs::read(&piece).unwrap();
        spoil(&mut bytes);
        fs::write(&piece, bytes).unwrap();
        let others: Vec<_> = (1..number).map(volume).collect();
        let others: Vec<_> = others.iter().map(String::as_str).collect();
        site.refused(&others, 1, &format!("volume {number} of {number} is missing, with 1 file"));
        assert_eq!(site.imported(&[&volume(number)])["generation"], 1);
        assert!(site.files()[PACKAGE] == site.scene.files()[PACKAGE]);
    }
}
