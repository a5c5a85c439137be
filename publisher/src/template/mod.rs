//! A new release project, as `consign new` lays it down: `repo-template/`, with the vendor's name in it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use consign_metadata::name::VendorName;

use crate::file::{FileError, OnFile};

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
    "consign.toml" 0o644,
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
    for file in FILES {
        let path = folder.join(in_words_of(vendor, file.path));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).on("create", parent)?;
        }
        let text = in_words_of(vendor, file.text);
        let mut out = OpenOptions::new().write(true).create_new(true).mode(file.mode).open(&path).on("create", &path)?;
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
