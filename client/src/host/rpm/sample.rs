//! Hosts and packages for the tests: the real rpm, below a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::places::Places;

/// A host below another root.
pub struct Root {
    folder: tempfile::TempDir,
    /// Where everything of it is.
    pub places: Places,
}

impl Root {
    /// A host without packages.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::below(folder.path());
        fs_err::create_dir_all(places.at("/var/lib/rpm")).unwrap();
        Self { folder, places }
    }

    /// Its root.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A package of one file.
    pub fn build(&self, name: &str, version: &str, release: &str) -> PathBuf {
        self.build_with(name, version, release, "")
    }

    /// A package with more lines in its preamble.
    pub fn build_with(&self, name: &str, version: &str, release: &str, more: &str) -> PathBuf {
        let top = self.path().join("build");
        fs_err::create_dir_all(&top).unwrap();
        let (epoch, version) =
            version.split_once(':').map_or((String::new(), version), |(e, v)| (format!("Epoch: {e}\n"), v));
        let spec = top.join(format!("{name}.spec"));
        let text = format!(
            "Name: {name}\n{epoch}Version: {version}\nRelease: {release}\nSummary: x\nLicense: x\nBuildArch: noarch\n{more}\n\
             %description\nx\n%install\nmkdir -p %{{buildroot}}/usr/share/{name}\necho {version} >%{{buildroot}}/usr/share/{name}/version\n\
             %files\n/usr/share/{name}\n"
        );
        fs_err::write(&spec, text).unwrap();
        let define = |name: &str, value: &str| ["--define".to_owned(), format!("{name} {value}")];
        let mut command = Command::new("rpmbuild");
        command.args(["-bb", "--quiet"]).args(define("_topdir", &top.display().to_string()));
        command.args(define("_rpmdir", &self.pool().display().to_string()));
        command.args(define("_build_name_fmt", "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm"));
        succeed(command.args(define("_build_id_links", "none")).arg(&spec));
        self.pool().join(format!("{name}-{version}-{release}.noarch.rpm"))
    }

    /// Where built packages are.
    pub fn pool(&self) -> PathBuf {
        self.path().join("publication/pool")
    }

    /// Installs packages, or upgrades them.
    pub fn install(&self, files: &[PathBuf]) {
        self.rpm(&["--upgrade"], files);
    }

    /// Leaves two versions, as a cut in the middle of a transaction does.
    pub fn install_beside(&self, file: &Path) {
        self.rpm(&["--install", "--force"], &[file.to_owned()]);
    }

    fn rpm(&self, words: &[&str], files: &[PathBuf]) {
        let mut command = Command::new("rpm");
        command.args(["--nodeps", "--nosignature", "--root"]).arg(self.path()).args(["--dbpath", "/var/lib/rpm"]);
        succeed(command.args(words).args(files));
    }
}

/// Runs a program of the trade, which must do what it is asked.
pub fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {said}");
    said
}
