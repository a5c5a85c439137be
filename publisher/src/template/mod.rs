//! A new release project, as `consign new` lays it down: `repo-template/`, with the vendor's name in it.
//!
//! What lies in `erp/` there takes the place of the files of the same name, for whoever asks for that example.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use consign_metadata::name::VendorName;

use crate::file::{FileError, OnFile};
use crate::manifest;

/// The vendor of the template itself, which is a project that builds.
const VENDOR: &str = "acme";

/// The product of a new project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Example {
    /// A web service with a database that one step migrates
    #[default]
    Ledger,
    /// A product with a procedure: scripts of versions, an update by starting it, a maintenance mode
    Erp,
}

impl Example {
    /// Where a file of the template goes in its project, if it belongs there.
    fn place(self, path: &str) -> Option<&str> {
        let (of_erp, of_ledger) =
            (path.strip_prefix("erp/"), ["README.md", "consign.toml", "app/", "notes/", "units/"]);
        match self {
            Self::Ledger => Some(path).filter(|_| of_erp.is_none()),
            Self::Erp if of_ledger.iter().any(|own| path.starts_with(own)) => None,
            Self::Erp => of_erp.or(Some(path)),
        }
    }
}

/// A file of the template.
struct TemplateFile {
    path: &'static str,
    text: &'static str,
    mode: u32,
}

macro_rules! files {
    ($($path:literal $mode:literal),* $(,)?) => {
        &[$(TemplateFile {
            path: $path,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../repo-template/", $path)),
            mode: $mode,
        }),*]
    };
}

const FILES: &[TemplateFile] = files![
    ".github/workflows/release.yml" 0o644,
    ".gitignore" 0o644,
    ".gitlab-ci.yml" 0o644,
    "README.md" 0o644,
    "app/bin/ledger" 0o755,
    "consign.toml" 0o644,
    "erp/README.md" 0o644,
    "erp/app/bin/create-database" 0o755,
    "erp/app/bin/erp" 0o755,
    "erp/app/scripts/5.0.4/pre-10-blanks.py" 0o644,
    "erp/app/scripts/5.1.0/post-10-companies.py" 0o644,
    "erp/app/scripts/5.1.0/pre-10-rename.py" 0o644,
    "erp/app/scripts/5.2.0/post-10-index.py" 0o644,
    "erp/app/scripts/5.2.0/pre-10-companies.py" 0o644,
    "erp/consign.toml" 0o644,
    "erp/notes/5.0.4.en.md" 0o644,
    "erp/notes/5.0.4.fr.md" 0o644,
    "erp/notes/5.1.0.en.md" 0o644,
    "erp/notes/5.1.0.fr.md" 0o644,
    "erp/notes/5.2.0.en.md" 0o644,
    "erp/notes/5.2.0.fr.md" 0o644,
    "erp/units/acme-erp.service" 0o644,
    "notes/1.0.0.en.md" 0o644,
    "notes/1.0.0.fr.md" 0o644,
    "notes/1.1.0.en.md" 0o644,
    "notes/1.1.0.fr.md" 0o644,
    "site/nginx.conf" 0o644,
    "units/acme-ledger.service" 0o644,
];

/// Writes the template for a vendor to a new folder.
///
/// # Errors
/// [`FileError`]; a folder that exists is left alone.
pub fn lay_down(vendor: &VendorName, example: Example, folder: &Path) -> Result<(), FileError> {
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).on("create", parent)?;
    }
    fs::create_dir(folder).on("create", folder)?;
    let mut schema = serde_json::to_string_pretty(&manifest::schema()).expect("a schema is JSON");
    schema.push('\n');
    let path = folder.join(manifest::SCHEMA_FILE);
    fs::write(&path, schema).on("write", &path)?;
    for (file, place) in FILES.iter().filter_map(|file| Some((file, example.place(file.path)?))) {
        let path = folder.join(in_words_of(vendor, place));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).on("create", parent)?;
        }
        let mut text = in_words_of(vendor, file.text);
        if place == manifest::FILE {
            // What editors look for; the file lies beside the manifest, so that nothing is fetched.
            text = format!("#:schema ./{}\n{text}", manifest::SCHEMA_FILE);
        }
        let mut out =
            OpenOptions::new().write(true).create_new(true).mode(file.mode).open(&path).on("create", &path)?;
        out.write_all(text.as_bytes()).on("write", &path)?;
    }
    Ok(())
}

fn in_words_of(vendor: &VendorName, text: &str) -> String {
    let name = vendor.as_str();
    let (first, rest) = name.split_at(1);
    let titled = format!("{}{rest}", first.to_ascii_uppercase());
    text.replace(VENDOR, name).replace("Acme", &titled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt;

    fn files_below(folder: &Path, root: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files_below(&path, root, found);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }

    #[test]
    fn every_file_of_the_template_is_laid_down() {
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../repo-template");
        let mut there = BTreeSet::new();
        files_below(&template, &template, &mut there);
        assert_eq!(FILES.iter().map(|file| file.path.to_owned()).collect::<BTreeSet<_>>(), there);
        for file in FILES {
            let mode = fs::metadata(template.join(file.path)).unwrap().permissions().mode();
            assert_eq!(mode & 0o100 != 0, file.mode == 0o755, "{}", file.path);
        }
    }

    #[test]
    fn each_example_has_its_own_product_and_the_same_pipeline() {
        let folder = tempfile::tempdir().unwrap();
        let laid_down = |example, name| {
            let (project, mut found) = (folder.path().join(name), BTreeSet::new());
            lay_down(&"beta".parse().unwrap(), example, &project).unwrap();
            files_below(&project, &project, &mut found);
            found
        };
        let (ledger, erp) = (laid_down(Example::Ledger, "ledger"), laid_down(Example::Erp, "erp"));
        let both: Vec<_> = ledger.intersection(&erp).map(String::as_str).collect();
        let pipeline = [".github/workflows/release.yml", ".gitignore", ".gitlab-ci.yml", "README.md"];
        assert_eq!(both, [&pipeline[..], &["consign.schema.json", "consign.toml", "site/nginx.conf"]].concat());
        assert!(
            erp.contains("app/scripts/5.1.0/pre-10-rename.py") && erp.contains("units/beta-erp.service"),
            "{erp:?}"
        );
        assert!(ledger.contains("app/bin/ledger") && !ledger.iter().any(|file| file.contains("erp")), "{ledger:?}");
    }

    #[test]
    fn the_project_is_named_after_the_vendor() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("beta");
        lay_down(&"beta".parse().unwrap(), Example::Ledger, &project).unwrap();
        let manifest = fs::read_to_string(project.join("consign.toml")).unwrap();
        assert!(manifest.contains("package = \"beta-ledger\"") && manifest.contains("Beta <"), "{manifest}");
        assert!(manifest.lines().count() <= 40);
        assert!(project.join("units/beta-ledger.service").exists());
        assert!(!manifest.to_lowercase().contains("acme"));
        let again = lay_down(&"beta".parse().unwrap(), Example::Ledger, &project).unwrap_err();
        assert!(again.to_string().starts_with("cannot create "), "{again}");
    }
}
