//! What hosts lack, told by apt with the hosts' own lists of what they have.

use std::path::Path;
use std::process::{Command, Output};

use super::scene::Scene;
use crate::project::{consign, err, ok, out};

fn stanza(name: &str, version: &str) -> String {
    format!(
        "Package: {name}\nStatus: install ok installed\nMaintainer: x <x@example.com>\nArchitecture: amd64\n\
         Version: {version}\nDescription: x\n\n"
    )
}

/// A host that has the agent, and these packages besides.
fn host(scene: &Scene, file: &str, more: &str) -> String {
    let path = scene.site().join(file);
    std::fs::write(&path, stanza("dpkg", "1.22") + &stanza("consignee", "99") + more).unwrap();
    path.display().to_string()
}

fn sync(scene: &Scene, slice: &Path, arguments: &[&str]) -> Output {
    let mut command = consign();
    command.args(["mirror", "apt", &scene.server.url()]).arg(slice).args(["--suite", "stable"]).args(arguments);
    command.arg("--keyring").arg(scene.project.certificate()).output().unwrap()
}

fn packages(slice: &Path) -> Vec<String> {
    let found = out(&ok(Command::new("find").arg(slice).args(["-name", "*.deb", "-printf", "%f\n"])));
    let mut found: Vec<_> = found.lines().map(str::to_owned).collect();
    found.sort();
    found
}

#[test]
fn what_hosts_lack_is_carried_together_and_stays_so_from_a_timer() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.release("shop", "1.0.0");
    let slice = scene.site().join("slice");
    let first = host(&scene, "first", "");
    let done = sync(&scene, &slice, &["--needed-by", &first, "--install", "acme-erp"]);
    assert!(done.status.success(), "{}", err(&done));
    assert_eq!(packages(&slice), ["acme-erp_1.0.0-1_all.deb"], "the host has the agent");

    let second = host(&scene, "second", &stanza("acme-erp", "1.0.0-1"));
    let wanted = ["--needed-by", &second, "--install", "acme-erp", "--install", "acme-shop"];
    let done = sync(&scene, &slice, &wanted);
    assert!(done.status.success(), "{}", err(&done));
    assert_eq!(packages(&slice), ["acme-erp_1.0.0-1_all.deb", "acme-shop_1.0.0-1_all.deb"]);

    scene.release("shop", "1.1.0");
    let done = sync(&scene, &slice, &[]);
    assert!(done.status.success(), "{}", err(&done));
    assert!(packages(&slice).contains(&"acme-shop_1.1.0-1_all.deb".to_owned()), "{:?}", packages(&slice));
}

#[test]
fn a_host_that_lacks_nothing_one_that_is_none_and_what_nobody_has_are_told_apart() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    let slice = scene.site().join("slice");
    let refused = |inventory: &str, wanted: &str| {
        let done = sync(&scene, &slice, &["--needed-by", inventory, "--install", wanted]);
        assert_eq!(done.status.code(), Some(3), "{}", err(&done));
        assert_eq!(packages(&slice), Vec::<String>::new());
        err(&done)
    };
    let has_it = host(&scene, "has-it", &stanza("acme-erp", "99"));
    assert!(refused(&has_it, "acme-erp").contains("the hosts lack nothing that it has"));
    let told = refused(&has_it, "no-such");
    assert!(told.contains("Unable to locate package no-such"), "{told}");
    let none = scene.site().join("none").display().to_string();
    std::fs::write(&none, "adduser 3.137 all\n").unwrap();
    assert!(refused(&none, "acme-erp").contains("it is no /var/lib/dpkg/status of a host"));
}
