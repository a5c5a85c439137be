//! What a host is told about the repository: a `.repo` file for dnf, `dnf.conf(5)`, and one for zypper, which
//! knows fewer words and other ones.

use std::collections::BTreeSet;

use consign_metadata::name::{ChannelName, PackageName, VendorName};

/// A channel as a host subscribes to it.
pub struct Subscription<'a> {
    /// The root of the publication.
    pub url: &'a str,
    /// Whose it is.
    pub vendor: &'a VendorName,
    /// The channel.
    pub channel: &'a ChannelName,
    /// The files with the keys, absolute.
    pub keys: &'a [String],
    /// The packages it is there for: whoever holds its keys cannot replace the system's own.
    pub packages: &'a BTreeSet<PackageName>,
}

impl Subscription<'_> {
    /// The text of dnf's file. `skip_if_unavailable=0`: dnf5 would take a repository that it refuses for an
    /// empty one, and say that there is nothing to do.
    pub fn text(&self) -> String {
        let packages: Vec<_> = self.packages.iter().map(PackageName::as_str).collect();
        format!(
            "{}enabled=1\ngpgcheck=1\nrepo_gpgcheck=1\nskip_if_unavailable=0\nmetadata_expire=1h\n{}\
             # It is for these packages and no other.\nincludepkgs={}\n",
            self.address(),
            self.keys(),
            packages.join(" "),
        )
    }

    /// The text of zypper's file. `pkg_gpgcheck=1`: with a signed index alone it would install a package that
    /// anybody has signed.
    pub fn zypper(&self) -> String {
        format!(
            "{}enabled=1\nautorefresh=1\ngpgcheck=1\nrepo_gpgcheck=1\npkg_gpgcheck=1\n{}",
            self.address(),
            self.keys()
        )
    }

    fn address(&self) -> String {
        let Self { vendor, channel, .. } = self;
        let url = self.url.trim_end_matches('/');
        format!(
            "[{vendor}-{channel}]\nname=Packages of {vendor}, {channel}\n\
             mirrorlist={url}/yum/{channel}/mirrors\n\
             # A copy that serves no such list: comment the line above out, and\n\
             #baseurl={url}/yum/{channel}/g/latest/\n"
        )
    }

    fn keys(&self) -> String {
        let keys: Vec<_> = self.keys.iter().map(|key| format!("file://{key}")).collect();
        format!("gpgkey={}\n", keys.join(" "))
    }
}
