//! What the agent's program writes about itself, as its package installs it: manual pages and completions.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::BuildError;
use crate::file::OnFile;
use crate::package::deb::gzip;
use crate::stage::StagedTree;

/// Where each shell looks for the completions that packages bring.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "/usr/share/bash-completion/completions/consignee"),
    ("zsh", "/usr/share/zsh/vendor-completions/_consignee"),
    ("fish", "/usr/share/fish/vendor_completions.d/consignee.fish"),
];

/// Adds them. The program is run for it, so it has to be one for this machine.
pub fn add(program: &Path, payload: &mut StagedTree) -> Result<(), BuildError> {
    for (shell, path) in COMPLETIONS {
        payload.add_bytes(path, said(program, &["completions", shell])?, 0o644)?;
    }
    let folder = tempfile::tempdir().on("create a folder in", &std::env::temp_dir())?;
    said(program, &["man", &folder.path().to_string_lossy()])?;
    for page in fs::read_dir(folder.path()).on("read", folder.path())? {
        let page = page.on("read", folder.path())?.path();
        let name = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let section = name.rsplit('.').next().unwrap_or_default();
        let text = gzip(&fs::read(&page).on("read", &page)?).on("compress", &page)?;
        payload.add_bytes(&format!("/usr/share/man/man{section}/{name}.gz"), text, 0o644)?;
    }
    Ok(())
}

fn said(program: &Path, arguments: &[&str]) -> Result<Vec<u8>, BuildError> {
    let failed = |reason: String| {
        let (program, arguments) = (program.display(), arguments.join(" "));
        BuildError::Agent(format!("{program} {arguments}: {reason}; it is run to write its own manual"))
    };
    let output = Command::new(program).args(arguments).output().map_err(|cause| failed(cause.to_string()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(failed(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())))
}
