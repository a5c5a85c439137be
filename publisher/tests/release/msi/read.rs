//! What others read of a package that was built.

use std::fs;
use std::time::{Duration, SystemTime};

use consign::package::Packager;
use consign::package::msi::Msi;
use jiff::Timestamp;

use super::{Project, TIME, extract, rows};
use crate::sample::{output_of, text};

#[test]
fn the_crate_msi_and_msitools_read_what_was_written() {
    let project = Project::new();
    let msi = project.msi();
    assert_eq!(msi.path().file_name().unwrap(), "acme-erp-1.1.0-1.x64.msi");

    let property = |name: &str| rows(msi.path(), "Property").into_iter().find(|row| row[0] == name).unwrap()[1].clone();
    assert_eq!(property("ProductName"), "Acme ERP");
    assert_eq!(property("ProductVersion"), "1.1.0");
    assert_eq!(property("UpgradeCode"), "{6F1C0A5E-2B47-4D0B-9A3E-51C7D82493E6}");

    // Every table, in a notation that both have.
    for table in output_of("msiinfo", &["tables", text(msi.path())]).lines().filter(|name| !name.starts_with('_')) {
        let exported = output_of("msiinfo", &["export", text(msi.path()), table]);
        assert_eq!(exported.lines().count() - 3, rows(msi.path(), table).len(), "{table}");
    }
    let summary = output_of("msiinfo", &["suminfo", text(msi.path())]);
    assert!(summary.contains("Template: x64;1033") && summary.contains("Subject: Acme ERP"), "{summary}");

    let folder = project.sample.path().join("unpacked");
    fs::create_dir(&folder).unwrap();
    extract(msi.path(), &folder);
    let found = output_of("find", &[text(&folder), "-type", "f", "-printf", "%P\n"]);
    let mut found: Vec<_> = found.lines().collect();
    found.sort();
    assert_eq!(
        found,
        [
            "Acme/ERP/bin/erp.exe",
            "Acme/ERP/bin/read me first.txt",
            "Acme/ERP/erp.conf",
            "Acme/ERP/erp.conf.default",
            "Consignee/notes/acme-erp/1.1.0.en.md",
            "Consignee/notes/acme-erp/1.1.0.fr.md",
            "Consignee/plans/acme-erp.pgp",
        ]
    );
}

#[test]
fn a_package_is_the_same_to_the_byte_wherever_and_whenever_it_is_built() {
    let project = Project::new();
    let unsigned = |shift: u64| {
        let program = project.sample.path().join("win/erp.exe");
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + shift);
        fs::File::open(&program).unwrap().set_modified(time).unwrap();
        let (time, folder) = (Timestamp::from_second(TIME).unwrap(), project.sample.path().join("dist"));
        let package = Msi::default().build(&project.release().packages()[0], time, &folder).unwrap();
        fs::read(package.path()).unwrap()
    };
    assert!(unsigned(0) == unsigned(12345));
    // Signatures are salted, so packages differ, and what they are does not.
    let (first, second) = (project.msi(), project.msi());
    assert_eq!(first.content_digest(), second.content_digest());
    assert_ne!(first.file_digest(), second.file_digest());
    // The clock has no part in it: files are as old as they are told to be, to the two seconds of a cabinet.
    let cabinet = project.sample.path().join("files.cab");
    output_of("sh", &["-c", &format!("msiinfo extract {} files.cab >{}", text(first.path()), text(&cabinet))]);
    let listed = output_of("cabextract", &["-q", "-l", text(&cabinet)]);
    let files: Vec<_> = listed.lines().filter(|line| line.contains(" | f_")).collect();
    assert!(!files.is_empty() && files.iter().all(|line| line.contains(" 14.11.2023 22:13:20 ")), "{listed}");
    project.sample.write("erp.conf", "port = 8081\n");
    assert_ne!(project.msi().content_digest(), first.content_digest());
}

#[test]
fn what_is_in_the_tables_is_what_the_manifest_says() {
    let project = Project::new();
    let path = project.msi().path().to_owned();
    let one = |table: &str, column: usize, value: &str| {
        let found = rows(&path, table).into_iter().find(|row| row[column] == value);
        found.unwrap_or_else(|| panic!("no {value} in {table}: {:#?}", rows(&path, table)))
    };
    let service = one("ServiceInstall", 1, "AcmeErp");
    assert_eq!(
        (service[4].as_str(), service[8].as_str(), service[10].as_str()),
        ("2", "NT SERVICE\\AcmeErp", "--service")
    );
    // Stopped and deleted with the package, and never started by it.
    assert_eq!(one("ServiceControl", 1, "AcmeErp")[2], (0x02 | 0x20 | 0x80).to_string());
    assert_eq!(one("ServiceControl", 1, "Consignee")[2], "1");
    assert_eq!(one("MsiServiceConfig", 3, "3")[4], "1");
    let recovery = one("MsiServiceConfigFailureActions", 1, "AcmeErp");
    assert_eq!((recovery[6].as_str(), recovery[7].as_str()), ("1[~]1[~]0", "60000[~]300000[~]0"));
    assert_eq!(one("InstallExecuteSequence", 0, "DeleteServices")[1], "NOT UPGRADINGPRODUCTCODE");
    assert!(one("InstallExecuteSequence", 0, "InstallServices")[1].ends_with("OR NOT SERVICE1"));

    let access = &rows(&path, "MsiLockPermissionsEx")[0];
    assert!(access[3].starts_with("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;S-1-5-80-"), "{access:?}");
    assert_eq!(access[4], "NOT FOLDER1");
    assert_eq!(one("Registry", 3, "Port")[4], "#8080");
    assert_eq!(one("Registry", 3, "Version")[4], "1.1.0-1");
    assert_eq!(
        one("LaunchCondition", 0, "Installed OR OPTION_EDITION = \"core\" OR OPTION_EDITION = \"pro\"").len(),
        2
    );

    // The site's file stays as it is and where it is; the default beside it does not.
    let attributes = |name: &str| {
        let file = rows(&path, "File").into_iter().find(|row| row[2].ends_with(name)).unwrap();
        one("Component", 0, &file[1])[3].clone()
    };
    assert_eq!(attributes("|erp.conf"), (256 | 16 | 128).to_string());
    assert_eq!(attributes("|erp.conf.default"), "256");

    let module = &project.release().plan.body.windows[&"acme-erp".parse().unwrap()];
    assert_eq!(module.configuration, ["{data}\\erp.conf"]);
    assert_eq!(module.services[0].program, "{install}\\bin\\erp.exe");
    assert_eq!((module.writes[0].folder.as_str(), &*module.writes[0].accounts[0]), ("{data}\\spool", "AcmeErp"));
}

#[test]
fn a_pre_release_has_the_version_of_its_release_and_another_identity() {
    let identity = |version: &str| {
        let project = Project::new();
        project.sample.replace("version = \"1.1.0\"", &format!("version = \"{version}\""));
        project.sample.replace("acknowledge = [\"1.1.0\"]", "");
        let path = project.msi().path().to_owned();
        let property = |name: &str| rows(&path, "Property").into_iter().find(|row| row[0] == name).unwrap()[1].clone();
        (property("ProductVersion"), property("ProductCode"), rows(&path, "Upgrade"))
    };
    let (candidate, release) = (identity("1.1.0-rc.1"), identity("1.1.0"));
    assert_eq!((candidate.0.as_str(), &candidate.0), ("1.1.0", &release.0));
    assert_ne!(candidate.1, release.1);
    // Old ones up to its own numbers are replaced, these included.
    let replaced = release.2.iter().find(|row| row[6] == "OLDFOUND").unwrap();
    assert_eq!((replaced[2].as_str(), replaced[4].parse::<i32>().unwrap() & 0x200), ("1.1.0", 0x200));
}
