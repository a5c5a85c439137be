//! What a person types at the package manager and the service manager of this host. Shown, never run.

use std::path::Path;
use std::sync::OnceLock;

use consign_metadata::name::{ProductId, VendorName};

pub use crate::host::kernel::shell;

use crate::engine::event::ModuleChange;
use crate::host::kernel::folders;
use crate::host::{self, Manager};
use crate::places::Places;

/// Commands of the package manager.
#[derive(Debug)]
pub struct Words {
    /// Reads the lists of the repositories again.
    pub refresh: &'static str,
    /// Upgrades what is not held.
    pub upgrade: &'static str,
    /// Upgrades without installing or removing anything else.
    pub plain_upgrade: &'static str,
    /// Upgrades, and removes what stands in the way.
    pub full_upgrade: &'static str,
    /// Lists what the administrator holds.
    pub held: &'static str,
    /// Finishes a transaction that ended half way: all of it, or what is named behind it.
    repair: &'static str,
    /// Whether it wants names and versions.
    repairs_by_name: bool,
    /// Whether a package that is not whole is one of which two versions are installed.
    pub leaves_two_versions: bool,
    /// Brings the agent itself up to date.
    pub upgrade_agent: &'static str,
    /// Installs what is named behind it.
    pub install: &'static str,
    /// Installs what is there already once more.
    reinstall: &'static str,
    /// The same in a document that is typed years later.
    pub install_exactly: &'static str,
    /// Upgrades what is named behind it, and nothing that is not installed.
    pub upgrade_only: &'static str,
    /// What stands between the name of a package and its version.
    pub at: &'static str,
    /// Says what the agent's service is doing.
    pub service: &'static str,
    /// Has the agent's service listen again.
    pub listen: &'static str,
    /// What goes before a command that changes something; nothing where a terminal of an administrator's is opened.
    pub with_rights: Option<&'static str>,
}

/// Says what the agent's service is doing, and has it listen again, on every Linux host.
const SERVICE: &str = "systemctl status consignee.service";
const LISTEN: &str = "systemctl start consignee.socket";

const APT: Words = Words {
    refresh: "apt update",
    upgrade: "apt upgrade",
    plain_upgrade: "apt-get upgrade",
    full_upgrade: "apt full-upgrade",
    held: "apt-mark showhold",
    repair: "apt --fix-broken install",
    repairs_by_name: false,
    leaves_two_versions: false,
    upgrade_agent: "apt install --only-upgrade consignee",
    install: "apt install",
    reinstall: "apt-get install --reinstall",
    install_exactly: "apt-get install",
    upgrade_only: "apt install --only-upgrade",
    at: "=",
    service: SERVICE,
    listen: LISTEN,
    with_rights: Some("sudo"),
};

const DNF: Words = Words {
    refresh: "dnf check-update --refresh",
    upgrade: "dnf upgrade",
    plain_upgrade: "dnf upgrade",
    full_upgrade: "dnf upgrade --allowerasing",
    held: "dnf versionlock list",
    repair: "dnf remove --duplicates",
    repairs_by_name: false,
    leaves_two_versions: true,
    upgrade_agent: "dnf upgrade consignee",
    install: "dnf install",
    reinstall: "dnf reinstall",
    install_exactly: "dnf install",
    upgrade_only: "dnf upgrade",
    at: "-",
    service: SERVICE,
    listen: LISTEN,
    with_rights: Some("sudo"),
};

// Its own names: those of dnf 4 are aliases, which a site may have taken away.
const DNF5: Words = Words { refresh: "dnf check-upgrade --refresh", ..DNF };

const ZYPPER: Words = Words {
    refresh: "zypper refresh",
    upgrade: "zypper update",
    plain_upgrade: "zypper update",
    full_upgrade: "zypper update --force-resolution",
    held: "zypper locks",
    repair: "zypper install --force",
    repairs_by_name: true,
    leaves_two_versions: true,
    upgrade_agent: "zypper update consignee",
    install: "zypper install",
    reinstall: "zypper install --force",
    install_exactly: "zypper install --oldpackage",
    upgrade_only: "zypper update",
    at: "=",
    service: SERVICE,
    listen: LISTEN,
    with_rights: Some("sudo"),
};

// Nothing upgrades from lists here: the agent brings packages, and a person installs a file.
const MSI: Words = Words {
    refresh: "consignee status",
    upgrade: "consignee upgrade",
    plain_upgrade: "consignee upgrade",
    full_upgrade: "consignee upgrade",
    held: "consignee status",
    repair: "msiexec /fa",
    repairs_by_name: false,
    leaves_two_versions: false,
    upgrade_agent: "msiexec /i consignee.msi",
    install: "msiexec /i",
    reinstall: "msiexec /fa",
    install_exactly: "msiexec /i",
    upgrade_only: "msiexec /i",
    at: "-",
    service: "sc query Consignee",
    listen: "sc start Consignee",
    with_rights: None,
};

/// A process speaks to the people of one host. Sentences are put together in a hundred places that know the
/// reader's language and nothing of a host; this is the one thing of it that they need.
static HERE: OnceLock<&Words> = OnceLock::new();

/// Finds out what is typed on this host; once, before anything is said.
pub fn learn(places: &Places) {
    let words = match host::manager(places) {
        Manager::Apt => &APT,
        Manager::Zypper => &ZYPPER,
        Manager::Dnf5 => &DNF5,
        Manager::Dnf => &DNF,
        Manager::Msi => &MSI,
    };
    let _ = HERE.set(words);
}

/// The commands of this host.
pub fn here() -> &'static Words {
    HERE.get().copied().unwrap_or(&APT)
}

/// Finishes a transaction that ended half way between these versions.
pub fn repair(modules: &[ModuleChange]) -> String {
    let Words { repair, repairs_by_name, at, .. } = here();
    if !repairs_by_name {
        return (*repair).to_owned();
    }
    // Without a version zypper takes the newest one, past every lock.
    let exactly = modules.iter().map(|module| format!("{}{at}{}", module.package, module.after));
    std::iter::once((*repair).to_owned()).chain(exactly).collect::<Vec<_>>().join(" ")
}

/// Brings the keys and the address of a vendor up to date, where the repository is still believed.
pub fn upgrade_anchor(vendor: &VendorName) -> String {
    format!("{} {vendor}-release", here().upgrade_only)
}

/// Installs the package that introduces a vendor anew.
pub fn install_introduction(file: &Path) -> String {
    format!("{} {}", here().install, file.display())
}

/// Installs a package once more, in the version that is there.
pub fn reinstall(package: &str) -> String {
    format!("{} {package}", here().reinstall)
}

/// Puts a file of the agent's back.
pub fn put_back(default: &Path, file: &Path) -> String {
    shell::put_back(default, file)
}

/// Lets an account write to a folder.
pub fn let_write(folder: &str, account: &str) -> String {
    shell::let_write(folder, account)
}

/// The file in which a site chooses for a product, as this host has it.
pub fn site_file(product: &ProductId) -> String {
    on_host(&format!("/etc/consign/{product}.toml"))
}

/// A path of the agent's as this host has it.
pub fn on_host(absolute: &str) -> String {
    folders::at(Path::new("/"), absolute).display().to_string()
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
