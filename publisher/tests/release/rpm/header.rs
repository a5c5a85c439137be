//! What rpm reads of a package before it is installed.

use consign::package::Packager;
use consign::package::rpm::Rpm;
use consign::stage::{Attributes, Entry, Node, Source};
use consign_metadata::digest::Sha256;

use super::Example;
use crate::sample::{output_of, text};

fn query(example: &Example, what: &[&str]) -> String {
    let unsigned = example.unsigned();
    output_of("rpm", &[&["-qp", "--nosignature"], what, &[text(unsigned.path())]].concat())
}

#[test]
fn rpm_reads_what_the_package_says_of_itself() {
    let example = Example::new();
    let format = "%{NAME}|%{VERSION}|%{RELEASE}|%{ARCH}|%{LICENSE}|%{PACKAGER}|%{VENDOR}|%{URL}|%{SUMMARY}|%{OS}|%{PAYLOADCOMPRESSOR}";
    assert_eq!(
        query(&example, &["--qf", format]),
        "acme-erp|1.2.0~rc.1|1|x86_64|MIT|Acme <packages@acme.example>|Acme|https://acme.example|example ERP|linux|zstd"
    );
    assert_eq!(query(&example, &["--qf", "%{DESCRIPTION}"]), "One paragraph.\n\nAnother.");
    let changelog = query(&example, &["--changelog"]);
    assert_eq!(
        changelog.trim(),
        "* Tue Nov 14 2023 Acme <packages@acme.example> - 1.2.0~rc.1-1\n- Version 1.2.0-rc.1."
    );
    assert_eq!(example.unsigned().file_name(), "acme-erp-1.2.0~rc.1-1.x86_64.rpm");
}

#[test]
fn relations_are_those_of_the_package_and_what_rpm_must_be_able_to_do() {
    let example = Example::new();
    let requires = query(&example, &["--requires"]);
    for line in [
        "/bin/sh",
        "acme-erp-web = 1.2.0~rc.1-1",
        "config(acme-erp) = 1.2.0~rc.1-1",
        "consignee >= 0.1.0",
        "python3",
        "rpmlib(CompressedFileNames) <= 3.0.4-1",
        "rpmlib(FileDigests) <= 4.6.0-1",
        "rpmlib(PartialHardlinkSets) <= 4.0.4-1",
        "rpmlib(PayloadFilesHavePrefix) <= 4.0-1",
        "rpmlib(PayloadIsZstd) <= 5.4.18-1",
        "rpmlib(TildeInVersions) <= 4.10.0-1",
    ] {
        assert!(requires.lines().any(|found| found == line), "{line}: {requires}");
    }
    let pre = query(&example, &["--qf", "[%{REQUIRENAME} %{REQUIREFLAGS:deptype}\n]"]);
    assert!(
        pre.contains("consignee pre\n") && pre.contains("/bin/sh interp,posttrans") | pre.contains("/bin/sh interp"),
        "{pre}"
    );
    assert_eq!(query(&example, &["--conflicts"]).trim(), "acme-old < 1.2.0~rc.1-1");
    assert_eq!(query(&example, &["--recommends"]).trim(), "acme-erp-docs");
    let provides = query(&example, &["--provides"]);
    for line in ["acme-erp = 1.2.0~rc.1-1", "acme-erp(x86-64) = 1.2.0~rc.1-1", "config(acme-erp) = 1.2.0~rc.1-1"] {
        assert!(provides.lines().any(|found| found == line), "{line}: {provides}");
    }
}

#[test]
fn scriptlets_and_the_trigger_are_run_by_the_shell() {
    let example = Example::new();
    let scripts = query(&example, &["--scripts"]);
    for line in ["preinstall scriptlet (using /bin/sh):", "posttrans scriptlet (using /bin/sh):"] {
        assert!(scripts.lines().any(|found| found == line), "{scripts}");
    }
    let triggers = query(&example, &["--filetriggers"]);
    assert!(
        triggers.contains("transfiletriggerin scriptlet (using /bin/sh) -- /usr/share/consignee/plans"),
        "{triggers}"
    );
}

#[test]
fn the_list_of_files_is_sorted_and_only_of_what_the_package_owns() {
    let example = Example::new();
    let files = query(
        &example,
        &["--qf", "[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEFLAGS:fflags}\n]"],
    );
    let expected = "/etc/acme drwxr-xr-x root:root \n\
        /etc/acme/erp.conf -rw-r----- root:root cn\n\
        /opt/acme drwxr-xr-x root:root \n\
        /opt/acme/bin drwxr-xr-x root:root \n\
        /opt/acme/bin/erp -rwxr-xr-x root:root \n\
        /opt/acme/bin/erp-2 -rwxr-xr-x root:root \n\
        /opt/acme/bin/erp-3 -rwxr-xr-x root:root \n\
        /opt/acme/current lrwxrwxrwx root:root \n\
        /opt/acme/large -r--r--r-- root:root \n\
        /usr/share/consignee drwxr-xr-x root:root \n\
        /usr/share/consignee/plans drwxr-xr-x root:root \n\
        /usr/share/consignee/plans/acme-erp.pgp -rw-r--r-- root:root \n\
        /usr/share/doc/acme-erp drwxr-xr-x root:root \n\
        /usr/share/doc/acme-erp/notes drwxr-xr-x root:root \n\
        /usr/share/doc/acme-erp/notes/1.2.0.en.md -rw-r--r-- root:root d\n\
        /var/lib/acme drwxr-x--- daemon:adm \n";
    assert_eq!(files, expected);
}

#[test]
fn the_plan_is_the_first_entry_and_the_notes_follow() {
    let unsigned = Example::new();
    let unsigned = unsigned.unsigned();
    let listed = output_of("sh", &["-c", &format!("rpm2cpio {} | cpio -t --quiet", text(unsigned.path()))]);
    let first: Vec<&str> = listed.lines().take(5).collect();
    let notes = "./usr/share/doc/acme-erp/notes";
    let expected = ["./usr/share/consignee/plans/acme-erp.pgp", &format!("{notes}/1.2.0.en.md"), "./etc/acme"];
    assert_eq!(first[..3], expected);
    assert_eq!(listed.lines().count(), 16);
}

#[test]
fn a_build_does_not_depend_on_its_place_its_umask_or_its_processors() {
    let (mut one, mut two) = (Example::new(), Example::new());
    // Several times what one thread takes in one go.
    let much: Vec<u8> = (0..12_000_000u32).flat_map(|n| ((n / 9).wrapping_mul(n) as u16).to_be_bytes()).collect();
    for example in [&mut one, &mut two] {
        example.contents.payload.add_bytes("/opt/acme/much", much.clone(), 0o644).unwrap();
    }
    let (a, b, c) =
        (one.unsigned_at(super::TIME, Some(1)), two.unsigned_at(super::TIME, Some(5)), two.unsigned_at(0, None));
    let digest = |package: &consign::package::UnsignedPackage| Sha256::of(&std::fs::read(package.path()).unwrap());
    assert_eq!(digest(&a), digest(&b));
    assert_ne!(digest(&a), digest(&c));
    assert_eq!([a.content_digest(), b.content_digest()], [c.content_digest(); 2]);
}

#[test]
fn other_content_has_another_digest() {
    let before = Example::new().unsigned().content_digest();
    let changes: [fn(&mut Example); 4] = [
        |example| example.contents.payload.add_bytes("/opt/acme/new", vec![], 0o644).unwrap(),
        |example| example.contents.rpm.scripts.pre = Some("exit 1\n".into()),
        |example| example.contents.rpm.relations.requires.clear(),
        |example| example.contents.payload.add_folder("/opt/acme", Attributes::root(0o700)).unwrap(),
    ];
    for change in changes {
        let mut example = Example::new();
        change(&mut example);
        assert_ne!(example.unsigned().content_digest(), before);
    }
}

#[test]
fn a_file_that_the_format_cannot_hold_is_refused() {
    let mut example = Example::new();
    let path = example.path().join("huge");
    std::fs::File::create(&path).unwrap().set_len(1 << 32).unwrap();
    let node = Node::File { source: Source::Path { path, size: 1 << 32 }, config: false };
    example.contents.payload.add("/opt/acme/huge", Entry { attributes: Attributes::root(0o644), node }).unwrap();
    let time = jiff::Timestamp::UNIX_EPOCH;
    let error = Rpm::default().build(&example.contents, time, example.path()).unwrap_err();
    assert!(error.to_string().contains("/opt/acme/huge: it has 4294967296 bytes"), "{error}");
}
