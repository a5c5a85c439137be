//! The golden repositories, read by the publisher's own reader without a host.

use std::path::Path;
use std::process::Command;

use consign_lab::program;
use serde_json::Value;

use crate::fixture::{BOTH, Published, WINDOWS, copy_of, each, every, files, turned};

/// What `consign verify` finds: place and problem.
fn findings(published: &Published, repository: &Path) -> Vec<(String, String)> {
    let certificate = published.path("vendor/certificate.pgp");
    let mut command = Command::new(program("consign"));
    command.args(["verify", "--json", "--channel", published.channel, "--certificate"]);
    command.arg(certificate).arg(repository);
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let word = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| (word(finding, "place"), word(finding, "problem"))).collect()
}

fn beyond_age(published: &Published, repository: &Path) -> Vec<(String, String)> {
    let all = findings(published, repository).into_iter();
    all.filter(|(_, problem)| !problem.starts_with("it expired on ")).collect()
}

#[test]
fn nothing_is_wrong_with_it_but_its_age() {
    every(|published| {
        let repository = published.path("repository");
        let expired: Vec<String> = findings(published, &repository).into_iter().map(|(place, _)| place).collect();
        assert_eq!(beyond_age(published, &repository), []);
        let channel = published.channel;
        let mut dated = vec![format!("dists/{channel}/InRelease"), format!("consign/{channel}/feed.pgp")];
        dated.retain(|file| repository.join(file).exists());
        assert_eq!(expired, dated);
    });
}

#[test]
fn a_turned_bit_in_any_file_that_is_read_is_found() {
    each(|published| {
        let copy = copy_of(&published.path("repository"));
        let mut unnoticed = Vec::new();
        for file in files(copy.path()) {
            let bytes = fs_err::read(&file).unwrap();
            fs_err::write(&file, turned(&bytes, bytes.len() / 2)).unwrap();
            if beyond_age(published, copy.path()).is_empty() {
                unnoticed.push(file.strip_prefix(copy.path()).unwrap().display().to_string());
            }
            fs_err::write(&file, bytes).unwrap();
        }
        // Those of earlier generations, which no entry point names any more: of each the shard and two indexes.
        let earlier = |name: &String| name.contains("/by-hash/") || name.starts_with("consign/shards/");
        let expected = 3 * (usize::try_from(published.generation).unwrap() - 1);
        assert!(unnoticed.iter().all(earlier) && unnoticed.len() == expected, "{unnoticed:#?}");
    });
}

/// Of yum the generation before, which a reader of an older list stays in, and the key that only zypper asks.
#[test]
fn a_turned_bit_in_any_file_that_dnf_reads_is_found() {
    let copy = copy_of(&BOTH.path("repository"));
    let newest = "yum/stable/g/2/";
    let read = |name: &str| {
        // Beside them `latest` still has the documents of the generation before.
        let of_newest = name.strip_prefix("yum/stable/g/latest/").or(name.strip_prefix(newest));
        let is_named = of_newest.is_some_and(|file| copy.path().join(newest).join(file).exists());
        (is_named && !name.ends_with("repomd.xml.key")) || name.ends_with(".rpm")
    };
    let mut looked = 0;
    for file in files(copy.path()) {
        let name = file.strip_prefix(copy.path()).unwrap().display().to_string();
        if read(&name) {
            let bytes = fs_err::read(&file).unwrap();
            fs_err::write(&file, turned(&bytes, bytes.len() / 2)).unwrap();
            assert_ne!(beyond_age(&BOTH, copy.path()), [], "{name}");
            fs_err::write(&file, bytes).unwrap();
            looked += 1;
        }
    }
    // Four documents, their list and its signature, of two places; two releases, the agent, the introduction twice.
    assert_eq!(looked, 2 * 6 + 5);
}

/// Of Windows all but what is of earlier generations, what winget reads, and what people are introduced by.
#[test]
fn a_turned_bit_in_any_file_that_a_host_with_windows_reads_is_found() {
    let copy = copy_of(&WINDOWS.path("repository"));
    let mut unnoticed = Vec::new();
    for file in files(copy.path()) {
        let name = file.strip_prefix(copy.path()).unwrap().display().to_string();
        let bytes = fs_err::read(&file).unwrap();
        fs_err::write(&file, turned(&bytes, bytes.len() / 2)).unwrap();
        if !name.starts_with("windows/winget/") && beyond_age(&WINDOWS, copy.path()).is_empty() {
            unnoticed.push(name);
        }
        fs_err::write(&file, bytes).unwrap();
    }
    // Of each earlier generation the shard.
    let earlier = |name: &String| name.starts_with("consign/shards/");
    assert!(unnoticed.iter().all(earlier) && unnoticed.len() == 2, "{unnoticed:#?}");
}
