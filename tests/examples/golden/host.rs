//! The host: a Windows of Wine's with the first release, which reads the repository from a folder. Somebody has a
//! file open while the second one comes, so the upgrade halts; after a restart it goes on by itself, and the power
//! goes while its migration runs.

use std::path::Path;

use consign_lab::{MIGRATIONS, STATE, Wine, until};
use serde_json::Value;

use crate::vendor::{Publisher, copy, text};
use crate::{PATIENCE, PRODUCT, Result};

/// Where the repository lies on the host.
const REPOSITORY: &str = r"C:\repository";
/// What the host has that packages do not bring, and no restart makes again.
const KEPT: [&str; 4] =
    [STATE, r"C:\ProgramData\Consign", r"C:\ProgramData\Acme", r"C:\Program Files\Consignee\vendors"];
/// Of the lab, or what a person reads of one run.
const LEFT_OUT: [&str; 1] = ["agent.log"];
/// A file that everybody forgets to close.
const HELD: &str = r"C:\Program Files\Acme\WebShop\site\index.html";
/// While it is there the migration hangs; it goes with the power.
const HANGS: &str = r"C:\hold";
const POLICY: &str = r#"language = "fr"

[keep]
packages = 2

[checks]
identities = "tell"
"#;
const SUBSCRIPTION: &str = "url = \"file:///C:/repository\"\nlook_minutes = 60\n";

/// One with the first release, finished, and a file that the site has edited.
pub fn installed(acme: &Publisher) -> Result<Wine> {
    let wine = Wine::with_agent().map_err(|not_run| format!("no Wine: {not_run:?}"))?;
    show(&wine, acme)?;
    for (path, content) in [
        (r"C:\ProgramData\Consign\policy.toml", POLICY),
        (r"C:\ProgramData\Consign\acme\repository.toml", SUBSCRIPTION),
        (r"C:\ProgramData\Consign\acme\backoffice.toml", "[options]\ncountry = \"be\"\n"),
    ] {
        let path = wine.path(path);
        fs_err::create_dir_all(path.parent().unwrap_or(&path))?;
        fs_err::write(path, content)?;
    }
    wine.serve();
    install(&wine, r"C:\repository\acme-release.msi");
    for module in ["acme-database", "acme-backoffice", "acme-webshop"] {
        install(&wine, &format!(r"C:\repository\windows\pool\{module}\{module}-4.0.0-1.x64.msi"));
    }
    wait_for(&wine, "installed", "4.0.0")?;
    fs_err::write(wine.path(r"C:\ProgramData\Acme\Database\database.toml"), "# of the site\n")?;
    Ok(wine)
}

/// Upgrades to what is published by now, until the migration runs; keeps the host, and of what was there for some
/// seconds only a copy among the documents.
pub fn cut_in_mid_upgrade(wine: &Wine, acme: &Publisher, folder: &Path) -> Result<()> {
    let documents = folder.join("documents");
    fs_err::create_dir_all(&documents)?;
    let keep = |name: &str| -> Option<()> {
        let bytes = fs_err::read(wine.path(&format!(r"{STATE}\{name}"))).ok().filter(|bytes| !bytes.is_empty())?;
        fs_err::write(documents.join(name), bytes).ok()
    };
    show(wine, acme)?;
    let program = wine.path(r"C:\grasp.exe");
    fs_err::copy(wine.path(r"C:\Program Files\Acme\Database\database.exe"), program)?;
    let mut grasp = wine.start(&[r"C:\grasp.exe", "grasp", HELD]);
    let halted = halt(wine, keep);
    wine.reboot();
    grasp.wait()?;
    halted?;
    wine.ok(&["net", "start", "Consignee"]);
    let migrates = || {
        let log = fs_err::read_to_string(wine.path(MIGRATIONS)).unwrap_or_default();
        log.contains("4.1.0 begins").then_some(())
    };
    until("the migration hangs", PATIENCE, migrates)?;
    wine.cut();
    keep_host(wine, &folder.join("host/files"))
}

/// Upgrades while the file is open, as far as that goes, and lays an obstacle in the way of what comes then.
fn halt(wine: &Wine, keep: impl Fn(&str) -> Option<()>) -> Result<()> {
    until("the file is open", PATIENCE, || wine.path(r"C:\grasp").exists().then_some(()))?;
    wine.consignee(&["upgrade", PRODUCT, "--yes", "--no-wait"]);
    until("msiexec is at work", PATIENCE, || keep("msiexec.json"))?;
    wait_for(wine, "upgrade", "halted")?;
    keep("unsettled.json").ok_or("nothing is unsettled")?;
    Ok(fs_err::write(wine.path(HANGS), "")?)
}

/// The files of the host, each at its place below `C:`.
fn keep_host(wine: &Wine, to: &Path) -> Result<()> {
    for path in KEPT {
        let below = to.join(path.trim_start_matches(r"C:\").replace('\\', "/"));
        copy(&wine.path(path), &below)?;
    }
    for name in LEFT_OUT {
        fs_err::remove_file(to.join("ProgramData/Consignee").join(name))?;
    }
    fs_err::copy(wine.path(MIGRATIONS), to.join("migrations.log"))?;
    Ok(())
}

/// The repository, as it is now.
fn show(wine: &Wine, acme: &Publisher) -> Result<()> {
    acme.copy_repository(&wine.path(REPOSITORY))
}

fn install(wine: &Wine, package: &str) {
    wine.ok(&["msiexec", "/i", package, "/qn"]);
}

fn wait_for(wine: &Wine, field: &str, value: &str) -> Result<()> {
    let status = || fs_err::read_to_string(wine.path(&format!(r"{STATE}\status.json"))).unwrap_or_default();
    let is_so = || {
        let known: Value = serde_json::from_str(&status()).ok()?;
        let products = known["products"].as_array()?;
        products.iter().any(|line| line["product"] == PRODUCT && line[field] == value).then_some(())
    };
    until(&format!("{field} {value}"), PATIENCE, is_so).map_err(|late| {
        let log = fs_err::read_to_string(wine.path(&format!(r"{STATE}\agent.log"))).unwrap_or_default();
        format!("{late}: {}\n{log}\n{}", status(), text(&wine.path(STATE))).into()
    })
}
