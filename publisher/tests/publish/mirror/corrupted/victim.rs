//! A medium that is about to be spoilt, in one of many ways, and what has to be said of it then.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use consign_metadata::digest::Sha256;
use serde_json::{Value, json};

use super::super::isolated::files;
use super::BASE;
use crate::dice::Dice;
use crate::project::ok;

/// What was done, and of which words one at least has to be in the refusal: the file, or what is wrong.
pub struct Harm {
    pub what: String,
    pub words: Vec<String>,
}

pub struct Victim<'a> {
    pub stick: &'a Path,
    /// An earlier export of the same mirror.
    pub old: &'a Path,
    /// The mirror of the site, and the method of deltas that it knows.
    pub site: &'a Path,
    pub codec: &'a str,
    pub dice: &'a mut Dice,
}

/// How many ways there are.
pub const WAYS: usize = 17;
/// The one in which all of it is older than what the site has.
pub const OLDER: usize = 16;

impl Victim<'_> {
    /// Spoils it in one of many ways.
    pub fn spoil(&mut self, way: usize) -> Harm {
        match way % WAYS {
            0 | 1 => self.flipped(),
            2 | 3 => self.cut_off(),
            4 => self.replaced("removed", |_| ()),
            5 => self.swapped(),
            6 => {
                let to = *self.dice.of(&["/etc/passwd", "/dev/zero", "/proc/kmsg", "..", "/nowhere"]);
                self.replaced(&format!("a link to {to}"), |path| symlink(to, path).unwrap())
            }
            7 => self.replaced("a pipe", |path| drop(ok(Command::new("mkfifo").arg(path)))),
            8 => self.replaced("of a terabyte", |path| fs::File::create(path).unwrap().set_len(1 << 40).unwrap()),
            9 => self.led_astray(),
            10 => self.left_out(),
            11 => self.exchanged(),
            12 => self.replayed(),
            13 => self.stuffed(),
            14 => self.bombed(),
            15 => self.labelled(),
            _ => self.outdated(),
        }
    }

    fn own(&self) -> PathBuf {
        self.stick.join("consign-medium")
    }

    /// Any file that is read (the label, the manifest, a blob), and what it is called in a refusal.
    fn any(&mut self) -> (PathBuf, Vec<String>) {
        let names: Vec<String> = files(&self.own()).into_keys().filter(|name| !name.ends_with(".txt")).collect();
        let name = self.dice.of(&names).clone();
        let words = match &*name {
            // Without a label there is no export; one with another digest leads to no manifest.
            "volume.json" => ["volume.json", "it holds no export", "the manifest of export"].map(str::to_owned).into(),
            "manifest.json" => vec!["the manifest of export".to_owned()],
            name => self.carried_by(name.rsplit('/').next().unwrap()),
        };
        (self.own().join(name), words)
    }

    fn blob(&mut self) -> (PathBuf, Vec<String>) {
        let names: Vec<String> = files(&self.own()).into_keys().filter(|name| name.starts_with("blobs")).collect();
        let name = self.dice.of(&names).clone();
        (self.own().join(&name), self.carried_by(name.rsplit('/').next().unwrap()))
    }

    /// The files of the repository that a blob is a part of.
    fn carried_by(&self, blob: &str) -> Vec<String> {
        let manifest: Value = read(&self.own().join("manifest.json"));
        let has = |file: &&Value| file["blobs"].as_array().unwrap().iter().any(|its| its["sha256"] == blob);
        manifest["files"].as_array().unwrap().iter().filter(has).map(path_of).collect()
    }

    fn flipped(&mut self) -> Harm {
        let ((path, words), bit) = (self.any(), self.dice.below(8));
        let mut bytes = fs::read(&path).unwrap();
        let at = self.dice.below(bytes.len());
        bytes[at] ^= 1 << bit;
        fs::write(&path, bytes).unwrap();
        Harm { what: format!("a bit of {} at {at}", path.display()), words }
    }

    fn cut_off(&mut self) -> Harm {
        let (path, words) = self.any();
        let length = self.dice.below(fs::metadata(&path).unwrap().len().try_into().unwrap());
        fs::File::options().write(true).open(&path).unwrap().set_len(length as u64).unwrap();
        Harm { what: format!("{} cut off at {length}", path.display()), words }
    }

    /// Something else in the place of a file.
    fn replaced(&mut self, by: &str, put: impl Fn(&Path)) -> Harm {
        let (path, words) = self.any();
        fs::remove_file(&path).unwrap();
        put(&path);
        Harm { what: format!("{} {by}", path.display()), words }
    }

    fn swapped(&mut self) -> Harm {
        let ((one, mut words), (other, more)) = (self.blob(), self.blob());
        let (a, b) = (fs::read(&one).unwrap(), fs::read(&other).unwrap());
        fs::write(&one, b).unwrap();
        fs::write(&other, a).unwrap();
        words.extend(more);
        Harm { what: format!("{} and {} swapped", one.display(), other.display()), words }
    }

    /// The manifest changed by somebody who knows how, with a label that fits.
    fn forged<T>(&mut self, change: impl FnOnce(&mut Value, &mut Dice) -> T) -> T {
        let path = self.own().join("manifest.json");
        let mut manifest: Value = read(&path);
        let done = change(&mut manifest, self.dice);
        let bytes = serde_json::to_vec(&manifest).unwrap();
        fs::write(&path, &bytes).unwrap();
        self.relabelled(|label| {
            (label["export"], label["manifest"]) = (Sha256::of(&bytes).to_string().into(), bytes.len().into());
        });
        done
    }

    fn relabelled(&self, change: impl FnOnce(&mut Value)) {
        let path = self.own().join("volume.json");
        let mut label: Value = read(&path);
        change(&mut label);
        fs::write(&path, label.to_string()).unwrap();
    }

    /// A blob that the manifest may name.
    fn add(&self, bytes: &[u8]) -> Value {
        let sha256 = Sha256::of(bytes).to_string();
        fs::write(self.own().join("blobs").join(&sha256), bytes).unwrap();
        json!([{ "sha256": sha256, "size": bytes.len() }])
    }

    fn led_astray(&mut self) -> Harm {
        let names = ["../../../etc/cron.d/x", "/etc/cron.d/x", "pool/../../x", ".consign/mirror.json", "a//b"];
        let name = *self.dice.of(&names);
        self.forged(|manifest, dice| {
            let at = dice.below(manifest["files"].as_array().unwrap().len());
            manifest["files"][at]["path"] = name.into();
        });
        Harm { what: format!("a file called {name}"), words: vec![name.to_owned()] }
    }

    fn left_out(&mut self) -> Harm {
        let file = self.forged(|manifest, dice| {
            let files = manifest["files"].as_array_mut().unwrap();
            files.remove(dice.below(files.len()))
        });
        let path = path_of(&file);
        let mut words = vec![path.clone()];
        // Without its feed a channel is none.
        words.extend(path.ends_with("feed.pgp").then(|| "cannot mirror channel stable".to_owned()));
        Harm { what: format!("{path} left out of the manifest"), words }
    }

    fn exchanged(&mut self) -> Harm {
        let field = *self.dice.of(&["size", "blobs", "sha256", "path"]);
        let words = self.forged(|manifest, dice| {
            let number = manifest["files"].as_array().unwrap().len();
            let (one, other) = (dice.below(number), dice.below(number));
            let words = [one, other].map(|at| path_of(&manifest["files"][at]));
            let (a, b) = (manifest["files"][one][field].clone(), manifest["files"][other][field].clone());
            (manifest["files"][one][field], manifest["files"][other][field]) = (b, a);
            words.to_vec()
        });
        Harm { what: format!("{field} of {} exchanged", words.join(" and ")), words }
    }

    /// An entry point of the generation before, or all of them.
    fn replayed(&mut self) -> Harm {
        let old: Value = read(&self.old.join("consign-medium/manifest.json"));
        let is_entry = |file: &&Value| {
            ["InRelease", "Release.gpg", "feed.pgp"].iter().any(|end| file["path"].as_str().unwrap().ends_with(end))
        };
        let entries: Vec<Value> = old["files"].as_array().unwrap().iter().filter(is_entry).cloned().collect();
        ok(Command::new("cp").arg("-rn").arg(self.old.join("consign-medium/blobs/.")).arg(self.own().join("blobs")));
        let all = self.dice.below(4) == 0;
        let only = self.dice.of(&entries).clone();
        let shown = if all { entries } else { vec![only] };
        let mut words: Vec<String> = shown.iter().map(path_of).collect();
        self.forged(|manifest, _| {
            let files = manifest["files"].as_array_mut().unwrap();
            files.retain(|file| !words.contains(&path_of(file)));
            files.extend(shown.clone());
        });
        let what = format!("older: {}", words.join(", "));
        words.push("it says that it brings generation 2".to_owned());
        Harm { what, words }
    }

    fn stuffed(&mut self) -> Harm {
        let bytes = vec![b'{'; 1 + self.dice.below(5_000_000)];
        let (blobs, size) = (self.add(&bytes), bytes.len());
        let path = self.forged(|manifest, dice| {
            let at = dice.below(manifest["files"].as_array().unwrap().len());
            let file = &mut manifest["files"][at];
            (file["blobs"], file["size"], file["sha256"]) = (blobs.clone(), size.into(), blobs[0]["sha256"].clone());
            path_of(file)
        });
        Harm { what: format!("{size} bytes of nothing in place of {path}"), words: vec![path] }
    }

    fn bombed(&mut self) -> Harm {
        let codec = self.dice.of(&[self.codec, self.codec, self.codec, "nonsense"]).to_owned();
        let packing = *self.dice.of(&["gzip", "plain", "zstd", "none"]);
        let length = *self.dice.of(&[1_u64 << 40, 60_000_000, 8_000_000]);
        let blobs = self.add(&bomb(packing, length));
        let base = Sha256::of(&fs::read(self.site.join(BASE)).unwrap()).to_string();
        let path = self.forged(|manifest, _| {
            let files = manifest["files"].as_array_mut().unwrap();
            let file = files.iter_mut().find(|file| path_of(file).contains("acme-erp_1.1.0")).unwrap();
            // No file is shorter than its blobs; the signed length is another one then.
            let size = file["size"].as_u64().unwrap().max(blobs[0]["size"].as_u64().unwrap());
            file["delta"] = json!({ "codec": codec, "path": BASE, "base": base });
            (file["blobs"], file["size"]) = (blobs.clone(), size.into());
            path_of(file)
        });
        Harm { what: format!("a delta by {codec} that unpacks to {length} bytes of {packing}"), words: vec![path] }
    }

    fn labelled(&mut self) -> Harm {
        let lies = [
            ("volume", json!(0)),
            ("volume", json!(7)),
            ("of", json!(0)),
            ("format", json!(2)),
            ("manifest", json!(1_u64 << 60)),
            ("export", json!("x")),
        ];
        let (field, value) = self.dice.of(&lies).clone();
        self.relabelled(|label| label[field] = value.clone());
        let words = ["volume.json", "the manifest of export"].map(str::to_owned).into();
        Harm { what: format!("a label that says {field} {value}"), words }
    }

    /// All of an earlier medium, for a site that has what this one brings.
    fn outdated(&mut self) -> Harm {
        fs::remove_dir_all(self.stick).unwrap();
        ok(Command::new("cp").arg("-a").arg(self.old).arg(self.stick));
        let words = vec!["cannot take generation 1 of channel stable: this mirror has 2".to_owned()];
        Harm { what: "the medium of the generation before".to_owned(), words }
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn path_of(file: &Value) -> String {
    file["path"].as_str().unwrap().to_owned()
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
