//! A new release project, as `consign new` lays it down: `repo-template/`, with the vendor's name in it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use consign_metadata::name::VendorName;

use crate::file::{FileError, OnFile};
use crate::manifest;

/// The vendor of the template itself, which is a project that builds.
const VENDOR: &str = "acme";

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
pub fn lay_down(vendor: &VendorName, folder: &Path) -> Result<(), FileError> {
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).on("create", parent)?;
    }
    fs::create_dir(folder).on("create", folder)?;
    let mut schema = serde_json::to_string_pretty(&manifest::schema()).expect("a schema is JSON");
    schema.push('\n');
    let path = folder.join(manifest::SCHEMA_FILE);
    fs::write(&path, schema).on("write", &path)?;
    for file in FILES {
        let path = folder.join(in_words_of(vendor, file.path));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).on("create", parent)?;
        }
        let mut text = in_words_of(vendor, file.text);
        if file.path == manifest::FILE {
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
    fn the_project_is_named_after_the_vendor() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("beta");
        lay_down(&"beta".parse().unwrap(), &project).unwrap();
        let manifest = fs::read_to_string(project.join("consign.toml")).unwrap();
        assert!(manifest.contains("package = \"beta-ledger\"") && manifest.contains("Beta <"), "{manifest}");
        assert!(manifest.lines().count() <= 32);
        assert!(project.join("units/beta-ledger.service").exists());
        assert!(!manifest.to_lowercase().contains("acme"));
        let again = lay_down(&"beta".parse().unwrap(), &project).unwrap_err();
        assert!(again.to_string().starts_with("cannot create "), "{again}");
    }
}
