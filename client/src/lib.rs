//! Gates, prepares and finishes the upgrade of a product on its host.

pub mod acknowledgement;
pub mod add_on;
pub mod agent;
pub mod backup;
pub mod cli;
pub mod configuration;
pub mod conversation;
pub mod data;
pub mod database;
pub mod durable;
pub mod engine;
pub mod examination;
pub mod feed;
pub mod gate;
pub mod going_back;
pub mod host;
pub mod journey;
pub mod kept_back;
pub mod looked;
pub mod notice;
pub mod outage;
pub mod places;
pub mod preparation;
pub mod previous;
pub mod product;
pub mod pruning;
pub mod rehearsal;
pub mod report;
pub mod request;
#[cfg(test)]
mod sample;
pub mod scripts;
pub mod site;
pub mod step;
pub mod tell;
pub mod trust;
