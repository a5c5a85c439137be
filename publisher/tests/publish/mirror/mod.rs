//! A mirror of what a vendor publishes, from its first file to what its clients make of it.

mod archive;
mod care;
mod carried_archive;
mod changes;
mod clients;
mod corrupted;
mod guide;
mod hostile;
mod isolated;
mod keys;
mod killed;
mod lacking;
mod medium;
mod memory;
mod packed;
mod parts;
mod patience;
mod pieces;
mod pulled;
mod receipts;
mod scene;
mod serve;
mod server;
mod stage;
mod sync;
mod yum;
