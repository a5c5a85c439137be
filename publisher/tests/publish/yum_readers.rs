//! Readers while the real `consign publish` makes one generation of yum after the other.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use consign::repository::yum;
use consign::store::HttpSource;
use consign::trust::Trust;
use consign_metadata::document::Role;
use consign_metadata::openpgp::Keyring;

use crate::dnf::Dnf;
use crate::project::{Project, err, ok};
use crate::yum::{hosted, key, publish};
use crate::yum_generations::names;

const PUBLICATIONS: usize = 8;
/// After each renaming, in microseconds: what readers may see in between is there for long enough to be seen.
const HELD_UP: &str = "inject=renameat,renameat2:delay_exit=30000";

/// A file that gets its name, which it may have taken from another.
struct Renaming {
    key: String,
    is_new: bool,
}

/// Publishes a further release, held up after each renaming, and tells in which order files got their names.
#[track_caller]
fn publish_slowly(project: &Project, version: &str) -> Vec<Renaming> {
    project.note(version, "A further release.");
    let rpm = project.rpm(version, "keys");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "trace", "-e", "trace=renameat,renameat2", "-e", HELD_UP]);
    command.arg(env!("CARGO_BIN_EXE_consign")).arg("publish").arg(rpm).current_dir(project.root());
    ok(&mut command);
    let trace = std::fs::read_to_string(project.path("trace")).unwrap();
    let public = format!("{}/", project.public().display());
    let renaming = |line: &str| {
        let key = line.split('"').nth(3)?.strip_prefix(&public)?.to_owned();
        Some(Renaming { key, is_new: line.contains("RENAME_NOREPLACE") })
    };
    trace.lines().filter_map(renaming).collect()
}

/// The generation is whole, and signed, before the list names it; it is in a folder that was never there. Then
/// the folder that is swapped, and the feed in the end.
#[track_caller]
fn assert_order(project: &Project, renamings: &[Renaming]) {
    let list = std::fs::read_to_string(project.public().join("yum/stable/mirrors")).unwrap();
    let generation = list.trim_end().strip_prefix(&format!("{}/", project.url)).unwrap();
    let keys: Vec<_> = renamings.iter().map(|renaming| renaming.key.as_str()).collect();
    let at = |name: &str| keys.iter().position(|key| *key == name).unwrap_or_else(|| panic!("{name}: {keys:?}"));
    let named = at("yum/stable/mirrors");
    let written = names(&project.public().join(generation).join("repodata"));
    assert!(written.len() >= 7 && written.contains("repomd.xml.asc"), "{written:?}");
    for name in written {
        let place = at(&format!("{generation}repodata/{name}"));
        assert!(place < named && renamings[place].is_new, "{name}: {keys:?}");
    }
    let swapped = ["repomd.xml", "repomd.xml.asc"].map(|name| at(&format!("yum/stable/g/latest/repodata/{name}")));
    assert!(named < swapped[0] && swapped[0] < swapped[1], "{keys:?}");
    assert_eq!(keys.last(), Some(&"consign/stable/feed.pgp"));
}

/// Reads as strictly as a reader can: list, `repomd.xml`, signature, every document.
fn read_by_list(source: &HttpSource, keys: &Keyring) -> Result<(), String> {
    let channel = "stable".parse().unwrap();
    let entrance = yum::entrance(source, &channel, keys).map_err(|cause| cause.to_string())?;
    let contents = yum::contents(source, &channel, &entrance.ok_or("there is no list")?);
    contents.map(|_| ()).map_err(|cause| cause.to_string())
}

/// Reads a folder that is swapped in place.
fn read_in_place(source: &HttpSource, keys: &Keyring) -> Result<(), String> {
    use consign::store::Source;
    let read = |name: &str| {
        let key = format!("yum/stable/g/latest/repodata/{name}").parse().unwrap();
        source.read(&key, 1 << 20).unwrap().unwrap().0
    };
    let repomd = read("repomd.xml");
    keys.verify_detached(&read("repomd.xml.asc"), &repomd).map(|_| ()).map_err(|cause| cause.to_string())
}

/// Reads until it is over: how often, and what went wrong.
fn reads(over: &AtomicBool, read: impl Fn() -> Result<(), String>) -> (usize, Vec<String>) {
    let mut answers = Vec::new();
    while !over.load(Ordering::Relaxed) {
        answers.push(read());
    }
    (answers.len(), answers.into_iter().filter_map(Result::err).collect())
}

#[test]
fn readers_of_the_list_never_see_two_generations_and_those_of_a_swapped_folder_do() {
    let (project, server) = hosted();
    publish(&project, &[&project.rpm("1.0.0", "keys")]);
    let keys = Trust::beside(&project.certificate()).unwrap().keyring(Role::Index).unwrap();
    let source = HttpSource::at(&server.url()).unwrap();
    let dnf = Dnf::new(&format!("mirrorlist={}/yum/stable/mirrors", server.url()), &key(&project));
    let refresh = || {
        let refreshed = dnf.makecache();
        if refreshed.status.success() { Ok(()) } else { Err(err(&refreshed)) }
    };
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let by_list = scope.spawn(|| reads(&over, || read_by_list(&source, &keys)));
        let in_place = scope.spawn(|| reads(&over, || read_in_place(&source, &keys)));
        let by_dnf = scope.spawn(|| reads(&over, refresh));
        let publisher = scope.spawn(|| {
            for minor in 1..=PUBLICATIONS {
                assert_order(&project, &publish_slowly(&project, &format!("1.{minor}.0")));
            }
        });
        let published = publisher.join();
        over.store(true, Ordering::Relaxed);
        published.unwrap();
        let [by_list, in_place, by_dnf] = [by_list, in_place, by_dnf].map(|reader| reader.join().unwrap());
        assert_eq!(by_list.1, Vec::<String>::new(), "of {}", by_list.0);
        assert_eq!(by_dnf.1, Vec::<String>::new(), "of {} refreshes", by_dnf.0);
        assert!(by_list.0 > 100 && by_dnf.0 >= 5, "only {} and {} reads", by_list.0, by_dnf.0);
        assert!(!in_place.1.is_empty(), "the control proves nothing: each pair of {} matched", in_place.0);
    });
}
