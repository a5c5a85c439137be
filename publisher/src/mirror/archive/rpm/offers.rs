//! What repositories offer of that which is asked for. Their documents are read again for what was found to be needed:
//! a distribution's is far larger than all that a host lacks.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::io::BufRead;

use super::package::{Package, Packages};
use super::primary;
use super::relation::Relation;
use super::requirement::Requirement;

/// A document that can be read again and again.
pub type Source<'a> = Box<dyn Fn() -> Result<Box<dyn BufRead + 'a>, String> + 'a>;

/// What repositories offer.
pub struct Offers<'a> {
    archive: Source<'a>,
    vendors: Vec<Source<'a>>,
    packages: Packages,
    known: HashSet<(bool, String)>,
    /// Names that were looked for.
    looked: BTreeSet<Box<str>>,
    /// Names that somebody asked for.
    asked: RefCell<BTreeSet<Box<str>>>,
}

impl<'a> Offers<'a> {
    /// Of a repository that is mirrored, and of vendors'.
    pub fn of(archive: Source<'a>, vendors: Vec<Source<'a>>) -> Self {
        let (packages, known, looked) = (Packages::default(), HashSet::new(), BTreeSet::new());
        Self { archive, vendors, packages, known, looked, asked: RefCell::default() }
    }

    /// Those that are known.
    pub fn packages(&self) -> &Packages {
        &self.packages
    }

    /// Those of a name.
    pub fn named(&self, name: &str) -> &[usize] {
        self.ask(name);
        self.packages.named(name)
    }

    /// Those that are taken for this.
    pub fn giving<'s>(&'s self, wanted: &'s Relation) -> impl Iterator<Item = usize> + 's {
        self.ask(&wanted.name);
        self.packages.giving(wanted)
    }

    /// Whether nobody has looked for it yet.
    pub fn is_unknown(&self, name: &str) -> bool {
        !self.looked.contains(name)
    }

    /// Asks for what is of this name, and for what comes along with it.
    pub fn ask(&self, name: &str) {
        if self.is_unknown(name) {
            self.asked.borrow_mut().insert(name.into());
        }
    }

    /// Reads the documents for what was asked for and never looked for; whether there was anything.
    ///
    /// # Errors
    /// A document cannot be read.
    pub fn look(&mut self) -> Result<bool, String> {
        let wanted = std::mem::take(self.asked.get_mut());
        if wanted.is_empty() {
            return Ok(false);
        }
        let (packages, known) = (&mut self.packages, &mut self.known);
        let sources = self.vendors.iter().map(|vendor| (vendor, false)).chain([(&self.archive, true)]);
        for (source, is_of_archive) in sources {
            primary::read(source()?, |package, files| {
                let is_new = is_wanted(&package, &files, &wanted) && package.architecture != "src";
                if is_new && known.insert((is_of_archive, package.to_string())) {
                    packages.add(Package { is_of_archive, ..package }, files);
                }
            })?;
        }
        self.looked.extend(wanted);
        Ok(true)
    }
}

fn is_wanted(package: &Package, files: &[Box<str>], names: &BTreeSet<Box<str>>) -> bool {
    names.contains(package.name.as_str())
        || package.gives.iter().any(|given| names.contains(&given.name))
        || files.iter().any(|path| names.contains(path))
        || package.supplements.iter().flat_map(Requirement::leaves).any(|leaf| names.contains(&leaf.name))
}
