//! What a person types at the package manager and the service manager of this host. Shown, never run.

use std::path::Path;

use consign_metadata::name::VendorName;

/// Reads the lists of the repositories again.
pub const REFRESH: &str = "apt update";
/// Upgrades what is not held.
pub const UPGRADE: &str = "apt upgrade";
/// Upgrades without installing or removing anything else.
pub const PLAIN_UPGRADE: &str = "apt-get upgrade";
/// Upgrades, and removes what stands in the way.
pub const FULL_UPGRADE: &str = "apt full-upgrade";
/// Lists what the administrator holds.
pub const HELD: &str = "apt-mark showhold";
/// Finishes a transaction that ended half way.
pub const REPAIR: &str = "apt --fix-broken install";
/// Brings the agent itself up to date.
pub const UPGRADE_AGENT: &str = "apt install --only-upgrade consignee";
/// Says what the agent's service is doing.
pub const SERVICE: &str = "systemctl status consignee.service";

/// Brings the keys and the address of a vendor up to date, where the repository is still believed.
pub fn upgrade_anchor(vendor: &VendorName) -> String {
    format!("apt install --only-upgrade {vendor}-release")
}

/// Installs the package that introduces a vendor anew.
pub fn install_introduction(file: &Path) -> String {
    format!("apt install {}", file.display())
}

/// Puts a file of the agent's back.
pub fn put_back(default: &Path, file: &Path) -> String {
    format!("cp {} {}", default.display(), file.display())
}

/// An argument list as it is typed in bash: one line, every word the program's own.
pub fn line<W: AsRef<str>>(words: &[W]) -> String {
    words.iter().map(|word| quoted(word.as_ref())).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    if word.chars().any(char::is_control) {
        return format!("$'{}'", word.chars().map(escaped).collect::<String>());
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

// "QUOTING" of bash(1): what a terminal would obey is written out.
fn escaped(c: char) -> String {
    match c {
        '\'' | '\\' => format!("\\{c}"),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn bash_gives_every_word_back() {
        let words = ["a", "", "b c", "it's", "$HOME `x` \\", "one\ntwo\t'\\", "\u{1b}[2Jé", "*", "~", "#x", "-n", "!"];
        let script = format!("printf '%s\\0' {}", line(&words));
        assert!(!script.contains(['\n', '\u{1b}']), "{script}");
        let said = Command::new("bash").args(["-c", &script]).env("LC_ALL", "C.UTF-8").output().unwrap().stdout;
        let said = String::from_utf8(said).unwrap();
        assert_eq!(said.strip_suffix('\0').unwrap().split('\0').collect::<Vec<_>>(), words);
    }
}
