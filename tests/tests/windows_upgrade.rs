//! An upgrade on Windows, from the feed to the health of what came, under Wine: `scripts/agent --windows` and
//! `scripts/wine` come before it.

use std::time::Duration;

use consign_lab::{BackOffice, OfficeServer, STATE, Wine, until, windows_path};
use serde_json::Value;

/// Where the packages are that the agent keeps.
const KEPT: &str = r"C:\ProgramData\Consignee\acme\backoffice\packages";

/// A server with 4.0.0 of the back office, whose agent has finished it.
fn server() -> Option<OfficeServer> {
    OfficeServer::new().map_err(|not_run| not_run.report()).ok()
}

#[test]
fn an_upgrade_is_found_in_the_feed_and_finished_once() {
    let Some(server) = server() else { return };
    assert_eq!(server.migrations().matches("4.0.0 begins").count(), 1, "{}", server.migrations());
    server.office.release("4.1.0", &[]).unwrap();
    let (code, said) = server.upgrade(&["--yes"]);
    assert_eq!(code, Some(0), "{said}\n{}", server.log());
    let ran = "4.1.0 begins: migrate --from=4.0.0 --to=4.1.0 --country=fr\n4.1.0 ends\n";
    assert!(server.migrations().ends_with(ran), "{}", server.migrations());
    server.assert_upgraded(1);
    assert_eq!(server.line()["published"], "4.1.0");
    let kept = fs_err::read_dir(server.wine.path(KEPT)).unwrap().count();
    assert_eq!(kept, 6, "the packages that are installed, and those to go back to");
}

#[test]
fn an_agent_that_is_killed_in_the_middle_is_gone_on_from_there() {
    let Some(server) = server() else { return };
    server.office.release("4.1.0", &[]).unwrap();
    fs_err::write(server.wine.path(r"C:\hold"), "").unwrap();
    assert_eq!(server.upgrade(&["--yes", "--no-wait"]).0, Some(5));
    let kill = |what: &str, is_there: &mut dyn FnMut() -> bool| {
        let seen = until(what, Duration::from_secs(60), || is_there().then_some(()));
        assert!(seen.is_ok(), "{what}: {}", server.log());
        server.wine.crash();
    };
    // While a package is installed: that goes on without it, and its end is waited for.
    kill("msiexec", &mut || server.wine.path(&format!(r"{STATE}\msiexec.json")).exists());
    // While the migration runs, which may be run once more.
    kill("the migration", &mut || server.migrations().contains("4.1.0 begins"));
    fs_err::remove_file(server.wine.path(r"C:\hold")).unwrap();
    server.assert_upgraded(2);
}

#[test]
fn packages_that_cannot_all_be_installed_are_all_as_they_were() {
    let Some(server) = server() else { return };
    server.office.release("4.1.0", &[("to = \"site/\"", "to = \"new/\"")]).unwrap();
    // Where its new folder should be there is a file.
    fs_err::write(server.wine.path(r"C:\Program Files\Acme\WebShop\new"), "in the way").unwrap();
    let (code, said) = server.upgrade(&["--yes"]);
    assert_eq!(code, Some(3), "{said}\n{}", server.log());
    for (module, found) in server.detected() {
        assert_eq!(found["version"], "4.0.0-1", "{module}: {}", server.log());
    }
    assert_eq!(server.office.answers().as_deref(), Some("4.0.0"));
    assert_eq!(server.migrations().matches("4.1.0").count(), 0, "{}", server.migrations());
    assert!(said.contains("came to nothing and was taken back: msiexec ended with"), "{said}");
}

#[test]
fn a_file_that_somebody_has_open_is_named_and_nothing_loops() {
    let Some(server) = server() else { return };
    server.office.release("4.1.0", &[]).unwrap();
    let held = r"C:\Program Files\Acme\WebShop\site\index.html";
    fs_err::copy(server.wine.path(r"C:\Program Files\Acme\Database\database.exe"), server.wine.path(r"C:\grasp.exe"))
        .unwrap();
    let mut grasp = server.wine.start(&[r"C:\grasp.exe", "grasp", held]);
    until("the file", Duration::from_secs(20), || server.wine.path(r"C:\grasp").exists().then_some(())).unwrap();
    server.upgrade(&["--yes"]);
    server.wait_for("upgrade", "halted");
    let unsettled =
        || fs_err::read_to_string(server.wine.path(&format!(r"{STATE}\unsettled.json"))).unwrap_or_default();
    let known: Value = serde_json::from_str(&unsettled()).unwrap();
    let shop = &known["packages"]["acme-webshop"];
    assert_eq!((&shop["version"], &shop["attempts"]), (&"4.1.0-1".into(), &1.into()), "{known:#}");
    assert_eq!(shop["files"][0]["path"], held, "{known:#}");
    assert_eq!(server.line()["detected"]["acme-webshop"]["configured"], false);
    assert_eq!(server.migrations().matches("4.1.0").count(), 0, "{}", server.migrations());
    // Enough is enough, also for a person who tries again and again.
    for _ in 0..2 {
        server.consignee("retry", &[]);
    }
    server.wine.consignee(&["hook", "wake"]);
    let status = || String::from_utf8_lossy(&server.wine.consignee(&["status"]).stdout).into_owned();
    let said = until("the end of it", Duration::from_secs(30), || Some(status()).filter(|s| s.contains("3 times")));
    assert!(said.is_ok(), "{}\n{}\n{}", status(), unsettled(), server.log());
    // Windows restarts: what waited for that is the new file, and the upgrade goes on by itself.
    server.wine.reboot();
    grasp.wait().unwrap();
    server.wine.ok(&["net", "start", "Consignee"]);
    server.assert_upgraded(1);
}

#[test]
fn a_package_that_windows_installer_has_lost_is_given_back() {
    let Some(server) = server() else { return };
    server.office.release("4.1.0", &[]).unwrap();
    assert_eq!(server.upgrade(&["--yes"]).0, Some(0));
    for cached in fs_err::read_dir(server.wine.path(r"C:\windows\Installer")).unwrap().flatten() {
        fs_err::remove_file(cached.path()).unwrap();
    }
    server.office.release("4.1.1", &[]).unwrap();
    let (code, said) = server.upgrade(&["--yes"]);
    assert_eq!(code, Some(0), "{said}\n{}", server.log());
    assert_eq!(server.log().matches("which has lost it").count(), 3, "{}", server.log());
    server.wait_for("installed", "4.1.1");
}

#[test]
fn what_the_feed_does_not_vouch_for_is_not_taken() {
    let Some(mut server) = server() else { return };
    // Nobody has asked: the agent looks by itself.
    server.wait_for("published", "4.0.0");
    let head = server.office.repository().join("consign/stable/feed.pgp");
    let older = fs_err::read(&head).unwrap();
    server.office.release("4.1.0", &[]).unwrap();
    let newer = fs_err::read(&head).unwrap();
    let way = |server: &OfficeServer| server.upgrade(&["--plan"]).1;
    assert!(way(&server).contains("4.1.0"), "{}", way(&server));
    // An older generation, and a feed that somebody has changed.
    fs_err::write(&head, &older).unwrap();
    way(&server);
    assert!(server.line()["problem"].as_str().unwrap_or_default().contains("generation"), "{:#}", server.line());
    let mut other = newer.clone();
    let middle = other.len() / 2;
    other[middle] ^= 1;
    fs_err::write(&head, &other).unwrap();
    way(&server);
    assert!(server.line()["problem"].is_string(), "{:#}", server.line());
    // A package that is another than the one in the feed.
    fs_err::write(&head, &newer).unwrap();
    let package = server.office.repository().join("windows/pool/acme-webshop/acme-webshop-4.1.0-1.x64.msi");
    let whole = fs_err::read(&package).unwrap();
    let mut other = whole.clone();
    let last = other.len() - 1;
    other[last] ^= 1;
    fs_err::write(&package, &other).unwrap();
    let (code, said) = server.upgrade(&["--yes"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("not the file that the feed names"), "{said}");
    assert_eq!(server.office.answers().as_deref(), Some("4.0.0"), "nothing was stopped for it");
    // Nobody answers.
    server.office.close();
    way(&server);
    assert!(server.line()["problem"].as_str().unwrap_or_default().contains("cannot fetch"), "{:#}", server.line());
    server.office.serve().unwrap();
    fs_err::write(&package, &whole).unwrap();
    assert_eq!(server.upgrade(&["--yes"]).0, Some(0), "{}", server.log());
    server.assert_upgraded(1);
}

#[test]
fn another_installation_is_waited_for_and_a_restart_that_is_wanted_is_no_failure() {
    let Some(server) = server() else { return };
    server.office.release("4.1.0", &[]).unwrap();
    server.wine.put_in_place("msiexec.c", r"C:\windows\system32\msiexec.exe", &["-lmsi"]);
    let busy = server.wine.path(r"C:\busy");
    fs_err::write(&busy, "1 \n").unwrap();
    fs_err::write(server.wine.path(r"C:\success"), "1641").unwrap();
    let (code, said) = server.upgrade(&["--yes"]);
    assert_eq!(code, Some(0), "{said}\n{}", server.log());
    assert_eq!(fs_err::read_to_string(&busy).unwrap().trim(), "0", "nobody was told that another one is at work");
    assert_eq!(server.log().matches("some of it counts after a reboot only").count(), 3, "{}", server.log());
    server.assert_upgraded(1);
}

#[test]
fn application_pools_are_paused_and_only_those_that_ran_are_started_again() {
    let office = BackOffice::new().unwrap();
    let pools =
        [("install_folder = 'Acme\\WebShop'", "install_folder = 'Acme\\WebShop'\npools = [\"Shop\", \"Old Shop\"]")];
    office.release("4.0.0", &pools).unwrap();
    let pool = |wine: &Wine, name: &str, attribute: &str| wine.path(&format!(r"C:\pools\{name}\{attribute}"));
    let begin = |wine: &Wine| {
        wine.put_in_place("appcmd.c", r"C:\windows\system32\inetsrv\appcmd.exe", &[]);
        for (name, state, automatic) in [("Shop", "Started", "true"), ("Old Shop", "Started", "true")] {
            fs_err::create_dir_all(wine.path(&format!(r"C:\pools\{name}"))).unwrap();
            fs_err::write(pool(wine, name, "state"), state).unwrap();
            fs_err::write(pool(wine, name, "autoStart"), automatic).unwrap();
        }
        wine.serve();
    };
    let server = match OfficeServer::of(office, begin, &[]) {
        Ok(server) => server,
        Err(not_run) => return not_run.report(),
    };
    let attributes = |name: &str| {
        let read = |attribute| fs_err::read_to_string(pool(&server.wine, name, attribute)).unwrap();
        (read("state"), read("autoStart"))
    };
    let told = server.wine.path(r"C:\appcmd.log");
    fs_err::write(&told, "").unwrap();
    // A new product runs as a whole; this one the site has stopped since.
    fs_err::write(pool(&server.wine, "Old Shop", "state"), "Stopped").unwrap();
    fs_err::write(pool(&server.wine, "Old Shop", "autoStart"), "false").unwrap();
    server.office.release("4.1.0", &pools).unwrap();
    fs_err::write(server.wine.path(r"C:\hold"), "").unwrap();
    assert_eq!(server.upgrade(&["--yes", "--no-wait"]).0, Some(5));
    let begun = || server.migrations().contains("4.1.0 begins").then_some(());
    assert!(until("the migration", Duration::from_secs(120), begun).is_ok(), "{}", server.log());
    let said = || format!("{}\n{}", fs_err::read_to_string(&told).unwrap(), server.log());
    assert_eq!(attributes("Shop"), ("Stopped".to_owned(), "false".to_owned()), "{}", said());
    fs_err::remove_file(server.wine.path(r"C:\hold")).unwrap();
    server.assert_upgraded(1);
    assert_eq!(attributes("Shop"), ("Started".to_owned(), "true".to_owned()));
    assert_eq!(attributes("Old Shop"), ("Stopped".to_owned(), "false".to_owned()));
    assert!(!said().contains("start apppool /apppool.name:Old Shop"), "{}", said());
}

#[test]
fn what_the_site_chose_when_it_installed_reaches_every_upgrade() {
    let office = BackOffice::new().unwrap();
    office.release("4.0.0", &[]).unwrap();
    let server = match OfficeServer::of(office, Wine::serve, &["OPTION_COUNTRY=be"]) {
        Ok(server) => server,
        Err(not_run) => return not_run.report(),
    };
    assert!(server.migrations().contains("--to=4.0.0 --country=be"), "{}", server.migrations());
    server.office.release("4.1.0", &[]).unwrap();
    assert_eq!(server.upgrade(&["--yes"]).0, Some(0), "{}", server.log());
    assert!(server.migrations().contains("--to=4.1.0 --country=be"), "{}", server.migrations());
    // The site's file counts more.
    let choice = server.wine.path(r"C:\ProgramData\Consign\acme\backoffice.toml");
    fs_err::create_dir_all(choice.parent().unwrap()).unwrap();
    fs_err::write(choice, "[options]\ncountry = \"ch\"\n").unwrap();
    server.office.release("4.1.1", &[]).unwrap();
    assert_eq!(server.upgrade(&["--yes"]).0, Some(0), "{}", server.log());
    assert!(server.migrations().contains("--to=4.1.1 --country=ch"), "{}", server.migrations());
}

#[test]
fn an_older_version_is_refused_by_hand_and_a_removed_product_is_gone() {
    let Some(server) = server() else { return };
    server.office.release("4.1.0", &[]).unwrap();
    assert_eq!(server.upgrade(&["--yes"]).0, Some(0), "{}", server.log());
    let older = windows_path(&server.office.package("acme-webshop", "4.0.0"));
    server.wine.run(&["msiexec", "/i", &older, "/qn"]);
    server.assert_upgraded(1);
    for module in ["acme-webshop", "acme-backoffice", "acme-database"] {
        server.wine.ok(&["msiexec", "/x", &windows_path(&server.office.package(module, "4.1.0")), "/qn"]);
    }
    let is_gone = || (server.line()["detected"] == serde_json::json!({})).then_some(());
    let seen = until("the removal", Duration::from_secs(120), is_gone);
    assert!(seen.is_ok(), "{:#}\n{}", server.bulletin(), server.log());
    for service in ["AcmeJobs", "AcmeDatabase"] {
        assert!(!server.wine.run(&["sc", "query", service]).status.success(), "{service}");
    }
    assert_eq!(server.office.answers(), None);
}
