//! An upgrade on Windows, from the feed to the health of what came, under Wine: `scripts/agent --windows` and
//! `scripts/wine` come before it.

use std::time::Duration;

use consign_lab::{BackOffice, MIGRATIONS, STATE, Wine, until};
use serde_json::Value;

const PRODUCT: &str = "acme/backoffice";
const MODULES: [&str; 3] = ["acme-database", "acme-backoffice", "acme-webshop"];
/// Where the packages are that the agent keeps.
const KEPT: &str = r"C:\ProgramData\Consignee\acme\backoffice\packages";

/// A server with 4.0.0 of the back office, whose agent has finished it.
fn server() -> Option<(Wine, BackOffice)> {
    let wine = match Wine::with_agent() {
        Ok(wine) => wine,
        Err(not_run) => {
            not_run.report();
            return None;
        }
    };
    let office = BackOffice::new().unwrap();
    office.release("4.0.0", &[]).unwrap();
    office.introduce(&wine).unwrap();
    // Wine has no accounts of IIS' pools, which the product names.
    let policy = wine.path(r"C:\ProgramData\Consign\policy.toml");
    fs_err::create_dir_all(policy.parent().unwrap()).unwrap();
    fs_err::write(policy, "[checks]\nidentities = \"tell\"\n").unwrap();
    wine.serve();
    office.install(&wine, "4.0.0");
    wait_for(&wine, "installed", "4.0.0");
    Some((wine, office))
}

/// What the agent has written down for people about the product.
fn line(wine: &Wine) -> Value {
    let text = fs_err::read_to_string(wine.path(&format!(r"{STATE}\status.json"))).unwrap_or_default();
    let bulletin: Value = serde_json::from_str(&text).unwrap_or_default();
    let products = bulletin["products"].as_array().cloned().unwrap_or_default();
    products.into_iter().find(|line| line["product"] == PRODUCT).unwrap_or_default()
}

fn wait_for(wine: &Wine, field: &str, value: &str) {
    let seen = until("the agent's file", Duration::from_secs(120), || (line(wine)[field] == value).then_some(()));
    assert!(seen.is_ok(), "{field} is not {value}: {:#}\n{}", line(wine), log(wine));
}

fn log(wine: &Wine) -> String {
    fs_err::read_to_string(wine.path(&format!(r"{STATE}\agent.log"))).unwrap_or_default()
}

fn migrations(wine: &Wine) -> String {
    fs_err::read_to_string(wine.path(MIGRATIONS)).unwrap_or_default().replace('\r', "")
}

/// Upgrades as a person does; the exit status, and what was said.
fn upgrade(wine: &Wine, more: &[&str]) -> (Option<i32>, String) {
    let output = wine.consignee(&[&["upgrade", PRODUCT][..], more].concat());
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), said)
}

fn status(wine: &Wine) -> String {
    String::from_utf8_lossy(&wine.consignee(&["status"]).stdout).into_owned()
}

/// It is there, whole, and its migration was begun so often.
fn assert_upgraded(wine: &Wine, office: &BackOffice, begun: usize) {
    wait_for(wine, "upgrade", "completed");
    wait_for(wine, "installed", "4.1.0");
    assert_eq!(migrations(wine).matches("4.1.0 begins").count(), begun, "{}", migrations(wine));
    assert!(migrations(wine).ends_with("4.1.0 ends\n"), "{}", migrations(wine));
    for module in MODULES {
        let found = &line(wine)["detected"][module];
        assert_eq!((&found["version"], &found["configured"]), (&"4.1.0-1".into(), &true.into()), "{module}");
    }
    for service in ["AcmeDatabase", "AcmeJobs"] {
        wine.wait_for(service, "RUNNING");
    }
    assert_eq!(office.answers().as_deref(), Some("4.1.0"));
}

#[test]
fn an_upgrade_is_found_in_the_feed_and_finished_once() {
    let Some((wine, office)) = server() else { return };
    assert_eq!(migrations(&wine).matches("4.0.0 begins").count(), 1, "{}", migrations(&wine));
    office.release("4.1.0", &[]).unwrap();
    let (code, said) = upgrade(&wine, &["--yes"]);
    assert_eq!(code, Some(0), "{said}\n{}", log(&wine));
    let ran = "4.1.0 begins: migrate --from=4.0.0 --to=4.1.0 --country=fr\n4.1.0 ends\n";
    assert!(migrations(&wine).ends_with(ran), "{}", migrations(&wine));
    assert_upgraded(&wine, &office, 1);
    assert_eq!(line(&wine)["published"], "4.1.0");
    let kept = fs_err::read_dir(wine.path(KEPT)).unwrap().count();
    assert_eq!(kept, 6, "the packages that are installed, and those to go back to");
}

#[test]
fn an_agent_that_is_killed_in_the_middle_is_gone_on_from_there() {
    let Some((wine, office)) = server() else { return };
    office.release("4.1.0", &[]).unwrap();
    fs_err::write(wine.path(r"C:\hold"), "").unwrap();
    assert_eq!(upgrade(&wine, &["--yes", "--no-wait"]).0, Some(5));
    let kill = |what: &str, is_there: &mut dyn FnMut() -> bool| {
        until(what, Duration::from_secs(60), || is_there().then_some(())).unwrap();
        wine.crash();
    };
    // While a package is installed: that goes on without it, and its end is waited for.
    kill("msiexec", &mut || wine.path(&format!(r"{STATE}\msiexec.json")).exists());
    // While the migration runs, which may be run once more.
    kill("the migration", &mut || migrations(&wine).contains("4.1.0 begins"));
    fs_err::remove_file(wine.path(r"C:\hold")).unwrap();
    assert_upgraded(&wine, &office, 2);
}

#[test]
fn packages_that_cannot_all_be_installed_are_all_as_they_were() {
    let Some((wine, office)) = server() else { return };
    office.release("4.1.0", &[("to = \"site/\"", "to = \"new/\"")]).unwrap();
    // Where its new folder should be there is a file.
    fs_err::write(wine.path(r"C:\Program Files\Acme\WebShop\new"), "in the way").unwrap();
    let (code, said) = upgrade(&wine, &["--yes"]);
    assert_eq!(code, Some(3), "{said}\n{}", log(&wine));
    for module in MODULES {
        assert_eq!(line(&wine)["detected"][module]["version"], "4.0.0-1", "{module}: {}", log(&wine));
    }
    assert_eq!(office.answers().as_deref(), Some("4.0.0"));
    assert_eq!(migrations(&wine).matches("4.1.0").count(), 0, "{}", migrations(&wine));
    assert!(said.contains("came to nothing and was taken back: msiexec ended with"), "{said}");
}

#[test]
fn a_file_that_somebody_has_open_is_named_and_nothing_loops() {
    let Some((wine, office)) = server() else { return };
    office.release("4.1.0", &[]).unwrap();
    let held = r"C:\Program Files\Acme\WebShop\site\index.html";
    fs_err::copy(wine.path(r"C:\Program Files\Acme\Database\database.exe"), wine.path(r"C:\grasp.exe")).unwrap();
    let mut grasp = wine.start(&[r"C:\grasp.exe", "grasp", held]);
    until("the file", Duration::from_secs(20), || wine.path(r"C:\grasp").exists().then_some(())).unwrap();
    upgrade(&wine, &["--yes"]);
    wait_for(&wine, "upgrade", "halted");
    let unsettled = || fs_err::read_to_string(wine.path(&format!(r"{STATE}\unsettled.json"))).unwrap_or_default();
    let known: Value = serde_json::from_str(&unsettled()).unwrap();
    let shop = &known["packages"]["acme-webshop"];
    assert_eq!((&shop["version"], &shop["attempts"]), (&"4.1.0-1".into(), &1.into()), "{known:#}");
    assert_eq!(shop["files"][0]["path"], held, "{known:#}");
    assert_eq!(line(&wine)["detected"]["acme-webshop"]["configured"], false);
    assert_eq!(migrations(&wine).matches("4.1.0").count(), 0, "{}", migrations(&wine));
    // Enough is enough, also for a person who tries again and again.
    for _ in 0..2 {
        wine.consignee(&["retry", PRODUCT]);
    }
    wine.consignee(&["hook", "wake"]);
    let said =
        until("the end of it", Duration::from_secs(30), || Some(status(&wine)).filter(|s| s.contains("3 times")));
    assert!(said.is_ok(), "{}\n{}\n{}", status(&wine), unsettled(), log(&wine));
    // Windows restarts: what waited for that is the new file, and the upgrade goes on by itself.
    wine.reboot();
    grasp.wait().unwrap();
    wine.ok(&["net", "start", "Consignee"]);
    assert_upgraded(&wine, &office, 1);
}

#[test]
fn a_package_that_windows_installer_has_lost_is_given_back() {
    let Some((wine, office)) = server() else { return };
    office.release("4.1.0", &[]).unwrap();
    assert_eq!(upgrade(&wine, &["--yes"]).0, Some(0));
    for cached in fs_err::read_dir(wine.path(r"C:\windows\Installer")).unwrap().flatten() {
        fs_err::remove_file(cached.path()).unwrap();
    }
    office.release("4.1.1", &[]).unwrap();
    let (code, said) = upgrade(&wine, &["--yes"]);
    assert_eq!(code, Some(0), "{said}\n{}", log(&wine));
    assert_eq!(log(&wine).matches("which has lost it").count(), 3, "{}", log(&wine));
    wait_for(&wine, "installed", "4.1.1");
}

#[test]
fn what_the_feed_does_not_vouch_for_is_not_taken() {
    let Some((wine, mut office)) = server() else { return };
    // Nobody has asked: the agent looks by itself.
    wait_for(&wine, "published", "4.0.0");
    let head = office.repository().join("consign/stable/feed.pgp");
    let older = fs_err::read(&head).unwrap();
    office.release("4.1.0", &[]).unwrap();
    let newer = fs_err::read(&head).unwrap();
    let way = || upgrade(&wine, &["--plan"]).1;
    assert!(way().contains("4.1.0"), "{}", way());
    // An older generation, and a feed that somebody has changed.
    fs_err::write(&head, &older).unwrap();
    way();
    assert!(line(&wine)["problem"].as_str().unwrap_or_default().contains("generation"), "{:#}", line(&wine));
    let mut other = newer.clone();
    let middle = other.len() / 2;
    other[middle] ^= 1;
    fs_err::write(&head, &other).unwrap();
    way();
    assert!(line(&wine)["problem"].is_string(), "{:#}", line(&wine));
    // A package that is another than the one in the feed.
    fs_err::write(&head, &newer).unwrap();
    let package = office.repository().join("windows/pool/acme-webshop/acme-webshop-4.1.0-1.x64.msi");
    let whole = fs_err::read(&package).unwrap();
    let mut other = whole.clone();
    let last = other.len() - 1;
    other[last] ^= 1;
    fs_err::write(&package, &other).unwrap();
    let (code, said) = upgrade(&wine, &["--yes"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("not the file that the feed names"), "{said}");
    assert_eq!(office.answers().as_deref(), Some("4.0.0"), "nothing was stopped for it");
    // Nobody answers.
    office.close();
    way();
    assert!(line(&wine)["problem"].as_str().unwrap_or_default().contains("cannot fetch"), "{:#}", line(&wine));
    office.serve().unwrap();
    fs_err::write(&package, &whole).unwrap();
    assert_eq!(upgrade(&wine, &["--yes"]).0, Some(0), "{}", log(&wine));
    assert_upgraded(&wine, &office, 1);
}
