//! The memory that a mirror of an ordinary archive takes does not grow with the archive's indexes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use consign_metadata::digest::Sha256;

use super::scene::Scene;
use crate::nginx::Nginx;
use crate::project::{consign, ok};

/// As many as Debian has for one architecture; EPEL has a third of that.
const PACKAGES: u32 = 65_000;
/// Lists of files of a distribution, packed.
const LISTS: u64 = 110 * 1024 * 1024;
const LIMIT_KIB: u64 = 100 * 1024;

/// Somebody who signs an archive with gpg.
pub struct Archive {
    pub scene: Scene,
    home: tempfile::TempDir,
}

impl Archive {
    pub fn new() -> Self {
        let archive = Self { scene: Scene::new(), home: tempfile::tempdir().unwrap() };
        let secret = archive.scene.project.path("keys/index.secret.pgp");
        ok(archive.gpg(&["--import"]).arg(secret));
        std::fs::create_dir_all(archive.root()).unwrap();
        std::fs::write(archive.root().join("one"), "one").unwrap();
        archive
    }

    pub fn gpg(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("gpg");
        command.args(["--batch", "--yes", "--quiet", "--homedir"]).arg(self.home.path()).args(arguments);
        command
    }

    pub fn root(&self) -> PathBuf {
        self.scene.site().join("archive")
    }

    /// A new file of it.
    pub fn file(&self, name: &str) -> BufWriter<File> {
        let path = self.root().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        BufWriter::with_capacity(1 << 20, File::create(path).unwrap())
    }

    pub fn digest(&self, name: &str) -> (String, u64) {
        let (digest, size) = Sha256::of_reader(File::open(self.root().join(name)).unwrap()).unwrap();
        (digest.to_string(), size)
    }

    /// Signs a suite with these indexes.
    pub fn sign(&self, suite: &str, indexes: &[&str]) {
        self.sign_with("", suite, indexes);
    }

    /// The same with further lines about the suite.
    pub fn sign_with(&self, lines: &str, suite: &str, indexes: &[&str]) {
        let line = |name: &&str| {
            let (digest, size) = self.digest(&format!("dists/{suite}/{name}"));
            format!(" {digest} {size} {name}\n")
        };
        let (listed, date): (String, _) = (indexes.iter().map(line).collect(), "Sat, 06 Sep 2025 10:14:05 UTC");
        let release =
            format!("Origin: Large\nSuite: {suite}\nCodename: {suite}\nDate: {date}\n{lines}SHA256:\n{listed}");
        let folder = self.root().join("dists").join(suite);
        std::fs::write(folder.join("Release"), release).unwrap();
        ok(self.gpg(&["--clearsign", "--output"]).arg(folder.join("InRelease")).arg(folder.join("Release")));
    }

    /// The most memory that its mirror takes to carry one package and all that this needs, in KiB.
    fn peak(&self, kind: &str, arguments: &[&str]) -> u64 {
        let (server, slice) = (Nginx::of(&self.root()), self.scene.site().join("slice"));
        let mut command = consign();
        command.args(["mirror", kind, &server.url()]).arg(&slice).args(["--package", "one", "--dependencies"]);
        command.arg("--keyring").arg(self.scene.project.certificate()).args(arguments);
        let peak = peak(&mut command);
        assert_eq!(std::fs::read(slice.join("one")).unwrap(), b"one");
        peak
    }
}

fn peak(command: &mut Command) -> u64 {
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let (status, mut peak) = (PathBuf::from(format!("/proc/{}/status", child.id())), 0);
    // The kernel keeps the peak, until it is over.
    while child.try_wait().unwrap().is_none() {
        peak = most(&status).unwrap_or(peak);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success());
    peak
}

fn most(status: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Bytes that do not compress, and are the same each time.
fn write_noise(mut out: impl Write, length: u64) {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..length / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.write_all(&state.to_le_bytes()).unwrap();
    }
    out.flush().unwrap();
}

/// Of a package: its name, its file, its digest, and those that it needs.
fn each(mut write: impl FnMut(&str, &str, u64, &str, [u32; 6])) {
    let digest = Sha256::of(b"one").to_string();
    let needs = |number: u32| [1, 7, 60, 500, 4_000, 30_000].map(|far| (number + far) % PACKAGES);
    for number in 0..PACKAGES {
        write(
            &format!("lib-package-{number}"),
            &format!("pool/main/p/lib-package-{number}"),
            3,
            &digest,
            needs(number),
        );
    }
    write("one", "one", 3, &digest, [0; 6].map(|_| PACKAGES));
}

#[test]
fn of_a_large_archive_of_apt_the_indexes_are_read_in_a_stream() {
    let archive = Archive::new();
    let mut text = archive.file("dists/large/main/binary-amd64/Packages");
    each(|name, path, size, digest, needs| {
        let needs: Vec<String> = needs.iter().map(|far| format!("lib-package-{far} (>= 1.0.0)")).collect();
        let described = "A line that says what a package is good for, as long as such lines are.\n ".repeat(4);
        write!(
            text,
            "Package: {name}\nVersion: 1.0.0-1\nArchitecture: amd64\nMaintainer: Debian <{name}@packages.example>\n\
             Depends: {}, libc6 (>= 2.38) | libc6-udeb\nProvides: {name}-virtual, {name}-abi (= 3)\n\
             Description: {described}\nFilename: {path}\nSize: {size}\nSHA256: {digest}\n\n",
            needs.join(", ")
        )
        .unwrap();
    });
    drop(text);
    // As Debian's own: the decoder alone takes 64 MiB.
    let (plain, folder) = ("main/binary-amd64/Packages", archive.root().join("dists/large"));
    ok(Command::new("xz").args(["--keep", "--lzma2=preset=0,dict=64MiB"]).arg(folder.join(plain)));
    archive.sign("large", &[plain, &format!("{plain}.xz")]);
    let peak = archive.peak("apt", &["--suite", "large"]);
    assert!(peak < LIMIT_KIB, "{peak} KiB");
}

#[test]
fn of_a_large_repository_of_yum_the_documents_are_never_in_memory_as_a_whole() {
    let archive = Archive::new();
    let mut text = archive.file("repodata/primary.xml");
    writeln!(text, "<?xml version=\"1.0\"?>\n<metadata packages=\"{PACKAGES}\">").unwrap();
    each(|name, path, size, digest, needs| {
        let entry = |name: &str| format!("<rpm:entry name=\"{name}\" flags=\"GE\" ver=\"1.0.0\"/>");
        let needs: String = needs.iter().map(|far| entry(&format!("lib-package-{far}.so.1()(64bit)"))).collect();
        let provides = entry(name) + &entry(&format!("{name}.so.1()(64bit)"));
        writeln!(
            text,
            "<package type=\"rpm\"><name>{name}</name><arch>x86_64</arch>\
             <checksum type=\"sha256\" pkgid=\"YES\">{digest}</checksum><size package=\"{size}\"/>\
             <location href=\"{path}\"/><format><rpm:provides>{provides}</rpm:provides>\
             <rpm:requires>{needs}{}</rpm:requires></format></package>",
            entry("rpmlib(CompressedFileNames)")
        )
        .unwrap();
    });
    writeln!(text, "</metadata>").unwrap();
    drop(text);
    write_noise(archive.file("repodata/filelists.xml.gz"), LISTS);
    let data = |kind: &str, name: &str| {
        let (digest, size) = archive.digest(&format!("repodata/{name}"));
        format!(
            "<data type=\"{kind}\"><checksum type=\"sha256\">{digest}</checksum><location href=\"repodata/{name}\"/>\
             <timestamp>1700000000</timestamp><size>{size}</size></data>\n"
        )
    };
    let listed = data("primary", "primary.xml") + &data("filelists", "filelists.xml.gz");
    let repomd = archive.root().join("repodata/repomd.xml");
    std::fs::write(&repomd, format!("<repomd><revision>1</revision>{listed}</repomd>")).unwrap();
    ok(archive.gpg(&["--detach-sign", "--armor"]).arg(&repomd));
    let peak = archive.peak("yum", &[]);
    assert!(peak < LIMIT_KIB, "{peak} KiB");
}
