//! Announce: tells the people who are logged in that the product is about to stop.

use consign_metadata::text::{Language, Text};

use super::{Done, Scene, Step, Trouble};
use crate::engine::event::Header;
use crate::host::command::HostCommand;
use crate::host::kernel::terminal;
use crate::outage;
use crate::site::Policy;

/// The step.
pub struct Announce<'a> {
    /// Words of the vendor's.
    pub message: Option<&'a Text>,
}

impl Step for Announce<'_> {
    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        // Nobody works with a product that is not there yet.
        if scene.header().from.is_some() {
            let words = self.words(scene) + &about(scene);
            scene.note(&words);
            (scene.context.tell)(&words);
        }
        Ok(Done::Done)
    }

    /// What was said cannot be unsaid, and disturbs nobody.
    fn undo(&self, _scene: &mut Scene<'_>) -> Result<(), Trouble> {
        Ok(())
    }
}

impl Announce<'_> {
    fn words(&self, scene: &Scene<'_>) -> String {
        // A policy that cannot be read must not keep people from being told.
        let language = Policy::read(scene.context.places).map_or(Language::En, |policy| policy.language);
        words(self.message, scene.header(), language)
    }
}

/// What people are told: the vendor's words, or the agent's own where there are none.
pub fn words(message: Option<&Text>, header: &Header, language: Language) -> String {
    if let Some(message) = message {
        return message.in_language(language).to_owned();
    }
    let (product, to) = (&header.product, &header.to);
    match language {
        Language::En => format!("{product} is about to be upgraded to {to} and stops for a while."),
        Language::Fr => {
            format!("{product} va être mis à niveau vers la version {to} et s'arrête un moment.")
        }
    }
}

/// How long it will probably take, where earlier upgrades of this host tell.
fn about(scene: &Scene<'_>) -> String {
    let language = Policy::read(scene.context.places).map_or(Language::En, |policy| policy.language);
    let Some(seconds) = outage::estimate(scene.context.product) else { return String::new() };
    let minutes = seconds.div_ceil(60);
    match language {
        Language::En => format!(" It takes about {minutes} min."),
        Language::Fr => format!(" Cela prend environ {minutes} min."),
    }
}

/// Writes to everybody who is logged on, where the host has the command for it. That nobody could be told stops no
/// upgrade.
pub fn wall(message: &str) {
    let (command, before) = terminal::TO_ALL;
    if let Err(cause) = HostCommand::new(command).args([before, message]).output() {
        log::info!("{cause}");
    }
}
