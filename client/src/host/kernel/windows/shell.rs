//! What a person types at the operating system itself. Shown, never run.

use std::path::Path;

/// Who may change what is the system's, in a sentence.
pub const ADMINISTRATOR: &str = "an administrator";
/// The same in French.
pub const ADMINISTRATEUR: &str = "un administrateur";
/// Who runs services, in a sentence.
pub const SERVICES: &str = "Windows";
/// Restarts the host.
pub const REBOOT: &str = "shutdown /r /t 0";
/// Has the agent compare everything anew, which it does once a minute by itself.
pub const COMPARE: &str = "sc start Consignee";
/// Services are read whenever one is started.
pub const REREAD: Option<&str> = None;
/// Says what the clock goes by.
pub const CLOCK: &str = "w32tm /query /status";
/// Names of commands in sentences: the state of an engine, its log, and that of the kernel.
pub const STATE: &str = "sc query";
/// Its log, by its name.
pub const LOG: &str = "eventvwr";
/// The log of the kernel.
pub const KERNEL_LOG: &str = "eventvwr";
/// Lets go of what is mounted.
pub const LET_GO: &str = "net use /delete";
/// An upgrade, in a sentence.
pub const UPGRADE: &str = "consignee upgrade";

/// Changes a file.
pub fn edit(file: &str) -> String {
    format!("notepad {}", quoted(file))
}

/// Shows a file or a folder itself.
pub fn show(path: &str) -> String {
    format!("dir /q {}", quoted(path))
}

/// Shows a program, by a word as it is typed.
pub fn show_program(typed: &str) -> String {
    format!("dir {}", quoted(typed.trim_matches('\'')))
}

/// Says how full a disk is.
pub fn room(folder: &str) -> String {
    format!("fsutil volume diskfree {}", quoted(folder))
}

/// Says who may use a folder, and how.
pub fn why_refused(folder: &str) -> String {
    format!("icacls {}", quoted(folder))
}

/// Lets go of what does not answer.
pub fn let_go(folder: &str) -> String {
    format!("{LET_GO} {}", quoted(folder))
}

/// Lets an account write to a folder, and to all that is in it: not its access list, nor its owner.
pub fn let_write(folder: &str, account: &str) -> String {
    format!("icacls {} /grant \"{account}:(OI)(CI)M\"", quoted(folder))
}

/// Says who a process is.
pub fn process(pid: u32) -> String {
    format!("tasklist /v /fi \"PID eq {pid}\"")
}

/// Stops a service, or an application pool, by the name of the engine.
pub fn stop(unit: &str) -> String {
    let name = engine(unit);
    match name.strip_prefix("iis-pool@") {
        Some(pool) => format!(r"%windir%\System32\inetsrv\appcmd stop apppool /apppool.name:{}", quoted(pool)),
        None => format!("sc stop {}", quoted(&name)),
    }
}

/// Shows how a service is registered.
pub fn registered(unit: &str) -> String {
    format!("sc qc {}", quoted(&engine(unit)))
}

/// Keeps a copy of a folder.
pub fn keep_copy(folder: &str) -> String {
    let name = folder.rsplit(['\\', '/']).next().unwrap_or(folder);
    format!("robocopy {} {} /e /copyall", quoted(folder), quoted(&format!(r"%USERPROFILE%\{name}")))
}

/// Puts a file where it belongs.
pub fn put_back(default: &Path, file: &Path) -> String {
    format!("copy {} {}", quoted(&default.display().to_string()), quoted(&file.display().to_string()))
}

/// `AcmeErp.service` is the service `AcmeErp`.
fn engine(unit: &str) -> String {
    let name = crate::host::scm::unescaped(unit);
    name.rsplit_once('.').map_or(name.clone(), |(name, _)| name.to_owned())
}

// No name of a file has a quote here.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || r"-_.:\/@".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("\"{word}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_of_windows_and_quoted_where_it_must_be() {
        assert_eq!(edit(r"C:\ProgramData\Consign\policy.toml"), r"notepad C:\ProgramData\Consign\policy.toml");
        assert_eq!(show(r"C:\Program Files\Acme"), r#"dir /q "C:\Program Files\Acme""#);
        assert_eq!(stop(r"Acme\x20Erp.service"), r#"sc stop "Acme Erp""#);
        assert!(stop("iis-pool@Shop.service").ends_with("appcmd stop apppool /apppool.name:Shop"));
        assert_eq!(
            let_write(r"C:\ProgramData\Acme\spool", r"NT SERVICE\AcmeErp"),
            r#"icacls C:\ProgramData\Acme\spool /grant "NT SERVICE\AcmeErp:(OI)(CI)M""#
        );
    }
}
