//! What a person types at the operating system itself. Shown, never run.

use std::path::Path;

/// Who may change what is the system's, in a sentence.
pub const ADMINISTRATOR: &str = "root";
/// The same in French.
pub const ADMINISTRATEUR: &str = "root";
/// Who runs services, in a sentence.
pub const SERVICES: &str = "systemd";
/// Restarts the host.
pub const REBOOT: &str = "systemctl reboot";
/// Has the agent compare everything anew.
pub const COMPARE: &str = "systemctl start consignee-reconcile.service";
/// Reads again how services are registered.
pub const REREAD: Option<&str> = Some("systemctl daemon-reload");
/// Says what the clock goes by.
pub const CLOCK: &str = "timedatectl";
/// Names of commands in sentences: the state of an engine, its log, and that of the kernel.
pub const STATE: &str = "systemctl status";
/// Its log, by its name.
pub const LOG: &str = "journalctl -u";
/// The log of the kernel.
pub const KERNEL_LOG: &str = "journalctl -k";
/// Lets go of what is mounted.
pub const LET_GO: &str = "umount --lazy";
/// An upgrade by the package manager, in a sentence for those who may have another one.
pub const UPGRADE: &str = "apt upgrade";

/// Changes a file.
pub fn edit(file: &str) -> String {
    format!("editor {file}")
}

/// Shows a file or a folder itself.
pub fn show(path: &str) -> String {
    format!("ls -ld {path}")
}

/// Shows a program, by a word as it is typed.
pub fn show_program(typed: &str) -> String {
    format!("ls -l {typed}")
}

/// Says how full a disk is.
pub fn room(folder: &str) -> String {
    format!("df -h {folder}")
}

/// Says what a folder is on, and how it may be used.
pub fn why_refused(folder: &str) -> String {
    format!("findmnt --target {folder}")
}

/// Lets go of what does not answer.
pub fn let_go(folder: &str) -> String {
    format!("{LET_GO} {folder}")
}

/// Lets an account write to a folder.
pub fn let_write(folder: &str, account: &str) -> String {
    format!("setfacl -R -m u:{account}:rwX {folder}")
}

/// Says who a process is.
pub fn process(pid: u32) -> String {
    format!("ps -fp {pid}")
}

/// Stops a service.
pub fn stop(unit: &str) -> String {
    format!("systemctl stop {unit}")
}

/// Shows how a service is registered.
pub fn registered(unit: &str) -> String {
    format!("systemctl cat {unit}")
}

/// Keeps a copy of a folder.
pub fn keep_copy(folder: &str) -> String {
    format!("cp -a {folder} /root/")
}

/// Puts a file where it belongs.
pub fn put_back(default: &Path, file: &Path) -> String {
    format!("cp {} {}", default.display(), file.display())
}
