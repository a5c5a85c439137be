//! Private keys and passwords that everybody on the host could read.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::BuildError;
use crate::file::OnFile;
use crate::package::PackageContents;
use crate::stage::{Node, Source};

/// Names that hold nothing else.
const NAMES: [&str; 9] =
    [".env", ".netrc", ".pgpass", ".htpasswd", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "credentials.json"];
/// Containers of private keys.
const ENDINGS: [&str; 5] = [".p12", ".pfx", ".jks", ".keystore", ".kdbx"];
/// No key in text is longer; a larger file is not read for it.
const MAXIMUM: u64 = 64 * 1024;

/// A sentence for each.
///
/// # Errors
/// When a file cannot be read.
pub fn readable(package: &PackageContents) -> Result<Vec<String>, BuildError> {
    let mut found = on_windows(package)?;
    for (path, entry) in package.payload.entries() {
        let Node::File { source, .. } = &entry.node else { continue };
        let mode = entry.attributes.mode;
        if mode & 0o004 == 0 {
            continue;
        }
        let Some(what) = what(path, source)? else { continue };
        found.push(format!(
            "/{path} of {} looks like {what}, and with mode {mode:04o} everybody on the host can read it; give it a mode such as \"0640\" and a group, or leave it out: whoever has the package has it too",
            package.name
        ));
    }
    Ok(found)
}

/// There is no mode to hide it: whoever uses the host reads what a package installs.
fn on_windows(package: &PackageContents) -> Result<Vec<String>, BuildError> {
    let mut found = Vec::new();
    for (path, entry) in package.msi.iter().flat_map(|msi| msi.tree.entries()) {
        let Node::File { source, .. } = &entry.node else { continue };
        let Some(what) = what(path, source)? else { continue };
        let (package, file) = (&package.name, path.split_once('/').map_or(path, |(_, below)| below));
        found.push(format!(
            "{file} of {package} looks like {what}, and everybody on a host with Windows can read what is installed; leave it out: whoever has the package has it too"
        ));
    }
    Ok(found)
}

fn what(path: &str, source: &Source) -> Result<Option<&'static str>, BuildError> {
    let name = path.rsplit('/').next().unwrap_or_default();
    if NAMES.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return Ok(Some("a secret by its name"));
    }
    let is_key = match source {
        Source::Path { path, size } if *size <= MAXIMUM => is_private_key(&head(path).on("read", path)?, name),
        _ => false,
    };
    Ok(is_key.then_some("a private key"))
}

fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAXIMUM).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A program may speak of keys; a key file is nothing else, or a chain of certificates with its key.
fn is_private_key(bytes: &[u8], name: &str) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut armoured = text.lines().filter(|line| line.starts_with("-----BEGIN "));
    let is_bundle = name.ends_with(".pem") || name.ends_with(".key") || text.trim_start().starts_with("-----BEGIN ");
    is_bundle && armoured.any(|line| line.contains("PRIVATE KEY"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_from_a_program_that_speaks_of_keys() {
        let key = b"-----BEGIN OPENSSH PRIVATE KEY-----\nx\n";
        assert!(is_private_key(key, "host"));
        assert!(is_private_key(b"-----BEGIN CERTIFICATE-----\nx\n-----BEGIN RSA PRIVATE KEY-----\n", "chain"));
        assert!(is_private_key(b"Bag Attributes\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "tls.pem"));
        assert!(!is_private_key(b"-----BEGIN CERTIFICATE-----\nx\n", "tls.pem"));
        assert!(!is_private_key(b"BEGIN = '-----BEGIN PRIVATE KEY-----'\n", "pem.py"));
    }
}
