//! What a host with Windows is told: who the vendor is, where its repository is, who signs for Windows; and the agent.

use std::path::{Path, PathBuf};
use std::process::Command;

use consign::repository::windows;
use consign::store::DirectoryStore;
use consign_metadata::anchor::Anchor;
use consign_metadata::feed::WindowsIndex;

use crate::authority::Authority;
use crate::project::{Project, err, ok, out};
use crate::windows::{build, build_with, head, project};

const WINDOWS_ONLY: &str = "formats = [\"msi\"]\n";

fn index(project: &Project) -> WindowsIndex {
    windows::index(&DirectoryStore::at(project.public()), &head(project)).unwrap().unwrap()
}

fn natives(project: &Project, package: &str) -> Vec<String> {
    let all = index(project).packages.into_iter().filter(|there| there.package.as_str() == package);
    all.filter_map(|package| package.native.msi).collect()
}

/// What the package at the root of the repository installs into the vendor's folder.
fn introduced(project: &Project, host: &str) -> PathBuf {
    let host = project.path(host);
    ok(Command::new("msiextract").arg("-C").arg(&host).arg(project.public().join("acme-release.msi")));
    host.join("Consignee/vendors/acme")
}

fn anchor(folder: &Path) -> Anchor {
    Anchor::parse(&std::fs::read(folder.join("anchor.json")).unwrap()).unwrap()
}

#[test]
fn a_host_gets_the_anchor_the_certificate_and_the_address() {
    let project = project(WINDOWS_ONLY);
    build(&project, "1.0.0");
    project.published(&[]);
    let folder = introduced(&project, "host");
    assert!(anchor(&folder).covers(&"acme/erp".parse().unwrap()));
    assert_eq!(anchor(&folder).windows, None);
    assert_eq!(std::fs::read(folder.join("certificate.pgp")).unwrap(), std::fs::read(project.certificate()).unwrap());
    let address = std::fs::read_to_string(folder.join("repository.toml")).unwrap();
    assert_eq!(address, "url = \"https://packages.acme.example\"\nchannel = \"stable\"\n");
    assert_eq!(natives(&project, "acme-release"), ["1-1"]);

    // It is built again only when something in it changes, and the newest is the last of the list.
    project.note("1.1.0", "The second release.");
    build(&project, "1.1.0");
    project.published(&[]);
    project.published(&["--renew"]);
    assert_eq!(natives(&project, "acme-release"), ["1-1"]);
    let manifest = std::fs::read_to_string(project.path("consign.toml")).unwrap();
    project.write("consign.toml", &manifest.replace("packages.acme.example\"", "mirror.acme.example\""));
    project.published(&["--renew"]);
    assert_eq!(natives(&project, "acme-release"), ["1-1", "2-1"]);
    let address = std::fs::read_to_string(introduced(&project, "later").join("repository.toml")).unwrap();
    assert!(address.contains("mirror.acme.example"), "{address}");
    let verified = project.verify(&[]);
    assert!(verified.status.success(), "{}{}", out(&verified), err(&verified));
}

#[test]
fn who_signs_for_windows_is_pinned_on_hosts_and_nobody_else_is_published() {
    let (project, authority) = (project(WINDOWS_ONLY), Authority::new());
    std::fs::copy(authority.path("chain.pem"), project.path("chain.pem")).unwrap();
    std::fs::copy(authority.path("signer.pem"), project.path("signer.pem")).unwrap();
    let pinned = "[windows]\ncertificate = \"chain.pem\"\npinned = \"signer.pem\"\n";
    build_with(&project, "1.0.0", pinned, &[]);
    let key = authority.path("signer.key").display().to_string();
    let said = err(&project.publish(&["--windows-key", &key]));
    assert!(said.contains("hosts would refuse it, since it is not signed for Windows"), "{said}");
    assert!(said.contains("\nhelp: consign build --windows-key"), "{said}");

    build_with(&project, "1.0.0", pinned, &["--windows-key", &key]);
    let said = err(&project.publish(&[]));
    assert!(said.contains("acme-release-1-1.x64.msi has to be built and signed for Windows"), "{said}");
    project.published(&["--windows-key", &key]);
    assert!(authority.verifies(&project.public().join("acme-release.msi")));
    let pins = anchor(&introduced(&project, "host")).windows.unwrap();
    assert_eq!(pins.certificates.trim(), std::fs::read_to_string(project.path("signer.pem")).unwrap().trim());
    // Nothing of it changes, so nobody has to sign.
    project.published(&["--renew"]);

    // What was published before is looked at, too: by somebody else's certificate it is no good.
    let stranger = Authority::new();
    std::fs::copy(stranger.path("chain.pem"), project.path("chain.pem")).unwrap();
    std::fs::copy(stranger.path("signer.pem"), project.path("signer.pem")).unwrap();
    project.published(&["--renew", "--windows-key", &stranger.path("signer.key").display().to_string()]);
    let verified = project.verify(&[]);
    let found = out(&verified);
    assert!(!verified.status.success() && found.contains("no pinned certificate vouches"), "{found}{}", err(&verified));
}

/// Whoever signs beside `consign build` may do so with what no host takes.
#[test]
fn what_was_signed_with_an_expired_certificate_or_changed_afterwards_is_not_published() {
    let project = project(WINDOWS_ONLY);
    let said_of = |authority: &Authority, change: &dyn Fn(&Path)| {
        for name in ["chain.pem", "root.pem"] {
            std::fs::copy(authority.path(name), project.path(name)).unwrap();
        }
        let table = "[windows]\ncertificate = \"chain.pem\"\npinned = \"root.pem\"\n";
        let built = build_with(&project, "1.0.0", table, &[]).remove(0);
        let signed = built.with_extension("signed");
        let _ = std::fs::remove_file(&signed);
        authority.sign(&built, &signed, &["-add-msi-dse"]);
        std::fs::rename(&signed, &built).unwrap();
        change(&built);
        let key = authority.path("signer.key").display().to_string();
        let output = project.publish(&["--windows-key", &key]);
        assert!(!output.status.success(), "{}", out(&output));
        err(&output)
    };
    let said = said_of(&Authority::expired(), &|_| ());
    assert!(said.contains("hosts would refuse it, since it") && said.contains("expired on"), "{said}");
    let said = said_of(&Authority::new(), &|package| {
        let mut bytes = std::fs::read(package).unwrap();
        let at = bytes.windows(4).position(|four| four == b"MSCF").unwrap() + 200;
        bytes[at] ^= 1;
        std::fs::write(package, bytes).unwrap();
    });
    assert!(said.contains("is not the one that was signed"), "{said}");
    assert!(!project.public().join("windows").exists());
}

#[test]
fn the_agent_is_a_package_of_its_own_and_is_published_as_it_is() {
    let project = project(WINDOWS_ONLY);
    project.keys("consigns", "consign", 365);
    project.write("main.c", "int main(void) { return 0; }\n");
    project.write("agent/x", "");
    let (source, program) = (project.path("main.c"), project.path("agent/consignee.exe"));
    ok(Command::new("x86_64-w64-mingw32-gcc").arg("-s").arg("-o").arg(program).arg(source));
    let agent = |version: &str| {
        let arguments = ["--format", "msi", "--binaries", "agent", "--version", version, "--key"];
        ok(project.command("agent-package", &arguments).arg("consigns/package.secret.pgp"));
        format!("dist/consignee-{version}-1.x64.msi")
    };
    let (first, second) = (agent("0.9.0"), agent("0.10.0"));
    build(&project, "1.0.0");
    project.published(&["--agent", &second, "--agent-certificate", "consigns/certificate.pgp"]);
    project.published(&["--renew", "--agent", &first, "--agent-certificate", "consigns/certificate.pgp"]);
    assert_eq!(natives(&project, "consignee"), ["0.9.0-1", "0.10.0-1"]);
    let newest = index(&project).newest(&"consignee".parse().unwrap(), "x64").unwrap().file.clone();
    assert_eq!(project.files()[&newest.path], std::fs::read(project.path(&second)).unwrap());
    assert_eq!(anchor(&introduced(&project, "host")).agent.len(), 1);
    let verified = project.verify(&[]);
    assert!(verified.status.success(), "{}{}", out(&verified), err(&verified));
    assert!(!out(&verified).contains("no package consignee"), "{}", out(&verified));

    // One that is no program is told.
    project.write("agent/consignee.exe", "#!/bin/sh\n");
    let arguments = ["--format", "msi", "--binaries", "agent", "--version", "0.11.0", "--key"];
    let refused = project.command("agent-package", &arguments).arg("consigns/package.secret.pgp").output().unwrap();
    assert!(err(&refused).contains("no program for 64-bit PCs"), "{}", err(&refused));
}
