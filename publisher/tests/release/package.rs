//! What a package holds, as dpkg sees it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use consign::package::SignedPackage;
use consign::sign::{Algorithm, OpenPgpSigner};
use consign_metadata::openpgp::Keyring;

use crate::sample::{Keys, Sample, output_of, run, text};

/// Installs into a private root, as dpkg does for a foreign one, without what the package depends on.
fn install(package: &Path, root: &Path) {
    let (admin, root) = (root.join("var/lib/dpkg"), text(root).to_owned());
    for folder in ["info", "updates", "triggers"] {
        fs::create_dir_all(admin.join(folder)).unwrap();
    }
    fs::write(admin.join("status"), "").unwrap();
    fs::write(admin.join("available"), "").unwrap();
    let arguments = ["--root", &root, "--force-script-chrootless", "--force-not-root", "--force-depends", "--install"];
    output_of("dpkg", &[&arguments[..], &[text(package)]].concat());
}

#[test]
fn dpkg_installs_what_was_staged() {
    let sample = Sample::new();
    let long = format!("tree/{}/{}", "folder-with-a-long-name".repeat(4), "and-a-file-with-a-long-name".repeat(4));
    sample.write(&long, "long");
    sample.write("tree/ünï code", "text");
    sample.write("tree/secret", "s");
    fs::set_permissions(sample.path().join("tree/secret"), PermissionsExt::from_mode(0o600)).unwrap();
    sample.write("suid", "s");
    sample.replace("files = [", "files = [{ from = \"suid\", to = \"/opt/acme-erp/suid\", mode = \"4755\" }, ");
    fs::create_dir_all(sample.path().join("tree/empty/inner")).unwrap();
    fs::hard_link(sample.path().join("tree/secret"), sample.path().join("tree/hard")).unwrap();
    symlink("bin/../bin/init", sample.path().join("tree/link")).unwrap();
    symlink(format!("/{}", "far/".repeat(40)), sample.path().join("tree/far")).unwrap();

    let built = sample.build(&Keys::new(Algorithm::Ed25519).package());
    assert_eq!(built.warnings, ["/opt/acme-erp/suid has mode 4755: whoever runs it becomes root:root"]);
    let root = tempfile::tempdir().unwrap();
    install(built.package.path(), root.path());

    let at = |name: &str| root.path().join("opt/acme-erp").join(name);
    let mode = |name: &str| fs::symlink_metadata(at(name)).unwrap().mode() & 0o7777;
    assert_eq!(fs::read(at(long.strip_prefix("tree/").unwrap())).unwrap(), b"long");
    assert_eq!(fs::read(at("ünï code")).unwrap(), b"text");
    assert_eq!((mode("secret"), mode("suid"), mode("bin/init")), (0o600, 0o4755, 0o755));
    assert!(at("empty/inner").is_dir());
    assert_eq!(fs::metadata(at("hard")).unwrap().ino(), fs::metadata(at("secret")).unwrap().ino());
    assert_eq!(fs::read_link(at("link")).unwrap(), Path::new("bin/../bin/init"));
    assert_eq!(fs::read_link(at("far")).unwrap().to_str().unwrap().len(), 161);
    let drop_in = root.path().join("usr/lib/systemd/system/erp.service.d/50-consign.conf");
    let drop_in = fs::read_to_string(drop_in).unwrap();
    assert!(drop_in.ends_with("[Unit]\nConditionPathExists=!/var/lib/consignee/acme/erp/unfinished\n"), "{drop_in}");
    assert!(root.path().join("usr/share/consignee/plans/acme-erp.pgp").exists());
    let changed = run("dpkg", &["--root", text(root.path()), "--verify", "acme-erp"]);
    assert_eq!(String::from_utf8_lossy(&changed.stdout), "");
}

#[test]
fn the_archive_has_gnu_headers_only() {
    let sample = Sample::new();
    sample.write(&format!("tree/{}", "x".repeat(150)), "long");
    let built = sample.build(&Keys::new(Algorithm::Ed25519).package());
    let line = format!("dpkg-deb --fsys-tarfile {} | tar tvf - --numeric-owner", text(built.package.path()));
    let data = output_of("sh", &["-c", &line]);
    assert!(data.lines().all(|line| line.contains(" 0/0 ")), "{data}");
    assert!(data.lines().next().unwrap().ends_with(" ./"), "{data}");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(member(built.package.path(), "data.tar.gz")));
    for entry in archive.entries().unwrap().raw(true) {
        let entry = entry.unwrap();
        assert!(entry.header().as_gnu().is_some());
        assert!(!entry.header().entry_type().is_pax_local_extensions());
    }
}

fn member(package: &Path, name: &str) -> std::io::Cursor<Vec<u8>> {
    let output = run("ar", &["p", text(package), name]);
    assert!(output.status.success() && !output.stdout.is_empty());
    std::io::Cursor::new(output.stdout)
}

#[test]
fn the_control_archive_says_what_apt_and_the_agent_need() {
    let sample = Sample::new();
    sample.replace("units =", "users = [{ name = \"erp\", home = \"/var/lib/erp\" }]\nunits =");
    let built = sample.build(&Keys::new(Algorithm::Ed25519).package());
    let path = text(built.package.path());
    let field = |name: &str| output_of("dpkg-deb", &["--field", path, name]).trim_end().to_owned();
    assert_eq!(field("Pre-Depends"), "consignee (>= 0.1.0), passwd");
    assert_eq!(field("Depends"), "python3");
    assert_eq!(field("Description"), "example ERP\n One paragraph.\n .\n Another.");
    let info = |name: &str| output_of("dpkg-deb", &["--info", path, name]);
    assert!(info("md5sums").contains("  usr/share/consignee/defaults/acme-erp/etc/acme/erp.conf\n"));
    assert_eq!(info("triggers"), "activate-noawait consign-finish\n");
    assert_eq!(info("consign-note.1.1.0.fr.md"), "# 1.1.0\n\nNouveau.\n");
    assert!(info("preinst").contains("account erp '/var/lib/erp' '/usr/sbin/nologin'\n"));
    assert!(info("md5sums").contains("  opt/acme-erp/bin/init\n"));
    let plan = run("dpkg-deb", &["--info", path, "consign-plan"]).stdout;
    assert_eq!(plan, built.package.plan().unwrap().message);
}

#[test]
fn modules_of_a_product_carry_one_plan_and_depend_on_each_other() {
    let sample = Sample::new();
    sample.replace("[options.edition]", "[[module]]\npackage = \"acme-erp-web\"\narchitecture = \"amd64\"\nfiles = [{ from = \"tree/\", to = \"/opt/acme-web\" }]\n[options.edition]");
    let release = consign::build::Release::prepare(&sample.load()).unwrap();
    let keys = Keys::new(Algorithm::Ed25519);
    let built =
        release.build(&keys.package(), jiff::Timestamp::UNIX_EPOCH, &sample.path().join("dist"), &mut |_| {}).unwrap();
    let [erp, web] = &built[..] else { panic!("{built:?}") };
    assert_eq!(erp.package.plan().unwrap().message, web.package.plan().unwrap().message);
    assert_eq!(erp.package.field("Depends"), Some("acme-erp-web (= 1.1.0-1), python3"));
    assert_eq!(web.package.field("Depends"), Some("acme-erp (= 1.1.0-1)"));
    assert!(web.package.path().ends_with("acme-erp-web_1.1.0-1_amd64.deb"));
}

#[test]
fn the_origin_signature_is_over_the_three_members() {
    let keys = Keys::new(Algorithm::Ed25519);
    let sample = Sample::new();
    let built = sample.build(&keys.package());
    let package = text(built.package.path());
    assert_eq!(output_of("ar", &["t", package]), "debian-binary\ncontrol.tar.gz\ndata.tar.gz\n_gpgorigin\n");
    let line = format!(
        "cd {} && ar p {package} _gpgorigin > sig && ar p {package} debian-binary control.tar.gz data.tar.gz > signed && gpgv --keyring {} sig signed",
        text(sample.path()),
        text(&keys.files.certificate),
    );
    output_of("sh", &["-c", &line]);
    assert!(fs::read_to_string(sample.path().join("sig")).unwrap().starts_with("-----BEGIN PGP SIGNATURE-----\n"));
}

#[test]
fn a_package_that_was_changed_or_signed_by_another_is_refused() {
    let keys = Keys::new(Algorithm::Ed25519);
    let sample = Sample::new();
    let built = sample.build(&keys.package());
    let path = built.package.path();
    let keyring = |keys: &Keys| {
        let signer = keys.package();
        Keyring::new(&signer.certificate(), [signer.fingerprint()].into(), "package").unwrap()
    };
    SignedPackage::open(path, &keyring(&keys)).unwrap();
    let other = SignedPackage::open(path, &keyring(&Keys::new(Algorithm::Ed25519))).unwrap_err();
    assert!(other.to_string().contains("carries no good signature of a key with the role \"package\""), "{other}");

    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
    let changed = SignedPackage::open(path, &keyring(&keys)).unwrap_err();
    assert!(
        changed.to_string().starts_with(&format!("cannot use {}: it carries no good", path.display())),
        "{changed}"
    );
}
