//! What hosts with Windows read of version 5, and the one of Wine's that lost its power in mid-upgrade.

use std::io::Cursor;
use std::process::Command;
use std::time::Duration;

use consign_lab::{MIGRATIONS, STATE, Wine, program, until};
use consign_metadata::authenticode;
use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::feed::{Extension, FeedRelease, MAXIMUM_EXTENSION_SIZE, Shard, WindowsIndex};
use consign_metadata::msi::MsiFile;
use consign_metadata::plan::{MAXIMUM_SIZE, Step, UpgradePlan, WindowsStart};
use consignee::bulletin::Bulletin;
use consignee::engine::machine::{Activity, State};
use consignee::places::Places;
use consignee::product::Product;
use consignee::report::state::Code;
use consignee::site::repository::{FILE, Subscription};
use jiff::Timestamp;
use serde_json::Value;

use crate::fixture::{WINDOWS, copy_into, copy_of, golden, position, turned};

const SOON: Duration = Duration::from_secs(120);
const MODULES: [&str; 3] = ["acme-database", "acme-backoffice", "acme-webshop"];
/// The folder of the vendor on the host, and that of the agent's state.
const VENDORS: &str = "5/host/files/Program Files/Consignee/vendors";
const KEPT: &str = "5/host/files/ProgramData/Consignee";

fn package() -> Vec<u8> {
    WINDOWS.read(&format!("repository/windows/pool/{}", WINDOWS.package))
}

/// What the agent and the site had, below another root and where other hosts have it.
fn places() -> (tempfile::TempDir, Places) {
    let root = tempfile::tempdir().unwrap();
    let places = Places::below(root.path());
    copy_into(&golden(KEPT), &places.state());
    copy_into(&golden(VENDORS), &places.anchors());
    copy_into(&golden("5/host/files/ProgramData/Consign"), &places.at("/etc/consign"));
    (root, places)
}

#[test]
fn an_msi_carries_its_plan_its_origin_and_what_windows_looks_at() {
    let bytes = package();
    let (keys, pins) = (WINDOWS.keys(Role::Package), WINDOWS.anchor().windows.unwrap().read().unwrap());
    let mut msi = MsiFile::open(Cursor::new(&bytes)).unwrap();
    let (origin, signer) = msi.verify(&keys).unwrap();
    assert!(WINDOWS.anchor().keys_of(Role::Package).contains(&signer));
    let said = (origin.package.as_str(), origin.version.as_str(), origin.architecture.as_str());
    assert_eq!(said, ("acme-database", "4.1.0-1", "x64"));
    assert_eq!(msi.plan(&origin).unwrap(), Some(WINDOWS.read("documents/plan.pgp")));
    assert!(msi.verify(&WINDOWS.keys(Role::Index)).is_err());

    // A time stamp is what counts, and outlives every certificate.
    let in_two_hundred_years: Timestamp = "2226-01-01T00:00:00Z".parse().unwrap();
    let signed = authenticode::verify(&mut msi, &pins, in_two_hundred_years).unwrap();
    assert_eq!(signed.subject, "CN=Acme signer");
    assert!(signed.stamped.is_some());
    for at in [bytes.len() / 3, bytes.len() / 2] {
        let spoilt = turned(&bytes, at);
        let verified = MsiFile::open(Cursor::new(&spoilt)).is_ok_and(|mut msi| msi.verify(&keys).is_ok());
        assert!(!verified, "byte {at}");
    }
}

#[test]
fn the_feed_names_packages_for_windows_of_the_product_and_beside_it() {
    let index = WindowsIndex::parse(&WINDOWS.read("documents/windows.json"), &WINDOWS.id().vendor).unwrap();
    let newest = |name: &str| index.newest(&name.parse().unwrap(), "x64").unwrap();
    assert_eq!(newest("consignee").native.msi.as_deref(), Some("0.0.1-1"));
    let shard = Shard::parse(&WINDOWS.read("documents/shard.json"), &WINDOWS.id()).unwrap();
    let files = shard.releases.iter().flat_map(|release| &release.packages).chain([newest("acme-release")]);
    let mut found = 0;
    for file in files.map(|package| &package.file) {
        let bytes = WINDOWS.read(&format!("repository/{}", file.path));
        assert_eq!((Sha256::of(&bytes), bytes.len() as u64), (file.sha256, file.size), "{}", file.path);
        found += 1;
    }
    assert_eq!(found, 3 * MODULES.len() + 1);
}

#[test]
fn a_plan_says_what_its_modules_are_on_windows() {
    let plan = |signed: &[u8]| {
        let verified = WINDOWS.keys(Role::Package).verify_message(signed, MAXIMUM_SIZE).unwrap();
        UpgradePlan::parse(&verified.bytes).unwrap()
    };
    let shard = Shard::parse(&WINDOWS.read("documents/shard.json"), &WINDOWS.id()).unwrap();
    let newest = FeedRelease::plan_path(&shard.releases[2].plan);
    let plan = plan(&WINDOWS.read(&format!("repository/{newest}")));
    let module = |name: &str| &plan.body.windows[&name.parse().unwrap()];
    let database = module("acme-database");
    assert_eq!(database.upgrade_code, "{E8D7A0B5-90B9-5C51-8A57-3C5A0B1F5C11}");
    assert_eq!(database.configuration, [r"{data}\database.toml"]);
    let services: Vec<_> = database.services.iter().map(|service| (service.name.as_str(), service.start)).collect();
    let starts = [
        ("AcmeDatabase", WindowsStart::Automatic),
        ("AcmeDumps", WindowsStart::AutomaticDelayed),
        ("AcmeRepair", WindowsStart::Disabled),
    ];
    assert_eq!(services, starts);
    let dumps = &database.services[1];
    assert_eq!((dumps.program.as_str(), dumps.account.as_str()), (r"{install}\database.exe", r"NT SERVICE\AcmeDumps"));
    let spool = &module("acme-backoffice").writes[0];
    assert_eq!(spool.folder, r"{data}\spool");
    assert_eq!(spool.accounts, ["AcmeJobs", r"IIS AppPool\AcmeBackOffice"]);
    assert!(plan.body.steps.iter().any(|step| matches!(step, Step::Run(run) if run.command[0].ends_with(".exe"))));
}

#[test]
fn the_agent_reads_what_it_kept_and_what_the_site_has_chosen() {
    let (_root, places) = places();
    let id = WINDOWS.id();
    let vendors = golden(VENDORS).join("acme").join(FILE);
    assert!(fs_err::read_to_string(vendors).unwrap().contains("https://packages.acme.example"));
    let subscription = Subscription::of(&places, &id.vendor).unwrap().unwrap();
    assert_eq!(subscription.url, "file:///C:/repository");
    assert_eq!((subscription.channel.as_str(), subscription.every), ("stable", Duration::from_secs(3600)));

    let bulletin = Bulletin::read(&places).unwrap();
    assert_eq!((bulletin.feeds[0].generation, bulletin.feeds[0].vendor.as_str()), (2, "acme"));
    assert!(bulletin.looked < bulletin.next_look);
    let [line] = &bulletin.products[..] else { panic!("{bulletin:?}") };
    assert_eq!((&line.product, &line.published), (&id, &"4.1.0".parse().ok()));
    assert!(matches!(line.upgrade, Some(Code::Halted | Code::Forward)), "{line:?}");
    assert_eq!(line.detected.len(), 3);

    let product = Product::new(&places, id);
    let newest = product.newest().unwrap().unwrap();
    let State::Forward { item, activity: Activity::Busy } = newest.state else { panic!("{:?}", newest.state) };
    assert_eq!((newest.header.items[item].name.as_str(), newest.engines.len()), ("scripts", 2));
    assert_eq!(product.finished().unwrap(), Some(("4.0.0".parse().unwrap(), Some(1))));
}

/// Their readers live on Windows: what they say is looked at here, that they are read in the test of the host.
#[test]
fn what_only_an_agent_on_windows_writes_is_as_it_was() {
    let json = |path: &str| serde_json::from_slice::<Value>(&fs_err::read(golden(path)).unwrap()).unwrap();
    let starts = json(&format!("{KEPT}/start-types.json"));
    let before = |word: &str| Value::from(word);
    assert_eq!(starts["format"], 1);
    assert_eq!(starts["before"]["AcmeDatabase.service"], before("automatic"), "{starts}");
    assert_eq!(starts["before"]["AcmeJobs.service"], before("manual"), "{starts}");
    let unsettled = json("5/documents/unsettled.json");
    let shop = &unsettled["packages"]["acme-webshop"];
    assert_eq!((&shop["version"], &shop["attempts"]), (&"4.1.0-1".into(), &1.into()), "{unsettled}");
    assert_eq!(shop["files"][0]["path"], r"C:\Program Files\Acme\WebShop\site\index.html");
    let at_work = json("5/documents/msiexec.json");
    assert!(at_work["format"] == 1 && at_work["pid"].is_u64() && at_work["action"].is_string(), "{at_work}");
}

#[test]
fn a_mirror_knows_what_it_carries() {
    let mirror = copy_of(&WINDOWS.path("repository"));
    fs_err::create_dir(mirror.path().join(".consign")).unwrap();
    fs_err::copy(WINDOWS.path("documents/mirror.json"), mirror.path().join(".consign/mirror.json")).unwrap();
    let mut command = Command::new(program("consign"));
    let output = command.args(["mirror", "status", "--json"]).arg(mirror.path()).output().unwrap();
    let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let said = status.to_string();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("\"freshness\":\"not-asked\"") && said.contains("\"generation\":3"), "{said}");
}

#[test]
fn an_extension_speaks_of_the_head_that_was_there() {
    let (signed, head) = (WINDOWS.read("documents/extension.pgp"), Sha256::of(&WINDOWS.read("documents/feed.json")));
    let verified = WINDOWS.keys(Role::Index).verify_message(&signed, MAXIMUM_EXTENSION_SIZE).unwrap();
    let extension = Extension::parse(&verified.bytes, &WINDOWS.id().vendor, &WINDOWS.channel()).unwrap();
    assert_eq!((extension.generation, extension.of_head(&head)), (WINDOWS.generation, Some(extension.expires)));
    assert_eq!(extension.expires.as_second() - extension.issued.as_second(), 86_400);
    assert_eq!(extension.of_head(&Sha256::of(b"another")), None);
    let spoilt = turned(&signed, position(&signed, "\"generation\":3") + 13);
    assert!(WINDOWS.keys(Role::Index).verify_message(&spoilt, MAXIMUM_EXTENSION_SIZE).is_err());
}

/// The Windows of version 5, on which nothing has run since its power went.
fn host() -> Option<Wine> {
    let wine = match Wine::with_agent() {
        Ok(wine) => wine,
        Err(not_run) => {
            not_run.report();
            return None;
        }
    };
    copy_into(&WINDOWS.path("repository"), &wine.path(r"C:\repository"));
    let install = |package: &str| wine.ok(&["msiexec", "/i", package, "/qn", "CONSIGNEE=later"]);
    install(r"C:\repository\acme-release.msi");
    for module in MODULES {
        install(&format!(r"C:\repository\windows\pool\{module}\{module}-4.1.0-1.x64.msi"));
    }
    copy_into(&golden("5/host/files"), &wine.path(r"C:\"));
    // As if it had died some seconds earlier: who reads them finds that nothing is left to do.
    for name in ["unsettled.json", "msiexec.json"] {
        fs_err::copy(WINDOWS.path(&format!("documents/{name}")), wine.path(&format!(r"{STATE}\{name}"))).unwrap();
    }
    Some(wine)
}

#[test]
fn a_windows_that_was_cut_in_mid_upgrade_is_finished() {
    let Some(wine) = host() else { return };
    let status = || fs_err::read_to_string(wine.path(&format!(r"{STATE}\status.json"))).unwrap_or_default();
    let log = || fs_err::read_to_string(wine.path(&format!(r"{STATE}\agent.log"))).unwrap_or_default();
    wine.serve();
    let is_done = || {
        let known: Value = serde_json::from_str(&status()).ok()?;
        let line = known["products"].as_array()?.first()?.clone();
        (line["upgrade"] == "completed" && line["installed"] == "4.1.0").then_some(())
    };
    let done = until("the upgrade", SOON, is_done);
    assert!(done.is_ok(), "{}\n{}", status(), log());
    let migrations = fs_err::read_to_string(wine.path(MIGRATIONS)).unwrap().replace('\r', "");
    let again = "4.1.0 begins: migrate --from=4.0.0 --to=4.1.0 --country=be\n";
    assert_eq!(migrations.matches(again).count(), 2, "{migrations}");
    assert!(migrations.ends_with("4.1.0 ends\n"), "{migrations}");
    for service in ["AcmeDatabase", "AcmeJobs"] {
        wine.wait_for(service, "RUNNING");
    }
    let edited = fs_err::read_to_string(wine.path(r"C:\ProgramData\Acme\Database\database.toml")).unwrap();
    assert_eq!(edited, "# of the site\n");
    let starts = fs_err::read_to_string(wine.path(&format!(r"{STATE}\start-types.json"))).unwrap();
    assert!(!starts.contains("AcmeDatabase"), "it has its start type again: {starts}");
    assert!(!log().contains("cannot read"), "{}", log());
}
