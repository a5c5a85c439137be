//! `<vendor>-release` for hosts with Windows: the vendor's folder beside the agent. Where the repository is stands
//! in a file of its own there, since no package manager knows it.

use super::introduction::{IntroductionContent, package_name};
use super::{PublishError, plain_version};
use crate::package::msi::{AGENT, AGENT_FOLDER, Guid, MsiControl};
use crate::package::{PackageContents, PackageError};
use crate::stage::StagedTree;

/// Folder of all anchors, below the agent's own.
const VENDORS: &str = "vendors";
/// What the site's own file of this name replaces, as far as that says something.
const SUBSCRIPTION: &str = "repository.toml";

/// Fills the package, at a version that is a plain number with its packaging revision.
pub fn fill(
    content: &IntroductionContent<'_>,
    version: &str,
    package: &mut PackageContents,
) -> Result<(), PublishError> {
    let vendor = content.trust.roles.vendor.as_str();
    let name = package_name(&content.trust.roles.vendor)?;
    let subscription = subscription(content.url, content.channel.as_str());
    let files = content.files(content.windows.as_ref()).into_iter().chain([(SUBSCRIPTION, subscription.into_bytes())]);
    let mut tree = StagedTree::default();
    for (file, bytes) in files {
        tree.add_bytes(&format!("{AGENT}/{VENDORS}/{vendor}/{file}"), bytes, 0o644).map_err(PackageError::from)?;
    }
    package.native.msi = Some(version.to_owned());
    package.msi = Some(MsiControl {
        product: format!("{vendor}/{name}"),
        upgrade_code: Guid::suggested_upgrade_code(vendor, "consign", name.as_str()),
        product_version: format!("1.0.{}", plain_version(version).unwrap_or_default()),
        name: package.summary.clone(),
        install_folder: vec![AGENT_FOLDER.to_owned()],
        data_folder: vec!["Consign".to_owned(), vendor.to_owned()],
        tree,
        streams: Vec::new(),
        services: Vec::new(),
        removed_services: Vec::new(),
        registry: Vec::new(),
        options: Vec::new(),
        access: Vec::new(),
        needs_agent: false,
    });
    Ok(())
}

/// As TOML has any text: double quotes, of which JSON's are a part.
fn subscription(url: &str, channel: &str) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    format!("url = {}\nchannel = {}\n", quoted(url), quoted(channel))
}
