//! A file or folder of the project, taken into the tree as it is.
//!
//! Modes are kept entry by entry, hard links stay links, symbolic links stay as they are written, empty
//! folders stay. Write permission of group and others is dropped: it comes from the umask of whoever
//! checked the project out, and a build must not depend on that; an explicit mode can give it back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Attributes, Entry, Node, Source, StageError, StagedTree, plain};
use crate::file::OnFile;

/// How files are taken over.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Name of the owning user.
    pub owner: String,
    /// Name of the owning group.
    pub group: String,
    /// The mode of every file, where it is not the source's own.
    pub mode: Option<u32>,
    /// Whether the files are the site's to edit.
    pub config: bool,
}

/// First path at which each multiply linked file of one copy was seen, by device and inode.
type Links = BTreeMap<(u64, u64), String>;

impl StagedTree {
    /// Takes a file, or what a folder contains, to `to`. A file goes *into* a `to` that ends with `/`.
    ///
    /// # Errors
    /// [`StageError`]
    pub fn copy(&mut self, from: &Path, to: &str, how: &Copy) -> Result<(), StageError> {
        if to != "/" {
            plain(to)?;
        }
        let metadata = fs::metadata(from).on("read", from)?;
        let mut links = Links::new();
        if metadata.is_dir() {
            let to = to.trim_end_matches('/');
            self.copy_one(from, to, how, &mut links, true)
        } else if to.ends_with('/') {
            let name = utf8_name(from)?;
            self.copy_one(from, &format!("{to}{name}"), how, &mut links, true)
        } else {
            self.copy_one(from, to, how, &mut links, true)
        }
    }

    fn copy_one(
        &mut self,
        from: &Path,
        to: &str,
        how: &Copy,
        links: &mut Links,
        follow: bool,
    ) -> Result<(), StageError> {
        // Only the path named in the manifest is followed; inside a tree a link is content.
        let metadata = if follow { fs::metadata(from) } else { fs::symlink_metadata(from) }.on("read", from)?;
        let attributes = attributes(&metadata, how);
        if metadata.is_dir() {
            if !to.is_empty() {
                self.add_folder(to, attributes)?;
            }
            return self.copy_content(from, to, how, links);
        }
        // A bit from a checkout gives nobody the rights of root; one that was typed was meant.
        if metadata.is_file() && metadata.mode() & 0o6000 != 0 && how.mode.is_none() {
            let mode = metadata.mode() & 0o7777;
            let reason = format!(
                "with mode {mode:04o} whoever runs it on a host becomes its owner or group; take the bit away, or, if it is meant, install the file by a line of its own with mode = \"{mode:04o}\", from outside every folder that is installed"
            );
            return Err(StageError::Source { path: from.to_owned(), reason });
        }
        let node = if metadata.is_symlink() { symlink(from)? } else { file(from, to, &metadata, how, links)? };
        self.add(to, Entry { attributes, node })
    }

    fn copy_content(&mut self, from: &Path, to: &str, how: &Copy, links: &mut Links) -> Result<(), StageError> {
        let entries = fs::read_dir(from).on("read", from)?.collect::<Result<Vec<_>, _>>().on("read", from)?;
        let mut paths: Vec<_> = entries.iter().map(fs::DirEntry::path).collect();
        // The order decides which name of a hard link carries the content: the first of the archive.
        paths.sort_by_key(|path| sort_key(path));
        for path in paths {
            let name = utf8_name(&path)?;
            self.copy_one(&path, &format!("{to}/{name}"), how, links, false)?;
        }
        Ok(())
    }
}

/// Folders sort as if they ended with `/`, which is where their content lies among the full paths.
fn sort_key(path: &Path) -> Vec<u8> {
    let mut key = path.as_os_str().as_encoded_bytes().to_vec();
    if fs::symlink_metadata(path).is_ok_and(|m| m.is_dir()) {
        key.push(b'/');
    }
    key
}

fn attributes(metadata: &fs::Metadata, how: &Copy) -> Attributes {
    let own = if metadata.is_symlink() { 0o777 } else { metadata.mode() & 0o7755 };
    let mode = match how.mode {
        Some(mode) if metadata.is_file() => mode,
        _ => own,
    };
    Attributes { owner: how.owner.clone(), group: how.group.clone(), mode }
}

fn symlink(from: &Path) -> Result<Node, StageError> {
    let target = fs::read_link(from).on("read", from)?;
    match target.to_str() {
        Some(target) if !target.chars().any(char::is_control) => Ok(Node::Symlink { target: target.to_owned() }),
        _ => Err(StageError::Source { path: from.to_owned(), reason: "it points to a name that is no text".into() }),
    }
}

fn file(from: &Path, to: &str, metadata: &fs::Metadata, how: &Copy, links: &mut Links) -> Result<Node, StageError> {
    if !metadata.is_file() {
        let reason = "it is a device, a pipe or a socket".to_owned();
        return Err(StageError::Source { path: from.to_owned(), reason });
    }
    if metadata.nlink() > 1 {
        let key = plain(to)?;
        let first = links.entry((metadata.dev(), metadata.ino())).or_insert_with(|| key.clone());
        if *first != key {
            return Ok(Node::HardLink { to: first.clone() });
        }
    }
    Ok(Node::File { source: Source::Path { path: from.to_owned(), size: metadata.len() }, config: how.config })
}

fn utf8_name(path: &Path) -> Result<&str, StageError> {
    path.file_name().and_then(|name| name.to_str()).filter(|name| !name.chars().any(char::is_control)).ok_or_else(
        || StageError::Source {
            path: path.to_owned(),
            reason: "its name is not UTF-8 or has a control character".to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn as_root() -> Copy {
        Copy { owner: "root".into(), group: "root".into(), mode: None, config: false }
    }

    #[test]
    fn links_modes_and_empty_folders_are_kept() {
        let project = tempfile::tempdir().unwrap();
        let tree = project.path();
        fs::create_dir_all(tree.join("a/empty")).unwrap();
        fs::write(tree.join("a/z"), "1").unwrap();
        fs::hard_link(tree.join("a/z"), tree.join("a.link")).unwrap();
        fs::write(tree.join("secret"), "1").unwrap();
        fs::set_permissions(tree.join("secret"), PermissionsExt::from_mode(0o600)).unwrap();
        fs::set_permissions(tree.join("a"), PermissionsExt::from_mode(0o777)).unwrap();
        symlink("/nowhere", tree.join("link")).unwrap();

        let mut staged = StagedTree::default();
        staged.copy(tree, "/opt/erp/", &as_root()).unwrap();
        assert_eq!(staged.get("/opt/erp/a/z").unwrap().node, Node::HardLink { to: "opt/erp/a.link".into() });
        assert_eq!(staged.get("/opt/erp/secret").unwrap().attributes.mode, 0o600);
        assert_eq!(staged.get("/opt/erp/a").unwrap().attributes.mode, 0o755);
        assert_eq!(staged.get("/opt/erp/a/empty").unwrap().node, Node::Folder);
        assert_eq!(staged.get("/opt/erp/link").unwrap().node, Node::Symlink { target: "/nowhere".into() });
    }

    #[test]
    fn a_file_name_with_a_newline_is_refused() {
        let project = tempfile::tempdir().unwrap();
        fs::write(project.path().join("a\nb"), "").unwrap();
        let error = StagedTree::default().copy(project.path(), "/opt/erp", &as_root()).unwrap_err();
        assert!(error.to_string().ends_with("its name is not UTF-8 or has a control character"), "{error}");
    }

    #[test]
    fn a_pipe_is_refused() {
        let project = tempfile::tempdir().unwrap();
        let pipe = project.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o644.into(), 0).unwrap();
        let error = StagedTree::default().copy(project.path(), "/opt/erp", &as_root()).unwrap_err();
        assert!(error.to_string().contains("a device, a pipe or a socket"), "{error}");
    }
}
