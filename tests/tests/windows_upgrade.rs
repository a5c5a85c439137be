//! An upgrade on Windows, from the feed to the health of what came, under Wine: `scripts/agent --windows` and
//! `scripts/wine` come before it.

use std::time::Duration;

use consign_lab::{BackOffice, MIGRATIONS, STATE, Wine, until};
use serde_json::Value;

const PRODUCT: &str = "acme/backoffice";

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
    let seen = until("the agent's file", Duration::from_secs(60), || (line(wine)[field] == value).then_some(()));
    assert!(seen.is_ok(), "{field} is not {value}: {:#}\n{}", line(wine), log(wine));
}

fn log(wine: &Wine) -> String {
    fs_err::read_to_string(wine.path(&format!(r"{STATE}\agent.log"))).unwrap_or_default()
}

fn migrations(wine: &Wine) -> String {
    fs_err::read_to_string(wine.path(MIGRATIONS)).unwrap_or_default().replace('\r', "")
}

#[test]
fn an_upgrade_is_found_in_the_feed_and_finished_once() {
    let Some((wine, office)) = server() else { return };
    office.release("4.1.0", &[]).unwrap();
    let upgraded = wine.consignee(&["upgrade", PRODUCT, "--yes"]);
    let said = format!("{}{}", String::from_utf8_lossy(&upgraded.stdout), String::from_utf8_lossy(&upgraded.stderr));
    assert_eq!(upgraded.status.code(), Some(0), "{said}\n{}", log(&wine));
    assert_eq!(office.answers().as_deref(), Some("4.1.0"));
    let ran = "4.1.0 begins: migrate --from=4.0.0 --to=4.1.0 --country=fr\n4.1.0 ends\n";
    assert_eq!(migrations(&wine).matches("4.1.0 begins").count(), 1, "{}", migrations(&wine));
    assert!(migrations(&wine).ends_with(ran), "{}", migrations(&wine));
    wait_for(&wine, "installed", "4.1.0");
    let line = line(&wine);
    assert_eq!((&line["published"], &line["upgrade"]), (&"4.1.0".into(), &"completed".into()), "{line:#}");
    for module in ["acme-database", "acme-backoffice", "acme-webshop"] {
        assert_eq!(line["detected"][module]["version"], "4.1.0-1", "{line:#}");
    }
    for service in ["AcmeDatabase", "AcmeJobs"] {
        wine.wait_for(service, "RUNNING");
    }
}
