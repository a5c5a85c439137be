//! What a package is once rpm has unpacked it.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::Example;
use super::database::{Database, said};
use crate::sample::{output_of, text};

#[test]
fn files_owners_modes_and_links_are_as_they_were_staged() {
    let (database, example) = (Database::new(), Example::new());
    // Its own view of who is who: rpm looks names up in the root.
    fs::create_dir_all(database.root().join("etc")).unwrap();
    fs::write(database.root().join("etc/passwd"), "root:x:0:0::/:/bin/sh\ndaemon:x:71:71::/:/bin/sh\n").unwrap();
    fs::write(database.root().join("etc/group"), "root:x:0:\nadm:x:72:\n").unwrap();
    let said = database.install(example.unsigned().path());
    let at = |path: &str| fs::symlink_metadata(database.root().join(path)).unwrap();
    let erp = at("opt/acme/bin/erp");
    assert_eq!((erp.mode(), erp.nlink(), erp.size()), (0o100_755, 3, 17));
    for name in ["erp-2", "erp-3"] {
        assert_eq!(at(&format!("opt/acme/bin/{name}")).ino(), erp.ino());
    }
    assert_eq!(fs::read_link(database.root().join("opt/acme/current")).unwrap().to_str(), Some("bin/erp"));
    assert_eq!(at("etc/acme/erp.conf").mode(), 0o100_640);
    assert_eq!((at("opt/acme/large").mode(), at("opt/acme/large").size()), (0o100_444, 1_200_000));
    assert_eq!(at("usr/share/doc/acme-erp/notes").mode(), 0o040_755);
    let data = at("var/lib/acme");
    assert_eq!((data.mode(), data.uid(), data.gid()), (0o040_750, 71, 72), "{said}");
}

#[test]
fn rpm_finds_nothing_to_complain_of_in_what_it_installed() {
    let (database, example) = (Database::new(), Example::new());
    database.install(example.unsigned().path());
    let verified = database.rpm(&["-V", "--nodeps", "--nouser", "--nogroup", "acme-erp"]);
    assert!(verified.status.success(), "{}", said(&verified));
    let erased = database.rpm(&["-e", "--nodeps", "--noscripts", "--notriggers", "acme-erp"]);
    assert!(erased.status.success(), "{}", said(&erased));
    assert!(!database.root().join("opt/acme").exists() && !database.root().join("var/lib/acme").exists());
}

#[test]
fn the_site_keeps_its_configuration_and_finds_the_new_default_beside_it() {
    let (database, mut example) = (Database::new(), Example::new());
    database.install(example.unsigned().path());
    let conf = database.root().join("etc/acme/erp.conf");
    fs::write(&conf, "port = 2\n").unwrap();
    example.contents.native.rpm = Some("1.2.0-1".to_owned());
    example.contents.payload.remove("/etc/acme/erp.conf");
    let node =
        consign::stage::Node::File { source: consign::stage::Source::Bytes(b"port = 3\n".to_vec()), config: true };
    let attributes = consign::stage::Attributes::root(0o640);
    example.contents.payload.add("/etc/acme/erp.conf", consign::stage::Entry { attributes, node }).unwrap();
    database.install(example.unsigned().path());
    assert_eq!(fs::read_to_string(&conf).unwrap(), "port = 2\n");
    assert_eq!(fs::read_to_string(conf.with_extension("conf.rpmnew")).unwrap(), "port = 3\n");
}

#[test]
fn an_index_is_made_of_it() {
    let example = Example::new();
    let repository = example.path().join("repository");
    fs::create_dir(&repository).unwrap();
    let unsigned = example.unsigned();
    fs::copy(unsigned.path(), repository.join(unsigned.file_name())).unwrap();
    output_of("createrepo_c", &["--quiet", text(&repository)]);
    let primary = output_of("sh", &["-c", &format!("zcat {}/repodata/*primary.xml.gz", repository.display())]);
    for part in
        ["<name>acme-erp</name>", "ver=\"1.2.0~rc.1\" rel=\"1\"", "<rpm:sourcerpm>acme-erp-1.2.0~rc.1-1.src.rpm"]
    {
        assert!(primary.contains(part), "{part}: {primary}");
    }
}
