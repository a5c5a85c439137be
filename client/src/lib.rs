//! Gates, prepares and finishes the upgrade of a product on its host.
