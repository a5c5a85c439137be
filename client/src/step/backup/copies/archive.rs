//! The file of such a part: a line of JSON for each file and folder, its content behind it, and its digest behind that.

use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::windows::fs::{FileTypeExt, OpenOptionsExt, symlink_dir, symlink_file};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::Problem;
use super::traits::{AS_BACKUP, Traits};

/// The first line; another number is another format.
const FIRST: &str = "consign-files 1\n";
const PIECE: usize = 256 * 1024;
/// The longest line: a path and an access list, and some room.
const LINE: u64 = 1024 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    path: PathBuf,
    #[serde(flatten)]
    what: What,
    /// None of a link, which has the rights of what it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traits: Option<Traits>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum What {
    Folder,
    File {
        bytes: u64,
    },
    Link {
        target: PathBuf,
        to_folder: bool,
    },
    /// The end: what is cut off has none.
    End {
        entries: u64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct Seal {
    sha256: String,
}

/// Writes all that is below these paths.
pub fn write(file: &Path, paths: &[PathBuf], deadline: Instant) -> Result<(), Problem> {
    let made = File::options().write(true).create_new(true).open(file).map_err(Problem::at("write", file))?;
    let mut writer = Writer { file: file.to_owned(), to: BufWriter::new(made), entries: 0, deadline };
    writer.put(FIRST.as_bytes())?;
    paths.iter().try_for_each(|path| writer.add(path))?;
    let what = What::End { entries: writer.entries };
    writer.line(&Entry { path: PathBuf::new(), what, traits: None })?;
    writer.to.flush().map_err(Problem::at("write", file))
}

struct Writer {
    file: PathBuf,
    to: BufWriter<File>,
    entries: u64,
    deadline: Instant,
}

impl Writer {
    fn add(&mut self, path: &Path) -> Result<(), Problem> {
        let read = Problem::at("read", path);
        let found = match fs::symlink_metadata(path) {
            Ok(found) => found,
            Err(cause) => return Err(read(cause)),
        };
        let (what, traits) = match known(path, &found) {
            Ok(known) => known,
            Err(cause) => return Err(read(cause)),
        };
        self.entries += 1;
        let bytes = if let What::File { bytes } = what { Some(bytes) } else { None };
        let is_folder = what == What::Folder;
        self.line(&Entry { path: path.to_owned(), what, traits })?;
        if let Some(bytes) = bytes {
            self.content(path, bytes)?;
        }
        if is_folder {
            let mut inside: Vec<_> = names(path)?;
            inside.sort_unstable();
            inside.iter().try_for_each(|path| self.add(path))?;
        }
        Ok(())
    }

    fn content(&mut self, path: &Path, bytes: u64) -> Result<(), Problem> {
        let mut from = open(path)?;
        let (mut digest, mut left, mut piece) = (sha2::Sha256::new(), bytes, vec![0; PIECE]);
        while left > 0 {
            in_time(path, self.deadline)?;
            let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            // One that is shorter by now has somebody at it.
            from.read_exact(&mut piece[..length]).map_err(Problem::at("read", path))?;
            digest.update(&piece[..length]);
            self.put(&piece[..length])?;
            left -= length as u64;
        }
        self.line(&Seal { sha256: hex::encode(digest.finalize()) })
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), Problem> {
        // A name that is no text has none.
        let text = serde_json::to_string(line).map_err(|cause| Problem::at("write", &self.file)(cause.into()))?;
        self.put(text.as_bytes()).and_then(|()| self.put(b"\n"))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.to.write_all(bytes).map_err(Problem::at("write", &self.file))
    }
}

fn known(path: &Path, found: &Metadata) -> io::Result<(What, Option<Traits>)> {
    let what = what(path, found)?;
    let traits = if let What::Link { .. } = what { None } else { Some(Traits::of(path, found)?) };
    Ok((what, traits))
}

fn what(path: &Path, found: &Metadata) -> io::Result<What> {
    let kind = found.file_type();
    if kind.is_symlink() {
        return Ok(What::Link { target: fs::read_link(path)?, to_folder: kind.is_symlink_dir() });
    }
    Ok(if found.is_dir() { What::Folder } else { What::File { bytes: found.len() } })
}

fn names(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let entries = fs::read_dir(folder).and_then(|all| all.map(|entry| entry.map(|entry| entry.path())).collect());
    entries.map_err(Problem::at("list", folder))
}

fn open(path: &Path) -> Result<File, Problem> {
    File::options().read(true).custom_flags(AS_BACKUP).open(path).map_err(Problem::at("read", path))
}

fn in_time(path: &Path, deadline: Instant) -> Result<(), Problem> {
    let is_over = Instant::now() >= deadline;
    if is_over { Err(Problem::at("copy", path)(io::ErrorKind::TimedOut.into())) } else { Ok(()) }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} is not what was written"))
}

/// Whether what is on the disk is what the file holds, each with its traits, and nothing of the file is damaged.
pub fn compare(file: &Path, deadline: Instant) -> Result<(), Problem> {
    let mut reader = Reader::open(file, deadline)?;
    while let Some(entry) = reader.next()? {
        let path = entry.path.clone();
        let differs = |what: &str| Problem::at("compare", &path)(wrong(what));
        let found = fs::symlink_metadata(&path).map_err(Problem::at("compare", &path))?;
        let (now, traits) = known(&path, &found).map_err(Problem::at("compare", &path))?;
        if now != entry.what {
            return Err(differs("what it is, or its length,"));
        }
        if !Traits::are_alike(entry.traits.as_ref(), traits.as_ref()) {
            return Err(differs("who may use it, or when it was changed,"));
        }
        if let What::File { bytes } = entry.what {
            let mut there = open(&path)?;
            let (mut theirs, mut same) = (vec![0; PIECE], true);
            reader.content(bytes, &mut |piece| {
                there.read_exact(&mut theirs[..piece.len()])?;
                same &= theirs[..piece.len()] == *piece;
                Ok(())
            })?;
            if !same {
                return Err(differs("its content"));
            }
        }
    }
    Ok(())
}

/// Puts everything back. What is there of it is replaced.
pub fn extract(file: &Path, deadline: Instant) -> Result<(), Problem> {
    let mut reader = Reader::open(file, deadline)?;
    let mut folders = Vec::new();
    while let Some(Entry { path, what, traits }) = reader.next()? {
        let cannot = Problem::at("restore", &path);
        match &what {
            What::Folder => {
                fs::create_dir_all(&path).map_err(cannot)?;
                folders.push((path, traits));
                continue;
            }
            What::Link { target, to_folder: true } => symlink_dir(target, &path).map_err(cannot)?,
            What::Link { target, to_folder: false } => symlink_file(target, &path).map_err(cannot)?,
            What::File { bytes } => put_back(&path, *bytes, &mut reader)?,
            What::End { .. } => {}
        }
        set(&path, traits)?;
    }
    // What is put into a folder changes when it was changed, and a list may keep the agent out.
    folders.into_iter().rev().try_for_each(|(path, traits)| set(&path, traits))
}

fn put_back(path: &Path, bytes: u64, reader: &mut Reader) -> Result<(), Problem> {
    let cannot = |cause| Problem::at("restore", path)(cause);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(cannot)?;
    }
    let mut made = File::create(path).map_err(cannot)?;
    reader.content(bytes, &mut |piece| made.write_all(piece))?;
    made.sync_all().map_err(cannot)
}

fn set(path: &Path, traits: Option<Traits>) -> Result<(), Problem> {
    traits.map_or(Ok(()), |traits| traits.set(path).map_err(Problem::at("restore", path)))
}

/// Reads the file, entry by entry; each content before the next entry.
struct Reader {
    file: PathBuf,
    from: BufReader<File>,
    entries: u64,
    deadline: Instant,
}

impl Reader {
    fn open(file: &Path, deadline: Instant) -> Result<Self, Problem> {
        let from = BufReader::new(File::open(file).map_err(Problem::at("read", file))?);
        let mut reader = Self { file: file.to_owned(), from, entries: 0, deadline };
        if reader.line()? == FIRST { Ok(reader) } else { Err(reader.damaged("its first line")) }
    }

    fn next(&mut self) -> Result<Option<Entry>, Problem> {
        let line = self.line()?;
        let entry: Entry = serde_json::from_str(&line).map_err(|_| self.damaged("a line of it"))?;
        match entry.what {
            What::End { entries } if entries == self.entries => Ok(None),
            What::End { .. } => Err(self.damaged("the number of its files")),
            _ => {
                self.entries += 1;
                Ok(Some(entry))
            }
        }
    }

    fn content(&mut self, bytes: u64, each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> Result<(), Problem> {
        let (mut digest, mut left, mut piece) = (sha2::Sha256::new(), bytes, vec![0; PIECE]);
        while left > 0 {
            in_time(&self.file, self.deadline)?;
            let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            self.from.read_exact(&mut piece[..length]).map_err(Problem::at("read", &self.file))?;
            digest.update(&piece[..length]);
            each(&piece[..length]).map_err(Problem::at("copy from", &self.file))?;
            left -= length as u64;
        }
        let line = self.line()?;
        let seal: Seal = serde_json::from_str(&line).map_err(|_| self.damaged("a line of it"))?;
        let is_it = seal.sha256 == hex::encode(digest.finalize());
        if is_it { Ok(()) } else { Err(self.damaged("the content of a file in it")) }
    }

    fn line(&mut self) -> Result<String, Problem> {
        let mut line = String::new();
        let read = self.from.by_ref().take(LINE).read_line(&mut line);
        read.map_err(Problem::at("read", &self.file))?;
        Ok(line)
    }

    fn damaged(&self, what: &str) -> Problem {
        Problem::at("read", &self.file)(wrong(what))
    }
}
