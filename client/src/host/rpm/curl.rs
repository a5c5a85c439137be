//! One file, fetched with curl(1), which every package manager above rpm rests on.
//!
//! Addresses and credentials go to it on its standard input: an argument list can be read by everybody.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use super::at;
use crate::host::HostError;
use crate::host::command::{CommandError, HostCommand};
use crate::host::login::Login;

/// Who may fetch, and on which way.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// For the server.
    pub login: Option<Login>,
    /// The proxy, whatever the environment says.
    pub proxy: Option<String>,
    /// The variables that curl reads: `http_proxy` and the like.
    pub environment: Vec<(String, String)>,
}

/// Its bytes, at most `maximum` in at most `limit`.
///
/// # Errors
/// When it cannot be had; [`HostError::reason`] has curl's words.
pub fn fetch(url: &str, access: &Access, maximum: u64, limit: Duration) -> Result<Vec<u8>, HostError> {
    // Nobody but its owner can look into it.
    let folder = tempfile::Builder::new().prefix("consignee-").tempdir();
    let folder = folder.map_err(|cause| at("create a folder in", &std::env::temp_dir(), cause))?;
    let target = folder.path().join("file");
    download(url, access, &target, maximum, limit)?;
    read(&target).map_err(|cause| at("read", Path::new(url), cause))
}

fn read(target: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(target)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same into a file that is not there yet.
///
/// # Errors
/// Those of [`fetch`].
pub fn download(url: &str, access: &Access, target: &Path, maximum: u64, limit: Duration) -> Result<(), HostError> {
    let mut lines = vec![option("url", url), option("output", &target.display().to_string())];
    // The entry point was fetched past every cache; what belongs to it has to be as new.
    lines.push(option("header", "Cache-Control: no-cache"));
    lines.extend(access.login.iter().map(|login| option("user", &format!("{}:{}", login.user, login.password))));
    lines.extend(access.proxy.iter().map(|proxy| option("proxy", proxy)));
    let mut command = HostCommand::new("prlimit")
        // A server that sends without end is cut off by the kernel.
        .arg(format!("--fsize={}", maximum + 1))
        .args(["--", "curl", "--disable", "--silent", "--show-error", "--fail", "--location", "--globoff"])
        .args(["--proto", "=http,https,file", "--proto-redir", "=http,https", "--config", "-"])
        .input(lines.concat())
        .limit(limit);
    for (name, value) in &access.environment {
        command = command.variable(name, value);
    }
    let failed = |reason: String| HostError { action: format!("fetch {url}"), reason };
    command.output().map_err(|error| failed(reason(error, maximum)))?;
    match target.metadata().map(|file| file.len()) {
        Ok(length) if length > maximum => Err(failed(too_large(maximum))),
        Ok(_) => Ok(()),
        // curl makes no file of an answer without content.
        Err(_) => std::fs::write(target, "").map_err(|cause| at("write", target, cause)),
    }
}

fn option(name: &str, value: &str) -> String {
    let value: String = value.chars().filter(|c| !c.is_control()).collect();
    format!("{name} = \"{}\"\n", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What the kernel's limit does to a process, and to a write.
const CUT_OFF: [i32; 2] = [128 + 25, 23];

fn reason(error: CommandError, maximum: u64) -> String {
    match error {
        CommandError::Failed { status, .. } if CUT_OFF.contains(&status) => too_large(maximum),
        CommandError::Failed { stderr, .. } => stderr.trim_start_matches("curl: ").trim().to_owned(),
        CommandError::Timeout { seconds, .. } => format!("not done after {seconds} s"),
        other => other.to_string(),
    }
}

fn too_large(maximum: u64) -> String {
    format!("it is larger than {maximum} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    #[test]
    fn a_file_is_fetched_and_one_that_is_too_large_or_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("feed.pgp"), "0123456789").unwrap();
        fs_err::write(folder.path().join("empty"), "").unwrap();
        let url = |name: &str| format!("file://{}/{name}", folder.path().display());
        let access = Access::default();
        assert_eq!(fetch(&url("feed.pgp"), &access, 10, LIMIT).unwrap(), b"0123456789");
        assert_eq!(fetch(&url("empty"), &access, 10, LIMIT).unwrap(), b"");
        assert!(fetch(&url("feed.pgp"), &access, 9, LIMIT).unwrap_err().reason.contains("larger than 9 bytes"));
        let missing = fetch(&url("none"), &access, 10, LIMIT).unwrap_err();
        assert!(missing.action.ends_with("/none") && !missing.reason.is_empty(), "{missing}");
    }

    #[test]
    fn a_value_is_one_value_whatever_is_in_it() {
        assert_eq!(option("user", "a\"b\\c\nproxy = x"), "user = \"a\\\"b\\\\cproxy = x\"\n");
    }
}
