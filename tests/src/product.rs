//! The products the suites upgrade, as release projects: what a vendor's release engineer has.
//!
//! Each is a folder of `tests/fixtures`, a template for all its versions.

use std::path::{Path, PathBuf};

use crate::error::{Doing, Result};
use crate::lab::Lab;
use crate::outcome::tool;
use crate::root::Userland;

/// One product at one version.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    name: &'static str,
    version: &'static str,
    more_modules: bool,
}

impl Product {
    /// Canopsis-like monitoring: three ordered engines, an init step in a login shell with the
    /// site's options, a database whose schema must fit the engines.
    pub fn canopsis(version: &'static str) -> Product {
        let product = Product { name: "canopsis", version, more_modules: false };
        assert!(product.schema() > 0, "no such canopsis: {version}");
        product
    }

    /// canopsis in one of many patch releases, 3.26.2 and later: each brings a schema of its own, and nothing to
    /// acknowledge to those who have 3.26.0.
    pub fn canopsis_patch(patch: u32) -> Product {
        assert!(patch > 1, "3.26.{patch} is no later one");
        Product::canopsis(Box::leak(format!("3.26.{patch}").into_boxed_str()))
    }

    /// Buildbot from PyPI with its web plugin: 3.11.9 or 4.3.0, in a build for each release of Debian.
    /// Its trees come from `scripts/buildbot-trees`; see [`Lab::has_buildbot`].
    pub fn buildbot(version: &'static str) -> Product {
        Product { name: "buildbot", version, more_modules: false }
    }

    /// An add-on of canopsis by another vendor. 1.0.0 and 1.1.5 work with canopsis below 3.26, 1.1.0
    /// below 3.26.1, and 2.0.0 from 3.26 on; its steps write down what they saw.
    pub fn snmp(version: &'static str) -> Product {
        Product { name: "snmp", version, more_modules: false }
    }

    /// Takes orders, in a database: 1.0.0 has schema 1, 1.1.0 and 1.1.1 have 2.
    pub fn orders(version: &'static str) -> Product {
        let product = Product { name: "orders", version, more_modules: false };
        assert!(product.schema() > 0, "no such orders: {version}");
        product
    }

    /// The versions of canopsis that an add-on works with.
    fn supports(self) -> &'static str {
        match self.version {
            "1.0.0" | "1.1.5" => ">=3.25.0, <3.26.0",
            "1.1.0" => ">=3.25.0, <3.26.1",
            _ => ">=3.26.0, <4.0.0",
        }
    }

    /// The same in three packages: `canopsis`, `canopsis-connectors` and `canopsis-reports`.
    pub fn in_three_packages(self) -> Product {
        Product { more_modules: true, ..self }
    }

    /// The name of the product.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Its version.
    pub fn version(self) -> &'static str {
        self.version
    }

    /// The schema its database has once the init step is done.
    pub fn schema(self) -> u32 {
        match (self.name, self.version) {
            ("canopsis", "3.25.0") => 1,
            ("canopsis", "3.26.0") => 2,
            ("canopsis", "3.26.1") => 3,
            ("canopsis", "4.0.0") => 4,
            ("canopsis", version) => {
                version.strip_prefix("3.26.").and_then(|patch| patch.parse().ok()).map_or(0, later)
            }
            ("orders", "1.0.0") => 1,
            ("orders", "1.1.0" | "1.1.1") => 2,
            ("buildbot", "3.11.9") => 64,
            ("buildbot", "4.3.0") => 67,
            _ => 0,
        }
    }

    /// Writes the release project, with `consign.toml` at its top, into an empty folder.
    pub fn write_to(self, folder: &Path) -> Result<()> {
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(self.name);
        let (from, to) = (template.join("."), folder.to_owned());
        fs_err::create_dir_all(folder).doing("make a release project")?;
        copy(&from, &to, &[])?;
        self.add_modules(folder)?;
        self.fill_in(folder)?;
        self.drop_later_notes(&folder.join("notes"))?;
        if self.name == "buildbot" {
            for userland in Userland::ALL {
                let tree = buildbot_tree(self.version, userland);
                let tree = tree.doing("find a Buildbot tree (scripts/buildbot-trees builds it)")?;
                // Links where the file system allows: 70 MB that nobody changes.
                let to = folder.join(format!("tree-{}", userland.build()));
                copy(&tree, &to, &["--link"]).or_else(|_| copy(&tree, &to, &[]))?;
            }
        }
        Ok(())
    }

    fn add_modules(self, folder: &Path) -> Result<()> {
        let more = folder.join("more-modules.toml");
        if self.more_modules {
            let manifest = folder.join("consign.toml");
            let text = [&manifest, &more].map(fs_err::read_to_string);
            let [manifest_text, more_text] = text.map(|text| text.doing("add modules to a manifest"));
            fs_err::write(&manifest, manifest_text? + &more_text?).doing("add modules to a manifest")?;
        }
        match more.exists() {
            true => fs_err::remove_file(&more).doing("add modules to a manifest"),
            false => Ok(()),
        }
    }

    fn fill_in(self, folder: &Path) -> Result<()> {
        let acknowledge = match (self.name, self.version) {
            ("canopsis", version) if version != "3.25.0" => "\"3.26.0\"",
            ("buildbot", "4.3.0") => "\"4.3.0\"",
            _ => "",
        };
        for path in files(folder)? {
            // Written through the open file: the mode stays.
            let Ok(text) = fs_err::read_to_string(&path) else { continue };
            let filled = text
                .replace("@VERSION@", self.version)
                .replace("@SUPPORTS@", self.supports())
                .replace("@SCHEMA@", &self.schema().to_string())
                .replace("@ACKNOWLEDGE@", acknowledge);
            if filled != text {
                fs_err::write(&path, filled).doing("fill in a release project")?;
            }
        }
        Ok(())
    }

    /// A release knows the notes up to its own.
    fn drop_later_notes(self, notes: &Path) -> Result<()> {
        if !notes.exists() {
            return Ok(());
        }
        for note in files(notes)? {
            let name = note.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let version = name.trim_end_matches(".md").rsplit_once('.').map_or("", |(version, _language)| version);
            if parts(version) > parts(self.version) {
                fs_err::remove_file(&note).doing("drop a later note")?;
            }
        }
        Ok(())
    }
}

impl Lab {
    /// [`Lab::available`], and the Buildbot trees are there.
    pub fn has_buildbot() -> std::result::Result<(), crate::NotRun> {
        Lab::available()?;
        for (version, userland) in ["3.11.9", "4.3.0"].into_iter().flat_map(|v| Userland::ALL.map(|u| (v, u))) {
            if buildbot_tree(version, userland).is_err() {
                return Err(crate::NotRun::because("no Buildbot trees (run scripts/buildbot-trees)"));
            }
        }
        Ok(())
    }
}

/// The schema of a later patch release.
fn later(patch: u32) -> u32 {
    patch + 3
}

fn buildbot_tree(version: &str, userland: Userland) -> std::io::Result<PathBuf> {
    let folder = Lab::folder().join("buildbot");
    let folder = if userland == Userland::Bookworm { folder } else { folder.join(userland.build()) };
    fs_err::canonicalize(folder.join(version))
}

fn copy(from: &Path, to: &Path, options: &[&str]) -> Result<()> {
    let (from, to) = (from.to_string_lossy(), to.to_string_lossy());
    tool("copy a product", &[&["cp", "-a", "-T"], options, &["--", &from, &to]].concat()).map(drop)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).doing("read a release project")?.flatten() {
        match entry.file_type().doing("read a release project")? {
            kind if kind.is_dir() => found.extend(files(&entry.path())?),
            kind if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    Ok(found)
}

fn parts(version: &str) -> Vec<u32> {
    version.split('.').filter_map(|part| part.parse().ok()).collect()
}
