//! The list of files in a header: every list about files has the same order, that of their paths.

use std::collections::BTreeMap;

use consign_metadata::digest::Sha256;
use consign_metadata::rpm::tag;

use super::store::{Store, Value};
use crate::stage::{Entry, Node, Source, StageError, StagedTree};

const FOLDER: u16 = 0o040_000;
const PLAIN: u16 = 0o100_000;
const SYMLINK: u16 = 0o120_000;
/// As `rpmbuild` has them.
const DOCUMENTATION: [&str; 3] = ["usr/share/doc/", "usr/share/info/", "usr/share/man/"];

/// A path that a package installs.
#[derive(Debug, Clone)]
pub struct File {
    pub path: String,
    /// Kind and permissions.
    pub mode: u16,
    pub owner: String,
    pub group: String,
    pub flags: u32,
    /// The same for every name of a file.
    pub inode: u32,
    /// How many names it has.
    pub names: u32,
    pub size: u32,
    pub target: String,
    /// What a program may do that others may not; empty as a rule.
    pub capabilities: String,
    /// What a plain file holds; known only when it was packed.
    pub digest: Option<Sha256>,
    /// What a signed document or a dated file stands for.
    pub stands_for: Option<Sha256>,
    pub source: Option<Source>,
}

/// Every path of a package, ascending.
#[derive(Debug, Clone)]
pub struct Files(pub Vec<File>);

impl Files {
    /// The paths of a tree.
    pub fn of(tree: &StagedTree) -> Result<Self, StageError> {
        let mut names: BTreeMap<&str, u32> = BTreeMap::new();
        for (path, entry) in tree.entries() {
            *names.entry(content_of(path, entry)).or_default() += 1;
        }
        let mut inodes: BTreeMap<&str, u32> = BTreeMap::new();
        let mut files = Vec::new();
        for (path, entry) in tree.entries() {
            let content = content_of(path, entry);
            let next = u32::try_from(inodes.len() + 1).unwrap_or(u32::MAX);
            let inode = *inodes.entry(content).or_insert(next);
            let carrier = tree.get(content).unwrap_or(entry);
            files.push(file(path, carrier, inode, names.get(content).copied().unwrap_or(1))?);
        }
        Ok(Self(files))
    }

    /// What they take on a host, each file once.
    pub fn size(&self) -> u64 {
        let sizes: BTreeMap<u32, u32> = self.0.iter().map(|file| (file.inode, file.size)).collect();
        sizes.values().map(|size| u64::from(*size)).sum()
    }

    /// Whether any of them is the site's to edit.
    pub fn has_configuration(&self) -> bool {
        self.0.iter().any(|file| file.flags & tag::FILE_CONFIG != 0)
    }

    /// Whether any has several names.
    pub fn has_hard_links(&self) -> bool {
        self.0.iter().any(|file| file.names > 1)
    }

    /// Gives capabilities to files, by their absolute paths.
    pub fn endow(&mut self, capabilities: &BTreeMap<String, String>) {
        for file in &mut self.0 {
            let own = capabilities.get(&format!("/{}", file.path));
            file.capabilities = own.cloned().unwrap_or_default();
        }
    }

    /// Whether any has capabilities.
    pub fn has_capabilities(&self) -> bool {
        self.0.iter().any(|file| !file.capabilities.is_empty())
    }

    /// Writes the lists about them.
    pub fn describe(&self, header: &mut Store, time: u32) {
        let numbers = |of: &dyn Fn(&File) -> u32| self.0.iter().map(of).collect::<Vec<u32>>();
        let texts = |of: &dyn Fn(&File) -> String| self.0.iter().map(of).collect::<Vec<String>>();
        if self.0.is_empty() {
            return;
        }
        header.numbers(tag::FILE_SIZES, numbers(&|file| file.size));
        header.set(tag::FILE_MODES, Value::Int16(self.0.iter().map(|file| file.mode).collect()));
        header.set(tag::FILE_RDEVS, Value::Int16(vec![0; self.0.len()]));
        header.numbers(tag::FILE_MTIMES, numbers(&|_| time));
        header.texts(tag::FILE_DIGESTS, texts(&|file| file.digest.map(|d| d.to_string()).unwrap_or_default()));
        header.texts(tag::FILE_LINK_TOS, texts(&|file| file.target.clone()));
        header.numbers(tag::FILE_FLAGS, numbers(&|file| file.flags));
        header.texts(tag::FILE_USERS, texts(&|file| file.owner.clone()));
        header.texts(tag::FILE_GROUPS, texts(&|file| file.group.clone()));
        header.numbers(tag::FILE_VERIFY_FLAGS, numbers(&|_| u32::MAX));
        header.numbers(tag::FILE_DEVICES, numbers(&|_| 1));
        header.numbers(tag::FILE_INODES, numbers(&|file| file.inode));
        header.texts(tag::FILE_LANGS, texts(&|_| String::new()));
        if self.has_capabilities() {
            header.texts(tag::FILE_CAPS, texts(&|file| file.capabilities.clone()));
        }
        split_paths(header, self.0.iter().map(|file| format!("/{}", file.path)));
    }

    /// As they count for what the package is: a signature is salted, and a changelog is dated.
    pub fn content(&self) -> Self {
        let mut files = self.clone();
        for file in &mut files.0 {
            if let Some(digest) = file.stands_for {
                (file.digest, file.size) = (Some(digest), 0);
            }
        }
        files
    }
}

/// Writes paths as headers have them: names, and the folders that they are in.
pub fn split_paths(header: &mut Store, paths: impl Iterator<Item = String>) {
    let (mut folders, mut names, mut indexes) = (Vec::<String>::new(), Vec::new(), Vec::new());
    let mut known: BTreeMap<String, u32> = BTreeMap::new();
    for path in paths {
        let (folder, name) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
        let next = u32::try_from(folders.len()).unwrap_or(u32::MAX);
        let index = *known.entry(folder.to_owned()).or_insert_with(|| {
            folders.push(folder.to_owned());
            next
        });
        names.push(name.to_owned());
        indexes.push(index);
    }
    header.numbers(tag::DIR_INDEXES, indexes);
    header.texts(tag::BASE_NAMES, names);
    header.texts(tag::DIR_NAMES, folders);
}

/// The path that carries the content.
fn content_of<'a>(path: &'a str, entry: &'a Entry) -> &'a str {
    match &entry.node {
        Node::HardLink { to } => to,
        _ => path,
    }
}

fn file(path: &str, entry: &Entry, inode: u32, names: u32) -> Result<File, StageError> {
    let permissions = u16::try_from(entry.attributes.mode & 0o7777).unwrap_or(0);
    let (mode, size, target, source, config) = match &entry.node {
        Node::Folder => (FOLDER | permissions, 0, String::new(), None, false),
        Node::Symlink { target } => (SYMLINK | 0o777, target.len() as u64, target.clone(), None, false),
        Node::File { source, config } => {
            (PLAIN | permissions, source.size(), String::new(), Some(source.clone()), *config)
        }
        Node::HardLink { .. } => (PLAIN | permissions, 0, String::new(), None, false),
    };
    let stands_for = match &source {
        Some(Source::Salted { stands_for, .. }) => Some(*stands_for),
        _ => None,
    };
    let mut flags = if config { tag::FILE_CONFIG | tag::FILE_NO_REPLACE } else { 0 };
    if DOCUMENTATION.iter().any(|folder| path.starts_with(folder)) && source.is_some() {
        flags |= tag::FILE_DOC;
    }
    let size = u32::try_from(size).map_err(|_| StageError::Source {
        path: format!("/{path}").into(),
        reason: format!("it has {size} bytes, and a file in an .rpm has at most {}", u32::MAX),
    })?;
    let (owner, group) = (entry.attributes.owner.clone(), entry.attributes.group.clone());
    let (path, capabilities) = (path.to_owned(), String::new());
    Ok(File {
        path,
        mode,
        owner,
        group,
        flags,
        inode,
        names,
        size,
        target,
        capabilities,
        digest: None,
        stands_for,
        source,
    })
}
