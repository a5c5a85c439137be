//! Where an upgrade under way finds no room: on the file systems of its journal and of what its backup brings back.

use std::path::PathBuf;

use consign_metadata::text::Language;

use crate::agent::room::{self, Need};
use crate::backup::{Contents, Seal};
use crate::engine::event::{Purpose, Reason};
use crate::engine::machine::Upgrade;
use crate::product::Product;
use crate::report::advice::{self, Advice};

/// What is full there now, whatever the upgrade has met. What cannot be looked at is left out.
pub fn missing(product: &Product, upgrade: &Upgrade) -> Vec<Reason> {
    let needs: Vec<Need> = restored(product, upgrade.header.upgrade)
        .map(|folder| Need { folder, bytes: 1, purpose: Purpose::Backup })
        .collect();
    room::in_folder(product.folder()).into_iter().chain(room::for_upgrade(&needs).ok().flatten()).collect()
}

fn restored(product: &Product, number: u32) -> impl Iterator<Item = PathBuf> {
    let seal = Seal::read(product, number).ok().flatten();
    seal.into_iter().flat_map(|seal| seal.parts).flat_map(|part| match part.contents {
        Contents::Files { paths, .. } => paths,
        Contents::Command | Contents::Database { .. } => Vec::new(),
    })
}

/// What to type first.
pub fn advice(missing: &[Reason], upgrade: &Upgrade, language: Language) -> Vec<Advice> {
    let folders = missing.iter().flat_map(|reason| match reason {
        Reason::NoRoom { folder, .. } => vec![folder],
        Reason::NoRoomForUpgrade { file_systems } => file_systems.iter().map(|full| &full.folder).collect(),
        _ => Vec::new(),
    });
    let mut all: Vec<Advice> = folders.map(|folder| advice::disk(folder, language)).collect();
    if !all.is_empty() && upgrade.state.is_walking() {
        all.push(advice::resume(&upgrade.header.product, language));
    }
    all
}
