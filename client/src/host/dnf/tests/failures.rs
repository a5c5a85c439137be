//! What goes wrong in the plugin itself: dnf stops before our packages, and nothing comes out of its hold.

use super::*;

/// The version that is there.
const BEFORE: Option<&str> = Some("1.0.0-1");

impl World {
    fn places(&self) -> &crate::places::Places {
        &self.root.places
    }

    /// The plugin with a function that raises what dnf would pass over.
    fn sabotage(&self, function: &str) {
        let shipped = fs_err::read_to_string(dist(PLUGIN)).unwrap();
        assert!(shipped.contains(&format!("\ndef {function}(")), "there is no {function}");
        self.write_plugin(&format!("\n\ndef {function}(*_):\n    raise ValueError('{function}')\n"));
    }

    /// The new version as files, which no hold keeps back.
    fn files(&self) -> Vec<String> {
        let pool = self.root.pool();
        let file = |package| pool.join(format!("{package}-1.1.0-1.noarch.rpm")).display().to_string();
        ["acme-erp", "acme-web"].map(file).into()
    }
}

#[test]
fn whatever_fails_in_the_barrier_stops_dnf_and_nothing_is_changed() {
    let world = World::with_baseline();
    world.answer("exit 0");
    world.hold(&["1.1.0-1"], true);
    let files = world.files();
    let install: Vec<&str> = ["install"].into_iter().chain(files.iter().map(String::as_str)).collect();
    for function in ["is_here", "barrier", "lines", "evr"] {
        world.sabotage(function);
        let (ended_well, said) = world.run(&install);
        assert!(!ended_well && said.contains(&format!("the barrier failed: ValueError('{function}'")), "{said}");
        assert_eq!(world.installed("acme-erp").as_deref(), BEFORE, "{function}");
    }
    world.write_plugin("");
    let (ended_well, said) = world.run(&install);
    assert!(ended_well, "{said}");
    assert_eq!(world.installed("acme-erp").as_deref(), Some("1.1.0-1"));
}

#[test]
fn a_hook_that_is_killed_stops_our_packages_whatever_bytes_are_among_their_names() {
    let world = World::with_baseline();
    world.answer("kill -KILL $$");
    world.hold(&["1.1.0-1"], true);
    fs_err::write(world.places().managed(), b"\xff\xfe\nacme-erp\n\xc3(\n").unwrap();
    let (ended_well, said) = world.run(&["upgrade", "acme-erp"]);
    assert!(!ended_well && said.contains("(status -9)"), "{said}");
    assert_eq!(world.installed("acme-erp").as_deref(), BEFORE);
    let (ended_well, said) = world.run(&["upgrade", "other"]);
    assert!(ended_well, "{said}");
    assert_eq!(world.installed("other").as_deref(), Some("2-1"));
}

#[test]
fn where_nobody_can_say_what_is_managed_only_the_repair_of_the_agent_passes() {
    let world = World::with_baseline();
    world.root.build("consignee", "1", "1");
    world.publish();
    fs_err::create_dir_all(world.places().managed()).unwrap();
    world.answer("kill -KILL $$");
    let (ended_well, said) = world.run(&["--refresh", "upgrade", "acme-erp"]);
    assert!(!ended_well && said.contains("the barrier failed: IsADirectoryError"), "{said}");
    assert_eq!(world.installed("acme-erp").as_deref(), BEFORE);
    let (ended_well, said) = world.run(&["install", "consignee"]);
    assert!(ended_well, "{said}");
}

#[test]
fn where_the_hold_fails_all_that_is_managed_is_held_and_everything_else_is_upgraded() {
    let world = World::with_baseline();
    world.answer("exit 0");
    world.hold(&["1.1.0-1"], true);
    let holds = world.places().state().join("holds");
    for failing in ["is_fresh", "holds", "has_terminal", ""] {
        match failing {
            // A file that cannot be read is not one that is not there.
            "" => {
                world.write_plugin("");
                fs_err::remove_file(&holds).unwrap();
                fs_err::create_dir(&holds).unwrap();
            }
            function => world.sabotage(function),
        }
        let (ended_well, said) = world.run(&["upgrade"]);
        assert!(ended_well && said.contains("consignee: the hold failed"), "{said}");
        assert_eq!(world.installed("acme-erp").as_deref(), BEFORE, "{failing}: {said}");
        assert_eq!(world.installed("other").as_deref(), Some("2-1"));
        assert!(world.run(&["downgrade", "other"]).0);
    }
}
