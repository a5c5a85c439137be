//! Gates, prepares and finishes the upgrade of a product on its host.

pub mod engine;
pub mod host;
pub mod places;
pub mod product;
pub mod request;
pub mod site;
pub mod step;
