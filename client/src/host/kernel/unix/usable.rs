//! A folder that is about to be written into: whether it takes a file, and whether it answers at all.
//!
//! A file system whose server is gone (NFS, FUSE) lets nobody go who touches it. So where there may be one a process
//! of its own does that, which is given up when it takes too long; what is mounted can be seen without.

use std::io;
use std::path::Path;

use crate::host::HostError;
use crate::host::command::{CommandError, HostCommand};
use crate::host::folder::{PATIENCE, Unusable};
use crate::host::mounted::{self, Mounted};

/// How the name of a file ends that is there for a moment; mktemp(1) makes the rest of it.
const PROBE: &str = ".consignee";

/// How kinds of file systems begin that have somebody who answers for them.
const SERVED: [&str; 10] = ["nfs", "fuse", "cifs", "smb", "9p", "ceph", "afs", "autofs", "lustre", "virtiofs"];
/// What is mounted below these is the kernel's.
const KERNELS: [&str; 2] = ["/proc", "/sys"];

/// Whether a folder takes a file. One that is not there yet can still be made, and how much room there is says
/// another look. What it is in has to answer: it is looked at.
///
/// # Errors
/// When nobody can try.
pub fn try_to_write(folder: &Path) -> Result<Option<Unusable>, HostError> {
    if is_mount_point(folder) {
        return put_a_file_into(folder);
    }
    match folder.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Ok(Some(Unusable::Refused(error.to_string()))),
        Ok(found) if found.is_symlink() => put_a_file_into(folder),
        Ok(found) if !found.is_dir() => Ok(Some(Unusable::NotAFolder)),
        Ok(_) => {
            let access = rustix::fs::access(folder, rustix::fs::Access::WRITE_OK);
            Ok(access.err().map(|cause| Unusable::Refused(io::Error::from(cause).to_string())))
        }
    }
}

/// By its real name, which is that of the table of mounts.
fn is_mount_point(folder: &Path) -> bool {
    let real = folder.parent().zip(folder.file_name()).and_then(|(parent, name)| {
        let parent = parent.canonicalize().ok()?;
        Some(parent.join(name))
    });
    let (Some(real), Ok(mounts)) = (real, mounted::all()) else { return false };
    mounts.iter().any(|mounted| mounted.folder == real)
}

/// Puts a file into a folder and takes it away again.
fn put_a_file_into(folder: &Path) -> Result<Option<Unusable>, HostError> {
    let (folder_option, suffix) = (format!("--tmpdir={}", folder.display()), format!("--suffix={PROBE}"));
    match HostCommand::new("mktemp").args([folder_option, suffix]).limit(PATIENCE).output() {
        Ok(made) => {
            let made = String::from_utf8_lossy(&made).trim_end().to_owned();
            if let Err(problem) = HostCommand::new("rm").args(["--force", "--", &made]).limit(PATIENCE).output() {
                log::warn!("{problem}");
            }
            Ok(None)
        }
        Err(CommandError::Timeout { .. }) => Ok(Some(Unusable::NoAnswer)),
        Err(CommandError::Failed { stderr, .. }) => Ok(refused(folder, &stderr)),
        Err(other) => Err(other.into()),
    }
}

/// Whether the file system of a path answers, whatever the answer is.
pub fn answers(path: &Path) -> bool {
    // A link may lead anywhere, and following it is what may take for ever.
    if mounted::all().is_ok_and(|mounts| !mounts.iter().any(is_served)) {
        return true;
    }
    let path = path.display().to_string();
    // Of the file system: what is known of the file alone may have been kept from before its server was gone.
    let asked = HostCommand::new("stat").args(["--file-system", "--format=%t", "--", &path]).limit(PATIENCE).run();
    !matches!(asked, Err(CommandError::Timeout { .. }))
}

fn is_served(mounted: &Mounted) -> bool {
    let is_kernels = KERNELS.iter().any(|above| mounted.folder.starts_with(above));
    !is_kernels && SERVED.iter().any(|kind| mounted.kind.starts_with(kind))
}

/// What mktemp(1) says ends with the words of strerror(3), in the language that every host command has.
fn refused(folder: &Path, said: &str) -> Option<Unusable> {
    let cause = said.rsplit(": ").next().unwrap_or(said).trim();
    match cause {
        "No space left on device" => None,
        "Not a directory" => Some(Unusable::NotAFolder),
        "No such file or directory" => match folder.read_link() {
            Ok(target) => Some(Unusable::LeadsNowhere(target)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => Some(Unusable::Refused(cause.to_owned())),
        },
        cause => Some(Unusable::Refused(cause.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_takes_a_file_keeps_none_and_one_that_is_not_there_yet_is_fine() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(try_to_write(root.path()).unwrap(), None);
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
        assert_eq!(try_to_write(&root.path().join("backups")).unwrap(), None);
        assert!(!root.path().join("backups").exists());
        assert!(answers(root.path()) && answers(&root.path().join("none")));
    }

    #[test]
    fn what_is_no_folder_is_told_apart_from_what_leads_nowhere() {
        let root = tempfile::tempdir().unwrap();
        let (file, link) = (root.path().join("file"), root.path().join("link"));
        std::fs::write(&file, "").unwrap();
        assert_eq!(try_to_write(&file).unwrap(), Some(Unusable::NotAFolder));
        std::os::unix::fs::symlink("/srv/none", &link).unwrap();
        assert_eq!(try_to_write(&link).unwrap(), Some(Unusable::LeadsNowhere("/srv/none".into())));
        // A file system of its own, in which nobody makes a file.
        let refused = try_to_write(Path::new("/proc")).unwrap();
        assert!(matches!(refused, Some(Unusable::Refused(_))), "{refused:?}");
    }

    #[test]
    fn what_others_answer_for_is_known_by_its_kind() {
        let is_served = |folder: &str, kind: &str| is_served(&Mounted { folder: folder.into(), kind: kind.to_owned() });
        assert!(is_served("/mnt/a", "nfs4") && is_served("/mnt/b", "fuse.sshfs") && is_served("/home", "autofs"));
        assert!(!is_served("/sys/fs/fuse/connections", "fusectl") && !is_served("/", "ext4"));
        assert!(!is_served("/proc/sys/fs/binfmt_misc", "autofs"));
    }

    #[test]
    fn the_words_of_the_system_are_kept() {
        let said = "mktemp: failed to create file via template '/srv/b: c/.x': Read-only file system";
        let found = refused(Path::new("/srv"), said);
        assert_eq!(found, Some(Unusable::Refused("Read-only file system".to_owned())));
        assert_eq!(refused(Path::new("/srv"), "mktemp: …: No space left on device"), None);
    }
}
