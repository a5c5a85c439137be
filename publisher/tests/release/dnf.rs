//! Keys and index signatures as dnf 4 takes them: a repository that is read only as it was signed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use consign::sign::{Algorithm, OpenPgpSigner};
use tempfile::TempDir;

use crate::sample::{Keys, output_of, text};

/// A yum repository without packages, and hosts that trust one certificate for it.
struct YumSite {
    folder: TempDir,
}

impl YumSite {
    fn new(certificate: &Path, signer: &dyn OpenPgpSigner) -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        let repository = site.folder.path().join("repository");
        fs::create_dir(&repository).unwrap();
        output_of("createrepo_c", &["--quiet", text(&repository)]);
        let signature = signer.detached(&mut &fs::read(site.index()).unwrap()[..]).unwrap();
        fs::write(site.index().with_extension("xml.asc"), signature).unwrap();
        let configuration = format!(
            "[main]\ngpgcheck=1\n\n[acme]\nname=Acme\nbaseurl=file://{}\nrepo_gpgcheck=1\ngpgcheck=1\ngpgkey=file://{}\n",
            repository.display(),
            certificate.display(),
        );
        fs::write(site.configuration(), configuration).unwrap();
        site
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("dnf.conf")
    }

    fn index(&self) -> PathBuf {
        self.folder.path().join("repository/repodata/repomd.xml")
    }

    /// Lets a host read the repository anew. It imports the certificate if it has not done so before.
    fn read_by(&self, host: &str) -> Output {
        let root = self.folder.path().join(host);
        // This machine's own repositories, variables and plugins are none of the host's.
        let nowhere = self.folder.path().join("nowhere");
        Command::new("dnf")
            .args(["--assumeyes", "--noplugins", "--releasever=1", "--refresh"])
            .arg(format!("--config={}", self.configuration().display()))
            .arg(format!("--installroot={}", root.display()))
            .arg(format!("--setopt=reposdir={}", nowhere.display()))
            .arg(format!("--setopt=varsdir={}", nowhere.display()))
            .arg("makecache")
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap_or_else(|e| panic!("cannot run dnf: {e}"))
    }

    /// Changes one digit of the revision, which leaves the index well formed.
    fn change_one_byte(&self) {
        let mut bytes = fs::read(self.index()).unwrap();
        let element = b"<revision>";
        let digit = element.len() + bytes.windows(element.len()).position(|window| window == element).unwrap();
        bytes[digit] = if bytes[digit] == b'2' { b'3' } else { b'2' };
        fs::write(self.index(), bytes).unwrap();
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

fn refused(output: &Output, why: &str) {
    let words = words(output);
    assert!(!output.status.success() && words.contains(why), "{}\n{words}", output.status);
}

fn read_only_as_signed(algorithm: Algorithm) {
    let keys = Keys::new(algorithm);
    let site = YumSite::new(&keys.files.certificate_armored, &keys.index());
    let read = site.read_by("first");
    let said = words(&read);
    assert!(read.status.success() && said.contains("Importing GPG key"), "{}\n{said}", read.status);

    site.change_one_byte();
    for host in ["first", "second"] {
        refused(&site.read_by(host), "repomd.xml GPG signature verification error: Bad GPG signature");
    }
}

#[test]
fn dnf_reads_a_repository_signed_with_rsa_keys_and_refuses_a_changed_byte() {
    read_only_as_signed(Algorithm::Rsa4096);
}

#[test]
fn dnf_reads_a_repository_signed_with_ed25519_keys_and_refuses_a_changed_byte() {
    read_only_as_signed(Algorithm::Ed25519);
}

#[test]
fn dnf_refuses_the_signature_of_another_vendor() {
    let (ours, theirs) = (Keys::new(Algorithm::Ed25519), Keys::new(Algorithm::Ed25519));
    let site = YumSite::new(&ours.files.certificate_armored, &theirs.index());
    refused(&site.read_by("host"), "repomd.xml GPG signature verification error");
}
