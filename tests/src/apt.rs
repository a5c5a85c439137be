//! apt and dpkg of a host, as an operator types them.

use crate::host::Host;
use crate::outcome::Outcome;
use crate::root::BaseSystem;

impl Host {
    /// `apt-get` with nobody to ask. An index that cannot be read is an error here: by default
    /// apt-get answers 0 as long as it has an older one.
    #[track_caller]
    pub fn apt_get(&self, arguments: &[&str]) -> Outcome {
        let command = [&["apt-get", "-o", "APT::Update::Error-Mode=any", "-y"], arguments].concat();
        self.entrance().exec_with(&command, &[("DEBIAN_FRONTEND", "noninteractive")])
    }

    /// Adds a file to `sources.list.d`, or replaces it: deb822 text makes `<name>.sources`, one
    /// `deb` line `<name>.list`.
    pub fn add_source(&self, name: &str, text: &str) {
        let kind = if text.starts_with("deb ") { "list" } else { "sources" };
        self.write(&format!("/etc/apt/sources.list.d/{name}.{kind}"), text, 0o644);
    }

    /// The version of a package that is wholly installed, and nothing for any other state.
    pub fn installed(&self, package: &str) -> Option<String> {
        match self.system() {
            BaseSystem::Apt(_) | BaseSystem::Databases | BaseSystem::Desktop => self.configured(package),
            BaseSystem::Rpm(_) => match &self.rpm_versions(package)[..] {
                [version] => Some(version.clone()),
                _ => None,
            },
        }
    }

    fn configured(&self, package: &str) -> Option<String> {
        let format = "${db:Status-Status} ${Version}";
        let answer = self.exec(&["dpkg-query", "-W", "-f", format, package]);
        answer.stdout.strip_prefix("installed ").map(str::to_owned)
    }

    /// The package database has nothing broken in it; panics with what it has otherwise.
    #[track_caller]
    pub fn assert_packages_sound(&self) {
        match self.system() {
            BaseSystem::Apt(_) | BaseSystem::Databases | BaseSystem::Desktop => self.assert_dpkg_sound(),
            BaseSystem::Rpm(_) => self.assert_rpm_sound(),
        }
    }

    #[track_caller]
    fn assert_dpkg_sound(&self) {
        let audit = self.ok(&["dpkg", "--audit"]);
        assert!(audit.stdout.is_empty(), "{audit}");
        let flags = self.ok(&["dpkg-query", "-W", "-f", "${db:Status-Eflag} ${db:Status-Status} ${Package}\n"]);
        let sound = |line: &&str| line.starts_with("ok installed ") || line.starts_with("ok config-files ");
        let broken: Vec<&str> = flags.stdout.lines().filter(|line| !sound(line)).collect();
        assert!(broken.is_empty(), "packages in a broken state: {broken:?}");
    }
}
