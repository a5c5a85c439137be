//! Media carried by hand: what a site without a network lacks, on anything that holds files.
//!
//! A medium is a server that answers from a folder. It is trusted as little, and read by the same code; what is
//! particular to it is only that a part of it may be in somebody's other pocket.
//!
//! 1. `inventory`, `ledger`: what a mirror shows, and since when; so what is new to a site.
//! 2. `receipt`, and `code`, which is read over the telephone: what a site has.
//! 3. `export`: that `load`, spread over `volumes`, each with its `label`, the `manifest`, a `leaflet` and perhaps a `reader`; `shipping` and `loading` write them.
//! 4. `difference`, `patch`, `codec`: a package as the change to one that the site has.
//! 5. `drive`: media as they are found; `packer`: who has to have signed them; `shipment`: an export on them; `unloading`: a file of it.
//! 6. `import`: a mirror, brought up to it; `archive`: that of an ordinary archive; `absence`: what cannot be had yet.

mod absence;
mod archive;
mod code;
mod codec;
mod difference;
mod digesting;
mod drive;
mod export;
mod import;
mod inventory;
mod label;
mod leaflet;
mod ledger;
mod load;
mod loading;
mod manifest;
mod packer;
mod patch;
mod reader;
mod receipt;
mod shipment;
mod shipping;
mod site;
mod unloading;
mod volumes;

pub use absence::Absence;
pub use archive::{ArchiveImport, import_archive};
pub use code::Code;
pub use export::{ExportRequest, Exported, export};
pub use import::{ImportRequest, import};
pub use ledger::Ledger;
pub use packer::Packer;
pub use reader::Reader;
pub use receipt::{Receipt, Standing};
pub use shipment::Shipment;
