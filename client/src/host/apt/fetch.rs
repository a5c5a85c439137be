//! Files of a repository beside its packages, fetched the way apt fetches.
//!
//! The agent has no HTTP of its own on purpose. apt's proxies, credentials (`auth.conf.d`), certificate
//! authorities, mirrors and `file:` repositories count without being read a second time and understood
//! differently, and the bytes of strangers are handled by a process of the user `_apt`.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;

use crate::host::command::HostCommand;
use crate::host::login::Login;
use crate::host::{HostError, Repository, at};
use crate::places::Places;

const HELPER: &str = "/usr/lib/apt/apt-helper";
pub(super) const SANDBOX: &str = "_apt";

/// One file, at most `maximum` bytes in at most `limit`.
///
/// # Errors
/// When it cannot be had; [`HostError::reason`] has apt's words.
pub fn fetch(
    places: &Places,
    repository: &Repository,
    path: &str,
    maximum: u64,
    limit: Duration,
) -> Result<Vec<u8>, HostError> {
    let folder = Folder::create(places)?;
    let target = folder.0.join("file");
    let url = format!("{}/{path}", repository.url.trim_end_matches('/'));
    let login = repository.login.as_ref().map(|login| folder.keep(&repository.url, login)).transpose();
    let login = login.map_err(|cause| at("write", &folder.0, cause))?;
    download(&url, &target, login.as_deref(), maximum, limit)?;
    read(&target, maximum).map_err(|cause| at("read", Path::new(&url), cause))
}

fn download(url: &str, target: &Path, login: Option<&Path>, maximum: u64, limit: Duration) -> Result<(), HostError> {
    let seconds = limit.as_secs().max(1);
    let mut command = HostCommand::new("prlimit")
        // A server that sends without end is cut off by the kernel.
        .arg(format!("--fsize={}", maximum + 1))
        .args(["--", HELPER, "-qq", "-o", "Acquire::Retries=0"]);
    for method in ["http", "https"] {
        // The entry point was fetched past every cache; the head has to be as new.
        command = command.args(["-o", &format!("Acquire::{method}::No-Cache=true")]);
        command = command.args(["-o", &format!("Acquire::{method}::Timeout={seconds}")]);
    }
    if let Some(login) = login {
        command = command.args(["-o", &format!("Dir::Etc::netrc={}", login.display())]);
    }
    let command = command.args(["download-file", url]).arg(target.display().to_string()).limit(limit);
    command.output().map(drop).map_err(|error| error.of(format!("fetch {url}"), last_words))
}

/// What apt says first is the reason; "Download Failed" comes after it.
pub(super) fn last_words(stderr: &str) -> String {
    let reason = stderr.lines().find_map(|line| line.strip_prefix("E: ")).unwrap_or(stderr);
    reason.trim().to_owned()
}

// A repository on this host is answered with a link to the file itself, to which no limit applied.
fn read(target: &Path, maximum: u64) -> std::io::Result<Vec<u8>> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = File::options().read(true).custom_flags(flags).open(target)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    file.take(maximum + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > maximum {
        return Err(std::io::Error::other(format!("it is larger than {maximum} bytes")));
    }
    Ok(bytes)
}

/// A folder that apt's unprivileged half can write to and nobody else can look into; never `/tmp`.
struct Folder(PathBuf);

impl Folder {
    /// Credentials of an address, as apt_auth.conf(5) has them: every user of the host may read the
    /// arguments of a process.
    fn keep(&self, url: &str, login: &Login) -> std::io::Result<PathBuf> {
        if [&login.user, &login.password].into_iter().any(|text| text.contains(char::is_whitespace)) {
            return Err(std::io::Error::other("credentials with white space belong into auth.conf.d"));
        }
        let path = self.0.join("login");
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
        writeln!(file, "machine {url} login {} password {}", login.user, login.password)?;
        Ok(path)
    }

    fn create(places: &Places) -> Result<Self, HostError> {
        let parent = places.at("/run/consignee");
        fs_err::create_dir_all(&parent).map_err(|e| at("create", &parent, e))?;
        let folder = tempfile::Builder::new()
            .prefix("fetch-")
            .make_in(&parent, |path| std::fs::DirBuilder::new().mode(0o700).create(path))
            .and_then(|made| made.keep().map_err(|e| e.error))
            .map(|((), path)| Self(path))
            .map_err(|e| at("create", &parent, e))?;
        if let Some(user) = user(places, SANDBOX) {
            std::os::unix::fs::chown(&folder.0, Some(user), None).map_err(|e| at("give away", &folder.0, e))?;
        }
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

// apt's user is always a local one.
pub(super) fn user(places: &Places, name: &str) -> Option<u32> {
    let users = std::fs::read_to_string(places.at("/etc/passwd")).ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1))?.and_then(|id| id.parse().ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> (tempfile::TempDir, Places) {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        (root, places)
    }

    fn repository(folder: &Path) -> Repository {
        Repository {
            url: format!("file:{}/", folder.display()),
            login: None,
            channel: "stable".to_owned(),
            entry_point: PathBuf::new(),
        }
    }

    const LIMIT: Duration = Duration::from_secs(20);

    #[test]
    fn a_repository_on_this_host_is_read_and_its_files_are_limited_too() {
        let (root, places) = host();
        fs_err::create_dir_all(root.path().join("repository/consign")).unwrap();
        fs_err::write(root.path().join("repository/consign/feed.pgp"), b"0123456789").unwrap();
        let repository = repository(&root.path().join("repository"));
        assert_eq!(fetch(&places, &repository, "consign/feed.pgp", 10, LIMIT).unwrap(), b"0123456789");
        let error = fetch(&places, &repository, "consign/feed.pgp", 9, LIMIT).unwrap_err();
        assert!(error.reason.contains("larger than 9 bytes"), "{error}");
        let error = fetch(&places, &repository, "consign/none.pgp", 9, LIMIT).unwrap_err();
        assert!(!error.reason.contains("Download Failed"), "{error}");
        assert_eq!(std::fs::read_dir(places.at("/run/consignee")).unwrap().count(), 0, "a folder was left behind");
    }

    #[test]
    fn the_sandbox_user_is_found_by_name() {
        let (root, places) = host();
        fs_err::create_dir_all(root.path().join("etc")).unwrap();
        fs_err::write(root.path().join("etc/passwd"), "root:x:0:0::/:/bin/sh\n_apt:x:42:65534::/:/usr/sbin/nologin\n")
            .unwrap();
        assert_eq!(user(&places, "_apt"), Some(42));
        assert_eq!(user(&places, "nobody"), None);
    }
}
