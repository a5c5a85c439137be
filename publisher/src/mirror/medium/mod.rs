//! Media carried by hand: what a site without a network lacks, on anything that holds files.
//!
//! A medium is a server that answers from a folder. It is trusted as little, and read by the same code; what is
//! particular to it is only that a part of it may be in somebody's other pocket.
//!
//! 1. `inventory`, `ledger`: what a mirror shows, and since when; so what a site lacks that was here before.
//! 2. `export`: that, spread over `volumes`, each with its `label`, the `manifest` and a `leaflet`; `loading` writes them.
//! 3. `drive`: media as they are found; `shipment`: an export on them; `unloading`: a file of it.
//! 4. `import`: a mirror, brought up to it; `absence`: what cannot be had yet.

mod absence;
mod digesting;
mod drive;
mod export;
mod import;
mod inventory;
mod label;
mod leaflet;
mod ledger;
mod loading;
mod manifest;
mod shipment;
mod unloading;
mod volumes;

pub use absence::Absence;
pub use export::{ExportRequest, Exported, export};
pub use import::{ImportRequest, import};
pub use ledger::Ledger;
pub use shipment::Shipment;
