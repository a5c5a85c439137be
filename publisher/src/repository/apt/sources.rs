//! What a host is told about the repository: `sources.list(5)` and `apt_preferences(5)`.

use std::collections::BTreeSet;

use consign_metadata::name::{ChannelName, PackageName, VendorName};

use super::COMPONENT;

/// The subscription to a channel, a deb822 source.
pub fn subscription(url: &str, channel: &ChannelName, keyring: &str) -> String {
    format!("Types: deb\nURIs: {url}\nSuites: {channel}\nComponents: {COMPONENT}\nSigned-By: {keyring}\n")
}

/// Limits the repository to the packages it is there for: whoever holds its keys cannot replace the
/// system's own. A record that names a package wins over one for all of them.
pub fn limits(vendor: &VendorName, packages: &BTreeSet<PackageName>) -> String {
    let names: Vec<_> = packages.iter().map(PackageName::as_str).collect();
    let origin = format!("Pin: release o={vendor}");
    format!(
        "Explanation: the repository of {vendor} is for these packages and no other\n\
         Package: {}\n{origin}\nPin-Priority: 500\n\nPackage: *\n{origin}\nPin-Priority: -1\n",
        names.join(" ")
    )
}

/// The name of the file with the limits. It sorts after those of the agent and of most sites: of all
/// records that name a package, apt takes the first, so that a hold wins over what is allowed here.
pub fn limits_file(vendor: &VendorName) -> String {
    format!("zz-{vendor}-release")
}
