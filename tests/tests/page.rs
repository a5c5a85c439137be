//! The page on `http://localhost:8080`, in a real browser on a real host.

use std::time::Duration;

use consign_lab::{Browser, CANOPSIS, Lab, Product, Reader, Release, Site, Vendor, lab};

const SOON: Duration = Duration::from_secs(60);
/// Makes the product's init step wait, or fail.
const TROUBLE: &str = "/var/lib/canopsis/trouble";

const ENGLISH: Reader = Reader { language: "en", scripts: true, window: (1100, 1400) };
const FRENCH: Reader = Reader { language: "fr", scripts: false, window: (420, 1400) };

/// A host where a release is offered and nothing is acknowledged, with the page switched on.
fn with_page(name: &str) -> (Vendor, Site) {
    let (vendor, site) = Site::with_canopsis(name, Release::Trixie, "3.25.0");
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    let off = site.host.exec(&["consignee", "--language", "en", "page"]).expect_code(1).text();
    assert!(off.contains("consignee page --on"), "{off}");
    site.consignee(&["page", "--on"]);
    (vendor, site)
}

fn address(site: &Site) -> String {
    site.consignee(&["page", "--url"]).stdout.trim().to_owned()
}

/// The process has nothing of what makes root powerful, and sees no socket but the agent's and no network.
fn assert_confined(site: &Site) {
    let pid = site.host.ok(&["systemctl", "show", "--value", "--property=MainPID", "consignee-page.service"]).stdout;
    let pid = pid.trim();
    let status = site.host.shell(&format!("cat /proc/{pid}/status"));
    for field in ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(status.contains(field), "{field}: {status}");
    }
    // What systemd mounts there for itself is no socket.
    let sockets = site.host.shell(&format!("cd /proc/{pid}/root/run && find . -type s"));
    assert!(sockets.lines().all(|socket| socket.starts_with("./consignee/")), "{sockets}");
    let network = |pid: &str| site.host.shell(&format!("readlink /proc/{pid}/ns/net"));
    assert_ne!(network(pid), network("1"));
}

/// From the product's page to the form with the button.
fn to_the_button(browser: &Browser) {
    browser.press("tbody a");
    browser.press("a.first");
}

#[test]
fn a_person_ticks_installs_and_sees_the_end_also_after_a_reload() {
    lab!(Lab::has_browser());
    let (_vendor, site) = with_page("page");
    let client = site.client();
    let browser = Browser::open(&site.host, ENGLISH).unwrap();
    browser.go("http://localhost:8080/");
    browser.wait_for("body", "sudo consignee page");
    browser.picture("login-en");
    browser.go(&address(&site));
    browser.wait_for("tbody", "3.26.0");
    assert_confined(&site);
    assert!(!browser.address().contains("t="), "the code stays in the history: {}", browser.address());
    browser.picture("overview-en");
    browser.press("tbody a");
    browser.wait_for("main", "root-credentials-reset");
    browser.picture("product-en");
    browser.press("a.first");
    browser.picture("upgrade-en");

    // Nothing begins without the ticks, nor without the name.
    browser.press("button.first");
    browser.wait_for("#objection", "ticks are missing");
    let ticked = browser.press_all("input[type=checkbox]");
    assert!(ticked >= 1, "{}", browser.text("main"));
    browser.press("button.first");
    browser.wait_for("#objection", "was not typed");
    assert!(!browser.has("input[type=checkbox]"), "the ticks are kept");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));

    site.host.write(TROUBLE, "hang", 0o644);
    browser.type_into("#confirm", CANOPSIS);
    browser.press("button.first");
    browser.wait_for("#said", "init");
    browser.wait_for("#log", "started");
    browser.picture("live-en");
    browser.reload();
    browser.wait_for("#said", "init");
    assert!(browser.address().ends_with("/consignee/acme/canopsis/live"), "{}", browser.address());
    site.host.ok(&["rm", TROUBLE]);
    browser.wait_for("#said", "finished");
    browser.wait_for("#progress", "done");
    browser.picture("end-en");
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    let history = site.consignee(&["history", CANOPSIS]).text();
    assert!(history.contains("root"), "{history}");
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

#[test]
fn without_scripts_in_french_and_in_a_narrow_window_it_does_the_same() {
    lab!(Lab::has_browser());
    let (_vendor, site) = with_page("page-plain");
    let client = site.client();
    let browser = Browser::open(&site.host, FRENCH).unwrap();
    let address = address(&site);
    let (page, code) = address.split_once("#t=").unwrap();
    browser.go(page);
    browser.wait_for("h1", "Se connecter");
    browser.picture("login-fr");
    browser.type_into("#code", code);
    browser.press("#login button");
    browser.wait_for("tbody", "3.26.0");
    browser.picture("overview-fr");
    to_the_button(&browser);
    browser.press_all("input[type=checkbox]");
    browser.type_into("#confirm", CANOPSIS);
    browser.picture("upgrade-fr");
    browser.press("button.first");
    let finished = || {
        browser.reload();
        browser.text("body").contains("terminée").then_some(())
    };
    site.host.wait_until("the page says that it is finished", SOON * 2, finished);
    browser.picture("end-fr");
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.nothing_was_lost(client);
}
