//! The ledger as debhelper packages it, wrapped and published; shared by the suites that install it.

#![allow(dead_code, reason = "each suite uses what it needs")]

use std::path::{Path, PathBuf};

use consign_lab::{REPOSITORY_PORT, Vendor, edit};

#[path = "../../../publisher/tests/packagers/mod.rs"]
pub mod packagers;

/// The release project of a version whose note has to be read.
pub fn project(vendor: &Vendor, version: &str, schema: u32) -> PathBuf {
    let project = vendor.new_project(REPOSITORY_PORT).unwrap();
    let edits =
        [("version = \"1.0.0\"", &*format!("version = \"{version}\"")), ("[notes]", "[notes]\nacknowledge = \"all\"")];
    edit(&project.join("consign.toml"), &edits).unwrap();
    edit(&project.join("app/bin/ledger"), &[("SCHEMA = 1\n", &*format!("SCHEMA = {schema}\n"))]).unwrap();
    project
}

/// The same for a package that debhelper builds, which is wrapped and published.
pub fn publish_wrapped(vendor: &Vendor, version: &str, schema: u32, change: impl Fn(&Path)) {
    publish_foreign(vendor, version, schema, |folder| {
        packagers::debhelper(&format!("{version}-1"), schema, folder, change)
    });
}

/// The same for a package that rpmbuild makes, with an edit of its spec.
pub fn publish_wrapped_rpm(vendor: &Vendor, version: &str, schema: u32, edit: impl Fn(String) -> String) {
    publish_foreign(vendor, version, schema, |folder| packagers::rpmbuild(version, schema, folder, edit));
}

fn publish_foreign(vendor: &Vendor, version: &str, schema: u32, build: impl FnOnce(&Path) -> PathBuf) {
    let project = project(vendor, version, schema);
    let manifest = project.join("consign.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let own = ["files = ", "folders = ", "users = ", "units = ", "depends.deb = "];
    let kept: Vec<_> = text.lines().filter(|line| !own.iter().any(|key| line.starts_with(key))).collect();
    std::fs::write(&manifest, kept.join("\n")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let package = build(folder.path());
    let (dist, key) = (project.join("dist"), vendor.keys().join("package.secret.pgp"));
    let words = ["--manifest", text_of(&manifest), "--output", text_of(&dist), "--key", text_of(&key)];
    vendor.consign(&[&["wrap", text_of(&package)], &words[..]].concat()).unwrap();
    vendor.publish(&project, &[dist.join(package.file_name().unwrap())]).unwrap();
    std::fs::remove_dir_all(&project).unwrap();
}

fn text_of(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Every script but postrm writes down how it was called, and preinst makes the user.
pub fn in_python(debian: &Path) {
    for script in ["preinst", "postinst", "prerm"] {
        let text = format!(
            "#!/usr/bin/python3\nimport os, subprocess, sys\n\
             open('/var/log/acme-ledger.calls', 'a').write(f'{script} {{sys.argv[1:]}}\\n')\n\
             if '{script}' == 'preinst':\n    \
                 subprocess.run(['useradd', '--system', '--user-group', 'acme-ledger'])\n    \
                 os.makedirs('/var/lib/acme-ledger', exist_ok=True)\n    \
                 subprocess.run(['chown', 'acme-ledger:', '/var/lib/acme-ledger'], check=True)\n"
        );
        std::fs::write(debian.join(script), text).unwrap();
    }
    for file in ["config", "templates"] {
        std::fs::remove_file(debian.join(file)).unwrap();
    }
    std::fs::write(
        debian.join("rules"),
        "#!/usr/bin/make -f\n%:\n\tdh $@\noverride_dh_installsystemd:\n\toverride=1 dh_installsystemd --no-scripts\n",
    )
    .unwrap();
}
