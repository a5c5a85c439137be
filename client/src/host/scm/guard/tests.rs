//! A service that is guarded and released, cut off at every place between two writes.

use std::cell::{Cell, RefCell};

use super::*;

/// A service whose start type can be set only so often: then the agent is gone.
struct Sample {
    start: RefCell<String>,
    left: Cell<u32>,
}

impl Sample {
    fn new(start: &str) -> Self {
        Self { start: RefCell::new(start.to_owned()), left: Cell::new(u32::MAX) }
    }
}

impl Engine for Sample {
    fn is_active(&self) -> Result<Option<bool>, HostError> {
        Ok(Some(false))
    }

    fn is_up(&self) -> Result<bool, HostError> {
        Ok(false)
    }

    fn start_word(&self) -> Result<String, HostError> {
        Ok(self.start.borrow().clone())
    }

    fn is_automatic(&self, word: &str) -> bool {
        word == "automatic"
    }

    fn words(&self) -> [&'static str; 2] {
        ["disabled", "automatic"]
    }

    fn set_start(&self, word: &str) -> Result<(), HostError> {
        let gone = HostError { action: "set it".to_owned(), reason: "the agent is gone".to_owned() };
        self.left.set(self.left.get().checked_sub(1).ok_or(gone)?);
        word.clone_into(&mut self.start.borrow_mut());
        Ok(())
    }

    fn ask_to_start(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn ask_to_stop(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn describe(&self) -> String {
        String::new()
    }
}

fn host() -> (tempfile::TempDir, Guards, UnitName) {
    let root = tempfile::tempdir().unwrap();
    let places = Places::below(root.path());
    std::fs::create_dir_all(places.state()).unwrap();
    let guards = Guards::of(&places);
    (root, guards, "AcmeErp.service".parse().unwrap())
}

#[test]
fn what_was_before_the_first_guard_is_what_comes_back() {
    let (_root, guards, unit) = host();
    let service = Sample::new("delayed");
    guards.guard(&unit, &service).unwrap();
    assert_eq!((&*service.start_word().unwrap(), guards.before(&unit)), ("disabled", Ok(Some("delayed".to_owned()))));
    // Its package registers it anew, with the vendor's start type.
    service.set_start("automatic").unwrap();
    guards.guard(&unit, &service).unwrap();
    assert_eq!(service.start_word().unwrap(), "disabled");
    guards.release(&unit, &service).unwrap();
    assert_eq!((&*service.start_word().unwrap(), guards.before(&unit)), ("delayed", Ok(None)));
}

#[test]
fn an_agent_that_dies_before_it_has_disabled_a_service_claims_nothing_of_it() {
    let (_root, guards, unit) = host();
    let service = Sample::new("delayed");
    service.left.set(0);
    guards.guard(&unit, &service).unwrap_err();
    // The upgrade comes to nothing, and the site changes its mind before the next.
    service.left.set(u32::MAX);
    service.set_start("manual").unwrap();
    guards.guard(&unit, &service).unwrap();
    guards.release(&unit, &service).unwrap();
    assert_eq!(service.start_word().unwrap(), "manual");
}

#[test]
fn an_agent_that_dies_after_it_has_disabled_a_service_still_knows_what_it_was() {
    let (_root, guards, unit) = host();
    let service = Sample::new("delayed");
    service.left.set(0);
    guards.guard(&unit, &service).unwrap_err();
    // As if it had died right after instead of right before.
    service.left.set(u32::MAX);
    service.set_start("disabled").unwrap();
    guards.guard(&unit, &service).unwrap();
    guards.release(&unit, &service).unwrap();
    assert_eq!(service.start_word().unwrap(), "delayed");
}

#[test]
fn what_came_back_before_an_agent_died_is_the_sites_again() {
    let (_root, guards, unit) = host();
    let service = Sample::new("delayed");
    guards.guard(&unit, &service).unwrap();
    service.left.set(0);
    guards.release(&unit, &service).unwrap_err();
    // Right after: it was that again, and nobody has written so.
    service.left.set(u32::MAX);
    service.set_start("manual").unwrap();
    guards.release(&unit, &service).unwrap();
    assert_eq!((&*service.start_word().unwrap(), guards.before(&unit)), ("manual", Ok(None)));
}

#[test]
fn what_the_site_has_disabled_stays_disabled() {
    let (_root, guards, unit) = host();
    let service = Sample::new("disabled");
    guards.guard(&unit, &service).unwrap();
    guards.release(&unit, &service).unwrap();
    assert_eq!(service.start_word().unwrap(), "disabled");
}
