//! What is published again: the same content, the agent, another channel, two publishers at once.

use std::fs;
use std::path::PathBuf;

use consign::feed;
use consign::package::deb::{Deb, DebControl};
use consign::package::rpm::RpmControl;
use consign::package::{Architecture, Copyright, PackageContents, Packager, Release};
use consign::sign::{KeyFile, KeyFiles};
use consign::stage::StagedTree;
use consign::store::DirectoryStore;
use consign::trust::Trust;
use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::plan::NativeVersions;
use jiff::Timestamp;

use crate::apt::Apt;
use crate::project::{Project, err, ok, out};

#[test]
fn the_same_content_keeps_the_published_bytes() {
    let project = Project::new();
    let first = fs::read(&project.build("erp", "1.0.0")[0]).unwrap();
    project.published(&[]);
    let again = fs::read(&project.build("erp", "1.0.0")[0]).unwrap();
    assert_ne!(first, again, "the signature is salted");
    let published = project.published(&[]);
    assert_eq!(published["packages"][0]["published_before"], true);
    assert_eq!(project.files()["pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb"], first);
    assert!(project.verify(&[]).status.success());
}

#[test]
fn a_leftover_of_a_killed_publish_is_taken_up() {
    let project = Project::new();
    let first = fs::read(&project.build("erp", "1.0.0")[0]).unwrap();
    let place = project.public().join("pool/main/a/acme-erp");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("acme-erp_1.0.0-1_all.deb"), &first).unwrap();
    project.build("erp", "1.0.0");
    project.published(&[]);
    assert_eq!(project.files()["pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb"], first);
    assert!(project.verify(&[]).status.success());
}

#[test]
fn new_dates_alone_add_nothing() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let before = project.files();
    let renewed = project.published(&["--renew", "--valid-for", "60d"]);
    assert_eq!((&renewed["generation"], &renewed["written"]["added"]), (&2.into(), &0.into()));
    let changed: Vec<_> = project.files().into_iter().filter(|(name, bytes)| before[name] != *bytes).collect();
    let names: Vec<_> = changed.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "consign/stable/changes.tar.gz",
        "consign/stable/feed.pgp",
        "dists/stable/InRelease",
        "dists/stable/Release",
        "dists/stable/Release.gpg",
    ];
    assert_eq!(names, expected);
}

#[test]
fn dates_can_be_renewed_where_only_the_index_key_is() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    fs::rename(project.path("keys/package.secret.pgp"), project.path("elsewhere")).unwrap();
    project.published(&["--renew"]);
    // A new product changes acme-release, which is signed by the other key.
    fs::rename(project.path("elsewhere"), project.path("keys/package.secret.pgp")).unwrap();
    project.build("crm", "1.0.0");
    fs::rename(project.path("keys/package.secret.pgp"), project.path("elsewhere")).unwrap();
    let output = project.publish(&[]);
    assert!(err(&output).contains("acme-release_2_all.deb has to be built"), "{}", err(&output));
}

#[test]
fn two_channels_share_a_pool_and_not_an_entry_point() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let stable = project.files();
    project.published(&["--channel", "testing"]);
    let both = project.files();
    assert!(stable.iter().all(|(name, bytes)| both[name] == *bytes), "publishing in testing changed stable");
    assert!(both.contains_key("acme-release-testing.deb"));
    project.published(&[]);
    assert!(!project.files().contains_key("pool/main/a/acme-release/acme-release_3_all.deb"));
    for channel in ["stable", "testing"] {
        let verified = project.verify(&["--channel", channel]);
        assert!(verified.status.success(), "{}", out(&verified));
    }
}

/// A package as whoever releases the agent builds it.
fn agent(project: &Project, name: &str, version: &str) -> PathBuf {
    if !project.path("consigns").exists() {
        project.keys("consigns", "consign", 365);
    }
    let files = KeyFiles::in_folder(&project.path("consigns"));
    let key = KeyFile::open(&files.package_secret, || Err(String::new())).unwrap();
    let mut payload = StagedTree::default();
    payload.add_bytes("/usr/bin/consignee", version.as_bytes().to_vec(), 0o755).unwrap();
    let contents = PackageContents {
        msi: None,
        name: name.parse().unwrap(),
        native: NativeVersions { deb: Some(version.to_owned()), ..NativeVersions::default() },
        architecture: Architecture::Amd64,
        maintainer: "Consign <consign@consign.example>".to_owned(),
        section: "admin".to_owned(),
        priority: "optional".to_owned(),
        summary: "finishes upgrades".to_owned(),
        description: String::new(),
        homepage: None,
        copyright: Copyright { holder: "Consign".to_owned(), license: "MIT".to_owned(), text: None },
        release: Release { changes: vec!["A release.".to_owned()] },
        payload,
        deb: DebControl::default(),
        rpm: RpmControl::default(),
    };
    let package = Deb.build(&contents, Timestamp::now(), &project.path("agents")).unwrap().sign(&key).unwrap();
    package.path().to_owned()
}

#[test]
fn the_agent_is_republished_as_it_is_and_its_keys_reach_the_hosts() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    let package = agent(&project, "consignee", "0.1.0-1");
    let path = package.display().to_string();
    project.published(&["--agent", &path, "--agent-certificate", "consigns/certificate.pgp"]);
    let published = &project.files()["pool/main/c/consignee/consignee_0.1.0-1_amd64.deb"];
    assert_eq!(*published, fs::read(&package).unwrap());

    let host = project.path("host");
    ok(std::process::Command::new("dpkg-deb").arg("-x").arg(project.public().join("acme-release.deb")).arg(&host));
    let vendor = host.join("usr/share/consignee/vendors/acme");
    assert_eq!(
        fs::read(vendor.join("agent.pgp")).unwrap(),
        fs::read(project.path("consigns/certificate.pgp")).unwrap()
    );

    // Without it the next publish keeps what the hosts trust, and hosts of both versions find theirs.
    project.note("1.1.0", "The second release.");
    project.build("erp", "1.1.0");
    project.published(&[]);
    let second = agent(&project, "consignee", "0.2.0-1").display().to_string();
    project.published(&["--agent", &path, &second, "--agent-certificate", "consigns/certificate.pgp"]);
    assert!(!project.files().contains_key("pool/main/a/acme-release/acme-release_2_all.deb"));
    let verified = project.verify(&[]);
    assert!(out(&verified).starts_with("generation 3: 2 indexes, 5 packages and 2 releases read\nnothing is wrong"));
    let apt = Apt::new(&format!("file:{}", project.public().display()), &project.certificate());
    apt.updated();
    assert_eq!(apt.candidate("consignee").as_deref(), Some("0.2.0-1"));
}

#[test]
fn the_agents_keys_are_good_for_the_agent_only() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    let other = agent(&project, "acme-erp", "9.0.0-1").display().to_string();
    let output = project.publish(&["--agent", &other, "--agent-certificate", "consigns/certificate.pgp"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        err(&output).contains("it is acme-erp, and the agent's keys are good for consignee only"),
        "{}",
        err(&output)
    );

    let foreign = agent(&project, "consignee", "0.1.0-1").display().to_string();
    let output = project.publish(&["--agent", &foreign, "--agent-certificate", "keys/certificate.pgp"]);
    assert!(err(&output).contains("and agent packages are signed by"), "{}", err(&output));
}

#[test]
fn of_several_publishers_at_once_each_gets_its_package_in() {
    let project = Project::new();
    let products = ["erp", "crm", "shop", "wiki"];
    let packages: Vec<PathBuf> = products.iter().flat_map(|product| project.build(product, "1.0.0")).collect();
    let running: Vec<_> = packages
        .iter()
        .map(|package| project.command("publish", &[&package.display().to_string()]).spawn().unwrap())
        .collect();
    for mut publisher in running {
        assert!(publisher.wait().unwrap().success());
    }
    let verified = project.verify(&[]);
    assert!(verified.status.success(), "{}", out(&verified));
    assert!(out(&verified).starts_with("generation 4: "), "{}", out(&verified));
    let apt = Apt::new(&format!("file:{}", project.public().display()), &project.certificate());
    apt.updated();
    for product in products {
        assert_eq!(apt.candidate(&format!("acme-{product}")).as_deref(), Some("1.0.0-1"));
    }
}

#[test]
fn one_passphrase_from_a_pipe_unlocks_both_keys() {
    let project = Project::new();
    fs::remove_dir_all(project.path("keys")).unwrap();
    let with_passphrase = |command: &str, arguments: &str| {
        let line = format!("echo secret | \"$0\" {command} {arguments} --passphrase-fd 0");
        let mut shell = std::process::Command::new("sh");
        shell.current_dir(project.root()).args(["-c", &line, env!("CARGO_BIN_EXE_consign")]);
        ok(&mut shell)
    };
    with_passphrase("key new", "--vendor acme --algorithm ed25519");
    project.manifest("erp", "1.0.0", "");
    with_passphrase("build", "");
    let published = with_passphrase("publish", "");
    assert!(!out(&published).contains("secret"));
    assert!(project.verify(&[]).status.success());
    let locked = project.publish(&["--renew"]);
    assert!(err(&locked).contains("cannot unlock"), "{}", err(&locked));
}

#[test]
fn the_feed_names_every_entry_point_that_a_reader_may_have_read() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let feed = fs::read(project.public().join("consign/stable/feed.pgp")).unwrap();
    let first = project.files()["dists/stable/InRelease"].clone();
    project.published(&["--renew"]);
    let second = project.files()["dists/stable/InRelease"].clone();
    // As if that publish had been killed after its InRelease: no feed names it.
    fs::write(project.public().join("consign/stable/feed.pgp"), feed).unwrap();
    let third = project.published(&["--renew"]);
    assert_eq!(third["generation"], 2);
    let third = project.files()["dists/stable/InRelease"].clone();

    let trust = Trust::beside(&project.certificate()).unwrap();
    let (vendor, channel) = ("acme".parse().unwrap(), "stable".parse().unwrap());
    let store = DirectoryStore::at(project.public());
    let head = feed::head(&store, &vendor, &channel, &trust.keyring(Role::Index).unwrap()).unwrap().unwrap();
    assert!([first, second, third].iter().all(|bytes| head.feed.knows_entry_point(&Sha256::of(bytes))));
    assert_eq!(head.feed.entry_points.current.len(), 1);
}

#[test]
fn a_release_is_published_where_its_files_are_not() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    fs::remove_dir_all(project.path("app")).unwrap();
    fs::remove_dir_all(project.path("notes")).unwrap();
    project.published(&[]);
    assert!(project.verify(&[]).status.success());
}
