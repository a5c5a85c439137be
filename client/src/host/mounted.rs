//! The file systems of a host that have files of its own: `/proc/self/mountinfo`, proc_pid_mountinfo(5).

use std::path::{Path, PathBuf};

use super::{HostError, at};

const TABLE: &str = "/proc/self/mountinfo";
/// What is below these is made anew by whoever needs it, or is the kernel's.
const LEFT_OUT: [&str; 5] = ["/proc", "/sys", "/dev", "/run", "/tmp"];
/// File systems without files, or with a copy of what is elsewhere.
const NO_FILES: [&str; 8] = ["autofs", "proc", "sysfs", "cgroup", "cgroup2", "binfmt_misc", "rpc_pipefs", "squashfs"];

/// A file system that is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mounted {
    /// Where.
    pub folder: PathBuf,
    /// Its kind.
    pub kind: String,
}

/// All of them.
///
/// # Errors
/// When the table cannot be read.
pub fn all() -> Result<Vec<Mounted>, HostError> {
    Ok(table()?.lines().filter_map(mounted).collect())
}

/// Those with files, but for the one of `/`; one within another comes after it.
///
/// # Errors
/// When the table cannot be read.
pub fn with_files() -> Result<Vec<Mounted>, HostError> {
    Ok(of_table(&table()?).into_iter().filter(|mounted| mounted.folder.is_dir()).collect())
}

fn table() -> Result<String, HostError> {
    std::fs::read_to_string(TABLE).map_err(|cause| at("read", Path::new(TABLE), cause))
}

fn of_table(table: &str) -> Vec<Mounted> {
    let mut found: Vec<Mounted> = table.lines().filter_map(mounted).filter(has_files).collect();
    found.sort_by(|a, b| a.folder.cmp(&b.folder));
    // What is mounted over another one hides it.
    found.dedup_by(|a, b| a.folder == b.folder);
    found
}

fn mounted(line: &str) -> Option<Mounted> {
    let (place, rest) = line.split_once(" - ")?;
    let folder = PathBuf::from(unescaped(place.split(' ').nth(4)?));
    Some(Mounted { folder, kind: rest.split(' ').next()?.to_owned() })
}

fn has_files(mounted: &Mounted) -> bool {
    let is_left_out = LEFT_OUT.iter().any(|above| mounted.folder.starts_with(above));
    mounted.folder != Path::new("/") && !is_left_out && !NO_FILES.contains(&&*mounted.kind)
}

/// Space, tab, line feed and backslash are written as three octal digits.
fn unescaped(text: &str) -> String {
    let codes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    codes.iter().fold(text.to_owned(), |text, (code, meaning)| text.replace(code, meaning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_file_systems_with_files_of_the_host_count() {
        let table = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
                     23 22 0:5 / /proc rw - proc proc rw\n\
                     24 22 0:6 / /run rw shared:2 - tmpfs tmpfs rw\n\
                     25 22 254:1 / /var rw,relatime shared:3 master:1 - xfs /dev/vdb rw\n\
                     26 25 254:2 / /var/lib/a\\040b rw - ext4 /dev/vdc rw\n\
                     27 22 0:9 / /snap/core/1 ro - squashfs /dev/loop0 ro\n";
        let folders: Vec<_> = of_table(table).into_iter().map(|found| found.folder.display().to_string()).collect();
        assert_eq!(folders, ["/var", "/var/lib/a b"]);
    }
}
