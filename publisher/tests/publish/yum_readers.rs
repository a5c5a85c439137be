//! Readers while generations of yum come one after the other without pause.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use consign::repository::yum;
use consign::store::HttpSource;
use consign::trust::Trust;
use consign_metadata::document::Role;
use consign_metadata::openpgp::Keyring;

use crate::dnf::Dnf;
use crate::project::{Project, err};
use crate::yum::{hosted, key, publish, repodata};

const READS: usize = 400;
const REFRESHES: usize = 12;

fn replace(path: &Path, bytes: &[u8]) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, bytes).unwrap();
    std::fs::rename(beside, path).unwrap();
}

/// Makes one generation after the other the newest, as publications do: the list, then the folder.
fn swap_without_pause(project: &Project, done: &AtomicBool) {
    let bytes = |generation: &str, name: &str| std::fs::read(repodata(project, generation).join(name)).unwrap();
    let generations = ["1", "2"].map(|generation| {
        let list = format!("{}/yum/stable/g/{generation}/\n", project.url);
        (list, bytes(generation, "repomd.xml"), bytes(generation, "repomd.xml.asc"))
    });
    let latest = repodata(project, "latest");
    for (list, repomd, signature) in generations.iter().cycle() {
        if done.load(Ordering::Relaxed) {
            return;
        }
        replace(&project.public().join("yum/stable/mirrors"), list.as_bytes());
        replace(&latest.join("repomd.xml"), repomd);
        replace(&latest.join("repomd.xml.asc"), signature);
    }
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
    keys.verify_detached(&read("repomd.xml.asc"), &*repomd).map(|_| ()).map_err(|cause| cause.to_string())
}

#[test]
fn readers_of_the_list_never_see_two_generations_and_those_of_a_swapped_folder_do() {
    let (project, server) = hosted();
    publish(&project, &[&project.rpm("1.0.0", "keys")]);
    project.note("1.1.0", "The second release.");
    publish(&project, &[&project.rpm("1.1.0", "keys")]);
    let keys = Trust::beside(&project.certificate()).unwrap().keyring(Role::Index).unwrap();
    let source = HttpSource::at(&server.url()).unwrap();
    let certificate = key(&project);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| swap_without_pause(&project, &done));
        let failures = |read: fn(&HttpSource, &Keyring) -> Result<(), String>| {
            (0..READS).filter_map(|_| read(&source, &keys).err()).collect::<Vec<_>>()
        };
        let by_list = scope.spawn(move || failures(read_by_list));
        let dnf = Dnf::new(&format!("mirrorlist={}/yum/stable/mirrors", server.url()), &certificate);
        let refreshes: Vec<_> = (0..REFRESHES).map(|_| dnf.makecache()).collect();
        let in_place = (0..READS).filter(|_| read_in_place(&source, &keys).is_err()).count();
        let by_list = by_list.join().unwrap();
        done.store(true, Ordering::Relaxed);
        assert_eq!(by_list, Vec::<String>::new(), "of {READS}");
        let failed: Vec<_> = refreshes.iter().filter(|refresh| !refresh.status.success()).map(err).collect();
        assert_eq!(failed, Vec::<String>::new(), "of {REFRESHES} refreshes");
        assert!(in_place > 0, "the control proves nothing: no pair of {READS} did not match");
    });
}
