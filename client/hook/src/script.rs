//! The scripts of our packages: the dialects of dpkg (Debian Policy 6.5) and of rpm (rpm-scriptlets(7)) become
//! events, here and nowhere else.
//!
//! Only preinst may refuse, and only where no barrier has cleared the transaction; every other script
//! exits 0 whatever happens, because a package must stay removable and repairable without the agent. `%pre`
//! is no preinst: where one fails, rpm leaves its package out and installs the others.

use crate::host::Host;
use crate::viewer::{UNREACHABLE, Viewer};
use crate::{caller, first_boot, service, words, zypper};

/// What a call of a maintainer script means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event<'a> {
    /// The package is about to be unpacked where none is configured.
    Install,
    /// The package is about to be unpacked over an older or newer one.
    Change { before: &'a str },
    /// The same version is about to be unpacked again.
    Reinstall,
    /// Something changed; the truth is in the package database.
    Wake,
    /// The package is about to be removed.
    Remove,
    /// The package and its configuration are gone.
    Purge,
    /// Nothing that matters.
    Nothing,
}

fn event<'a>(script: &str, arguments: &[&'a str]) -> Event<'a> {
    match (script, arguments) {
        ("preinst", ["upgrade", before, after, ..]) if before == after => Event::Reinstall,
        ("preinst", ["upgrade", before, ..]) => Event::Change { before },
        // `install <version>`: removed before but not purged, so nothing of it is running.
        ("preinst", ["install", ..]) => Event::Install,
        ("prerm", ["remove", ..]) => Event::Remove,
        ("postrm", ["purge", ..]) => Event::Purge,
        // The new version's postinst follows.
        ("prerm", ["upgrade", ..]) | ("postrm", ["upgrade", ..]) => Event::Nothing,
        // rpm tells how many of the package there will be; under `dnf remove --duplicates` 3 and 2.
        ("pre", ["1"]) => Event::Install,
        ("pre", ..) => Event::Change { before: "" },
        ("preun", ["0"]) => Event::Remove,
        ("preun", ..) => Event::Nothing,
        // configure, triggered, abort-*, failed-upgrade, deconfigure, disappear; postun, posttrans.
        _ => Event::Wake,
    }
}

/// `preinst <vendor/product> <package> <plan file> <arguments of dpkg>`
pub fn preinst(host: &Host, product: &str, package: &str, plan: &str, arguments: &[&str]) -> u8 {
    if !is_product(product) {
        return words::tell(&words::unknown(&["preinst", product]));
    }
    match event("preinst", arguments) {
        Event::Install => begin(host, product, package, plan, None),
        Event::Change { before } => begin(host, product, package, plan, Some(before)),
        Event::Reinstall => 0,
        _ => service::tell(host, service::WAKE),
    }
}

fn begin(host: &Host, product: &str, package: &str, plan: &str, before: Option<&str>) -> u8 {
    if !host.has_systemd() {
        return deferred(host, product, package, "systemd");
    }
    let mut question = vec!["preinst", product, package, plan];
    question.extend(before);
    let problem = match Viewer::of(host).ask(&question) {
        Ok(UNREACHABLE) => "the service gave no answer".to_owned(),
        Ok(verdict) => return verdict,
        Err(error) => format!("{}: {error}", host.viewer().display()),
    };
    match before {
        // A barrier has cleared and prepared it: in the middle of a transaction nothing is refused.
        Some(_) if first_boot::is_flagged(host, product) => 0,
        Some(_) => {
            words::tell(&words::not_prepared(product, package, &problem));
            1
        }
        None => {
            words::tell(&words::finish_waits(product, &problem));
            deferred(host, product, package, &problem)
        }
    }
}

// Without the flag the engines would start on data that no step has touched: better not unpacked.
fn deferred(host: &Host, product: &str, package: &str, problem: &str) -> u8 {
    match first_boot::defer(host, product) {
        Ok(()) => 0,
        Err(error) => {
            words::tell(&words::not_prepared(product, package, &format!("{problem}; {error}")));
            1
        }
    }
}

/// `pre <vendor/product> <package> <count>`: waits until the engines have stopped, and always lets it pass.
pub fn pre(host: &Host, product: &str, package: &str, arguments: &[&str]) -> u8 {
    if !is_product(product) {
        return words::tell(&words::unknown(&["pre", product]));
    }
    if !host.has_systemd() {
        return waits(host, product, package, "systemd");
    }
    zypper::begins(host);
    let file = caller::open_package(package).map(|path| path.to_string_lossy().into_owned());
    let question: Vec<&str> = ["arrive", product, package].into_iter().chain(file.as_deref()).collect();
    let problem = match Viewer::of(host).ask(&question) {
        Ok(UNREACHABLE) => "the service gave no answer".to_owned(),
        Ok(_) => return 0,
        Err(error) => format!("{}: {error}", host.viewer().display()),
    };
    match event("pre", arguments) {
        // A barrier has prepared it.
        Event::Change { .. } if first_boot::is_flagged(host, product) => 0,
        _ => {
            words::tell(&words::finish_waits(product, &problem));
            waits(host, product, package, &problem)
        }
    }
}

// The flag keeps the engines from starting on data that no step has touched.
fn waits(host: &Host, product: &str, package: &str, problem: &str) -> u8 {
    match first_boot::defer(host, product) {
        Ok(()) => 0,
        Err(error) => words::tell(&words::not_flagged(product, package, &format!("{problem}; {error}"))),
    }
}

/// `postinst|prerm|postrm <vendor/product> <package> <arguments of dpkg>`, and
/// `preun|postun|posttrans <vendor/product> <package> <count>`
pub fn run(host: &Host, script: &str, product: &str, package: &str, arguments: &[&str]) -> u8 {
    let verb = match event(script, arguments) {
        Event::Remove => "remove",
        Event::Purge => "purge",
        Event::Wake => return service::tell(host, service::WAKE),
        _ => return 0,
    };
    if !host.has_systemd() || !is_product(product) {
        return 0;
    }
    match Viewer::of(host).ask(&[verb, product, package]) {
        Ok(0) => 0,
        Ok(status) => words::tell(&words::not_stopped(product, &format!("status {status}"))),
        Err(error) => words::tell(&words::not_stopped(product, &error.to_string())),
    }
}

// It becomes a path.
fn is_product(product: &str) -> bool {
    let is_label = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    product.split_once('/').is_some_and(|(vendor, name)| is_label(vendor) && is_label(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("consignee-hook-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_dialect_of_dpkg_becomes_events() {
        let cases: [(&str, &[&str], Event); 16] = [
            ("preinst", &["install"], Event::Install),
            ("preinst", &["install", "1.0-1", "1.1-1"], Event::Install),
            ("preinst", &["upgrade", "1.0-1", "1.1-1"], Event::Change { before: "1.0-1" }),
            ("preinst", &["upgrade", "1.0-1"], Event::Change { before: "1.0-1" }),
            ("preinst", &["upgrade", "1.1-1", "1.1-1"], Event::Reinstall),
            ("preinst", &["abort-upgrade", "1.1-1"], Event::Wake),
            ("postinst", &["configure", "1.0-1"], Event::Wake),
            ("postinst", &["configure", ""], Event::Wake),
            ("postinst", &["abort-remove", "in-favour", "x", "1"], Event::Wake),
            ("prerm", &["remove"], Event::Remove),
            ("prerm", &["remove", "in-favour", "x", "1"], Event::Remove),
            ("prerm", &["upgrade", "1.1-1"], Event::Nothing),
            ("prerm", &["failed-upgrade", "1.0-1", "1.1-1"], Event::Wake),
            ("postrm", &["remove"], Event::Wake),
            ("postrm", &["purge"], Event::Purge),
            ("postrm", &["abort-install"], Event::Wake),
        ];
        for (script, arguments, expected) in cases {
            assert_eq!(event(script, arguments), expected, "{script} {arguments:?}");
        }
    }

    #[test]
    fn the_dialect_of_rpm_becomes_events() {
        let cases: [(&str, &[&str], Event); 9] = [
            ("pre", &["1"], Event::Install),
            ("pre", &["2"], Event::Change { before: "" }),
            ("pre", &["3"], Event::Change { before: "" }),
            ("preun", &["0"], Event::Remove),
            ("preun", &["1"], Event::Nothing),
            ("postun", &["0"], Event::Wake),
            ("postun", &["1"], Event::Wake),
            ("posttrans", &["1"], Event::Wake),
            ("posttrans", &[], Event::Wake),
        ];
        for (script, arguments, expected) in cases {
            assert_eq!(event(script, arguments), expected, "{script} {arguments:?}");
        }
    }

    #[test]
    fn a_pre_never_refuses_and_keeps_the_engines_from_starting_where_nobody_could_be_asked() {
        for (count, systemd) in [("1", true), ("2", true), ("1", false)] {
            let folder = Folder::new(&format!("pre-{count}-{systemd}"));
            let host = Host::below(&folder.0);
            if systemd {
                std::fs::create_dir_all(folder.0.join("run/systemd/system")).unwrap();
            }
            assert_eq!(pre(&host, "acme/erp", "acme-erp", &[count]), 0);
            assert!(folder.0.join("var/lib/consignee/acme/erp/unfinished").exists());
        }
    }

    #[test]
    fn without_systemd_the_finish_waits_for_the_first_boot() {
        let folder = Folder::new("chroot");
        let host = Host::below(&folder.0);
        assert_eq!(preinst(&host, "acme/erp", "acme-erp", "/plan", &["install"]), 0);
        let product = folder.0.join("var/lib/consignee/acme/erp");
        assert!(product.join("unfinished").exists() && product.join("deferred").exists());
        assert!(host.any_unfinished());
    }

    #[test]
    fn an_upgrade_is_refused_when_nobody_could_be_asked_and_nothing_was_prepared() {
        let folder = Folder::new("refused");
        let host = Host::below(&folder.0);
        std::fs::create_dir_all(folder.0.join("run/systemd/system")).unwrap();
        let upgrade = || preinst(&host, "acme/erp", "acme-erp", "/plan", &["upgrade", "1.0-1", "1.1-1"]);
        assert_eq!(upgrade(), 1);
        let product = folder.0.join("var/lib/consignee/acme/erp");
        std::fs::create_dir_all(&product).unwrap();
        std::fs::write(product.join("unfinished"), "").unwrap();
        assert_eq!(upgrade(), 0, "a barrier had prepared it");
        assert_eq!(run(&host, "prerm", "acme/erp", "acme-erp", &["remove"]), 0);
    }

    #[test]
    fn a_name_that_would_leave_its_folder_is_ignored() {
        let folder = Folder::new("path");
        let host = Host::below(&folder.0);
        assert_eq!(preinst(&host, "acme/../../etc", "acme-erp", "/plan", &["install"]), 0);
        assert!(!folder.0.join("var").exists());
    }
}
