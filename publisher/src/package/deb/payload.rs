//! The payload of a finished package, read back: ours, or a wrapped one in another's compression.

use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;

use super::compression::Compression;

/// Shows every entry of a payload to `visit`, in order, until it has seen enough.
///
/// # Errors
/// When it cannot be read, or there is none.
pub fn walk(
    deb: impl Read,
    mut visit: impl FnMut(&mut tar::Entry<'_, &mut dyn Read>) -> io::Result<ControlFlow<()>>,
) -> io::Result<()> {
    let mut archive = ar::Archive::new(deb);
    while let Some(member) = archive.next_entry() {
        let member = member?;
        let name = String::from_utf8_lossy(member.header().identifier()).into_owned();
        let Some(compression) = Compression::of(&name, "data") else { continue };
        let mut reader = compression.reader(BufReader::new(member))?;
        let reader: &mut dyn Read = &mut reader;
        for entry in tar::Archive::new(reader).entries()? {
            if visit(&mut entry?)?.is_break() {
                break;
            }
        }
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "it has no payload"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn entries_are_read_whatever_dpkg_deb_compressed_them_with() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, deb) = (folder.path().join("tree"), folder.path().join("x.deb"));
        fs_err::create_dir_all(tree.join("DEBIAN")).unwrap();
        let control = "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: Acme <a@acme.example>\nDescription: x\n";
        fs_err::write(tree.join("DEBIAN/control"), control).unwrap();
        fs_err::write(tree.join("one"), "1").unwrap();
        for compression in ["none", "gzip", "xz", "zstd"] {
            let mut command = Command::new("dpkg-deb");
            command.args(["--root-owner-group", &format!("-Z{compression}"), "--build"]).args([&tree, &deb]);
            assert!(command.output().unwrap().status.success(), "{compression}");
            let mut paths = Vec::new();
            let read = walk(fs_err::File::open(&deb).unwrap(), |entry| {
                paths.push(entry.path()?.display().to_string());
                Ok(ControlFlow::Continue(()))
            });
            read.unwrap();
            assert_eq!(paths, ["./", "./one"], "{compression}");
        }
        assert!(walk(&b"!<arch>\n"[..], |_| Ok(ControlFlow::Continue(()))).is_err());
    }
}
