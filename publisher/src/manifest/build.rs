//! Builds of one release: one for each release of a distribution, each in a channel of its own.
//!
//! They have the same plan and differ in their files (`{build}` in a `from`) and dependencies. A package
//! of a build has the build's name at the end of its version, `1.2.0-1~deb12`, so that whoever moves on to
//! the next release of the distribution is moved on by the package manager.

use std::collections::BTreeSet;

use super::spanned::Spanned;
use consign_metadata::name::ChannelName;

use super::authored;
use super::error::Fault;
use super::module::relations;

/// What stands for the name of a build in the `from` of a file.
const PLACEHOLDER: &str = "{build}";

/// One build of a release.
#[derive(Debug, Clone)]
pub struct Build {
    /// At the end of its versions.
    pub name: String,
    /// Where it is published; where nothing is said, the repository's.
    pub channel: Option<ChannelName>,
    /// What every package of it depends on.
    pub depends_deb: Vec<String>,
}

impl Build {
    /// The Debian version of a release in this build.
    pub fn version(&self, release: &str) -> String {
        format!("{release}~{}", self.name)
    }
}

/// All builds, in the order of their versions.
pub(super) fn validate(builds: &[authored::Build]) -> Result<Vec<Build>, Fault> {
    let mut seen = BTreeSet::new();
    let mut validated = Vec::new();
    for build in builds {
        let name = build.name.get_ref();
        let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !plain {
            let message = format!("{name:?} is not the name of a build: lower-case letters and digits, as in deb12");
            return Err(Fault::at(build.name.span(), message));
        }
        if !seen.insert(name) {
            return Err(Fault::at(build.name.span(), format!("two builds are called {name:?}")));
        }
        if builds.len() > 1 && builds.iter().filter(|other| other.channel == build.channel).count() > 1 {
            let message = format!("build {name:?} is not the only one in its channel");
            return Err(Fault::at(build.name.span(), message).help(
                "apt takes the highest version of a channel, whatever it was built for: name a channel for each",
            ));
        }
        validated.push(Build {
            name: name.clone(),
            channel: build.channel.clone(),
            depends_deb: relations(&build.depends.deb)?,
        });
    }
    Ok(validated)
}

/// The path of a file in a build.
pub(super) fn path(from: &Spanned<String>, build: Option<&Build>) -> Result<Spanned<String>, Fault> {
    let written = from.get_ref();
    match build {
        _ if !written.contains(PLACEHOLDER) => Ok(from.clone()),
        Some(build) => Ok(Spanned::new(from.span(), written.replace(PLACEHOLDER, &build.name))),
        None => Err(Fault::at(from.span(), format!("{written:?} asks for a build, and there is no [[build]]"))),
    }
}
