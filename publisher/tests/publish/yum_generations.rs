//! Which generations of a yum repository publications leave behind, and that readers of them find all they need.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::dnf::Dnf;
use crate::project::{Project, err, out};
use crate::yum::{hosted, key, publish, repodata};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What is in a folder.
pub fn names(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Those that have files: of one that is gone the empty folder stays.
fn generations(project: &Project) -> BTreeSet<String> {
    let all = names(&project.public().join("yum/stable/g"));
    all.into_iter().filter(|generation| !names(&repodata(project, generation)).is_empty()).collect()
}

/// So long ago, as far as the store can tell.
fn age(folder: &Path, days: u32) {
    for name in names(folder) {
        let file = std::fs::File::options().write(true).open(folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - DAY * days).unwrap();
    }
}

#[track_caller]
fn publish_next(project: &Project, version: &str) {
    project.note(version, "A further release.");
    publish(project, &[&project.rpm(version, "keys")]);
}

/// The documents of a generation.
fn documents(project: &Project, generation: &str) -> BTreeSet<String> {
    names(&repodata(project, generation)).into_iter().filter(|name| name.ends_with(".xml.gz")).collect()
}

#[test]
fn the_newest_generations_and_the_young_ones_stay_and_what_is_named_stays_whole() {
    let (project, server) = hosted();
    for minor in 0..6 {
        publish_next(&project, &format!("1.{minor}.0"));
    }
    let all = ["1", "2", "3", "4", "5", "6", "latest"].map(str::to_owned);
    assert_eq!(generations(&project), all.into(), "nobody who has read an old list is left alone");

    // A month has gone by since the first.
    for generation in 1..=6_u32 {
        age(&repodata(&project, &generation.to_string()), 30 - generation);
    }
    age(&repodata(&project, "latest"), 24);
    let forgotten = documents(&project, "1");
    publish_next(&project, "1.6.0");
    let kept = ["3", "4", "5", "6", "7", "latest"].map(str::to_owned);
    assert_eq!(generations(&project), kept.into());

    let latest = documents(&project, "latest");
    for generation in ["6", "7"] {
        let named = documents(&project, generation);
        assert!(named.len() >= 4 && named.is_subset(&latest), "{generation}: {named:?} {latest:?}");
    }
    let reused = |name: &&String| documents(&project, "6").contains(*name) || documents(&project, "7").contains(*name);
    let left: Vec<_> = forgotten.intersection(&latest).filter(|name| !reused(name)).collect();
    assert!(left.is_empty() && forgotten.iter().any(|name| !latest.contains(name)), "{left:?}");

    let certificate = key(&project);
    let subscriptions = ["mirrorlist={}/yum/stable/mirrors", "baseurl={}/yum/stable/g/latest/"];
    for subscription in subscriptions.map(|line| line.replace("{}", &server.url())) {
        let found = Dnf::new(&subscription, &certificate).says(&["repoquery", "--showduplicates", "acme-erp"]);
        assert_eq!(found.lines().count(), 7, "{subscription}: {found}");
    }
    let verified = project.verify(&[]);
    assert!(verified.status.success(), "{}{}", out(&verified), err(&verified));
}

#[test]
fn a_generation_that_is_old_and_named_by_the_list_is_never_taken_away() {
    let (project, _server) = hosted();
    publish_next(&project, "1.0.0");
    for generation in ["1", "latest"] {
        age(&repodata(&project, generation), 400);
    }
    let list = || std::fs::read_to_string(project.public().join("yum/stable/mirrors")).unwrap();
    let (before, named) = (documents(&project, "1"), list());
    project.published(&["--renew"]);
    assert_eq!((documents(&project, "1"), list()), (before.clone(), named));
    assert_eq!(documents(&project, "latest"), before);
    publish_next(&project, "1.1.0");
    assert_eq!(documents(&project, "1"), before, "who has read the list a moment ago is still inside");
    assert!(project.verify(&[]).status.success());
}
