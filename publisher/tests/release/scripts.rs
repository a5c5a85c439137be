//! What dpkg's scripts tell the agent, and what they make of its answer.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use consign::sign::Algorithm;
use tempfile::TempDir;

use crate::sample::{Keys, Sample, run, text};

/// A private root with an agent's hook that writes down how it was called and answers as it is told.
struct Root(TempDir);

impl Root {
    fn new(answer: u8) -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "usr/lib/consignee"] {
            fs::create_dir_all(root.at(folder)).unwrap();
        }
        fs::write(root.at("var/lib/dpkg/status"), "").unwrap();
        fs::write(root.at("var/lib/dpkg/available"), "").unwrap();
        root.answer(answer);
        root
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn answer(&self, answer: u8) {
        let hook = self.at("usr/lib/consignee/consignee-hook");
        let log = self.at("log");
        // The plan is there when preinst runs, before anything of the package is on the host.
        let script = format!(
            "#!/bin/sh\n[ \"$1\" != preinst ] || [ -s \"$4\" ] || echo no plan >> {log}\n\
             echo \"$*\" | sed 's, /[^ ]*/consign-plan, PLAN,' >> {log}\nexit {answer}\n",
            log = text(&log)
        );
        fs::write(&hook, script).unwrap();
        fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn dpkg(&self, arguments: &[&str]) -> Output {
        let fixed = ["--root", text(self.0.path()), "--force-script-chrootless", "--force-not-root", "--force-depends"];
        run("dpkg", &[&fixed[..], arguments].concat())
    }

    fn install(&self, package: &Path) -> bool {
        self.dpkg(&["--install", text(package)]).status.success()
    }

    /// What was reported since it was asked last.
    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.at("log")).unwrap_or_default();
        let _ = fs::remove_file(self.at("log"));
        log.lines().map(|line| line.replace("acme/erp acme-erp", "P")).collect()
    }
}

/// Two releases of the sample.
fn releases() -> (Sample, PathBuf, PathBuf) {
    let keys = Keys::new(Algorithm::Ed25519);
    let sample = Sample::new();
    sample.replace("acknowledge = [\"1.1.0\"]", "");
    sample.replace("1.1.0", "1.0.0");
    let first = sample.build(&keys.package()).package.path().to_owned();
    sample.replace("1.0.0", "1.1.0");
    sample.write("tree/new", "new");
    let second = sample.build(&keys.package()).package.path().to_owned();
    (sample, first, second)
}

#[test]
fn every_event_reaches_the_agent_with_dpkgs_own_words() {
    let (_sample, first, second) = releases();
    let root = Root::new(0);
    assert!(root.install(&first));
    assert_eq!(root.log(), ["preinst P PLAN install", "postinst P configure "]);
    assert!(root.install(&second));
    let upgrade = [
        "prerm P upgrade 1.1.0-1",
        "preinst P PLAN upgrade 1.0.0-1 1.1.0-1",
        "postrm P upgrade 1.1.0-1",
        "postinst P configure 1.0.0-1",
    ];
    assert_eq!(root.log(), upgrade);
    assert!(root.dpkg(&["--purge", "acme-erp"]).status.success());
    assert_eq!(root.log(), ["prerm P remove", "postrm P remove", "postrm P purge"]);
}

#[test]
fn only_preinst_passes_a_refusal_on() {
    let (_sample, first, second) = releases();
    let root = Root::new(0);
    assert!(root.install(&first));
    root.answer(9);
    assert!(!root.install(&second));
    assert!(!root.at("opt/acme-erp/new").exists(), "nothing was unpacked");
    assert!(fs::read_to_string(root.at("var/lib/dpkg/status")).unwrap().contains("Version: 1.0.0-1"));
    assert_eq!(root.log().last().unwrap(), "postinst P abort-upgrade 1.1.0-1");
    // Every other script reports the same way, and its failure is nobody's.
    assert!(root.dpkg(&["--configure", "--pending"]).status.success());
    assert!(root.dpkg(&["--remove", "acme-erp"]).status.success());
}

#[test]
fn without_an_agent_nothing_is_in_the_way() {
    let (_sample, first, second) = releases();
    let root = Root::new(0);
    fs::remove_file(root.at("usr/lib/consignee/consignee-hook")).unwrap();
    assert!(root.install(&first));
    assert!(root.install(&second));
    assert!(root.dpkg(&["--purge", "acme-erp"]).status.success());
}

#[test]
fn an_agent_without_its_hook_lets_a_first_installation_pass_and_no_upgrade() {
    const REPAIR: &str = "consignee: its hook is missing; repair it with: apt-get install --reinstall consignee";
    let (_sample, first, second) = releases();
    let root = Root::new(0);
    let hook = root.at("usr/lib/consignee/consignee-hook");
    fs::create_dir_all(root.at("usr/bin")).unwrap();
    fs::write(root.at("usr/bin/consignee"), "").unwrap();
    fs::set_permissions(&hook, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(root.install(&first));
    let breaks: [&dyn Fn(); 2] = [&|| (), &|| fs::remove_file(&hook).unwrap()];
    for breaks in breaks {
        breaks();
        let refused = root.dpkg(&["--install", text(&second)]);
        assert!(!refused.status.success());
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(told.contains(REPAIR), "{told}");
        assert!(!root.at("opt/acme-erp/new").exists(), "nothing was unpacked");
    }
    root.answer(0);
    assert!(root.install(&second));
}
