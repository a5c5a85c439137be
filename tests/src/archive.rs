//! A small archive of ordinary packages, for what stands beside the product on a host.

use std::path::Path;
use std::process::Command;

use crate::error::{Doing, Result};
use crate::host::Host;
use crate::outcome::{Outcome, tool};

/// An ordinary package with one file, made by dpkg-deb.
#[derive(Clone, Debug)]
pub struct TinyPackage {
    name: String,
    version: String,
    fields: Vec<(String, String)>,
    scripts: Vec<(String, String)>,
    files: Vec<(String, String)>,
}

impl TinyPackage {
    /// A package with `/usr/share/<name>/version` in it.
    pub fn new(name: &str, version: &str) -> TinyPackage {
        let (name, version) = (name.into(), version.into());
        TinyPackage { name, version, fields: Vec::new(), scripts: Vec::new(), files: Vec::new() }
    }

    /// Adds a line to the control file: `field("Conflicts", "canopsis (>= 3.26)")`.
    pub fn field(mut self, name: &str, value: &str) -> TinyPackage {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Adds a maintainer script: `script("postinst", "#!/bin/sh\nexit 1\n")`.
    pub fn script(mut self, name: &str, text: &str) -> TinyPackage {
        self.scripts.push((name.into(), text.into()));
        self
    }

    /// Adds a file: `file("/usr/bin/hello", "#!/bin/sh\n")`.
    pub fn file(mut self, path: &str, text: &str) -> TinyPackage {
        self.files.push((path.into(), text.into()));
        self
    }

    fn build(&self, pool: &Path) -> Result<()> {
        let stage = tempfile::tempdir().doing("build a package")?;
        let tree = stage.path().join("tree");
        let write = |path: &str, text: String, mode: u32| -> Result<()> {
            use std::os::unix::fs::PermissionsExt;
            let path = tree.join(path);
            fs_err::create_dir_all(path.parent().unwrap_or(&path)).doing("build a package")?;
            fs_err::write(&path, text).doing("build a package")?;
            fs_err::set_permissions(&path, PermissionsExt::from_mode(mode)).doing("build a package")
        };
        let mut control = format!(
            "Package: {}\nVersion: {}\nArchitecture: all\nMaintainer: Lab <lab@consign.example>\nDescription: a package of the lab\n",
            self.name, self.version
        );
        for (field, value) in &self.fields {
            control += &format!("{field}: {value}\n");
        }
        write("DEBIAN/control", control, 0o644)?;
        for (script, text) in &self.scripts {
            write(&format!("DEBIAN/{script}"), text.clone(), 0o755)?;
        }
        for (path, text) in &self.files {
            write(path.trim_start_matches('/'), text.clone(), 0o644)?;
        }
        write(&format!("usr/share/{}/version", self.name), format!("{}\n", self.version), 0o644)?;
        let (tree, pool) = (tree.to_string_lossy().into_owned(), pool.to_string_lossy().into_owned());
        tool("build a package", &["dpkg-deb", "--build", "--root-owner-group", "-Znone", &tree, &pool]).map(drop)
    }
}

/// A folder of packages with an index, which apt reads without a server.
#[derive(Debug)]
pub struct Archive {
    name: String,
    folder: tempfile::TempDir,
}

impl Archive {
    /// An empty archive.
    pub fn new(name: &str) -> Result<Archive> {
        Ok(Archive { name: name.to_owned(), folder: tempfile::tempdir().doing("make an archive")? })
    }

    /// Adds packages, beside their other versions.
    pub fn add(&self, packages: &[TinyPackage]) -> Result<()> {
        let pool = self.pool();
        fs_err::create_dir_all(&pool).doing("make an archive")?;
        packages.iter().try_for_each(|package| package.build(&pool))?;
        let index = |command: &str, file: &str| -> Result<()> {
            let mut indexer = Command::new("apt-ftparchive");
            let outcome = Outcome::of(command.to_owned(), indexer.args([command, "."]).current_dir(&pool))?;
            fs_err::write(pool.join(file), outcome.expect_ok().stdout).doing("index an archive")
        };
        index("packages", "Packages")?;
        index("release", "Release")
    }

    /// Puts the archive, as it is now, on a host and into its sources. The host's next
    /// `apt-get update` sees it.
    pub fn give_to(&self, host: &Host) {
        let place = format!("/srv/archive/{}", self.name);
        host.ok(&["rm", "-rf", &place]);
        host.copy_in(self.pool(), &place);
        host.add_source(&self.name, &format!("deb [trusted=yes] file:{place} ./\n"));
    }

    fn pool(&self) -> std::path::PathBuf {
        self.folder.path().join("pool")
    }
}
