//! Packages that others built, with a plan: what they were is what they are.

use std::fs;
use std::path::{Path, PathBuf};

use consign::manifest::{Project, Strictness};
use consign::package::SignedPackage;
use consign::sign::Algorithm;
use consign::wrap::WrappedRelease;

use crate::lintian::complaints;
use crate::packagers;
use crate::sample::{Keys, output_of, run, text};

const MANIFEST: &str = r#"
vendor = "acme"

[product]
name = "ledger"
version = "1.1.0"
summary = "numbered entries"
maintainer = "Acme <packages@acme.example>"

[[module]]
package = "acme-ledger"

[[step]]
name = "migrate"
run = ["/opt/acme-ledger/bin/ledger", "migrate"]
user = "acme-ledger"

[notes]
"#;

/// A project whose packages others build.
pub struct Foreign {
    pub folder: tempfile::TempDir,
    pub keys: Keys,
}

impl Foreign {
    pub fn new() -> Self {
        let foreign = Self { folder: tempfile::tempdir().unwrap(), keys: Keys::new(Algorithm::Ed25519) };
        fs::create_dir_all(foreign.at("notes")).unwrap();
        fs::write(foreign.at("consign.toml"), MANIFEST).unwrap();
        fs::write(foreign.at("notes/1.1.0.en.md"), "# 1.1.0\n").unwrap();
        foreign
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn replace(&self, old: &str, new: &str) {
        let manifest = fs::read_to_string(self.at("consign.toml")).unwrap();
        assert!(manifest.contains(old), "{old}");
        fs::write(self.at("consign.toml"), manifest.replacen(old, new, 1)).unwrap();
    }

    pub fn try_wrap(&self, packages: &[PathBuf]) -> Result<Vec<SignedPackage>, String> {
        let project =
            Project::load_foreign(&self.at("consign.toml"), Strictness::Lenient).map_err(|e| e.to_string())?;
        let output = self.at("dist");
        let release = WrappedRelease::prepare(project, packages, &output, &mut |_| {}).map_err(|e| e.to_string())?;
        let built = release.build(&self.keys.package(), None, &output, &mut |_| {}).map_err(|e| e.to_string())?;
        Ok(built.into_iter().map(|built| built.package).collect())
    }

    pub fn wrap(&self, package: &Path) -> SignedPackage {
        self.try_wrap(&[package.to_owned()]).unwrap().remove(0)
    }

    pub fn refusal(&self, packages: &[PathBuf]) -> String {
        self.try_wrap(packages).map(drop).unwrap_err()
    }

    /// A package of plain parts, made by dpkg-deb.
    pub fn tiny(&self, control: &str, scripts: &[(&str, &str)], options: &[&str]) -> PathBuf {
        let tree = tempfile::tempdir_in(self.folder.path()).unwrap();
        let write = |path: &str, text: &str, mode: &str| {
            let path = tree.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            output_of("chmod", &[mode, path.to_str().unwrap()]);
        };
        let description = "Maintainer: Acme <packages@acme.example>\nDescription: a package\n";
        write("DEBIAN/control", &format!("{control}{description}"), "644");
        scripts.iter().for_each(|(name, script)| write(&format!("DEBIAN/{name}"), script, "755"));
        write("usr/lib/systemd/system/ledger.service", "[Service]\nExecStart=/bin/true\n", "644");
        write("opt/acme/bin/tool", "#!/bin/sh\n", "4755");
        write(&format!("opt/acme/{}/long", "a-long-folder-name".repeat(8)), "x", "600");
        fs::create_dir_all(tree.path().join("opt/acme/empty")).unwrap();
        std::os::unix::fs::symlink("bin/tool", tree.path().join("opt/acme/link")).unwrap();
        fs::hard_link(tree.path().join("opt/acme/bin/tool"), tree.path().join("opt/acme/hard")).unwrap();
        output_of("chown", &["-h", "12345:games", tree.path().join("opt/acme/link").to_str().unwrap()]);
        output_of("chmod", &["755", tree.path().to_str().unwrap()]);
        let out = self.folder.path().to_str().unwrap().to_owned();
        let arguments = [&["--build"], options, &[tree.path().to_str().unwrap(), &out]].concat();
        let said = output_of("dpkg-deb", &arguments);
        PathBuf::from(said.split('\'').nth(3).or(said.split('`').nth(2)).unwrap_or_else(|| panic!("{said}")))
    }
}

pub const CONTROL: &str = "Package: acme-ledger\nVersion: 1.1.0-1\nArchitecture: all\n";

/// The payload, uncompressed.
fn payload(package: &Path) -> Vec<u8> {
    run("dpkg-deb", &["--fsys-tarfile", text(package)]).stdout
}

/// Up to the zeros at its end.
fn without_end(mut tar: Vec<u8>) -> Vec<u8> {
    let used = tar.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    tar.truncate(used);
    tar
}

#[test]
fn the_payload_is_kept_byte_for_byte_whatever_it_is_compressed_with() {
    let foreign = Foreign::new();
    for compression in ["gzip", "xz", "zstd", "none"] {
        let package = foreign.tiny(CONTROL, &[], &[&format!("-Z{compression}")]);
        let wrapped = foreign.wrap(&package);
        let (before, after) = (without_end(payload(&package)), payload(wrapped.path()));
        assert!(after.starts_with(&before), "{compression}");
        let members = output_of("ar", &["t", text(wrapped.path())]);
        let data = members.lines().nth(2).unwrap();
        let expected = match compression {
            "xz" => "data.tar.xz",
            "zstd" => "data.tar.zst",
            _ => "data.tar.gz",
        };
        assert_eq!(data, expected);
        let list = |package: &Path| output_of("dpkg-deb", &["--contents", text(package)]);
        let (old, new) = (list(&package), list(wrapped.path()));
        let added: Vec<_> = new.strip_prefix(&*old).unwrap().lines().collect();
        let added: Vec<_> = added.iter().map(|line| line.split(' ').next_back().unwrap()).collect();
        let ours = [
            "./usr/lib/systemd/system/ledger.service.d/",
            "./usr/lib/systemd/system/ledger.service.d/50-consign.conf",
            "./usr/share/",
            "./usr/share/consignee/",
            "./usr/share/consignee/plans/",
            "./usr/share/consignee/plans/acme-ledger.pgp",
            "./usr/share/doc/",
            "./usr/share/doc/acme-ledger/",
            "./usr/share/doc/acme-ledger/notes/",
            "./usr/share/doc/acme-ledger/notes/1.1.0.en.md",
        ];
        assert_eq!(added, ours);
    }
}

#[test]
fn the_plan_is_shown_and_nothing_written() {
    let foreign = Foreign::new();
    let package = foreign.tiny(CONTROL, &[], &[]);
    let manifest = foreign.at("consign.toml");
    let mut arguments = vec!["wrap", "--plan", "--manifest", text(&manifest), text(&package)];
    let consign = env!("CARGO_BIN_EXE_consign");
    let shown = output_of(consign, &arguments);
    for part in ["acme-ledger 1.1.0-1 all", "/opt/acme/bin/tool", "3. packages", "4. migrate", "ledger.service"] {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
    arguments.push("--json");
    let shown: serde_json::Value = serde_json::from_str(&output_of(consign, &arguments)).unwrap();
    assert_eq!(shown["packages"][0]["version"], "1.1.0-1");
    assert!(!foreign.at("dist").exists());
}

#[test]
fn a_package_of_debhelper_keeps_its_fields_scripts_and_lists() {
    let foreign = Foreign::new();
    let package = packagers::debhelper("1.1.0-1", 2, foreign.folder.path(), |_| {});
    let wrapped = foreign.wrap(&package);
    let path = text(wrapped.path());
    let field = |package: &str, name: &str| output_of("dpkg-deb", &["--field", package, name]).trim_end().to_owned();
    for name in ["Package", "Version", "Architecture", "Maintainer", "Depends", "Section", "Description"] {
        assert_eq!(field(path, name), field(text(&package), name), "{name}");
    }
    assert_eq!(field(path, "Pre-Depends"), format!("{}, consignee (>= 0.1.0)", field(text(&package), "Pre-Depends")));
    let info = |package: &str, name: &str| output_of("dpkg-deb", &["--info", package, name]);
    assert_eq!(info(path, "conffiles"), info(text(&package), "conffiles"));
    assert!(info(path, "md5sums").starts_with(&info(text(&package), "md5sums")));
    assert!(info(path, "md5sums").contains("  usr/lib/systemd/system/acme-ledger.service.d/50-consign.conf\n"));
    assert_eq!(info(path, "triggers"), "activate-noawait consign-finish\n");
    for script in ["preinst", "postinst", "prerm", "postrm"] {
        let (own, ours) = (info(text(&package), script), info(path, script));
        let (first, rest) = own.split_once('\n').unwrap();
        assert!(ours.starts_with(&format!("{first}\n")) && ours.ends_with(rest), "{script}: {ours}");
        assert!(ours.contains(&format!("consignee-hook\" {script} acme/ledger acme-ledger")), "{script}: {ours}");
    }
    let plan = &wrapped.plan().unwrap().plan;
    assert_eq!(plan.body.engines[0].as_str(), "acme-ledger.service");
    assert_eq!((plan.body.format, plan.body.modules[0].native.deb.as_deref()), (1, Some("1.1.0-1")));
}

#[test]
fn a_package_of_nfpm_keeps_its_payload_and_its_list_of_digests() {
    let foreign = Foreign::new();
    let package = packagers::nfpm("1.1.0", 2, foreign.folder.path());
    let wrapped = foreign.wrap(&package);
    assert!(payload(wrapped.path()).starts_with(&without_end(payload(&package))));
    let sums = output_of("dpkg-deb", &["--info", text(wrapped.path()), "md5sums"]);
    assert!(sums.contains("  opt/acme-ledger/bin/ledger\n"), "{sums}");
    let postinst = output_of("dpkg-deb", &["--info", text(wrapped.path()), "postinst"]);
    assert!(postinst.starts_with("#!/bin/bash\n# ") && postinst.ends_with("set -u\necho installed \"$1\"\n"));
}

/// dpkg goes on owning them: its list is as it was, and the scripts know the defaults before it looks.
#[test]
fn a_package_with_conffiles_carries_what_keeps_dpkg_from_asking() {
    let foreign = Foreign::new();
    let package = packagers::debhelper("1.1.0-1", 2, foreign.folder.path(), |_| {});
    let wrapped = foreign.wrap(&package);
    let info = |name: &str| output_of("dpkg-deb", &["--info", text(wrapped.path()), name]);
    let list = info("consign-conffiles");
    assert_eq!(list, format!("{}  /etc/acme/ledger.conf\n", md5("port = 8321\n")));
    let defaults = run("dpkg-deb", &["--info", text(wrapped.path()), "consign-defaults"]).stdout;
    let path = foreign.at("defaults.tar.gz");
    fs::write(&path, defaults).unwrap();
    assert_eq!(output_of("tar", &["-tzf", text(&path)]), "etc/\netc/acme/\netc/acme/ledger.conf\n");
    assert_eq!(output_of("tar", &["-xzOf", text(&path), "etc/acme/ledger.conf"]), "port = 8321\n");
    let root = tempfile::tempdir().unwrap();
    output_of("dpkg-deb", &["--extract", text(wrapped.path()), text(root.path())]);
    let installed = root.path().join("usr/share/consignee/conffiles/acme-ledger");
    assert_eq!(fs::read_to_string(installed).unwrap(), list, "the agent does not see it");
    let script = info("consign-set-aside");
    assert!(script.contains("package=acme-ledger\nversion=1.1.0-1\n") && !script.replace("$@", "").contains('@'));
    // The engines are stopped in between: preinst stops them first, postinst tells of the end last.
    let order = |name: &str| info(name).find("consign-set-aside").cmp(&info(name).find("consignee-hook"));
    assert_eq!((order("preinst"), order("postinst")), (std::cmp::Ordering::Greater, std::cmp::Ordering::Less));
    assert!(!info("prerm").contains("consign-set-aside"));
    assert_eq!(foreign.wrap(&package).content_digest(), wrapped.content_digest());
}

fn md5(content: &str) -> String {
    let line = output_of("sh", &["-c", &format!("printf '%s' '{content}' | md5sum")]);
    line.split(' ').next().unwrap().to_owned()
}

#[test]
fn a_package_without_conffiles_carries_nothing_for_them() {
    let foreign = Foreign::new();
    let wrapped = foreign.wrap(&foreign.tiny(CONTROL, &[], &[]));
    let members = output_of("dpkg-deb", &["--info", text(wrapped.path())]);
    assert!(!members.contains("consign-set-aside") && !members.contains("consign-defaults"), "{members}");
    let script = output_of("dpkg-deb", &["--info", text(wrapped.path()), "preinst"]);
    assert!(!script.contains("set-aside"), "{script}");
}

#[test]
fn a_postrm_that_is_no_shell_script_is_told_about() {
    let foreign = Foreign::new();
    let package = packagers::debhelper("1.1.0-1", 2, foreign.folder.path(), |debian| {
        fs::write(debian.join("postrm"), "#!/usr/bin/python3\nprint('gone')\n").unwrap();
    });
    let manifest = foreign.at("consign.toml");
    let project = Project::load_foreign(&manifest, Strictness::Lenient).unwrap();
    let output = foreign.at("dist");
    let release = WrappedRelease::prepare(project, &[package], &output, &mut |_| {}).unwrap();
    let built = release.build(&foreign.keys.package(), None, &output, &mut |_| {}).unwrap();
    let warned = built[0].warnings.join("\n");
    assert!(warned.contains("leaves an edited conffile beside its place"), "{warned}");
}

/// cargo-deb writes no md5sums; the long runs ask the real one, too.
#[test]
fn a_package_without_a_list_of_digests_gets_a_whole_one() {
    let foreign = Foreign::new();
    let mut packages = vec![foreign.tiny(CONTROL, &[], &[])];
    if std::env::var_os("CONSIGN_LONG").is_some() {
        packages.push(packagers::cargo_deb("1.1.0", &foreign.at("crate")));
    }
    for package in packages {
        let sums = |package: &Path| run("dpkg-deb", &["--info", text(package), "md5sums"]);
        assert!(!sums(&package).status.success(), "it has one");
        let wrapped = foreign.wrap(&package);
        assert!(payload(wrapped.path()).starts_with(&without_end(payload(&package))));
        let sums = String::from_utf8(sums(wrapped.path()).stdout).unwrap();
        let root = tempfile::tempdir().unwrap();
        output_of("dpkg-deb", &["--extract", text(wrapped.path()), text(root.path())]);
        let list = root.path().join("md5sums");
        fs::write(&list, &sums).unwrap();
        output_of("sh", &["-c", &format!("cd {} && md5sum --check --strict --quiet md5sums", text(root.path()))]);
        let files = output_of("sh", &["-c", &format!("cd {} && find usr opt -type f | wc -l", text(root.path()))]);
        // A hard link has no content of its own.
        let linked = usize::from(package.to_str().unwrap().ends_with("_all.deb"));
        assert_eq!(sums.lines().count() + linked, files.trim().parse::<usize>().unwrap(), "{sums}");
    }
}

#[test]
fn lintian_complains_of_nothing_that_it_did_not_before() {
    let foreign = Foreign::new();
    let package = packagers::debhelper("1.1.0-1", 2, foreign.folder.path(), |_| {});
    let before = complaints(&package);
    let new: Vec<_> = complaints(foreign.wrap(&package).path()).into_iter().filter(|c| !before.contains(c)).collect();
    assert_eq!(new, [""; 0], "before: {before:?}");
}

#[test]
fn the_same_package_wraps_to_the_same_members() {
    let foreign = Foreign::new();
    let package = foreign.tiny(CONTROL, &[("postinst", "#!/bin/sh\n")], &["-Zxz"]);
    let members = || {
        let wrapped = foreign.wrap(&package);
        let list = output_of("dpkg-deb", &["--contents", text(wrapped.path())]);
        // A signature may be a byte shorter than another.
        let list: Vec<_> = list.lines().filter(|line| !line.contains("/plans/")).map(str::to_owned).collect();
        (wrapped.content_digest(), list)
    };
    let first = members();
    assert_eq!(members(), first);
    let other = foreign.tiny(CONTROL, &[("postinst", "#!/bin/sh\n:\n")], &["-Zgzip"]);
    assert_ne!(foreign.wrap(&other).content_digest(), first.0, "another script is another package");
    // Compression is not what a package is.
    let again = foreign.tiny(CONTROL, &[("postinst", "#!/bin/sh\n")], &["-Zgzip"]);
    assert_eq!(foreign.wrap(&again).content_digest(), first.0);
}

#[test]
fn builds_for_several_releases_of_debian_are_one_release() {
    let foreign = Foreign::new();
    let build = |suffix: &str| foreign.tiny(&CONTROL.replace("1.1.0-1", &format!("1.1.0-1~{suffix}")), &[], &[]);
    let packages = [build("trixie1"), build("bookworm1")];
    let wrapped = foreign.try_wrap(&packages).unwrap();
    let plan = &wrapped[0].plan().unwrap().plan;
    assert_eq!(wrapped[1].plan().unwrap().plan.digest, plan.digest);
    let natives: Vec<_> = plan.body.modules[0].natives().filter_map(|native| native.deb.as_deref()).collect();
    assert_eq!((plan.body.format, natives), (2, vec!["1.1.0-1~bookworm1", "1.1.0-1~trixie1"]));
}

#[test]
fn modules_are_bound_to_the_same_build_of_each_other() {
    let foreign = Foreign::new();
    foreign.replace("package = \"acme-ledger\"", "package = \"acme-ledger\"\n[[module]]\npackage = \"acme-web\"");
    let build = |name: &str, suffix: &str, more: &str| {
        let control = CONTROL.replace("acme-ledger", name).replace("1.1.0-1", &format!("1.1.0-1~{suffix}"));
        foreign.tiny(&format!("{control}{more}"), &[], &[])
    };
    let all = [
        build("acme-ledger", "deb12", "Depends: python3,\n sqlite3\n"),
        build("acme-web", "deb12", "Depends: acme-ledger (=1.1.0-1~deb12)\n"),
        build("acme-ledger", "deb13", ""),
        build("acme-web", "deb13", ""),
    ];
    let depends = |wrapped: &SignedPackage| output_of("dpkg-deb", &["--field", text(wrapped.path()), "Depends"]);
    let wrapped: Vec<_> = foreign.try_wrap(&all).unwrap().iter().map(depends).collect();
    let squeezed: Vec<String> =
        wrapped.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        "python3, sqlite3, acme-web (= 1.1.0-1~deb12)",
        "acme-ledger (= 1.1.0-1~deb12)",
        "acme-web (= 1.1.0-1~deb13)",
        "acme-ledger (= 1.1.0-1~deb13)",
    ];
    assert_eq!(squeezed, expected);
    let other = build("acme-web", "deb14", "");
    let lonely = foreign.refusal(&[all[0].clone(), all[2].clone(), all[1].clone(), other]);
    assert!(lonely.contains("it cannot be told which build of acme-web belongs to 1.1.0-1~deb13"), "{lonely}");
}

#[test]
fn what_is_no_part_of_the_release_is_refused_with_its_reason() {
    let foreign = Foreign::new();
    let good = foreign.tiny(CONTROL, &[], &[]);
    let twice = foreign.refusal(&[good.clone(), good.clone()]);
    assert!(twice.contains("it was given twice"), "{twice}");
    let wrapped = foreign.wrap(&good).path().to_owned();
    assert!(foreign.refusal(&[wrapped]).contains("was made by consign already"));
    let old = foreign.tiny(&CONTROL.replace("1.1.0", "1.0.0"), &[], &[]);
    let old = foreign.refusal(&[old]);
    assert!(old.contains("its version is 1.0.0-1, and the manifest's is 1.1.0"), "{old}");
    let other = foreign.tiny(&CONTROL.replace("ledger", "other"), &[], &[]);
    assert!(foreign.refusal(&[other]).contains("the manifest has no module acme-other"));
    let rubbish = foreign.at("rubbish.deb");
    fs::write(&rubbish, "rubbish").unwrap();
    assert!(foreign.refusal(&[rubbish]).contains("is not an ar archive"));
    foreign.replace("[[module]]", "[[module]]\nfolders = [{ path = \"/srv/x\" }]");
    let own = foreign.refusal(std::slice::from_ref(&good));
    assert!(own.contains("package \"acme-ledger\" was built by others, whose folders stay as they are"), "{own}");
    foreign.replace("folders = [{ path = \"/srv/x\" }]", "");
    foreign.replace("summary", "engines = [\"other.service\"]\nsummary");
    let engine = foreign.refusal(&[good]);
    assert!(engine.contains("no package installs other.service"), "{engine}");
}

#[test]
fn an_output_never_takes_the_place_of_a_package_that_was_given() {
    let foreign = Foreign::new();
    let package = foreign.tiny(CONTROL, &[], &[]);
    fs::create_dir(foreign.at("dist")).unwrap();
    let inside = foreign.at("dist").join(package.file_name().unwrap());
    fs::rename(&package, &inside).unwrap();
    std::os::unix::fs::symlink("dist", foreign.at("build")).unwrap();
    let before = fs::read(&inside).unwrap();
    let given = foreign.at("build").join(inside.file_name().unwrap());
    let said = foreign.refusal(&[given]);
    assert!(said.ends_with("is one of the packages to wrap; give another --output"), "{said}");
    assert_eq!(fs::read(&inside).unwrap(), before);
    assert_eq!(fs::read_dir(foreign.at("dist")).unwrap().count(), 1, "nothing was written");
}

#[test]
fn a_missing_release_note_is_told_and_strict_refuses_it() {
    let foreign = Foreign::new();
    let package = foreign.tiny(CONTROL, &[], &[]);
    fs::remove_file(foreign.at("notes/1.1.0.en.md")).unwrap();
    foreign
        .replace("user = \"acme-ledger\"", "user = \"acme-ledger\"\non_interrupt = \"rerun\"\nundo = \"impossible\"");
    let wrap = |more: &[&str]| {
        let mut arguments = vec!["wrap", "--plan", "--manifest"];
        let manifest = foreign.at("consign.toml");
        arguments.extend([text(&manifest), text(&package)].iter().chain(more));
        run(env!("CARGO_BIN_EXE_consign"), &arguments)
    };
    let (warned, refused) = (wrap(&[]), wrap(&["--strict"]));
    assert!(warned.status.success());
    assert!(String::from_utf8_lossy(&warned.stderr).contains("warning: there is no release note on 1.1.0"));
    assert_eq!(refused.status.code(), Some(3));
}
