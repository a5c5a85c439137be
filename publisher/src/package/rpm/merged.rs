//! Two lists of files in one: of a package that others built, and of what is added to it.
//!
//! A header has some twenty lists with an entry for each file. Theirs keep their order, since the names of
//! one file must; each of ours comes before the first of theirs that is behind it by its path.

use std::collections::BTreeMap;

use consign_metadata::rpm::{Header, tag};

use super::files::{File, Files, split_paths};
use super::store::{Store, Value};

/// A file of the merged list.
#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    Theirs(usize),
    Ours(&'a File),
}

/// What a list says of one of our files.
type Number = fn(&File, u32) -> u32;
type Text = fn(&File) -> String;

const NUMBERS: [(u32, Number); 10] = [
    (tag::FILE_SIZES, |file, _| file.size),
    (tag::FILE_MTIMES, |_, time| time),
    (tag::FILE_FLAGS, |file, _| file.flags),
    (tag::FILE_VERIFY_FLAGS, |_, _| u32::MAX),
    (tag::FILE_DEVICES, |_, _| 1),
    (tag::FILE_INODES, |file, _| file.inode),
    (tag::FILE_COLORS, |_, _| 0),
    (tag::FILE_DEPENDS_FIRST, |_, _| 0),
    (tag::FILE_DEPENDS_COUNTS, |_, _| 0),
    (tag::FILE_MODES, |file, _| u32::from(file.mode)),
];
/// These have 16 bits.
const SHORT: [u32; 2] = [tag::FILE_MODES, tag::FILE_RDEVS];
const TEXTS: [(u32, Text); 7] = [
    (tag::FILE_DIGESTS, |file| file.digest.map(|digest| digest.to_string()).unwrap_or_default()),
    (tag::FILE_LINK_TOS, |file| file.target.clone()),
    (tag::FILE_USERS, |file| file.owner.clone()),
    (tag::FILE_GROUPS, |file| file.group.clone()),
    (tag::FILE_LANGS, |_| String::new()),
    (tag::FILE_CAPS, |_| String::new()),
    (tag::FILE_SIGNATURES, |_| String::new()),
];
/// Each file has the number of a word in a list of words; ours have the empty one.
const WORDS: [(u32, u32); 2] = [(tag::FILE_CLASSES, tag::CLASS_NAMES), (tag::FILE_MIMES, tag::MIME_NAMES)];

/// Adds files to the lists of a header, whose tags are in `store`.
///
/// # Errors
/// When a list of theirs is not about all of their files.
pub fn add(store: &mut Store, header: &Header, ours: &Files, time: u32) -> Result<(), String> {
    let theirs = header.paths();
    if theirs.is_empty() {
        ours.describe(store, time);
        return Ok(());
    }
    let merging = Merging { header, count: theirs.len(), places: places(&theirs, ours), time };
    for (list, of) in NUMBERS.iter().chain(&[(tag::FILE_RDEVS, (|_, _| 0) as Number)]) {
        merging.numbers(store, *list, of)?;
    }
    for (list, of) in &TEXTS {
        merging.texts(store, *list, of)?;
    }
    for (list, words) in WORDS {
        merging.words(store, list, words)?;
    }
    let path = |place: &Place<'_>| match place {
        Place::Theirs(index) => theirs[*index].clone(),
        Place::Ours(file) => format!("/{}", file.path),
    };
    split_paths(store, merging.places.iter().map(path));
    Ok(())
}

fn places<'a>(theirs: &[String], ours: &'a Files) -> Vec<Place<'a>> {
    let mut places: Vec<Place<'_>> = (0..theirs.len()).map(Place::Theirs).collect();
    // From the last one on, so that a position counts theirs alone.
    for file in ours.0.iter().rev() {
        let path = format!("/{}", file.path);
        let at = theirs.iter().position(|their| *their > path).unwrap_or(theirs.len());
        places.insert(at, Place::Ours(file));
    }
    places
}

struct Merging<'a> {
    header: &'a Header,
    count: usize,
    places: Vec<Place<'a>>,
    time: u32,
}

impl Merging<'_> {
    fn of_theirs(&self, list: u32) -> Result<Option<Vec<u32>>, String> {
        let theirs = self.header.numbers(list);
        match self.header.has(list) {
            false => Ok(None),
            true if theirs.len() == self.count => {
                Ok(Some(theirs.into_iter().map(|number| u32::try_from(number).unwrap_or(u32::MAX)).collect()))
            }
            true => Err(broken(list)),
        }
    }

    fn numbers(&self, store: &mut Store, list: u32, of: &Number) -> Result<(), String> {
        let Some(theirs) = self.of_theirs(list)? else { return Ok(()) };
        let merged = self.places.iter().map(|place| match place {
            Place::Theirs(index) => theirs[*index],
            Place::Ours(file) => of(file, self.time),
        });
        match SHORT.contains(&list) {
            true => store.set(list, Value::Int16(merged.map(|n| u16::try_from(n).unwrap_or(0)).collect())),
            false => store.set(list, Value::Int32(merged.collect())),
        }
        Ok(())
    }

    fn texts(&self, store: &mut Store, list: u32, of: &Text) -> Result<(), String> {
        if !self.header.has(list) {
            return Ok(());
        }
        let theirs = self.header.texts(list);
        if theirs.len() != self.count {
            return Err(broken(list));
        }
        let merged = self.places.iter().map(|place| match place {
            Place::Theirs(index) => theirs[*index].to_owned(),
            Place::Ours(file) => of(file),
        });
        store.texts(list, merged.collect());
        Ok(())
    }

    fn words(&self, store: &mut Store, list: u32, words: u32) -> Result<(), String> {
        let Some(theirs) = self.of_theirs(list)? else { return Ok(()) };
        let mut known: Vec<String> = self.header.texts(words).into_iter().map(str::to_owned).collect();
        let empty = known.iter().position(String::is_empty).unwrap_or_else(|| {
            known.push(String::new());
            known.len() - 1
        });
        let empty = u32::try_from(empty).unwrap_or(0);
        let merged = self.places.iter().map(|place| match place {
            Place::Theirs(index) => theirs[*index],
            Place::Ours(_) => empty,
        });
        store.set(list, Value::Int32(merged.collect()));
        store.texts(words, known);
        Ok(())
    }
}

fn broken(list: u32) -> String {
    format!("has a list about files (tag {list}) that is not about all of them")
}

/// Numbers for our files that none of theirs has: two files with one number are one file to rpm.
pub fn renumber(ours: &mut Files, header: &Header) {
    let taken: std::collections::BTreeSet<u64> = header.numbers(tag::FILE_INODES).into_iter().collect();
    let mut free = (1..=u32::MAX).filter(|number| !taken.contains(&u64::from(*number)));
    let mut given: BTreeMap<u32, u32> = BTreeMap::new();
    for file in &mut ours.0 {
        let own = file.inode;
        file.inode = *given.entry(own).or_insert_with(|| free.next().unwrap_or(own));
    }
}
