//! What the site's file acknowledges in advance becomes an acknowledgement like any other when it is needed: with
//! the file as who, and the moment as when.

use std::collections::BTreeSet;

use consign_metadata::plan::UpgradePlan;
use consign_metadata::version::Version;

use super::Agent;
use super::situation::Situation;
use crate::acknowledgement::{Acknowledgement, Acknowledgements, Subject, acknowledge};
use crate::engine::event::Person;
use crate::gate::notes;
use crate::host::kernel::files;
use crate::site;
use crate::site::acknowledge::InAdvance;

/// Writes down what the site acknowledges for this upgrade and nobody has yet. That it cannot be read or written is
/// said by the gates, which then find nothing acknowledged.
pub fn seed(agent: &Agent, situation: &Situation<'_>, plan: &UpgradePlan, from: &Version) {
    let (product, to) = (situation.product, &plan.envelope.version);
    let (Ok(all), Ok(known)) =
        (site::acknowledge::in_advance(&agent.places, &product.id), Acknowledgements::read(product))
    else {
        return;
    };
    for seed in all.iter().filter(|seed| seed.version == *to) {
        let mut subjects = subjects(seed, plan, from);
        subjects.retain(|subject| !known.is_acknowledged(subject, to));
        let by = who(agent, situation, seed);
        let (at, version) = (agent.clock.now(), to.clone());
        let one = |subject| Acknowledgement { at, by: by.clone(), subject, version: version.clone() };
        let new: Vec<Acknowledgement> = subjects.into_iter().map(one).collect();
        if !new.is_empty()
            && let Err(problem) = acknowledge(product, &new)
        {
            log::warn!("{}: {problem}", product.id);
        }
    }
}

/// What it acknowledges of what is asked. Where the notes are not those of this very way, none of them counts:
/// whoever wrote it down looked at another upgrade.
fn subjects(seed: &InAdvance, plan: &UpgradePlan, from: &Version) -> Vec<Subject> {
    let asked: Vec<_> = notes::asked(plan, from).collect();
    let versions: BTreeSet<&Version> = asked.iter().map(|note| &note.version).collect();
    let is_this_way = versions == seed.notes.keys().collect();
    let notes = asked.iter().filter(|note| is_this_way && seed.notes.get(&note.version) == Some(&note.digest()));
    let notes = notes.map(|note| Subject::Note { version: note.version.clone(), sha256: note.digest() });
    let effects = plan.side_effects(Some(from));
    let effects = effects.filter(|effect| seed.side_effects.get(&effect.id) == Some(&effect.digest()));
    let effects = effects.map(|effect| Subject::SideEffect { id: effect.id.clone(), sha256: effect.digest() });
    notes.chain(effects).collect()
}

/// The file, and whoever it names.
fn who(agent: &Agent, situation: &Situation<'_>, seed: &InAdvance) -> Person {
    let id = &situation.product.id;
    let uid = std::fs::metadata(agent.places.site(id)).map_or(0, |file| files::owner(&file));
    let file = format!("/etc/consign/{id}.toml");
    let name = seed.by.as_ref().map_or_else(|| file.clone(), |by| format!("{by}, in {file}"));
    Person { uid, name }
}
