//! The agent's package for Windows: one program, and the service that it is.
//!
//! The package stops the service, and starts it again with the new program: no other package does, and nothing of
//! it needs a program that runs as the system.

use std::fs::File;

use super::{AgentPackage, as_root, described};
use crate::build::BuildError;
use crate::file::OnFile;
use crate::package::msi::{AGENT_FOLDER, AGENT_SERVICE, Guid, INSTALL, MsiControl, Recovery, Service, StartType};
use crate::package::msi::{pe, version};
use crate::package::{Architecture, PackageContents};
use crate::stage::StagedTree;

const PROGRAM: &str = "consignee.exe";
/// Seconds before it is started again after it failed: longer and longer, and after a day anew.
const RESTARTS: [u32; 3] = [60, 300, 900];
const A_DAY: u32 = 86_400;

/// The contents of the agent's package as an .msi. Of the folder `dist` nothing is needed.
///
/// # Errors
/// [`BuildError`]
pub fn agent_msi(from: &AgentPackage) -> Result<PackageContents, BuildError> {
    let product_version = version::product_version(&from.version).map_err(BuildError::Agent)?;
    let program = from.binaries.join(PROGRAM);
    let inspected = pe::inspect(&mut File::open(&program).on("read", &program)?).on("read", &program)?;
    let architecture = match inspected.and_then(|program| program.architecture) {
        Some(known @ (Architecture::Amd64 | Architecture::Arm64)) => known,
        _ => {
            let program = program.display();
            return Err(BuildError::Agent(format!("{program} is no program for 64-bit PCs or 64-bit ARM on Windows")));
        }
    };
    let mut contents = described(from, architecture, StagedTree::default());
    let mut tree = StagedTree::default();
    tree.copy(&program, &format!("{INSTALL}/{PROGRAM}"), &as_root(Some(0o755), false))?;
    contents.native.msi = Some(version::native(&from.version, from.revision));
    contents.msi = Some(MsiControl {
        product: "consign/consignee".to_owned(),
        upgrade_code: Guid::suggested_upgrade_code("consign", "consignee", contents.name.as_str()),
        product_version,
        name: "Consignee".to_owned(),
        install_folder: vec![AGENT_FOLDER.to_owned()],
        data_folder: vec![AGENT_FOLDER.to_owned()],
        tree,
        streams: Vec::new(),
        services: vec![service()],
        removed_services: Vec::new(),
        registry: Vec::new(),
        options: Vec::new(),
        access: Vec::new(),
        needs_agent: false,
    });
    Ok(contents)
}

fn service() -> Service {
    Service {
        name: AGENT_SERVICE.to_owned(),
        display: "Consignee".to_owned(),
        description: "Finds new versions of vendors' products, and finishes their upgrades.".to_owned(),
        program: PROGRAM.to_owned(),
        arguments: "service".to_owned(),
        account: String::new(),
        start: StartType::Automatic,
        depends: Vec::new(),
        recovery: Some(Recovery { restart_after: RESTARTS.to_vec(), reset_after: A_DAY }),
    }
}
