//! What the agent has to know of a module on Windows.

use consign_metadata::plan::{WindowsModule, WindowsService, WindowsStart, WindowsWrite};

use super::Windows;
use crate::package::msi::{DATA, INSTALL, StartType};

impl Windows {
    /// As plans have it.
    pub fn plan(&self) -> WindowsModule {
        let service = |service: &crate::package::msi::Service| WindowsService {
            name: service.name.clone(),
            program: shown(&format!("{INSTALL}/{}", service.program)),
            account: if service.account.is_empty() { "LocalSystem".to_owned() } else { service.account.clone() },
            start: start(service.start),
        };
        let write = |(folder, accounts): &(String, Vec<String>)| WindowsWrite {
            folder: shown(folder),
            accounts: accounts.clone(),
        };
        WindowsModule {
            upgrade_code: self.upgrade_code.to_string(),
            services: self.services.iter().map(service).collect(),
            pools: self.pools.clone(),
            configuration: self.files.iter().filter(|files| files.config).flat_map(super::Files::places).collect(),
            writes: self.writers.iter().map(write).collect(),
        }
    }
}

impl super::Files {
    /// Where each file goes, as a plan names it.
    fn places(&self) -> Vec<String> {
        let mut tree = crate::stage::StagedTree::default();
        // What cannot be read is told when it is packed.
        if tree.copy(&self.from, &self.to, &self.how()).is_err() {
            return Vec::new();
        }
        let files = tree.entries().filter(|(_, entry)| entry.node != crate::stage::Node::Folder);
        files.map(|(path, _)| shown(path)).collect()
    }
}

fn start(start: StartType) -> WindowsStart {
    match start {
        StartType::Automatic => WindowsStart::Automatic,
        StartType::AutomaticDelayed => WindowsStart::AutomaticDelayed,
        StartType::Manual => WindowsStart::Manual,
        StartType::Disabled => WindowsStart::Disabled,
    }
}

/// A place in the tree of a package as `{data}\spool`.
fn shown(path: &str) -> String {
    let path = path.trim_start_matches('/');
    let (root, below) = path.split_once('/').unwrap_or((path, ""));
    let root = if root == DATA.trim_start_matches('/') { "{data}" } else { "{install}" };
    format!("{root}\\{}", below.replace('/', "\\")).trim_end_matches('\\').to_owned()
}
