//! The `consignee` command.
fn main() {}
