//! What package managers and maintainer scripts call.
fn main() {}
