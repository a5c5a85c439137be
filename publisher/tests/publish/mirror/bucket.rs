//! A mirror in a bucket of an object store: what hosts read there, and what two who push cannot do to each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use consign::store::HttpSource;
use consign::trust::Trust;
use consign::verify::{Scope, examine};
use jiff::Timestamp;

use super::changes::is_of_the_moment;
use super::s3::{S3, SECRET};
use super::scene::Scene;
use crate::apt::Apt;
use crate::dnf::Dnf;
use crate::formats::BOTH;
use crate::project::{collect, consign, err, ok, out};
use crate::sweep::Sweep;
use crate::yum::key;

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    collect(folder, folder, &mut files);
    files
}

/// Everything that is wrong with a repository for its readers.
fn findings(scene: &Scene, url: &str) -> Vec<String> {
    let trust = Trust::beside(&scene.project.certificate()).unwrap();
    let source = HttpSource::at(url).unwrap();
    let report = examine(&source, &trust, &"stable".parse().unwrap(), Timestamp::now(), Scope::Everything).unwrap();
    report.findings.iter().map(ToString::to_string).collect()
}

fn head(url: &str, path: &str) -> BTreeMap<String, String> {
    let client = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("{url}/{path}")).send().unwrap();
    assert!(answer.status().is_success(), "{path}: {answer:?}");
    answer.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

/// The mirror as it is, kept aside.
fn kept(scene: &Scene, name: &str) -> PathBuf {
    let folder = scene.site().join(name);
    ok(Command::new("cp").arg("-a").arg(scene.mirror()).arg(&folder));
    folder
}

/// Two generations that are kept aside, and a third that the mirror is at.
fn two_kept(scene: &Scene) -> [PathBuf; 2] {
    let synced = |version: &str| {
        scene.release("erp", version);
        scene.synced(&[]);
    };
    let kept = [("1.0.0", "first"), ("1.1.0", "second")].map(|(version, name)| {
        synced(version);
        kept(scene, name)
    });
    synced("1.2.0");
    kept
}

#[track_caller]
fn refused(output: &Output, words: &str) {
    assert_eq!(output.status.code(), Some(3), "{}{}", out(output), err(output));
    assert!(err(output).contains(words), "{}", err(output));
}

#[test]
fn hosts_and_mirrors_read_a_bucket_as_they_read_the_mirror() {
    let (scene, s3) = (Scene::with(BOTH), S3::start());
    let url = s3.url("acme");
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    let told = out(&ok(&mut s3.push(&scene.mirror(), "acme", &["--url", &url])));
    assert!(told.starts_with("stable: generation 1\n"), "{told}");
    assert_eq!(findings(&scene, &url), Vec::<String>::new());
    let apt = Apt::new(&url, &scene.project.certificate());
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.0.0-1"));
    let dnf = Dnf::new(&format!("mirrorlist={url}/yum/stable/mirrors"), &key(&scene.project));
    assert!(dnf.says(&["repoquery", "acme-erp"]).contains("acme-erp-0:1.0.0-1.noarch"));

    scene.release("erp", "1.1.0");
    scene.synced(&[]);
    let told = out(&ok(&mut s3.push(&scene.mirror(), "acme", &[])));
    assert!(told.starts_with("stable: from generation 1 to 2\n"), "{told}");
    assert_eq!(findings(&scene, &url), Vec::<String>::new());
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.1.0-1"));
    apt.download("acme-erp");
    assert!(dnf.makecache().status.success());
    assert!(dnf.says(&["repoquery", "acme-erp"]).contains("acme-erp-0:1.1.0-1.noarch"));

    // A mirror of it has the vendor's bytes.
    let second = scene.site().join("second");
    ok(consign().args(["mirror", "sync", &url]).arg(&second).arg("--certificate").arg(scene.project.certificate()));
    let (mut here, there) = (files(&second), files(&scene.mirror()));
    here.remove("yum/stable/mirrors");
    assert!(here.len() > 15, "{:?}", here.keys());
    for (name, bytes) in &here {
        assert!(there.get(name) == Some(bytes), "{name}");
    }
}

#[test]
fn a_push_of_nothing_new_is_one_request_and_of_a_package_few() {
    let (scene, s3) = (Scene::new(), S3::start());
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    s3.pushed(&scene.mirror(), "acme", &[]);
    let before = s3.asked(0).len();
    let pushed = s3.pushed(&scene.mirror(), "acme", &[]);
    assert!(pushed["changed"] == false && pushed["requests"] == 1, "{pushed}");
    assert_eq!(s3.asked(before), ["GET /packages/acme/consign/bucket.json 200"]);
    scene.release("erp", "1.1.0");
    scene.synced(&[]);
    let pushed = s3.pushed(&scene.mirror(), "acme", &[]);
    let asked = s3.asked(before + 1);
    // The record is read once, and written before and after the swaps; everything else is written once.
    let (sent, swapped) = (pushed["sent"].as_u64().unwrap(), pushed["swapped"].as_array().unwrap().len() as u64);
    assert_eq!(asked.len() as u64, 3 + sent + swapped, "{asked:#?}");
    assert_eq!(pushed["requests"].as_u64().unwrap(), asked.len() as u64);
    assert!(asked.iter().all(|line| line.ends_with(" 200")), "{asked:#?}");
    // What leads to something comes after it.
    let at = |name: &str| asked.iter().position(|line| line.starts_with("PUT ") && line.contains(name)).unwrap();
    let order = ["/by-hash/", "/stable/InRelease", "/changes.tar.gz", "/feed.pgp"].map(at);
    assert!(order.is_sorted() && at("/pool/") < at("/stable/InRelease"), "{asked:#?}");
}

#[test]
fn who_reads_is_told_what_it_is_and_how_long_it_keeps() {
    let (scene, s3) = (Scene::with(BOTH), S3::start());
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    s3.pushed(&scene.mirror(), "", &[]);
    let url = s3.url("");
    let url = url.trim_end_matches('/');
    let forever = "max-age=31536000, immutable";
    for (path, kind, caching) in [
        ("pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb", "application/vnd.debian.binary-package", forever),
        ("pool/main/a/acme-erp/acme-erp-1.0.0-1.noarch.rpm", "application/x-rpm", forever),
        ("dists/stable/InRelease", "text/plain; charset=utf-8", "no-cache"),
        ("consign/stable/feed.pgp", "application/octet-stream", "no-cache"),
        ("yum/stable/g/latest/repodata/repomd.xml", "text/xml", "no-cache"),
    ] {
        let head = head(url, path);
        let said = |name: &str| head.get(name).map(String::as_str);
        assert_eq!((said("content-type"), said("cache-control")), (Some(kind), Some(caching)), "{path}: {head:?}");
    }
}

#[test]
fn a_bucket_never_goes_back_and_belongs_to_one_vendor() {
    let (scene, s3) = (Scene::new(), S3::start());
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    let old = kept(&scene, "old");
    scene.release("erp", "1.1.0");
    scene.synced(&[]);
    s3.pushed(&scene.mirror(), "acme", &[]);
    let before = files(&s3.folder());
    refused(
        &s3.push(&old, "acme", &[]).output().unwrap(),
        "cannot push to s3://packages/acme: it shows generation 2 of channel stable, and this mirror 1",
    );
    let stranger = Scene::new();
    stranger.release("erp", "1.0.0");
    stranger.synced(&[]);
    refused(
        &s3.push(&stranger.mirror(), "acme", &[]).output().unwrap(),
        "it is a mirror of acme, whose primary key is",
    );
    assert!(files(&s3.folder()) == before, "nothing was written");
    // Without its record nobody knows whose it is, until somebody says so; and it does not go back even then.
    std::fs::remove_file(s3.folder().join("packages/acme/consign/bucket.json")).unwrap();
    refused(&s3.push(&scene.mirror(), "acme", &[]).output().unwrap(), "--adopt takes it over");
    refused(&s3.push(&old, "acme", &["--adopt"]).output().unwrap(), "it shows generation 2");
    let adopted = s3.pushed(&scene.mirror(), "acme", &[]);
    assert!(adopted["sent"].as_u64() > Some(3), "{adopted}");
    assert_eq!(findings(&scene, &s3.url("acme")), Vec::<String>::new());
}

#[test]
fn who_is_not_let_in_is_told_so_and_no_key_is_said() {
    let (scene, s3) = (Scene::new(), S3::start());
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    let mut wrong = s3.push(&scene.mirror(), "acme", &[]);
    let output = wrong.env("AWS_ACCESS_KEY_ID", "somebody-else").output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(err(&output).contains("cannot read s3://packages/acme/consign/bucket.json"), "{}", err(&output));
    assert!(!err(&output).contains(SECRET) && !out(&output).contains(SECRET));
    let mut nobody = s3.push(&scene.mirror(), "acme", &[]);
    nobody.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let output = nobody.env("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1").output().unwrap();
    assert!(
        output.status.code() == Some(1) && err(&output).contains("AWS_ACCESS_KEY_ID is not set"),
        "{}",
        err(&output)
    );
    let usage = consign().args(["mirror", "push", "/srv/mirror", "packages/acme"]).output().unwrap();
    assert_eq!(usage.status.code(), Some(2), "{}", err(&usage));
    assert!(err(&usage).contains("s3://bucket/acme"), "{}", err(&usage));
    let nothing = s3.push(&scene.site().join("nothing"), "acme", &[]).output().unwrap();
    refused(&nothing, "there is no mirror yet");
    assert!(!scene.site().join("nothing").exists());
}

#[test]
fn what_is_missing_or_damaged_in_a_bucket_is_sent_again() {
    let (scene, s3) = (Scene::new(), S3::start());
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    s3.pushed(&scene.mirror(), "acme", &[]);
    let place = |name: &str| s3.folder().join("packages/acme").join(name);
    let package = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";
    std::fs::write(place(package), b"half").unwrap();
    std::fs::write(place("dists/stable/InRelease"), b"something else").unwrap();
    let release = std::fs::read_dir(place("pool/main/a/acme-release")).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(release).unwrap();
    assert_eq!(s3.pushed(&scene.mirror(), "acme", &[])["changed"], false, "nobody looks but when told to");
    let pushed = s3.pushed(&scene.mirror(), "acme", &["--check"]);
    assert!(pushed["sent"] == 2 && pushed["swapped"] == serde_json::json!(["dists/stable/InRelease"]), "{pushed}");
    assert_eq!(findings(&scene, &s3.url("acme")), Vec::<String>::new());
    // A copy that is damaged here does not get there.
    scene.release("erp", "1.1.0");
    scene.synced(&[]);
    let copy = scene.mirror().join("pool/main/a/acme-erp/acme-erp_1.1.0-1_all.deb");
    let mut bytes = std::fs::read(&copy).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&copy, &bytes).unwrap();
    let output = s3.push(&scene.mirror(), "acme", &[]).output().unwrap();
    assert!(output.status.code() == Some(1) && err(&output).contains("sync --check"), "{}", err(&output));
    assert!(!place("pool/main/a/acme-erp/acme-erp_1.1.0-1_all.deb").exists());
    assert_eq!(findings(&scene, &s3.url("acme")), Vec::<String>::new());
}

#[test]
fn a_large_package_arrives_in_parts() {
    let (scene, s3) = (Scene::new(), S3::start());
    let mut large = vec![0; 20 * 1024 * 1024];
    let mut state: u64 = 1;
    for byte in &mut large {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *byte = (state >> 56) as u8;
    }
    std::fs::write(scene.project.path("app/large"), large).unwrap();
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    s3.pushed(&scene.mirror(), "acme", &[]);
    let asked = s3.asked(0);
    assert!(asked.iter().filter(|line| line.contains("partNumber=")).count() >= 3, "{asked:#?}");
    assert_eq!(findings(&scene, &s3.url("acme")), Vec::<String>::new());
    // It is known again by whoever was killed before that was written down.
    let record = s3.folder().join("packages/acme/consign/bucket.json");
    let text = std::fs::read_to_string(&record).unwrap();
    let mut known: serde_json::Value = serde_json::from_str(&text).unwrap();
    known["files"] = serde_json::json!([]);
    std::fs::write(&record, known.to_string()).unwrap();
    let before = asked.len();
    s3.pushed(&scene.mirror(), "acme", &[]);
    assert!(!s3.asked(before).iter().any(|line| line.contains("partNumber=")), "{:#?}", s3.asked(before));
}

/// Whose address was wrong, and who was killed while it was put right or wrong.
#[test]
fn what_a_killed_push_has_swapped_is_swapped_again_also_where_the_record_has_it_as_it_should_be() {
    let (scene, s3) = (Scene::with(BOTH), S3::start());
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    let right = s3.url("acme");
    s3.pushed(&scene.mirror(), "acme", &["--url", &right]);
    let place = |name: &str| s3.folder().join("packages/acme").join(name);
    let read = |name: &str| std::fs::read_to_string(place(name)).unwrap();
    let (record, list) = ("consign/bucket.json", "yum/stable/mirrors");
    let (recorded, good) = (read(record), read(list));
    s3.pushed(&scene.mirror(), "acme", &["--url", "https://wrong.example/acme"]);
    assert!(read(list).contains("wrong.example"), "{}", read(list));
    // As it is where the second push dies after that swap.
    let mut unfinished: serde_json::Value = serde_json::from_str(&recorded).unwrap();
    unfinished["unfinished"] = true.into();
    unfinished["url"] = "https://wrong.example/acme".into();
    std::fs::write(place(record), unfinished.to_string()).unwrap();
    s3.pushed(&scene.mirror(), "acme", &["--url", &right]);
    assert_eq!(read(list), good);
    assert_eq!(s3.pushed(&scene.mirror(), "acme", &[])["changed"], false);
}

#[test]
fn what_the_mirror_has_no_longer_goes_after_three_days() {
    let (scene, s3) = (Scene::new(), S3::start());
    scene.release("erp", "1.0.0");
    scene.release("erp", "1.1.0");
    scene.synced(&[]);
    s3.pushed(&scene.mirror(), "acme", &[]);
    let old = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";
    scene.synced(&["--product", "erp >=1.1.0"]);
    ok(consign().args(["mirror", "prune"]).arg(scene.mirror()));
    assert!(!scene.mirror().join(old).exists());
    let pushed = s3.pushed(&scene.mirror(), "acme", &[]);
    let place = s3.folder().join("packages/acme");
    assert!(pushed["deleted"] == serde_json::json!([]) && place.join(old).exists(), "{pushed}");
    let again = s3.pushed(&scene.mirror(), "acme", &[]);
    assert!(again["changed"] == false && place.join(old).exists(), "somebody may still ask for it: {again}");
    // Three days later, by the record.
    let record = place.join("consign/bucket.json");
    let mut known: serde_json::Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    known["gone"][old] = (Timestamp::now() - jiff::SignedDuration::from_hours(73)).to_string().into();
    std::fs::write(&record, known.to_string()).unwrap();
    let pushed = s3.pushed(&scene.mirror(), "acme", &[]);
    assert!(pushed["deleted"] == serde_json::json!([old]) && !place.join(old).exists(), "{pushed}");
    assert_eq!(s3.pushed(&scene.mirror(), "acme", &[])["changed"], false);
    // Carried again, sent again.
    scene.synced(&["--everything"]);
    assert!(s3.pushed(&scene.mirror(), "acme", &[])["sent"] == 1 && place.join(old).exists());
}

#[test]
fn of_two_who_push_at_once_the_newer_generation_is_shown_whole() {
    let (scene, s3) = (Scene::new(), S3::one_after_the_other());
    let [first, second] = two_kept(&scene);
    for round in 0..6 {
        let prefix = format!("acme{round}");
        s3.pushed(&first, &prefix, &[]);
        let start = |mirror: &Path| {
            let mut command = s3.push(mirror, &prefix, &[]);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap()
        };
        let (older, newer) = (start(&second), start(&scene.mirror()));
        let (older, newer) = (older.wait_with_output().unwrap(), newer.wait_with_output().unwrap());
        assert!(newer.status.success(), "{}", err(&newer));
        match older.status.code() {
            Some(0) => {}
            _ => refused(&older, "it shows generation 3 of channel stable, and this mirror 2"),
        }
        assert_eq!(findings(&scene, &s3.url(&prefix)), Vec::<String>::new(), "round {round}");
        let apt = Apt::new(&s3.url(&prefix), &scene.project.certificate());
        apt.updated();
        assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.2.0-1"), "round {round}");
    }
}

/// The record says that a generation is about to be shown.
fn is_begun(s3: &S3, prefix: &str, generation: u64) -> bool {
    let record = std::fs::read(s3.folder().join(format!("packages/{prefix}/consign/bucket.json"))).unwrap_or_default();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap_or_default();
    record["channels"]["stable"]["generation"] == generation
}

#[test]
fn who_is_overtaken_between_two_swaps_stops_and_leaves_the_newer_generation_as_it_is() {
    let (scene, s3) = (Scene::new(), S3::start());
    let [first, second] = two_kept(&scene);
    // On a busy machine it may be done before anybody comes in between.
    let overtaken = (0..10).any(|round| {
        let prefix = format!("acme{round}");
        s3.pushed(&first, &prefix, &[]);
        let mut older = s3.push(&second, &prefix, &[]);
        older.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
        let older = older.spawn().unwrap();
        while !is_begun(&s3, &prefix, 2) {
            std::thread::yield_now();
        }
        let signal = |name: &str| ok(Command::new("kill").args([name, &older.id().to_string()]));
        signal("-STOP");
        s3.pushed(&scene.mirror(), &prefix, &[]);
        let shown = files(&s3.folder());
        signal("-CONT");
        let older = older.wait_with_output().unwrap();
        assert!(files(&s3.folder()) == shown, "round {round}: it has written something");
        assert_eq!(findings(&scene, &s3.url(&prefix)), Vec::<String>::new(), "round {round}");
        let is_refused = !older.status.success();
        if is_refused {
            refused(&older, "it shows generation 3 of channel stable, and this mirror 2");
        }
        is_refused
    });
    assert!(overtaken, "nobody came in between");
}

#[test]
fn a_push_killed_at_any_moment_leaves_readers_whole_and_nothing_to_repair() {
    let (scene, s3) = (Scene::with(BOTH), S3::start());
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    s3.pushed(&scene.mirror(), "acme", &[]);
    scene.release("erp", "1.1.0");
    scene.synced(&[]);
    let (bucket, before) = (s3.folder(), scene.site().join("before"));
    ok(Command::new("cp").arg("-a").arg(&bucket).arg(&before));
    let reset = || {
        ok(Command::new("find").arg(&bucket).args(["-mindepth", "1", "-delete"]));
        ok(Command::new("cp").arg("-a").arg("-T").arg(&before).arg(&bucket));
    };
    let command = || s3.push(&scene.mirror(), "acme", &["--lanes", "1"]);
    let look = |_: &str, what: &str| {
        let found = findings(&scene, &s3.url("acme"));
        let found: Vec<_> = found.iter().filter(|finding| !is_of_the_moment(finding)).collect();
        assert!(found.is_empty(), "{what}: {found:#?}");
        ok(&mut command());
        assert_eq!(findings(&scene, &s3.url("acme")), Vec::<String>::new(), "{what}");
    };
    let calls = ["sendto", "writev"];
    let sweep = Sweep { calls: &calls, trace: scene.site().join("trace"), command: &command, reset: &reset };
    let killed = sweep.killed(&calls, 12, &look);
    // What goes out in one call, and so how many calls there are, is another number in every run.
    assert!(killed >= 6, "only {killed} points");
}
