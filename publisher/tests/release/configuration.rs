//! What becomes of configuration files on a host, by the real dpkg with nobody to answer a question.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use consign::package::deb::{Deb, DebControl};
use consign::package::rpm::RpmControl;
use consign::package::{Architecture, Copyright, PackageContents, Packager, Release};
use consign::stage::{Attributes, Entry, Node, Source, StagedTree};
use consign_metadata::plan::NativeVersions;
use tempfile::TempDir;

use crate::sample::{output_of, run, text};

const CONF: &str = "/etc/acme/erp.conf";

/// A private root with a package database of its own.
pub struct Root(TempDir);

impl Root {
    pub fn new() -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        for folder in ["info", "updates", "triggers"] {
            fs::create_dir_all(root.at("/var/lib/dpkg").join(folder)).unwrap();
        }
        fs::write(root.at("/var/lib/dpkg/status"), "").unwrap();
        root
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path.trim_start_matches('/'))
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    pub fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.at(path)).ok()
    }

    /// The file, the default beside it, and what was kept of it.
    fn conf(&self) -> [Option<String>; 3] {
        ["", ".dpkg-dist", ".dpkg-bak"].map(|end| self.read(&format!("{CONF}{end}")))
    }

    /// Standard input is at its end, as where nobody is there; dpkg gives up at a question then.
    pub fn dpkg(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let fixed = ["--root", text(self.0.path()), "--force-script-chrootless", "--force-not-root", "--force-depends"];
        let mut command = Command::new("dpkg");
        command.args(fixed).args(arguments).stdin(Stdio::null());
        command
    }

    pub fn install(&self, packages: &[&Path]) -> String {
        let paths: Vec<&str> = packages.iter().map(|path| text(path)).collect();
        self.dpkg(&[&["--install"], &paths[..]].concat())
    }
}

/// Packages of several versions, written by the packager.
pub struct Builds(TempDir);

impl Builds {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A package with these configuration files, and a file of its own.
    fn build(&self, name: &str, version: &str, files: &[(&str, &str)]) -> PathBuf {
        let mut payload = StagedTree::default();
        payload.add_bytes(&format!("/opt/{name}/version"), version.into(), 0o644).unwrap();
        for (path, text) in files {
            let node = Node::File { source: Source::Bytes(text.as_bytes().to_vec()), config: true };
            payload.add(path, Entry { attributes: Attributes::root(0o640), node }).unwrap();
        }
        self.pack(name, version, payload)
    }

    fn pack(&self, name: &str, version: &str, payload: StagedTree) -> PathBuf {
        let contents = PackageContents {
            msi: None,
            name: name.parse().unwrap(),
            native: NativeVersions { deb: Some(version.to_owned()), ..NativeVersions::default() },
            architecture: Architecture::All,
            maintainer: "Acme <packages@acme.example>".to_owned(),
            section: "misc".to_owned(),
            priority: "optional".to_owned(),
            summary: "example".to_owned(),
            description: String::new(),
            homepage: None,
            copyright: Copyright { holder: "Acme".to_owned(), license: "MIT".to_owned(), text: None },
            release: Release { changes: Vec::new() },
            payload,
            deb: DebControl::default(),
            rpm: RpmControl::default(),
        };
        let unsigned = Deb.build(&contents, jiff::Timestamp::UNIX_EPOCH, self.0.path()).unwrap();
        let path = self.0.path().join(unsigned.file_name());
        fs::copy(unsigned.path(), &path).unwrap();
        path
    }

    /// A package as it was before Consign: its configuration files are dpkg's conffiles.
    pub fn ordinary(&self, name: &str, version: &str, files: &[(&str, &str)]) -> PathBuf {
        let tree = self.0.path().join(format!("ordinary-{name}-{version}"));
        let write = |path: &str, text: &str| {
            let path = tree.join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "DEBIAN/control",
            &format!(
                "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: A <a@b.example>\nDescription: x\n"
            ),
        );
        write(&format!("/opt/{name}/version"), version);
        files.iter().for_each(|(path, text)| write(path, text));
        write("DEBIAN/conffiles", &files.iter().map(|(path, _)| format!("{path}\n")).collect::<String>());
        output_of("dpkg-deb", &["--build", "--root-owner-group", text(&tree), text(self.0.path())]);
        self.0.path().join(format!("{name}_{version}_all.deb"))
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_first_install_has_the_default_with_owner_and_mode_and_a_default_that_changes_follows() {
    let (root, builds) = (Root::new(), Builds::new());
    root.install(&[&builds.build("erp", "1", &[(CONF, "one"), ("/etc/acme/a b", "x")])]);
    assert_eq!(root.conf(), [some("one"), None, None]);
    assert_eq!(root.read("/etc/acme/a b"), some("x"));
    assert_eq!(fs::metadata(root.at(CONF)).unwrap().mode() & 0o7777, 0o640);

    // Owner and mode are the site's.
    fs::set_permissions(root.at(CONF), PermissionsExt::from_mode(0o604)).unwrap();
    root.install(&[&builds.build("erp", "2", &[(CONF, "two"), ("/etc/acme/a b", "x")])]);
    assert_eq!(root.conf(), [some("two"), None, None]);
    assert_eq!(fs::metadata(root.at(CONF)).unwrap().mode() & 0o7777, 0o604);
}

#[test]
fn an_edited_file_stays_and_the_new_default_lies_beside_it() {
    let (root, builds) = (Root::new(), Builds::new());
    root.install(&[&builds.build("erp", "1", &[(CONF, "one")])]);
    root.write(CONF, "mine");
    // The default did not change: there is nothing to tell.
    let said = root.install(&[&builds.build("erp", "2", &[(CONF, "one")])]);
    assert!(!said.contains(CONF), "{said}");
    assert_eq!(root.conf(), [some("mine"), None, None]);
    let said = root.install(&[&builds.build("erp", "3", &[(CONF, "three")])]);
    assert!(said.contains("erp: /etc/acme/erp.conf is the site's and stays"), "{said}");
    assert_eq!(root.conf(), [some("mine"), some("three"), None]);
    root.install(&[&builds.build("erp", "4", &[(CONF, "four")])]);
    assert_eq!(root.conf(), [some("mine"), some("four"), None]);
    // Merged: what was beside it goes.
    root.write(CONF, "five");
    root.install(&[&builds.build("erp", "5", &[(CONF, "five")])]);
    assert_eq!(root.conf(), [some("five"), None, None]);
    // And back to an older version, by hand.
    root.install(&[&builds.build("erp", "1", &[(CONF, "one")])]);
    assert_eq!(root.conf(), [some("one"), None, None]);
}

#[test]
fn a_link_of_the_sites_is_an_edited_file() {
    let (root, builds) = (Root::new(), Builds::new());
    root.install(&[&builds.build("erp", "1", &[(CONF, "one")])]);
    fs::rename(root.at(CONF), root.at("/srv-erp.conf")).unwrap();
    symlink("../../srv-erp.conf", root.at(CONF)).unwrap();
    root.install(&[&builds.build("erp", "2", &[(CONF, "two")])]);
    assert_eq!(root.conf(), [some("one"), some("two"), None]);
    assert!(fs::symlink_metadata(root.at(CONF)).unwrap().is_symlink());
}

#[test]
fn a_removed_file_stays_removed() {
    let (root, builds) = (Root::new(), Builds::new());
    root.install(&[&builds.build("erp", "1", &[(CONF, "one")])]);
    fs::remove_file(root.at(CONF)).unwrap();
    root.install(&[&builds.build("erp", "2", &[(CONF, "two")])]);
    assert_eq!(root.conf(), [None, None, None]);
    // Removed as a package and installed again: the same.
    root.dpkg(&["--remove", "erp"]);
    root.install(&[&builds.build("erp", "3", &[(CONF, "three")])]);
    assert_eq!(root.conf(), [None, None, None]);
    root.dpkg(&["--purge", "erp"]);
    root.install(&[&builds.build("erp", "3", &[(CONF, "three")])]);
    assert_eq!(root.conf(), [some("three"), None, None]);
}

#[test]
fn what_the_site_laid_down_before_the_first_install_stays() {
    let (root, builds) = (Root::new(), Builds::new());
    root.write(CONF, "mine");
    root.install(&[&builds.build("erp", "1", &[(CONF, "one")])]);
    assert_eq!(root.conf(), [some("mine"), some("one"), None]);
}

#[test]
fn a_file_that_the_new_version_drops_goes_unless_the_site_made_something_of_it() {
    let (root, builds) = (Root::new(), Builds::new());
    let other = "/etc/acme/other.conf";
    root.install(&[&builds.build("erp", "1", &[(CONF, "one"), (other, "one")])]);
    root.write(CONF, "mine");
    let said = root.install(&[&builds.build("erp", "2", &[])]);
    assert!(said.contains("erp: /etc/acme/erp.conf belongs to no version any more"), "{said}");
    assert_eq!(root.conf(), [None, None, some("mine")]);
    assert_eq!(root.read(other), None);
    assert!(!root.at("/var/lib/consignee/.defaults/erp").exists());
}

#[test]
fn a_file_that_moves_to_another_package_or_becomes_an_ordinary_one_is_not_lost() {
    let (root, builds) = (Root::new(), Builds::new());
    let (a, b) = (builds.build("aa", "1", &[(CONF, "one")]), builds.build("bb", "1", &[]));
    root.install(&[&a, &b]);
    root.write(CONF, "mine");
    let (a, b) = (builds.build("aa", "2", &[]), builds.build("bb", "2", &[(CONF, "two")]));
    root.install(&[&a, &b]);
    assert_eq!(root.conf(), [some("mine"), some("two"), None]);

    // Unedited, it follows its new package.
    root.write(CONF, "two");
    let (a, b) = (builds.build("aa", "3", &[(CONF, "three")]), builds.build("bb", "3", &[]));
    root.install(&[&b, &a]);
    assert_eq!(root.conf(), [some("three"), None, None]);

    let mut payload = StagedTree::default();
    payload.add_bytes(CONF, "three".into(), 0o644).unwrap();
    root.install(&[&builds.build("aa", "4", &[]), &builds.pack("bb", "4", payload)]);
    assert_eq!(root.conf(), [some("three"), None, None]);
}

#[test]
fn files_of_a_version_before_consign_are_taken_over_as_the_site_left_them() {
    let (root, builds) = (Root::new(), Builds::new());
    let paths = ["edited", "same", "removed", "quiet", "dropped", "dropped-edited"].map(|n| format!("/etc/acme/{n}"));
    let [edited, same, removed, quiet, dropped, dropped_edited] = &paths;
    let old: Vec<(&str, &str)> = paths.iter().map(|path| (&**path, "one\n")).collect();
    root.install(&[&builds.ordinary("erp", "1", &old)]);
    for path in [edited, quiet, dropped_edited] {
        root.write(path, "mine");
    }
    fs::remove_file(root.at(removed)).unwrap();
    let new = [(&**edited, "two\n"), (&**same, "two\n"), (&**removed, "two\n"), (&**quiet, "one\n")];
    root.install(&[&builds.build("erp", "2", &new)]);
    assert_eq!((root.read(edited), root.read(&format!("{edited}.dpkg-dist"))), (some("mine"), some("two\n")));
    assert_eq!(root.read(same), some("two\n"));
    assert_eq!(root.read(removed), None);
    assert_eq!((root.read(quiet), root.read(&format!("{quiet}.dpkg-dist"))), (some("mine"), None));
    assert_eq!(root.read(dropped), None);
    let kept = root.read(&format!("{dropped_edited}.dpkg-bak"));
    assert_eq!((root.read(dropped_edited), kept), (None, some("mine")));

    // From then on as any other.
    let newer = [(&**edited, "three\n"), (&**same, "three\n"), (&**removed, "three\n")];
    root.install(&[&builds.build("erp", "3", &newer)]);
    assert_eq!((root.read(edited), root.read(&format!("{edited}.dpkg-dist"))), (some("mine"), some("three\n")));
    assert_eq!((root.read(same), root.read(removed)), (some("three\n"), None));
    assert_eq!((root.read(quiet), root.read(&format!("{quiet}.dpkg-bak"))), (None, some("mine")));
    root.dpkg(&["--purge", "erp"]);
    assert_eq!((root.read(edited), root.read(same)), (None, None));
}

#[test]
fn a_removal_keeps_the_files_and_a_purge_leaves_nothing() {
    let (root, builds) = (Root::new(), Builds::new());
    root.install(&[&builds.build("erp", "1", &[(CONF, "one"), ("/etc/acme/x/y", "1")])]);
    root.write(CONF, "mine");
    root.install(&[&builds.build("erp", "2", &[(CONF, "two"), ("/etc/acme/x/y", "1")])]);
    root.dpkg(&["--remove", "erp"]);
    assert_eq!(root.conf(), [some("mine"), some("two"), None]);
    root.dpkg(&["--purge", "erp"]);
    let left = run("find", &[text(root.0.path()), "-path", "*/var/lib/dpkg", "-prune", "-o", "-type", "f", "-print"]);
    assert_eq!(String::from_utf8_lossy(&left.stdout), "");
    assert!(!root.at("/etc/acme").exists(), "an empty folder is left");
}
