//! A package is one shape or none: whatever dpkg could read in two ways is refused.

use std::io::Cursor;

use proptest::prelude::*;
use tar::EntryType;

use crate::archive::{
    ar, ar_claiming, control, control_files, entry, entry_claiming, fault, file, gzip, header, layout, package, sample,
};

#[test]
fn wanted_control_files_are_read_in_one_pass() {
    let package = sample();
    let layout = layout(&package).unwrap();
    let read = |wanted: &dyn Fn(&str) -> bool| layout.control_files(&mut Cursor::new(&package), wanted, 64).unwrap();
    assert_eq!(
        read(&|_| true).into_keys().collect::<Vec<_>>(),
        ["consign-note.1.0.0.en.md", "consign-plan", "control"]
    );
    assert_eq!(read(&|name| name == "consign-plan").into_values().collect::<Vec<_>>(), [b"plan"]);
    assert!(read(&|name| name == "preinst").is_empty());
    assert_eq!(layout.control_file(&mut Cursor::new(&package), "preinst", 64).unwrap(), None);
    assert_eq!(layout.plan(&mut Cursor::new(&package)).unwrap().unwrap(), b"plan");
    // Archives by other tools leave out the dot.
    let bare = crate::archive::package(&control(&[file("control", "Package: acme-erp\n")]));
    assert_eq!(control_files(&bare).unwrap()["control"], b"Package: acme-erp\n");
}

#[test]
fn a_larger_control_file_than_wanted_is_refused_and_an_unwanted_one_skipped() {
    let package = package(&control(&[file("./md5sums", &"x".repeat(1000)), file("./control", "Package: acme-erp\n")]));
    assert!(fault(control_files(&package)).ends_with("its control file md5sums has 1000 bytes"));
    let layout = layout(&package).unwrap();
    assert!(layout.control_file(&mut Cursor::new(&package), "control", 64).unwrap().is_some());
}

#[test]
fn the_same_control_file_twice_is_refused_however_it_is_spelled() {
    for (first, second) in [("./consign-plan", "./consign-plan"), ("consign-plan", "./consign-plan")] {
        let twice = package(&control(&[file(first, "one"), file("./control", ""), file(second, "two")]));
        assert!(fault(control_files(&twice)).ends_with("its control archive has two files consign-plan"));
        let layout = layout(&twice).unwrap();
        assert!(layout.plan(&mut Cursor::new(&twice)).is_err());
        assert!(layout.control_file(&mut Cursor::new(&twice), "control", 64).is_err(), "nobody asked for the plan");
    }
}

#[test]
fn entries_that_leave_the_control_folder_are_refused() {
    for name in [
        "/etc/passwd",
        "../control",
        "./../control",
        "..",
        "./..",
        "sub/control",
        ".//control",
        "././control",
        "./.\\\n",
    ] {
        let foreign = package(&control(&[file(name, "x"), file("./control", "")]));
        assert!(fault(control_files(&foreign)).contains("its control archive has the entry"), "{name:?}");
    }
}

#[test]
fn only_plain_files_are_control_files() {
    let kinds = [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Directory,
        EntryType::Fifo,
        EntryType::Char,
        EntryType::Continuous,
        EntryType::XGlobalHeader,
    ];
    for kind in kinds {
        let odd = package(&control(&[entry("./consign-plan", kind, b"")]));
        assert!(fault(control_files(&odd)).contains("has the entry \"./consign-plan\""), "{kind:?}");
    }
    let renamed = [entry("./x", EntryType::XHeader, b"21 path=consign-plan\n"), file("./control", "")];
    assert!(fault(control_files(&package(&control(&renamed)))).contains("has the entry \"consign-plan\""));
}

#[test]
fn a_long_name_ends_where_dpkg_ends_it() {
    let long = "consign-note.1.0.0-".to_owned() + &"a".repeat(120) + ".en.md";
    let named = |name: &str| {
        let name = entry("././@LongLink", EntryType::GNULongName, name.as_bytes());
        package(&control(&[name, file("./short", "x")]))
    };
    assert_eq!(control_files(&named(&format!("./{long}\0"))).unwrap().into_keys().collect::<Vec<_>>(), [long]);
    assert!(control_files(&named("./consign-plan\0hidden\0")).is_err());
}

#[test]
fn a_control_archive_that_ends_early_gives_no_shorter_files() {
    let whole = [file("./consign-plan", "plan of some length")].concat();
    for length in 1..whole.len() {
        let files = control_files(&package(&gzip(&whole[..length])));
        assert!(!files.is_ok_and(|files| files.get("consign-plan").is_some_and(|plan| plan.len() < 19)), "{length}");
    }
    let archive = control(&[file("./consign-plan", "plan")]);
    for length in 0..archive.len() - 8 {
        let files = control_files(&package(&archive[..length]));
        assert!(files.is_err() || files.unwrap()["consign-plan"] == b"plan", "{length}");
    }
}

#[test]
fn huge_control_files_are_refused_unread() {
    for size in [65, u64::from(u32::MAX), i64::MAX as u64, u64::MAX - 511, u64::MAX] {
        let mut plan = header("./consign-plan", EntryType::Regular);
        plan.set_size(size);
        let huge = package(&control(&[entry_claiming(plan, b"plan")]));
        assert!(control_files(&huge).is_err(), "{size}");
        // Its end is not in the archive, if it is not wanted.
        let read = layout(&huge).unwrap().control_file(&mut Cursor::new(&huge), "control", u64::MAX);
        assert_eq!(read.is_ok(), size == 65, "{size}");
    }
    // What unpacks to more than any control archive ends early, wanted or not.
    let bomb = package(&control(&[file("./control", ""), file("./md5sums", &"x".repeat(65 << 20))]));
    let layout = layout(&bomb).unwrap();
    assert!(layout.control_file(&mut Cursor::new(&bomb), "control", 64).is_err());
}

#[test]
fn members_are_these_in_this_order() {
    let control = control(&[file("./control", "")]);
    let good: [(&str, &[u8]); 4] =
        [("debian-binary", b"2.0\n"), ("control.tar.gz", &control), ("data.tar.zst", b"d"), ("_gpgorigin", b"sig")];
    let with = |place: usize, name| {
        let mut members = good;
        members[place].0 = name;
        layout(&ar(&members))
    };
    assert!(layout(&ar(&good)).is_ok() && layout(&ar(&good[..3])).is_ok());
    assert!(with(1, "control.tar.gz/").is_ok(), "as GNU ar writes it");
    for (place, name) in [
        (0, "control.tar.gz"),
        (1, "control.tar.xz"),
        (1, "control.tar"),
        (1, "control.tar.gz//"),
        (2, "control.tar.gz"),
        (2, "data.tar.lzma"),
        (3, "data.tar.zst"),
        (3, "_gpgbuilder"),
    ] {
        assert!(fault(with(place, name)).contains(": its members are "), "{name}");
    }
    for extra in ["_gpgorigin", "control.tar.gz", "_extra", ""] {
        let five = [&good[..], &[(extra, b"x")]].concat();
        assert!(fault(layout(&ar(&five))).contains(": its members are "), "a fifth member {extra:?}");
    }
    assert!(layout(&ar(&[])).is_err() && layout(&ar(&good[..2])).is_err());
}

#[test]
fn a_package_cut_short_anywhere_is_refused() {
    let package = sample();
    let unsigned = package.len() - 60 - 4;
    for length in 0..package.len() {
        let cut = layout(&package[..length]);
        assert_eq!(cut.is_ok(), length == unsigned, "{length} of {} bytes", package.len());
    }
    assert!(layout(&package).is_ok());
    assert!(fault(layout(&[&package[..], b"x"].concat())).ends_with("a member header is cut short"));
}

#[test]
fn members_of_odd_length_are_padded() {
    for (data, signature) in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 3)] {
        let control = control(&[file("./control", "Package: acme-erp\n")]);
        let members: [(&str, &[u8]); 4] = [
            ("debian-binary", b"2.0\n"),
            ("control.tar.gz", &control),
            ("data.tar", &b"data"[..data]),
            ("_gpgorigin", &b"signature"[..signature]),
        ];
        assert!(control_files(&ar(&members)).unwrap().contains_key("control"), "{data} {signature}");
    }
}

#[test]
fn sizes_that_are_not_those_of_the_file_are_refused() {
    for size in ["9999999999", "4294967296", "5", "+4", "-4", "4x", "0x4", "", "1 2"] {
        let claims = ar_claiming(&[("debian-binary", size, b"2.0\n")]);
        let why = fault(layout(&claims));
        assert!(why.contains("bad member header at byte 8") || why.contains("is cut short"), "{size}: {why}");
    }
}

#[test]
fn a_header_of_other_letters_is_refused() {
    // Two bytes that make one letter, across the end of the name.
    let mut package = sample();
    package[8 + 15..8 + 17].copy_from_slice("é".as_bytes());
    assert!(fault(layout(&package)).contains("bad member header at byte 8"));
    let mut package = sample();
    package[8 + 58] = b' ';
    assert!(fault(layout(&package)).contains("bad member header at byte 8"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_no_package(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(layout(&bytes).is_err());
        prop_assert!(layout(&[b"!<arch>\n", &bytes[..]].concat()).is_err());
    }

    #[test]
    fn a_changed_package_is_read_or_refused(at in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 1..4)) {
        let mut package = sample();
        let at = at.index(package.len());
        let end = package.len().min(at + bytes.len());
        package.splice(at..end, bytes);
        let _ = control_files(&package);
    }

    #[test]
    fn a_changed_control_archive_is_read_or_refused(
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 1..12),
    ) {
        let mut tar = [entry("./", EntryType::Directory, b""), file("./consign-plan", "plan"), file("./control", "")].concat();
        let at = at.index(tar.len());
        let end = tar.len().min(at + bytes.len());
        tar.splice(at..end, bytes);
        if let Ok(files) = control_files(&package(&gzip(&tar))) {
            prop_assert!(files.keys().all(|name| !name.contains('/') && name != ".."));
        }
    }

    #[test]
    fn a_control_archive_of_arbitrary_bytes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(control_files(&package(&bytes)).is_err());
        let _ = control_files(&package(&gzip(&bytes)));
    }
}
