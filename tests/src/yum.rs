//! A small signed yum repository of ordinary packages, for what stands beside the product on an RPM host.

use std::path::{Path, PathBuf};

use crate::error::{Doing, Result};
use crate::outcome::tool;

/// Who signs: a key that a test makes for itself.
const SIGNER: &str = "Lab <lab@consign.example>";

/// An ordinary package, made by rpmbuild.
#[derive(Clone, Debug)]
pub struct TinyRpm {
    name: String,
    version: String,
    header: String,
    sections: String,
    files: Vec<(String, String)>,
    links: Vec<(String, String)>,
}

impl TinyRpm {
    /// A package with `/usr/share/<name>/version` in it; its release is 1.
    pub fn new(name: &str, version: &str) -> TinyRpm {
        let files = vec![(format!("/usr/share/{name}/version"), format!("{version}\n"))];
        let (name, version, header, sections) = (name.into(), version.into(), String::new(), String::new());
        TinyRpm { name, version, header, sections, files, links: Vec::new() }
    }

    /// Adds a line to the header: `field("Requires(pre)", "consignee")`.
    pub fn field(mut self, name: &str, value: &str) -> TinyRpm {
        self.header += &format!("{name}: {value}\n");
        self
    }

    /// Compresses with gzip, which every language can unpack, and not as this machine's rpm likes.
    pub fn gzip(mut self) -> TinyRpm {
        self.header = format!("%define _binary_payload w6.gzdio\n{}", self.header);
        self
    }

    /// Adds a second name of a file.
    pub fn hard_link(mut self, path: &str, name: &str) -> TinyRpm {
        self.links.push((path.into(), name.into()));
        self
    }

    /// Adds a scriptlet: `script("%post", "touch /run/installed")`.
    pub fn script(mut self, section: &str, text: &str) -> TinyRpm {
        self.sections += &format!("{section}\n{text}\n");
        self
    }

    /// Adds a file: `file("/usr/bin/hello", "#!/bin/sh\n")`, executable where it begins with `#!`.
    pub fn file(mut self, path: &str, text: &str) -> TinyRpm {
        self.files.push((path.into(), text.into()));
        self
    }

    /// Builds it, unsigned, and answers its path in this folder.
    pub fn build(&self, into: &Path) -> Result<PathBuf> {
        const ACT: &str = "build an rpm";
        let stage = tempfile::tempdir().doing(ACT)?;
        let (top, out) = (stage.path().display().to_string(), into.display().to_string());
        for (number, (_, text)) in self.files.iter().enumerate() {
            fs_err::write(stage.path().join(format!("file-{number}")), text).doing(ACT)?;
        }
        let spec = stage.path().join("package.spec");
        fs_err::write(&spec, self.spec(&top)).doing(ACT)?;
        let mut command = vec!["rpmbuild".to_owned(), "--quiet".into(), "-bb".into()];
        for definition in [format!("_topdir {top}"), format!("_rpmdir {out}"), "_build_id_links none".into()] {
            command.extend(["--define".to_owned(), definition]);
        }
        command.push(spec.display().to_string());
        tool(ACT, &command.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok(into.join(format!("noarch/{}-{}-1.noarch.rpm", self.name, self.version)))
    }

    fn spec(&self, stage: &str) -> String {
        let TinyRpm { name, version, header, sections, files, links } = self;
        let mut install = String::new();
        let mut list = String::new();
        for (number, (path, text)) in files.iter().enumerate() {
            let mode = if text.starts_with("#!") { "0755" } else { "0644" };
            install += &format!("install -D -m {mode} {stage}/file-{number} %{{buildroot}}{path}\n");
            list += &format!("{path}\n");
        }
        for (path, link) in links {
            install += &format!("ln %{{buildroot}}{path} %{{buildroot}}{link}\n");
            list += &format!("{link}\n");
        }
        format!(
            "Name: {name}\nVersion: {version}\nRelease: 1\nSummary: a package of the lab\nLicense: MIT\nBuildArch: noarch\nAutoReqProv: no\n{header}%description\n%install\n{install}{sections}\n%files\n{list}"
        )
    }
}

/// A folder of signed packages with a signed index, and the key that signs.
#[derive(Debug)]
pub struct YumRepository {
    folder: tempfile::TempDir,
}

impl YumRepository {
    /// A repository of these packages with a key of its own.
    pub fn of(packages: &[TinyRpm]) -> Result<YumRepository> {
        const ACT: &str = "make a yum repository";
        let repository = YumRepository { folder: tempfile::tempdir().doing(ACT)? };
        for path in [repository.keys(), repository.path()] {
            fs_err::create_dir(&path).doing(ACT)?;
        }
        use std::os::unix::fs::PermissionsExt;
        fs_err::set_permissions(repository.keys(), PermissionsExt::from_mode(0o700)).doing(ACT)?;
        repository.gpg(&["--passphrase", "", "--quick-gen-key", SIGNER, "rsa2048", "sign", "never"])?;
        repository.add(packages)?;
        Ok(repository)
    }

    /// The same repository a day later: what it has, and these packages, by the same key. Hosts that
    /// are served the one are not disturbed.
    pub fn later(&self, packages: &[TinyRpm]) -> Result<YumRepository> {
        let later = YumRepository { folder: tempfile::tempdir().doing("make a yum repository")? };
        self.end_key_agent();
        for (from, to) in [(self.keys(), later.keys()), (self.path(), later.path())] {
            tool("copy a yum repository", &["cp", "-a", &from.display().to_string(), &to.display().to_string()])?;
        }
        later.add(packages)?;
        Ok(later)
    }

    /// The same, with the packages of another repository, as its key has signed them, in the index.
    pub fn with_foreign(&self, other: &YumRepository) -> Result<YumRepository> {
        let mixed = self.later(&[])?;
        let (from, to) = (other.path().join("noarch/."), mixed.path().join("noarch"));
        tool("copy packages", &["cp", "-a", &from.display().to_string(), &to.display().to_string()])?;
        mixed.index()?;
        Ok(mixed)
    }

    /// The folder to serve.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("public")
    }

    fn add(&self, packages: &[TinyRpm]) -> Result<()> {
        let keys = self.keys().display().to_string();
        for package in packages {
            let path = package.build(&self.path())?.display().to_string();
            let (name, home) = (format!("_gpg_name {SIGNER}"), format!("_gpg_path {keys}"));
            // Debian's rpm looks for the gpg2 of old.
            let gpg = "__gpg /usr/bin/gpg";
            let defined = ["--define", &name, "--define", &home, "--define", gpg];
            tool("sign an rpm", &[&["rpmsign"], &defined[..], &["--addsign", &path]].concat())?;
        }
        self.index()
    }

    fn index(&self) -> Result<()> {
        tool("index a yum repository", &["createrepo_c", "--quiet", &self.path().display().to_string()])?;
        let index = self.path().join("repodata/repomd.xml");
        self.gpg(&["--yes", "--armor", "--detach-sign", &index.display().to_string()])?;
        fs_err::write(self.path().join("repodata/repomd.xml.key"), self.certificate()?).doing("write a certificate")
    }

    /// The certificate of its key, armoured.
    pub fn certificate(&self) -> Result<String> {
        self.gpg(&["--armor", "--export"])
    }

    fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    fn gpg(&self, arguments: &[&str]) -> Result<String> {
        let keys = self.keys().display().to_string();
        let command = [&["gpg", "--homedir", &keys, "--batch", "--quiet", "--pinentry-mode", "loopback"], arguments];
        Ok(tool("use a key of the lab", &command.concat())?.stdout)
    }
}

impl YumRepository {
    fn end_key_agent(&self) {
        let home = self.keys().display().to_string();
        let _gone = tool("end a key agent", &["gpgconf", "--homedir", &home, "--kill", "gpg-agent"]);
    }
}

impl Drop for YumRepository {
    fn drop(&mut self) {
        self.end_key_agent();
    }
}
