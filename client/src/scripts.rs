//! Which scripts of versions ran on this host: `/var/lib/consignee/<vendor>/<product>/scripts.json`.
//!
//! A script runs once in the life of a product on a host, over all its upgrades. What an upgrade ran is taken
//! out again when it is taken back, since its data is then as if the script had never run.

use std::io;
use std::path::PathBuf;

use consign_metadata::digest::Sha256;
use consign_metadata::name::Label;
use consign_metadata::plan::Script;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::product::Product;

const FORMAT: u32 = 1;

/// All that ran, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// 1.
    pub format: u32,
    /// One entry for each script.
    pub scripts: Vec<RanScript>,
}

/// A script that was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RanScript {
    /// The step that ran it.
    pub step: Label,
    /// Its path below the folder of scripts.
    pub script: String,
    /// Of its content.
    pub sha256: Sha256,
    /// When it was started, by the host's clock.
    pub at: Timestamp,
    /// The number of the upgrade.
    pub upgrade: u32,
    /// Whether it ended well. One that did not is run again.
    pub done: bool,
}

impl Ran {
    /// What is known of a product.
    ///
    /// # Errors
    /// When the file cannot be read or was written by a later agent: then nobody knows what ran.
    pub fn of(product: &Product) -> io::Result<Self> {
        let ran = durable::read(&file(product), FORMAT, |ran: &Self| ran.format)?;
        Ok(ran.unwrap_or(Self { format: FORMAT, scripts: Vec::new() }))
    }

    /// The entry of a script.
    pub fn entry(&self, step: &Label, script: &str) -> Option<&RanScript> {
        self.scripts.iter().find(|ran| ran.step == *step && ran.script == script)
    }

    /// Whether a script has run to its end.
    pub fn is_done(&self, step: &Label, script: &str) -> bool {
        self.entry(step, script).is_some_and(|ran| ran.done)
    }

    /// Makes durable that a script is about to run.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin(&mut self, product: &Product, begun: RanScript) -> io::Result<()> {
        self.scripts.retain(|ran| ran.step != begun.step || ran.script != begun.script);
        self.scripts.push(begun);
        self.write(product)
    }

    /// Makes durable that a script has run.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(&mut self, product: &Product, step: &Label, script: &Script) -> io::Result<()> {
        let ours = |ran: &&mut RanScript| ran.step == *step && ran.script == script.path;
        if let Some(ran) = self.scripts.iter_mut().find(ours) {
            ran.done = true;
        }
        self.write(product)
    }

    /// Makes durable that what a step of an upgrade ran counts as not run.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn take_out(&mut self, product: &Product, step: &Label, upgrade: u32) -> io::Result<()> {
        let before = self.scripts.len();
        self.scripts.retain(|ran| ran.step != *step || ran.upgrade != upgrade);
        if self.scripts.len() == before { Ok(()) } else { self.write(product) }
    }

    /// The same of everything that these upgrades ran: the data is from before them.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn take_out_all(&mut self, product: &Product, upgrades: &[u32]) -> io::Result<()> {
        let before = self.scripts.len();
        self.scripts.retain(|ran| !upgrades.contains(&ran.upgrade));
        if self.scripts.len() == before { Ok(()) } else { self.write(product) }
    }

    fn write(&self, product: &Product) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        text.push(b'\n');
        durable::replace(&file(product), &text)
    }
}

fn file(product: &Product) -> PathBuf {
    product.folder().join("scripts.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Places;

    #[test]
    fn a_file_that_is_damaged_or_of_a_later_agent_is_not_taken_for_none() {
        let root = tempfile::tempdir().unwrap();
        let product = Product::new(&Places::below(root.path()), "acme/erp".parse().unwrap());
        assert_eq!(Ran::of(&product).unwrap().scripts, []);
        std::fs::create_dir_all(product.folder()).unwrap();
        for wrong in ["", "{\"format\": 1, \"scr", "{\"format\": 2, \"scripts\": []}"] {
            std::fs::write(file(&product), wrong).unwrap();
            assert!(Ran::of(&product).unwrap_err().to_string().contains("scripts.json"), "{wrong}");
        }
    }
}
