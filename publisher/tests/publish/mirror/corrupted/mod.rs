//! Media that were damaged on the way, or made to do harm: each is refused and says why, or the damage is in what the
//! site does not need, and its mirror is the vendor's to the byte. None costs more than it should.
//!
//! Without `CONSIGN_LONG` sixty of them, with it a thousand; the seed is the same.

mod victim;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use self::victim::{Harm, OLDER, Victim, WAYS};
use super::isolated::Isolated;
use crate::dice::Dice;
use crate::project::{consign, err, ok, out};

/// The most that an import holds of memory at a time, in KiB, whatever the medium says.
const MEMORY: u64 = 100 * 1024;
/// The whole mirror of the site, in bytes: a few packages and indexes.
const DISK: u64 = 2_000_000;
/// The package that a delta begins with.
const BASE: &str = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";

/// A site with the first release, a medium that brings the second, and what the site should be then.
struct Spoiling {
    site: Isolated,
    good: BTreeMap<String, Vec<u8>>,
    codec: String,
}

impl Spoiling {
    fn new() -> Self {
        let site = Isolated::with("");
        site.release("1.0.0");
        site.exported("old", &[]);
        site.imported(&["old"]);
        let receipt = site.medium("receipt.json");
        ok(consign().args(["mirror", "receipt"]).arg(site.mirror()).arg("--to").arg(&receipt));
        let receipt: Value = serde_json::from_slice(&fs::read(receipt).unwrap()).unwrap();
        let codec = receipt["codecs"][0].as_str().unwrap().to_owned();
        copy(&site.mirror(), &site.medium("before"));
        site.release("1.1.0");
        site.exported("good", &["--since", "1"]);
        site.imported(&["good"]);
        fs::rename(site.mirror(), site.medium("after")).unwrap();
        let good = site.scene.files();
        Self { site, good, codec }
    }

    /// The site as it was, and a medium that is spoilt in one of many ways.
    fn spoilt(&self, dice: &mut Dice, way: usize) -> Harm {
        let stick = self.site.medium("stick");
        let site = if way % WAYS == OLDER { "after" } else { "before" };
        copy(&self.site.medium("good"), &stick);
        copy(&self.site.medium(site), &self.site.mirror());
        let (old, site, codec) = (self.site.medium("old"), self.site.mirror(), &*self.codec);
        Victim { stick: &stick, old: &old, site: &site, codec, dice }.spoil(way)
    }

    /// An import that may take twenty seconds of a processor, and the most memory that it held.
    fn import(&self) -> (Output, u64) {
        let (import, peak) = (self.site.import_command(&[self.site.medium("stick")]), self.site.medium("peak"));
        let mut bounded = Command::new("/usr/bin/time");
        bounded.args(["--quiet", "--format=%M", "--output"]).arg(&peak).args(["prlimit", "--cpu=20"]);
        let output = bounded.arg(import.get_program()).args(import.get_args()).output().unwrap();
        let told = fs::read_to_string(&peak).unwrap();
        (output, told.trim().parse().unwrap_or_else(|_| panic!("{told}")))
    }

    /// Whether it was refused, and the most memory that this took. What was not is what nobody needs of the medium.
    fn is_refused(&self, Harm { what, words }: &Harm) -> (bool, u64) {
        let before = self.site.files();
        let (output, peak) = self.import();
        let (code, said) = (output.status.code(), err(&output).split_whitespace().collect::<Vec<_>>().join(" "));
        assert!([Some(0), Some(1), Some(3)].contains(&code), "{what}: {} {said}", output.status);
        assert!(peak < MEMORY, "{what}: {peak} KiB of memory");
        let used = out(&ok(Command::new("du").arg("-sb").arg(self.site.mirror())));
        let used: u64 = used.split_whitespace().next().unwrap().parse().unwrap();
        assert!(used < DISK, "{what}: {used} bytes on the disk");
        let after = self.site.files();
        if code == Some(0) {
            // Without what the vendor has put together for mirrors they ask more often, and hosts never read it.
            let is_right = |(name, bytes): (&String, &Vec<u8>)| {
                let there = after.get(name);
                there == Some(bytes) || (name.ends_with("/changes.tar.gz") && there == before.get(name))
            };
            assert!(self.good.iter().all(is_right), "{what}: accepted");
            return (false, peak);
        }
        let is_named =
            |word: &String| said.contains(word) || (word.ends_with("feed.pgp") && said.contains("its feed is signed"));
        assert!(said.contains("cannot") && words.iter().any(is_named), "{what}: {words:?}: {said}");
        // What was there is there; what came besides is what the vendor has signed.
        assert!(before.iter().all(|(name, bytes)| after.get(name) == Some(bytes)), "{what}: hosts see something else");
        let good = |(name, bytes): (&String, &Vec<u8>)| before.contains_key(name) || self.good.get(name) == Some(bytes);
        assert!(after.iter().all(good), "{what}: {:?}", after.keys());
        (true, peak)
    }
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    ok(Command::new("cp").arg("-a").arg(from).arg(to));
}

#[test]
#[allow(clippy::print_stdout, reason = "how many there were is told")]
fn of_a_medium_that_was_tampered_with_nothing_but_the_vendors_bytes_is_taken() {
    let (spoiling, mut dice) = (Spoiling::new(), Dice(0x9e37_79b9_7f4a_7c15));
    let number = if std::env::var_os("CONSIGN_LONG").is_some() { 1000 } else { 60 };
    let (mut harmless, mut most) = (Vec::new(), 0);
    for way in 0..number {
        let harm = spoiling.spoilt(&mut dice, way);
        let (is_refused, peak) = spoiling.is_refused(&harm);
        most = most.max(peak);
        if !is_refused {
            harmless.push(harm.what);
        }
    }
    // Of what is brought to everybody this site needs a part: of two ways to the same document only one is read.
    assert!(harmless.len() < number * 2 / 3, "{} of {number} were accepted: {harmless:#?}", harmless.len());
    println!("{} of {number} were refused; {most} KiB of memory at most", number - harmless.len());
    // The good one is taken, which shows that the others were refused for what was done to them.
    spoiling.spoilt(&mut dice, 4);
    let _ = fs::remove_dir_all(spoiling.site.medium("stick"));
    assert_eq!(spoiling.site.imported(&["good"])["generation"], 2);
    assert!(spoiling.site.files() == spoiling.good);
}
