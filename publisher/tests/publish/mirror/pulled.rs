//! Sticks that are pulled and machines that die, at any system call: typed again, an export or an import is whole.

use std::process::Command;

use super::changes::is_of_the_moment;
use super::isolated::Isolated;
use super::killed::{CALLS, SAMPLE};
use crate::project::{err, ok};
use crate::sweep::Sweep;

/// A site with the first release; the second is on its way.
struct Pulled {
    site: Isolated,
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
        Self { site }
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

#[test]
fn an_export_killed_at_any_call_is_unfinished_or_whole_and_is_typed_again() {
    let pulled = Pulled::new();
    let site = &pulled.site;
    let killed = pulled.killed(&|| pulled.export(), |what| {
        // What it left is the export before, the new one, or nothing; a site is not misled by any of them.
        let left = site.import(&["stick"]);
        let unfinished = err(&left).contains("holds no export, or one that was not finished");
        assert!(left.status.success() || unfinished, "{what}: {}", err(&left));
        assert_eq!(site.findings(), Vec::<String>::new(), "{what}");
        ok(&mut pulled.export());
        assert_eq!(site.imported(&["stick"])["generation"], 2, "{what}");
        let names = super::isolated::files(&site.medium("stick")).into_keys();
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
        assert_eq!(site.imported(&["good"])["generation"], 2, "{what}");
        assert!(site.files() == site.scene.files(), "{what}");
    });
    assert!(killed >= 15, "only {killed} points");
}
