//! Packages installed, upgraded and removed by Wine's Windows Installer.

use std::fs;

use super::wine_host::Wine;

#[test]
fn a_package_is_installed_upgraded_and_removed_and_what_is_the_sites_stays() {
    let wine = Wine::new();
    let [first, candidate, second] =
        [("1.0.0", "port = 1"), ("1.1.0-rc.1", "port = 1"), ("1.1.0", "port = 2")].map(|(v, c)| wine.build(v, c));
    let version = "Program Files/Acme/ERP/bin/version.txt";
    let (edited, default) = ("ProgramData/Acme/ERP/erp.conf", "ProgramData/Acme/ERP/erp.conf.default");

    // Nobody would start it; and a choice there is none of.
    assert_eq!(wine.msiexec("/i", &first, ""), 1603);
    assert_eq!(wine.msiexec("/i", &first, "CONSIGNEE=later OPTION_EDITION=small"), 1603);
    assert!(!wine.drive(version).exists());
    assert_eq!(wine.msiexec("/i", &first, "CONSIGNEE=later OPTION_EDITION=pro"), 0);
    assert_eq!((wine.read(version).as_str(), wine.read(edited).as_str()), ("1.0.0", "port = 1"));
    assert!(wine.drive("Program Files/Consignee/plans/acme-erp.pgp").exists());
    assert!(wine.recorded().contains("1.0.0-1") && wine.recorded().contains("acme/erp"), "{}", wine.recorded());
    assert!(wine.service("AcmeErp").contains("STOPPED"), "{}", wine.service("AcmeErp"));

    // The agent, as it were, which a package starts; and the product as the agent would have started it.
    fs::copy(wine.path("agent.exe"), wine.drive("agent.exe")).unwrap();
    wine.wine(&["sc", "create", "Consignee", "binPath=", "C:\\agent.exe", "start=", "demand"]);
    wine.start("AcmeErp");
    fs::write(wine.drive(edited), "port = 99").unwrap();
    assert_eq!(wine.msiexec("/i", &candidate, ""), 0);
    assert!(wine.service("Consignee").contains("RUNNING"), "{}", wine.service("Consignee"));
    assert!(wine.service("AcmeErp").contains("STOPPED"), "{}", wine.service("AcmeErp"));
    assert_eq!((wine.read(version).as_str(), wine.read(edited).as_str()), ("1.1.0-rc.1", "port = 99"));

    // A pre-release is upgraded to its release, which has its numbers.
    assert_eq!(wine.msiexec("/i", &second, ""), 0);
    assert_eq!((wine.read(version).as_str(), wine.read(default).as_str()), ("1.1.0", "port = 2"));
    assert_eq!(wine.read(edited), "port = 99");
    let recorded = wine.recorded();
    assert!(recorded.contains("1.1.0-1") && recorded.contains("pro") && !recorded.contains("1.0.0"), "{recorded}");
    let uninstall = wine.wine(&["reg", "query", "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall", "/s"]);
    assert_eq!(uninstall.matches("Acme ERP").count(), 1, "{uninstall}");

    // What is older is refused and changes nothing.
    assert_eq!(wine.msiexec("/i", &first, ""), 1603);
    assert_eq!(wine.read(version), "1.1.0");

    assert_eq!(wine.msiexec("/x", &second, ""), 0);
    assert!(!wine.drive("Program Files/Acme/ERP").exists() && !wine.drive(default).exists());
    assert_eq!(wine.read(edited), "port = 99", "what the site wrote stays");
    assert!(!wine.recorded().contains("Version"), "{}", wine.recorded());
    assert!(!wine.service("AcmeErp").contains("STATE"), "{}", wine.service("AcmeErp"));
}

/// Opens a package as Windows Installer does, sets the properties that follow, and evaluates conditions of its
/// tables: one `table`, `column of the condition`, `key` each, a line each on stdin.
const CONDITIONS: &str = r#"
#include <windows.h>
#include <msi.h>
#include <msiquery.h>
#include <stdio.h>
int main(int count, char **words) {
    MSIHANDLE package, database, view, record;
    char query[512], condition[1024];
    MsiSetInternalUI(INSTALLUILEVEL_NONE, 0);
    if (MsiOpenPackageExA(words[1], 1, &package)) return 1;
    database = MsiGetActiveDatabase(package);
    for (int at = 5; at + 1 < count; at += 2) MsiSetPropertyA(package, words[at], words[at + 1]);
    sprintf(query, "SELECT `%s` FROM `%s` WHERE `%s` = ?", words[3], words[2], "Action");
    if (strcmp(words[2], "MsiLockPermissionsEx") == 0) sprintf(query, "SELECT `Condition` FROM `MsiLockPermissionsEx`");
    record = MsiCreateRecord(1);
    MsiRecordSetStringA(record, 1, words[4]);
    if (MsiDatabaseOpenViewA(database, query, &view)) return 2;
    if (MsiViewExecute(view, strchr(query, '?') ? record : 0) || MsiViewFetch(view, &record)) return 3;
    DWORD length = sizeof condition;
    MsiRecordGetStringA(record, 1, condition, &length);
    printf("%d\n", MsiEvaluateConditionA(package, condition));
    return 0;
}
"#;

/// Wine registers services anew, so what Windows would do is asked of the conditions, by the one who evaluates them.
#[test]
fn an_upgrade_leaves_services_and_folders_as_the_site_has_them() {
    let wine = Wine::new();
    let package = wine.build("1.0.0", "port = 1");
    wine.project.sample.write("conditions.c", CONDITIONS);
    wine.compile("conditions.c", "prefix/drive_c/conditions.exe", &[]);
    let path = format!("Z:{}", package.display()).replace('/', "\\");
    let holds = |table: &str, action: &str, properties: &[(&str, &str)]| {
        let set = properties.iter().flat_map(|(name, value)| [*name, *value]);
        let words: Vec<&str> =
            ["C:\\conditions.exe", &path, table, "Condition", action].into_iter().chain(set).collect();
        match wine.wine(&words).trim() {
            "1" => true,
            "0" => false,
            other => panic!("{table} {action}: {other}"),
        }
    };
    let registry = super::rows(&package, "Registry");
    let defined = registry.iter().find(|row| row[3] == "Services").unwrap()[4].clone();
    let (modern, here) = (("VersionMsi", "5.00"), ("SERVICE1", "C:\\erp.exe"));
    let same = ("SERVICESDEFINED", defined.as_str());
    for action in ["InstallServices", "MsiConfigureServices"] {
        let registers = |properties: &[(&str, &str)]| holds("InstallExecuteSequence", action, properties);
        assert!(
            !registers(&[modern, here, same]),
            "{action}: account, start type and recovery would be the vendor's again"
        );
        assert!(registers(&[modern, same]), "{action}: it is not there");
        assert!(registers(&[modern, here, ("SERVICESDEFINED", "other")]), "{action}: it has another program");
        assert!(registers(&[modern, here]), "{action}: nobody knows what it has");
    }
    let deletes = |properties: &[(&str, &str)]| holds("InstallExecuteSequence", "DeleteServices", properties);
    assert!(deletes(&[modern]) && !deletes(&[modern, ("UPGRADINGPRODUCTCODE", "{X}")]));
    let permits = |properties: &[(&str, &str)]| holds("MsiLockPermissionsEx", "", properties);
    assert!(permits(&[]) && !permits(&[("FOLDER1", "C:\\ProgramData\\Acme\\ERP\\spool\\")]));

    // And that an old package which is told to be replaced leaves its service registered Wine does show.
    assert_eq!(wine.msiexec("/i", &package, "CONSIGNEE=later"), 0);
    let start = ["reg", "add", "HKLM\\System\\CurrentControlSet\\Services\\AcmeErp", "/v", "Start"];
    wine.wine(&[&start[..], &["/t", "REG_DWORD", "/d", "4", "/f"]].concat());
    assert_eq!(wine.msiexec("/x", &package, "UPGRADINGPRODUCTCODE={0F5B6C1E-64B0-5B0E-9C29-0A8B3D2C7E42}"), 0);
    assert!(!wine.drive("Program Files/Acme/ERP/bin/version.txt").exists());
    let kept = wine.wine(&["reg", "query", "HKLM\\System\\CurrentControlSet\\Services\\AcmeErp", "/v", "Start"]);
    assert!(kept.contains("0x4"), "{kept}");
}
