//! The agent's own package in Wine: the one that stops and starts a service itself.

use std::fs;
use std::path::PathBuf;

use consign::build::{AgentPackage, agent_msi};
use consign::package::Packager;
use consign::package::msi::Msi;
use jiff::Timestamp;

use super::wine_host::Wine;
use super::{TIME, rows};

fn agent(wine: &Wine, version: &str, revision: u32) -> PathBuf {
    let from = AgentPackage {
        binaries: wine.path("agent"),
        manual: None,
        dist: PathBuf::new(),
        version: version.parse().unwrap(),
        revision,
    };
    wine.compile("service.c", "agent/consignee.exe", &["-DNAME=\"Consignee\"", &format!("-DVERSION=\"{version}\"")]);
    let contents = agent_msi(&from).unwrap();
    let package = Msi::default().build(&contents, Timestamp::from_second(TIME).unwrap(), &wine.path("dist")).unwrap();
    let signed = package.sign(&wine.project.signer()).unwrap();
    signed.path().to_owned()
}

#[test]
fn the_agents_package_stops_its_service_replaces_the_program_and_starts_it_again() {
    let wine = Wine::new();
    fs::create_dir_all(wine.path("agent")).unwrap();
    let (first, second) = (agent(&wine, "0.1.0", 1), agent(&wine, "0.2.0", 1));
    let installed = || fs::read(wine.drive("Program Files/Consignee/consignee.exe")).unwrap_or_default();
    let runs = |version: &str| installed().windows(version.len()).any(|bytes| bytes == version.as_bytes());
    assert!(rows(&second, "CustomAction").iter().all(|row| row[1] == "51"), "only properties are set");

    assert_eq!(wine.msiexec("/i", &first, ""), 0);
    assert!(wine.service("Consignee").contains("RUNNING"), "{}", wine.service("Consignee"));
    assert!(runs("0.1.0"));
    assert_eq!(wine.msiexec("/i", &second, ""), 0);
    assert!(wine.service("Consignee").contains("RUNNING"), "{}", wine.service("Consignee"));
    assert!(runs("0.2.0") && !runs("0.1.0"));
    let recorded = wine.wine(&["reg", "query", "HKLM\\Software\\Consignee\\Packages\\consignee"]);
    assert!(recorded.contains("0.2.0-1"), "{recorded}");
    assert_eq!(wine.msiexec("/i", &first, ""), 1603, "an older one is refused");
    assert!(wine.service("Consignee").contains("RUNNING"), "{}", wine.service("Consignee"));

    let environment = "HKLM\\System\\CurrentControlSet\\Control\\Session Manager\\Environment";
    let finds = || wine.wine(&["reg", "query", environment, "/v", "PATH"]).contains("Files\\Consignee");
    assert!(finds(), "its command is found by its name");

    // A product needs nothing else any more.
    let product = wine.build("1.0.0", "port = 1");
    assert_eq!(wine.msiexec("/i", &product, ""), 0);

    // Whoever has disabled it has it disabled after an upgrade, too.
    wine.wine(&["net", "stop", "Consignee"]);
    let start = ["reg", "add", "HKLM\\System\\CurrentControlSet\\Services\\Consignee", "/v", "Start"];
    wine.wine(&[&start[..], &["/t", "REG_DWORD", "/d", "4", "/f"]].concat());
    let third = agent(&wine, "0.2.0", 2);
    assert_eq!(wine.msiexec("/i", &third, ""), 0);
    assert!(!wine.service("Consignee").contains("RUNNING"), "{}", wine.service("Consignee"));
    assert_eq!(wine.msiexec("/x", &third, ""), 0);
    assert!(!finds());
    assert!(installed().is_empty() && !wine.service("Consignee").contains("STATE"), "{}", wine.service("Consignee"));
}
