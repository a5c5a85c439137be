//! The validator: each rule finds what breaks it, in a package that others still open.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;

use consign::package::msi::validate;
use consign_metadata::msi::{CABINET, name};

use super::Project;

/// A package of its own for each rule that is broken.
struct Broken {
    project: Project,
    path: PathBuf,
}

impl Broken {
    fn new() -> Self {
        let project = Project::new();
        let path = project.msi().path().to_owned();
        assert_eq!(validate(&path), Ok(()));
        Self { project, path }
    }

    fn stream(&self, stream: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let stored = format!("/{}", name::encode(stream));
        cfb::open(&self.path).unwrap().open_stream(stored).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// What is found in a copy with another content of a stream.
    fn found(&self, stream: &str, change: impl Fn(&mut Vec<u8>)) -> String {
        let copy = self.project.sample.path().join("broken.msi");
        fs::copy(&self.path, &copy).unwrap();
        let mut bytes = self.stream(stream);
        change(&mut bytes);
        let mut compound = cfb::open_rw(&copy).unwrap();
        compound.create_stream(format!("/{}", name::encode(stream))).unwrap().write_all(&bytes).unwrap();
        compound.flush().unwrap();
        drop(compound);
        validate(&copy).unwrap_err().list().join("\n")
    }
}

#[track_caller]
fn names(found: &str, rule: &str) {
    assert!(found.lines().any(|line| line.starts_with(&format!("{rule}: "))), "{rule} is not among:\n{found}");
}

#[test]
fn the_format_is_looked_at() {
    let broken = Broken::new();
    names(&broken.found("!_StringPool", |bytes| bytes[..4].copy_from_slice(&65001u32.to_le_bytes())), "code page");
    // A reference more than there is; and two rows of a table in each other's place.
    names(&broken.found("!_StringPool", |bytes| bytes[6] += 1), "strings");
    let rows = |bytes: &mut Vec<u8>| {
        let half = bytes.len() / 2;
        for column in [0, half] {
            let (a, b) = ([bytes[column], bytes[column + 1]], [bytes[column + 2], bytes[column + 3]]);
            bytes[column..column + 4].copy_from_slice(&[b[0], b[1], a[0], a[1]]);
        }
    };
    names(&broken.found("!Property", rows), "order");
    names(&broken.found(CABINET, |bytes| *bytes.last_mut().unwrap() ^= 1), "cabinet");
    names(&broken.found("!MsiFileHash", |bytes| *bytes.last_mut().unwrap() ^= 1), "cabinet");
    names(&broken.found("\u{5}SummaryInformation", |bytes| bytes.truncate(60)), "summary");
    let copy = broken.project.sample.path().join("class.msi");
    fs::copy(&broken.path, &copy).unwrap();
    cfb::open_rw(&copy)
        .unwrap()
        .set_storage_clsid("/", "000C1084-0000-0000-C000-000000000047".parse().unwrap())
        .unwrap();
    names(&validate(&copy).unwrap_err().to_string().replace("takes: ", "\n"), "container");
}

#[test]
fn rows_that_do_not_go_together_are_named_by_their_rule() {
    let broken = Broken::new();
    // The type of the first action: a program as the system.
    let actions = broken.stream("!CustomAction").len() / 12;
    let run = |bytes: &mut Vec<u8>| {
        bytes[2 * actions..2 * actions + 2].copy_from_slice(&(3090u16 | 0x8000).to_le_bytes());
    };
    names(&broken.found("!CustomAction", run), "actions");
    // A component in no feature, and a feature with a component that is not there.
    names(&broken.found("!FeatureComponents", |bytes| bytes.clear()), "ICE21");
    let components = broken.stream("!Component").len() / 12;
    let same = |bytes: &mut Vec<u8>| {
        let column = 2 * components;
        let first = [bytes[column], bytes[column + 1]];
        bytes[column + 2..column + 4].copy_from_slice(&first);
    };
    names(&broken.found("!Component", same), "ICE08");
    names(&broken.found("!CreateFolder", |bytes| bytes.clear()), "ICE18");
    names(&broken.found("!Upgrade", |bytes| bytes.clear()), "ICE74");
    names(&broken.found("!Media", |bytes| bytes[0] = 2), "ICE71");
    let files = broken.stream("!File").len();
    // The component of the last file is one that there is not.
    let rows = files / 20;
    names(&broken.found("!File", |bytes| bytes[4 * rows - 2..4 * rows].copy_from_slice(&[1, 0])), "ICE03");
    let sequence = broken.stream("!InstallExecuteSequence").len() / 6;
    let early = |bytes: &mut Vec<u8>| {
        for row in 0..sequence {
            let at = 4 * sequence + 2 * row;
            if bytes[at..at + 2] == (6600u16 | 0x8000).to_le_bytes() {
                bytes[at..at + 2].copy_from_slice(&(10u16 | 0x8000).to_le_bytes());
            }
        }
    };
    names(&broken.found("!InstallExecuteSequence", early), "ICE27");
}

#[test]
fn a_package_of_another_writer_is_told_apart_by_its_sectors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.msi");
    let mut package = msi::Package::create(
        msi::PackageType::Installer,
        fs::File::options().read(true).write(true).create_new(true).open(&path).unwrap(),
    )
    .unwrap();
    package.flush().unwrap();
    drop(package);
    let found = validate(&path).unwrap_err().list().join("\n");
    names(&found, "container");
}
