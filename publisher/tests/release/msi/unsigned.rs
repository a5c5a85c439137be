//! What is said where a key or a certificate for Windows is missing, or is there for something else.

use std::process::Command;
use std::sync::Arc;

use consign::sign::windows::Key;

use super::authority::Authority;
use super::{Project, TIME};

#[test]
fn a_certificate_of_another_use_is_told_with_the_use_that_it_lacks() {
    let (project, authority) = (Project::new(), Authority::new());
    let mut signer = authority.osslsigncode();
    (signer.certificates, signer.key) = (authority.path("clock.pem"), Key::File(authority.path("clock.key")));
    let release = project.release().signed_for_windows(Some(Arc::new(signer)));
    let (time, dist) = (jiff::Timestamp::from_second(TIME).unwrap(), project.sample.path().join("dist"));
    let refused = release.build(&project.signer(), time, &dist, &mut |_| {}).unwrap_err().to_string();
    let said = "the certificate of CN=Acme clock has not the use \"code signing\" (extendedKeyUsage=codeSigning)";
    assert!(refused.contains(said), "{refused}");
}

/// The agent's own package has no manifest.
#[test]
fn a_key_for_the_agents_package_needs_a_certificate_by_its_option() {
    let project = Project::new();
    let mut consign = Command::new(env!("CARGO_BIN_EXE_consign"));
    consign.args(["agent-package", "--format", "msi", "--version", "0.1.0", "--binaries"]).arg(project.sample.path());
    consign.arg("--key").arg(&project.keys.files.package_secret).env("CONSIGN_WINDOWS_KEY", "windows.key");
    let output = consign.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--windows-certificate") && !said.contains("[windows]"), "{said}");
}
