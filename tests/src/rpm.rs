//! rpm and the package manager above it, as an administrator types them.

use crate::host::Host;
use crate::outcome::Outcome;
use crate::root::RpmSystem;

impl Host {
    /// The package manager of an RPM host with nobody to ask: `dnf -y …`, `zypper --non-interactive …`.
    #[track_caller]
    pub fn manager(&self, arguments: &[&str]) -> Outcome {
        match self.rpm_system() {
            RpmSystem::Zypper => self.zypper(arguments),
            _ => self.dnf(arguments),
        }
    }

    /// `dnf`, 4 or 5, with nobody to ask.
    #[track_caller]
    pub fn dnf(&self, arguments: &[&str]) -> Outcome {
        self.exec(&[&[self.rpm_system().manager(), "-y"], arguments].concat())
    }

    /// `zypper` with nobody to ask.
    #[track_caller]
    pub fn zypper(&self, arguments: &[&str]) -> Outcome {
        self.exec(&[&["zypper", "--non-interactive"], arguments].concat())
    }

    /// `rpm`. Debian's advises on standard error to use alien instead, whatever it is asked.
    #[track_caller]
    pub fn rpm(&self, arguments: &[&str]) -> Outcome {
        self.exec(&[&["rpm"], arguments].concat())
    }

    /// dnf takes a list of this very second for fresh, whatever it is told: what it has read is of an hour ago now.
    #[track_caller]
    pub(crate) fn lists_are_old(&self) {
        self.shell(
            "for lists in /var/cache/dnf /var/cache/libdnf5; do [ ! -d $lists ] || \
             find $lists -type f -path '*/repodata/*' -exec touch -d '1 hour ago' {} +; done",
        );
    }

    /// Every version-release of a package in rpm's database, sorted as text: two after a power cut.
    pub fn rpm_versions(&self, package: &str) -> Vec<String> {
        let answer = self.rpm(&["-q", "--qf", "%{VERSION}-%{RELEASE}\n", package]);
        if !answer.success() {
            return Vec::new();
        }
        let mut versions: Vec<String> = answer.stdout.lines().map(str::to_owned).collect();
        versions.sort();
        versions
    }

    /// Every package in rpm's database as `name-version-release.architecture`, sorted; without the
    /// base package that the lab puts there.
    #[track_caller]
    pub fn rpm_database(&self) -> Vec<String> {
        let all = self.rpm(&["-qa", "--qf", "%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\n"]).expect_ok().stdout;
        let ours = |line: &&str| !line.starts_with("base-") && !line.starts_with("gpg-pubkey-");
        let mut packages: Vec<String> = all.lines().filter(ours).map(str::to_owned).collect();
        packages.sort();
        packages
    }

    /// The entries of rpm's database are readable, none is there twice, and all they need is there.
    #[track_caller]
    pub(crate) fn assert_rpm_sound(&self) {
        self.ok(&["rpmdb", "--verifydb"]);
        let names = self.rpm(&["-qa", "--qf", "%{NAME}.%{ARCH}\n"]).expect_ok().stdout;
        let mut seen = std::collections::BTreeSet::new();
        let single = |line: &&str| !line.starts_with("gpg-pubkey.");
        let twice: Vec<&str> = names.lines().filter(single).filter(|line| !seen.insert(line.to_owned())).collect();
        assert!(twice.is_empty(), "in rpm's database more than once: {twice:?}");
        self.rpm(&["-Va", "--nofiles"]).expect_ok();
    }

    /// Adds a signed repository under this name, or replaces it: packages and index have to bear a
    /// signature of this certificate, which rpm is told to trust.
    #[track_caller]
    pub fn add_yum_repository(&self, name: &str, url: &str, certificate: &str) {
        let key = format!("/etc/pki/rpm-gpg/RPM-GPG-KEY-{name}");
        self.write(&key, certificate, 0o644);
        self.rpm(&["--import", &key]).expect_ok();
        let text = format!(
            "[{name}]\nname={name}\nbaseurl={url}\nenabled=1\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file://{key}\nmetadata_expire=0\n"
        );
        match self.rpm_system() {
            RpmSystem::Zypper => {
                // Without pkg_gpgcheck a signed index is enough for zypper, whoever signed the packages.
                let text = text + "autorefresh=1\npkg_gpgcheck=1\n";
                self.write(&format!("/etc/zypp/repos.d/{name}.repo"), text, 0o644);
                self.zypper(&["--gpg-auto-import-keys", "refresh", name]).expect_ok();
            }
            _ => self.write(&format!("/etc/yum.repos.d/{name}.repo"), text, 0o644),
        }
    }
}
