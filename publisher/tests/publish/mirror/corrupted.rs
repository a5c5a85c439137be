//! Media that were damaged on the way, or made to do harm: each is refused and says why, or the damage is in what the
//! site does not need, and its mirror is the vendor's to the byte. None costs more than it should.
//!
//! Without `CONSIGN_LONG` sixty of them, with it a thousand; the seed is the same.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use consign_metadata::digest::Sha256;
use serde_json::{Value, json};

use super::isolated::{Isolated, files};
use crate::project::{consign, err, ok, out};

/// Private memory of the import, in bytes: the program, the largest index of these media, and some.
const MEMORY: u64 = 160 * 1024 * 1024;
/// The whole mirror of the site, in bytes: a few packages and indexes.
const DISK: u64 = 2_000_000;
/// The package that a delta begins with.
const BASE: &str = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";

/// Numbers that are the same each time (Marsaglia 2003, xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    fn of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }
}

/// A medium that is about to be spoilt.
struct Victim<'a> {
    stick: &'a Path,
    /// An earlier export of the same mirror.
    old: &'a Path,
    /// The mirror of the site, and the method of deltas that it knows.
    site: &'a Path,
    codec: &'a str,
    dice: &'a mut Dice,
}

impl Victim<'_> {
    fn own(&self) -> PathBuf {
        self.stick.join("consign-medium")
    }

    /// Any file that is read: the label, the manifest, a blob.
    fn any(&mut self) -> PathBuf {
        let names: Vec<String> = files(&self.own()).into_keys().filter(|name| !name.ends_with(".txt")).collect();
        self.own().join(self.dice.of(&names))
    }

    fn blob(&mut self) -> PathBuf {
        let names: Vec<String> = files(&self.own()).into_keys().filter(|name| name.starts_with("blobs")).collect();
        self.own().join(self.dice.of(&names))
    }

    /// The manifest changed by somebody who knows how, with a label that fits.
    fn forged(&mut self, change: impl Fn(&mut Value, &mut Dice)) {
        let (path, label) = (self.own().join("manifest.json"), self.own().join("volume.json"));
        let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut manifest, self.dice);
        let bytes = serde_json::to_vec(&manifest).unwrap();
        let mut said: Value = serde_json::from_slice(&fs::read(&label).unwrap()).unwrap();
        (said["export"], said["manifest"]) = (Sha256::of(&bytes).to_string().into(), bytes.len().into());
        fs::write(&path, bytes).unwrap();
        fs::write(&label, said.to_string()).unwrap();
    }

    /// A blob that the manifest may name.
    fn add(&self, bytes: &[u8]) -> Value {
        let sha256 = Sha256::of(bytes).to_string();
        fs::write(self.own().join("blobs").join(&sha256), bytes).unwrap();
        json!([{ "sha256": sha256, "size": bytes.len() }])
    }

    /// Spoils it in one of many ways, and tells in which.
    fn spoil(&mut self, way: usize) -> String {
        match way % 16 {
            0 | 1 => {
                let (path, bit) = (self.any(), self.dice.below(8));
                let mut bytes = fs::read(&path).unwrap();
                let at = self.dice.below(bytes.len());
                bytes[at] ^= 1 << bit;
                fs::write(&path, bytes).unwrap();
                format!("a bit of {} at {at}", path.display())
            }
            2 | 3 => {
                let path = self.any();
                let length = self.dice.below(fs::metadata(&path).unwrap().len().try_into().unwrap());
                fs::File::options().write(true).open(&path).unwrap().set_len(length as u64).unwrap();
                format!("{} cut off at {length}", path.display())
            }
            4 => {
                let path = self.any();
                fs::remove_file(&path).unwrap();
                format!("{} removed", path.display())
            }
            5 => {
                let (one, other) = (self.blob(), self.blob());
                let (a, b) = (fs::read(&one).unwrap(), fs::read(&other).unwrap());
                fs::write(&one, b).unwrap();
                fs::write(&other, a).unwrap();
                format!("{} and {} swapped", one.display(), other.display())
            }
            6 => {
                let path = self.any();
                fs::remove_file(&path).unwrap();
                let to = *self.dice.of(&["/etc/passwd", "/dev/zero", "/proc/kmsg", "..", "/nowhere"]);
                symlink(to, &path).unwrap();
                format!("{} a link to {to}", path.display())
            }
            7 => {
                let path = self.any();
                fs::remove_file(&path).unwrap();
                ok(Command::new("mkfifo").arg(&path));
                format!("{} a pipe", path.display())
            }
            8 => {
                let path = self.any();
                fs::File::options().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
                format!("{} of a terabyte", path.display())
            }
            9 => {
                let name = *self.dice.of(&[
                    "../../../etc/cron.d/x",
                    "/etc/cron.d/x",
                    "pool/../../x",
                    ".consign/mirror.json",
                    "a//b",
                ]);
                self.forged(|manifest, dice| {
                    let at = dice.below(manifest["files"].as_array().unwrap().len());
                    manifest["files"][at]["path"] = name.into();
                });
                format!("a file called {name}")
            }
            10 => {
                self.forged(|manifest, dice| {
                    let files = manifest["files"].as_array_mut().unwrap();
                    files.remove(dice.below(files.len()));
                });
                "a file left out of the manifest".to_owned()
            }
            11 => {
                let field = *self.dice.of(&["size", "blobs", "sha256", "path"]);
                self.forged(|manifest, dice| {
                    let number = manifest["files"].as_array().unwrap().len();
                    let (one, other) = (dice.below(number), dice.below(number));
                    let (a, b) = (manifest["files"][one][field].clone(), manifest["files"][other][field].clone());
                    (manifest["files"][one][field], manifest["files"][other][field]) = (b, a);
                });
                format!("{field} of two files swapped")
            }
            12 => self.replayed(),
            13 => {
                let bytes = vec![b'{'; 1 + self.dice.below(5_000_000)];
                let (blobs, size) = (self.add(&bytes), bytes.len());
                self.forged(|manifest, dice| {
                    let at = dice.below(manifest["files"].as_array().unwrap().len());
                    let file = &mut manifest["files"][at];
                    (file["blobs"], file["size"], file["sha256"]) =
                        (blobs.clone(), size.into(), blobs[0]["sha256"].clone());
                });
                format!("{size} bytes of nothing in place of a file")
            }
            14 => {
                let codec = self.dice.of(&[self.codec, self.codec, self.codec, "nonsense"]).to_owned();
                let packing = *self.dice.of(&["gzip", "plain", "zstd", "none"]);
                let length = *self.dice.of(&[1_u64 << 40, 60_000_000, 8_000_000]);
                let blobs = self.add(&bomb(packing, length));
                let base = Sha256::of(&fs::read(self.site.join(BASE)).unwrap()).to_string();
                self.forged(|manifest, _| {
                    let files = manifest["files"].as_array().unwrap();
                    let at = files
                        .iter()
                        .position(|file| file["path"].as_str().unwrap().contains("acme-erp_1.1.0"))
                        .unwrap();
                    // No file is shorter than its blobs; the signed length is another one then.
                    let size = files[at]["size"].as_u64().unwrap().max(blobs[0]["size"].as_u64().unwrap());
                    let file = &mut manifest["files"][at];
                    file["delta"] = json!({ "codec": codec, "path": BASE, "base": base });
                    (file["blobs"], file["size"]) = (blobs.clone(), size.into());
                });
                format!("a delta by {codec} that unpacks to {length} bytes of {packing}")
            }
            _ => {
                let (field, value) = self
                    .dice
                    .of(&[
                        ("volume", json!(0)),
                        ("volume", json!(7)),
                        ("of", json!(0)),
                        ("format", json!(2)),
                        ("manifest", json!(1_u64 << 60)),
                        ("export", json!("x")),
                    ])
                    .clone();
                let path = self.own().join("volume.json");
                let mut label: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                label[field] = value.clone();
                fs::write(&path, label.to_string()).unwrap();
                format!("a label that says {field} {value}")
            }
        }
    }

    /// An entry point of the generation before, or all of them.
    fn replayed(&mut self) -> String {
        let old: Value =
            serde_json::from_slice(&fs::read(self.old.join("consign-medium/manifest.json")).unwrap()).unwrap();
        let entries: Vec<Value> = old["files"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|file| {
                ["InRelease", "Release.gpg", "feed.pgp"].iter().any(|end| file["path"].as_str().unwrap().ends_with(end))
            })
            .cloned()
            .collect();
        ok(Command::new("cp").arg("-rn").arg(self.old.join("consign-medium/blobs/.")).arg(self.own().join("blobs")));
        let all = self.dice.below(4) == 0;
        let only = self.dice.of(&entries).clone();
        let shown = if all { entries } else { vec![only] };
        let names: Vec<_> = shown.iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect();
        self.forged(|manifest, _| {
            let files = manifest["files"].as_array_mut().unwrap();
            files.retain(|file| !names.contains(&file["path"].as_str().unwrap().to_owned()));
            files.extend(shown.clone());
        });
        format!("older: {}", names.join(", "))
    }
}

/// A delta of nothing but zeros, of which little is carried and much is made.
fn bomb(packing: &str, length: u64) -> Vec<u8> {
    let heading = json!([[packing, length]]).to_string();
    let mut bomb = u32::try_from(heading.len()).unwrap().to_le_bytes().to_vec();
    bomb.extend(heading.into_bytes());
    let slice = 8_000_000_u32;
    let frame = zstd::bulk::compress(&vec![0; slice as usize], 3).unwrap();
    for _ in 0..8 {
        bomb.extend(0_u64.to_le_bytes());
        for number in [0, slice, u32::try_from(frame.len()).unwrap()] {
            bomb.extend(number.to_le_bytes());
        }
        bomb.extend(&frame);
    }
    bomb
}

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
        fs::rename(site.mirror(), site.medium("before")).unwrap();
        site.release("1.1.0");
        site.exported("good", &["--since", "1"]);
        let good = site.scene.files();
        Self { site, good, codec }
    }

    fn spoilt(&self, dice: &mut Dice, way: usize) -> String {
        let stick = self.site.medium("stick");
        for folder in [&stick, &self.site.mirror()] {
            let _ = fs::remove_dir_all(folder);
        }
        ok(Command::new("cp").arg("-a").arg(self.site.medium("good")).arg(&stick));
        ok(Command::new("cp").arg("-a").arg(self.site.medium("before")).arg(self.site.mirror()));
        let (old, site, codec) = (self.site.medium("old"), self.site.mirror(), &*self.codec);
        Victim { stick: &stick, old: &old, site: &site, codec, dice }.spoil(way)
    }

    /// Whether it was refused. What was not is what nobody needs of the medium.
    fn is_refused(&self, what: &str) -> bool {
        let before = self.site.files();
        let import = self.site.import_command(&[self.site.medium("stick")]);
        let mut bounded = Command::new("prlimit");
        bounded.args([&format!("--data={MEMORY}"), "--cpu=20"]).arg(import.get_program()).args(import.get_args());
        let output = bounded.output().unwrap();
        let (status, said) = (output.status, err(&output));
        assert!(
            status.signal().is_none() && [Some(0), Some(1), Some(3)].contains(&status.code()),
            "{what}: {status} {said}"
        );
        let used = out(&ok(Command::new("du").arg("-sb").arg(self.site.mirror())));
        let used: u64 = used.split_whitespace().next().unwrap().parse().unwrap();
        assert!(used < DISK, "{what}: {used} bytes");
        let after = self.site.files();
        if status.code() == Some(0) {
            assert!(self.good.iter().all(|(name, bytes)| after.get(name) == Some(bytes)), "{what}: accepted");
            return false;
        }
        // Each is named: what is wrong, and with which file.
        let named =
            ["/", "medium", "generation", "export", "manifest", "volume"].iter().any(|word| said.contains(word));
        assert!(said.contains("cannot") && named, "{what}: {said}");
        // What was there is there; what came besides is what the vendor has signed.
        assert!(before.iter().all(|(name, bytes)| after.get(name) == Some(bytes)), "{what}: hosts see something else");
        let good = |(name, bytes): (&String, &Vec<u8>)| before.contains_key(name) || self.good.get(name) == Some(bytes);
        assert!(after.iter().all(good), "{what}: {:?}", after.keys());
        true
    }
}

#[test]
fn of_a_medium_that_was_tampered_with_nothing_but_the_vendors_bytes_is_taken() {
    let (spoiling, mut dice) = (Spoiling::new(), Dice(0x9e37_79b9_7f4a_7c15));
    let number = if std::env::var_os("CONSIGN_LONG").is_some() { 1000 } else { 60 };
    let mut harmless = Vec::new();
    for way in 0..number {
        let what = spoiling.spoilt(&mut dice, way);
        if !spoiling.is_refused(&what) {
            harmless.push(what);
        }
    }
    // Of what is brought to everybody this site needs a part: of two ways to the same document only one is read.
    assert!(harmless.len() < number * 2 / 3, "{} of {number} were accepted: {harmless:#?}", harmless.len());
    // The good one is, which shows that the others were refused for what was done to them.
    spoiling.spoilt(&mut dice, 4);
    let _ = fs::remove_dir_all(spoiling.site.medium("stick"));
    assert_eq!(spoiling.site.imported(&["good"])["generation"], 2);
    assert!(spoiling.site.files() == spoiling.good);
}
