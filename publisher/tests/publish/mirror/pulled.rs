//! Sticks that are pulled and machines that die, at any system call: typed again, an export or an import is whole.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use consign_metadata::digest::Sha256;

use super::changes::is_of_the_moment;
use super::isolated::{Isolated, files};
use super::killed::{CALLS, SAMPLE};
use crate::project::{err, ok};
use crate::sweep::Sweep;

/// A site with the first release; the second is on its way.
struct Pulled {
    site: Isolated,
    /// The packages that an undisturbed import brings.
    whole: usize,
}

impl Pulled {
    fn new() -> Self {
        let site = Isolated::with("");
        site.release("1.0.0");
        site.exported("stick", &[]);
        site.imported(&["stick"]);
        site.release("1.1.0");
        std::fs::rename(site.mirror(), site.medium("site-before")).unwrap();
        std::fs::rename(site.medium("stick"), site.medium("stick-before")).unwrap();
        site.exported("good", &["--since", "1"]);
        let mut pulled = Self { site, whole: 0 };
        pulled.reset();
        pulled.whole = usize::try_from(pulled.site.imported(&["good"])["fetched"].as_u64().unwrap()).unwrap();
        assert!(pulled.whole > 0);
        pulled
    }

    /// The blobs that are whole on the stick, by their names, with what tells a file from another one in its place.
    fn blobs(&self) -> BTreeMap<String, u64> {
        let blobs = self.site.medium("stick/consign-medium/blobs");
        let is_whole = |(name, bytes): &(String, Vec<u8>)| name.ends_with(&Sha256::of(bytes).to_string());
        let inode = |name: &str| std::fs::metadata(blobs.join(name)).unwrap().ino();
        let there = files(&blobs).into_iter().filter(is_whole);
        there.map(|(name, _)| (name.clone(), inode(&name))).collect()
    }

    fn reset(&self) {
        for name in ["site", "stick"] {
            let _ = std::fs::remove_dir_all(self.site.medium(name));
            let before = self.site.medium(&format!("{name}-before"));
            ok(Command::new("cp").arg("-a").arg(before).arg(self.site.medium(name)));
        }
    }

    fn export(&self) -> Command {
        self.site.export_command("stick", &["--since", "1"])
    }

    fn import(&self) -> Command {
        self.site.import_command(&[self.site.medium("good")])
    }

    /// Kills it at points of each call, and looks at what is left.
    fn killed(&self, command: &dyn Fn() -> Command, look: impl Fn(&str)) -> usize {
        let sweep = Sweep { calls: &CALLS, trace: self.site.medium("trace"), command, reset: &|| self.reset() };
        sweep.killed(&CALLS, SAMPLE, &|_, what| look(what))
    }
}

/// How many packages are in their places.
fn placed(mirror: &Path) -> usize {
    files(&mirror.join("pool")).len()
}

#[test]
fn an_export_killed_at_any_call_is_unfinished_or_whole_and_is_typed_again() {
    let pulled = Pulled::new();
    let site = &pulled.site;
    let killed = pulled.killed(&|| pulled.export(), |what| {
        let kept = pulled.blobs();
        // What it left is the export before, the new one, or nothing; a site is not misled by any of them.
        let left = site.import(&["stick"]);
        let unfinished = err(&left).contains("holds no export, or one that was not finished");
        assert!(left.status.success() || unfinished, "{what}: {}", err(&left));
        assert_eq!(site.findings(), Vec::<String>::new(), "{what}");
        ok(&mut pulled.export());
        // What is on the medium and good is not written again.
        let blobs = pulled.blobs();
        let again = |(name, inode): &(&String, &u64)| blobs.get(*name).is_some_and(|there| there != *inode);
        let again: Vec<_> = kept.iter().filter(again).collect();
        assert!(again.is_empty(), "{what}: {again:?}");
        assert_eq!(site.imported(&["stick"])["generation"], 2, "{what}");
        let names = files(&site.medium("stick")).into_keys();
        let left: Vec<_> = names.filter(|name| name.ends_with(".new")).collect();
        assert_eq!(left, Vec::<String>::new(), "{what}");
    });
    assert!(killed >= 12, "only {killed} points");
}

#[test]
fn an_import_killed_at_any_call_shows_a_whole_generation_and_is_typed_again() {
    let pulled = Pulled::new();
    let site = &pulled.site;
    let killed = pulled.killed(&|| pulled.import(), |what| {
        let found: Vec<_> = site.findings().into_iter().filter(|finding| !is_of_the_moment(finding)).collect();
        assert!(found.is_empty(), "{what}: {found:#?}");
        let kept = placed(&site.mirror()) - placed(&site.medium("site-before"));
        let told = site.imported(&["good"]);
        assert_eq!(told["generation"], 2, "{what}");
        // What is in its place is not brought again.
        assert_eq!(usize::try_from(told["fetched"].as_u64().unwrap()).unwrap() + kept, pulled.whole, "{what}: {told}");
        assert!(site.files() == site.scene.files(), "{what}");
    });
    assert!(killed >= 15, "only {killed} points");
}
