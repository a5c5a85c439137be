//! What stays as it was, by the word of the real rpm.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{Plain, query};
use crate::packagers;
use crate::rpm::Database;
use crate::sample::{output_of, run, text};
use crate::wrap::Foreign;

/// One line for each path, with everything that a header says of it but the number that names its file.
const FILES: &str = "[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILESIZES} %{FILEMTIMES} \
    %{FILEDIGESTS} %{FILELINKTOS} %{FILEFLAGS} %{FILEVERIFYFLAGS} %{FILENLINKS} %{FILECAPS} %{FILECLASS}\n]";
const ALONE: [&str; 21] = [
    "%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{OS} %{LICENSE} %{URL} %{PACKAGER} %{VENDOR} %{SOURCERPM} %{GROUP}",
    "%{SUMMARY}\n%{DESCRIPTION}\n%{BUILDTIME} %{BUILDHOST} %{RPMVERSION} %{PLATFORM} %{OPTFLAGS}",
    "[%{PROVIDENAME} %{PROVIDEFLAGS} %{PROVIDEVERSION}\n]",
    "[%{CONFLICTNAME} %{CONFLICTFLAGS} %{CONFLICTVERSION}\n]",
    "[%{OBSOLETENAME} %{OBSOLETEFLAGS} %{OBSOLETEVERSION}\n]",
    "[%{RECOMMENDNAME} %{RECOMMENDFLAGS} %{RECOMMENDVERSION}\n]",
    "[%{SUGGESTNAME} %{SUGGESTFLAGS} %{SUGGESTVERSION}\n]",
    "[%{SUPPLEMENTNAME} %{ENHANCENAME}\n]",
    "[%{CHANGELOGTIME} %{CHANGELOGNAME} %{CHANGELOGTEXT}\n]",
    "%{POSTIN} %{POSTINPROG}",
    "%{PRETRANS} %{PRETRANSPROG}",
    "%{VERIFYSCRIPT} %{VERIFYSCRIPTPROG}",
    "%{PREUN}",
    "[%{PREINPROG}\n]",
    "[%{POSTTRANSPROG}\n]",
    "[%{TRIGGERSCRIPTS} %{TRIGGERSCRIPTPROG}\n]",
    "[%{TRIGGERNAME} %{TRIGGERFLAGS} %{TRIGGERVERSION} %{TRIGGERINDEX}\n]",
    "[%{FILETRIGGERSCRIPTS} %{FILETRIGGERSCRIPTPROG}\n]",
    "[%{FILETRIGGERNAME} %{FILETRIGGERPRIORITIES}\n]",
    "[%{TRANSFILETRIGGERSCRIPTS} %{TRANSFILETRIGGERSCRIPTPROG}\n]",
    "[%{TRANSFILETRIGGERNAME} %{TRANSFILETRIGGERPRIORITIES}\n]",
];

/// Every line of the first is in the second, in its order; the others are returned.
fn added(before: &str, after: &str) -> Vec<String> {
    let (mut theirs, mut added) = (before.lines().peekable(), Vec::new());
    for line in after.lines() {
        if theirs.next_if(|their| *their == line).is_none() {
            added.push(line.to_owned());
        }
    }
    assert_eq!(theirs.next(), None, "{before}\n{after}");
    added
}

#[test]
fn everything_that_rpm_reads_of_a_package_is_as_it_was_whatever_it_is_compressed_with() {
    let foreign = Foreign::new();
    for payload in ["w6.gzdio", "w2.xzdio", "w3.zstdio", "w.ufdio"] {
        let package = Plain { payload, ..Plain::default() }.build(foreign.folder.path());
        let wrapped = foreign.wrap(&package);
        for format in ALONE {
            let [before, after] = [&package, wrapped.path()].map(|path| query(path, &["--qf", format]));
            assert_eq!(after, before, "{payload}: {format}");
        }
        let [before, after] = [&package, wrapped.path()].map(|path| query(path, &["--qf", FILES]));
        let paths: Vec<String> =
            added(&before, &after).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        let ours = [
            "/usr/lib/systemd/system/ledger.service.d",
            "/usr/lib/systemd/system/ledger.service.d/50-consign.conf",
            "/usr/share/consignee",
            "/usr/share/consignee/plans",
            "/usr/share/consignee/plans/acme-ledger.pgp",
            "/usr/share/doc/acme-ledger",
            "/usr/share/doc/acme-ledger/notes",
            "/usr/share/doc/acme-ledger/notes/1.1.0.en.md",
        ];
        assert_eq!(paths, ours, "{payload}");
        assert!(query(wrapped.path(), &["--list"]).lines().is_sorted(), "rpm searches the list as if it were sorted");
        assert_eq!(query(wrapped.path(), &["--qf", "%{PAYLOADCOMPRESSOR}"]), "zstd");
    }
}

#[test]
fn the_plan_is_the_first_entry_and_theirs_follow_ours_to_the_byte() {
    let foreign = Foreign::new();
    let package = Plain::default().build(foreign.folder.path());
    let wrapped = foreign.wrap(&package);
    let archive = |package: &Path| run("rpm2cpio", &[text(package)]).stdout;
    let (before, after) = (archive(&package), archive(wrapped.path()));
    let end = b"TRAILER!!!";
    let entries = &before[..before.windows(end.len()).rposition(|bytes| bytes == end).unwrap() - 110];
    assert!(after.windows(entries.len()).any(|bytes| bytes == entries), "an entry of theirs was changed");
    let listed = output_of("sh", &["-c", &format!("rpm2cpio {} | cpio -t --quiet", text(wrapped.path()))]);
    let first: Vec<&str> = listed.lines().take(2).collect();
    assert_eq!(first, ["./usr/share/consignee/plans/acme-ledger.pgp", "./usr/share/doc/acme-ledger/notes/1.1.0.en.md"]);
}

#[test]
fn what_it_needs_is_what_it_needed_and_the_agent_first() {
    let foreign = Foreign::new();
    let package = Plain { payload: "w2.xzdio", ..Plain::default() }.build(foreign.folder.path());
    let wrapped = foreign.wrap(&package);
    let needs = |package: &Path| -> BTreeSet<String> {
        let format = "[%{REQUIRENAME} %{REQUIREVERSION} %{REQUIREFLAGS:deptype}\n]";
        query(package, &["--qf", format]).lines().map(str::to_owned).collect()
    };
    let (before, after) = (needs(&package), needs(wrapped.path()));
    let lost: Vec<&String> = before.difference(&after).collect();
    assert_eq!(lost, ["rpmlib(PayloadIsXz) 5.2-1 rpmlib"]);
    let new: Vec<&str> = after.difference(&before).map(String::as_str).collect();
    for line in ["consignee 0.1.0 pre,preun", "rpmlib(PayloadIsZstd) 5.4.18-1 rpmlib", "/bin/sh  preun,interp"] {
        assert!(new.contains(&line), "{line}: {new:?}");
    }
}

/// Two files of one number are one file with two names, to rpm.
#[test]
fn no_file_of_ours_has_the_number_of_one_of_theirs() {
    let foreign = Foreign::new();
    let package = Plain::default().build(foreign.folder.path());
    let numbers = |path: &Path| query(path, &["--qf", "[%{FILENAMES} %{FILEINODES}\n]"]);
    let (before, after) = (numbers(&package), numbers(foreign.wrap(&package).path()));
    let number = |line: &str| line.split(' ').next_back().unwrap().to_owned();
    let theirs: BTreeSet<String> = before.lines().map(number).collect();
    let ours: Vec<String> = added(&before, &after).iter().map(|line| number(line)).collect();
    assert!(ours.len() == 8 && ours.iter().all(|number| !theirs.contains(number)), "{before}\n{after}");
}

/// rpmbuild notes which file needs what, by the place in the list of all needs, which grew.
#[test]
fn what_a_single_file_needs_is_still_what_it_needed() {
    let foreign = Foreign::new();
    let package = Plain { header: "AutoReq: yes", ..Plain::default() }.build(foreign.folder.path());
    let wrapped = foreign.wrap(&package);
    let needs = |path: &Path| query(path, &["--qf", "[%{FILENAMES} %{FILEREQUIRE}\n]"]);
    let before = needs(&package);
    assert!(before.contains("/opt/acme/bin/other /usr/bin/zz\n"), "{before}");
    assert!(added(&before, &needs(wrapped.path())).iter().all(|line| line.ends_with(' ')));
}

#[test]
fn each_scriptlet_reports_before_it_does_what_it_did() {
    let foreign = Foreign::new();
    let wrapped = foreign.wrap(&Plain::default().build(foreign.folder.path()));
    let scripts = query(wrapped.path(), &["--scripts"]);
    let tell = |name: &str| format!("consignee-hook {name} acme/ledger acme-ledger");
    for (name, own) in [("pre", "echo pre >&2"), ("posttrans", "local x = 1"), ("postun", "exec '/sbin/ldconfig'")] {
        let (told, own) = (scripts.find(&tell(name)), scripts.find(own));
        assert!(told.is_some() && told < own, "{name}: {scripts}");
    }
    let program = query(wrapped.path(), &["--qf", "[%{PREUNPROG}\n]"]);
    let words: Vec<&str> = program.lines().collect();
    assert_eq!((words[0], words[1], words[3]), ("/bin/sh", "-c", "/usr/bin/perl"));
    assert!(words[2].contains(&tell("preun")) && words[2].ends_with("exec \"$0\" \"$@\""), "{program}");
}

/// The lines of Lua are what rpm's own interpreter understands.
#[test]
fn rpm_runs_the_line_that_stands_before_lua() {
    let foreign = Foreign::new();
    let wrapped = foreign.wrap(&Plain::default().build(foreign.folder.path()));
    let script = query(wrapped.path(), &["--qf", "%{POSTTRANS}"]);
    // Told to a program that is here, in place of the agent's.
    let told = foreign.at("told");
    let hook = foreign.at("hook");
    fs::write(&hook, format!("#!/bin/sh\necho \"$@\" >{}\n", text(&told))).unwrap();
    output_of("chmod", &["755", text(&hook)]);
    let script = script.replace("/usr/lib/consignee/consignee-hook", text(&hook));
    output_of("rpm", &["--eval", &format!("%{{lua:arg = {{\"<lua>\", 1}}\n{script}}}")]);
    assert_eq!(fs::read_to_string(told).unwrap(), "posttrans acme/ledger acme-ledger 1\n");
}

/// What lies in a root, but for what was added.
fn tree(root: &Path) -> BTreeSet<String> {
    // A folder has the time at which something was put into it.
    let seen = "find . -path ./var/lib/rpm -prune -o -path ./root -prune -o";
    let list = format!(
        "{seen} -type d -printf '%p %M %U:%G\\n' && {seen} ! -type d -printf '%p %M %U:%G %n %T@ %l\\n' && getcap -r ."
    );
    let said = output_of("sh", &["-c", &format!("cd {} && {list}", text(root))]);
    said.lines().map(str::to_owned).collect()
}

fn accounts(database: &Database) {
    fs::create_dir_all(database.root().join("etc")).unwrap();
    fs::write(database.root().join("etc/passwd"), "root:x:0:0::/:/bin/sh\ndaemon:x:71:71::/:/bin/sh\n").unwrap();
    fs::write(database.root().join("etc/group"), "root:x:0:\nadm:x:72:\n").unwrap();
}

#[test]
fn rpm_installs_the_same_files_owners_modes_links_and_capabilities() {
    let foreign = Foreign::new();
    let package = Plain::default().build(foreign.folder.path());
    let wrapped = foreign.wrap(&package);
    let (ordinary, ours) = (Database::new(), Database::new());
    for (database, package) in [(&ordinary, package.as_path()), (&ours, wrapped.path())] {
        accounts(database);
        database.install(package);
        let verified = database.rpm(&["-V", "--nodeps", "--noscripts", "acme-ledger"]);
        let said = String::from_utf8_lossy(&verified.stdout).into_owned();
        // The ghost is there once the product has written it.
        assert!(said.lines().all(|line| line.ends_with("/var/log/acme.log")), "{said}");
    }
    let (before, after) = (tree(&ordinary.root()), tree(&ours.root()));
    let lost: Vec<&String> = before.difference(&after).filter(|line| line.contains("/acme")).collect();
    assert_eq!(lost, [&""; 0]);
    let linked = |name: &str| fs::metadata(ours.root().join("opt/acme").join(name)).unwrap();
    use std::os::unix::fs::MetadataExt;
    assert_eq!(linked("aa-hard").ino(), linked("bin/tool").ino());
    assert!(after.iter().any(|line| line.contains("/opt/acme/zeros cap_net_bind_service=ep")), "{after:#?}");
}

#[test]
fn a_wrapped_version_takes_the_place_of_an_ordinary_one_and_of_a_wrapped_one() {
    let foreign = Foreign::new();
    let database = Database::new();
    accounts(&database);
    database.install(&Plain { version: "1.0.0", ..Plain::default() }.build(foreign.folder.path()));
    fs::write(database.root().join("etc/acme/ledger.conf"), "port = 2\n").unwrap();
    database.install(foreign.wrap(&Plain::default().build(foreign.folder.path())).path());
    foreign.replace("1.1.0", "1.2.0");
    let next = foreign.wrap(&Plain { version: "1.2.0", ..Plain::default() }.build(foreign.folder.path()));
    database.install(next.path());
    let there = String::from_utf8(database.rpm(&["-q", "acme-ledger"]).stdout).unwrap();
    assert_eq!(there, "acme-ledger-1.2.0-1.noarch\n");
    assert_eq!(fs::read_to_string(database.root().join("etc/acme/ledger.conf")).unwrap(), "port = 2\n");
    let erased = database.rpm(&["-e", "--nodeps", "--noscripts", "--notriggers", "acme-ledger"]);
    assert!(erased.status.success());
    assert!(!database.root().join("usr/share/consignee").exists() && !database.root().join("opt/acme").exists());
}

#[test]
fn a_package_of_nfpm_is_wrapped_and_installed() {
    let foreign = Foreign::new();
    let package = packagers::nfpm_rpm("1.1.0", 2, foreign.folder.path());
    let wrapped = foreign.wrap(&package);
    let [before, after] = [&package, wrapped.path()].map(|path| {
        query(path, &["--qf", "[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME} %{FILEDIGESTS} %{FILEFLAGS}\n]"])
    });
    assert!(added(&before, &after).iter().any(|line| line.starts_with("/usr/share/consignee/plans/acme-ledger.pgp ")));
    let database = Database::new();
    database.install(wrapped.path());
    let verified = database.rpm(&["-V", "--nodeps", "--noscripts", "acme-ledger"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    assert!(query(wrapped.path(), &["--scripts"]).contains("echo installed \"$1\""));
}

#[test]
fn the_same_package_has_the_same_content_however_it_is_compressed_and_whenever_it_was_built() {
    let foreign = Foreign::new();
    let content = |plain: &Plain<'_>| foreign.wrap(&plain.build(foreign.folder.path())).content_digest();
    let first = content(&Plain::default());
    assert_eq!(content(&Plain { payload: "w2.xzdio", ..Plain::default() }), first);
    assert_ne!(content(&Plain { header: "Requires: acme-another", ..Plain::default() }), first);
}
