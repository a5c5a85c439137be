//! Packages that are signed for Windows, or are not, under Wine: `scripts/agent --windows` and `scripts/wine` come
//! before it.

use std::time::Duration;

use consign_lab::{BackOffice, CodeSigner, OfficeServer, STATE, Wine, until};

/// Where the packages are that the agent keeps.
const KEPT: &str = r"C:\ProgramData\Consignee\acme\backoffice\packages";

/// A server with 4.0.0 of a vendor that signs for Windows, as hosts are told.
fn server() -> Option<OfficeServer> {
    let mut office = BackOffice::new().unwrap();
    office.sign_as(CodeSigner::new("Acme 2026").unwrap());
    office.release("4.0.0", &[]).unwrap();
    OfficeServer::of(office, Wine::serve, &[]).map_err(|not_run| not_run.report()).ok()
}

/// What `msiexec` has written of this version of a package.
fn has_begun(server: &OfficeServer, version: &str) -> bool {
    let found = fs_err::read_dir(server.wine.path(STATE)).unwrap().flatten();
    let mut names = found.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.any(|name| name.starts_with("msiexec-") && name.contains(version))
}

#[test]
fn a_package_of_an_unknown_signer_is_refused_and_a_kept_one_stays_after_the_signer_has_changed() {
    let Some(mut server) = server() else { return };
    server.office.release("4.1.0", &[]).unwrap();
    assert_eq!(server.upgrade(&["--yes"]).0, Some(0), "{}", server.log());
    server.office.sign_as(CodeSigner::new("Acme 2027").unwrap());
    server.office.release("4.2.0", &[("to = \"site/\"", "to = \"new/\"")]).unwrap();
    // The host has not heard of the new certificate.
    let (code, said) = server.upgrade(&["--yes"]);
    assert_eq!(code, Some(3), "{said}");
    let why = "was signed for Windows by CN=Acme 2027, for whom no pinned certificate vouches";
    assert!(said.contains(why), "{said}\n{}", server.log());
    assert!(!has_begun(&server, "4.2.0"), "{}", server.log());
    assert_eq!(server.office.answers().as_deref(), Some("4.1.0"), "nothing was stopped for it");
    // Now it has, and nobody vouches for the older one any more; which is needed, because the newer one fails. What was
    // wanted is gone on with.
    fs_err::write(server.wine.path(r"C:\Program Files\Acme\WebShop\new"), "in the way").unwrap();
    server.office.introduce(&server.wine);
    let is_over = || server.log().contains("NotInstalled").then_some(());
    assert!(until("the end of it", Duration::from_secs(120), is_over).is_ok(), "{}", server.log());
    assert!(has_begun(&server, "4.2.0"), "{}", server.log());
    for (module, found) in server.detected() {
        assert_eq!(found["version"], "4.1.0-1", "{module}: {}", server.log());
    }
    assert_eq!(server.office.answers().as_deref(), Some("4.1.0"));
}

#[test]
fn a_kept_package_that_somebody_has_changed_is_fetched_again() {
    let Some(server) = server() else { return };
    server.office.release("4.1.0", &[]).unwrap();
    assert_eq!(server.upgrade(&["--yes"]).0, Some(0), "{}", server.log());
    let kept = server.wine.path(&format!(r"{KEPT}\acme-webshop-4.1.0-1.x64.msi"));
    let whole = fs_err::read(&kept).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    fs_err::write(&kept, changed).unwrap();
    server.office.release("4.1.1", &[]).unwrap();
    assert_eq!(server.upgrade(&["--yes"]).0, Some(0), "{}", server.log());
    assert!(fs_err::read(&kept).unwrap() == whole, "{}", server.log());
    assert!(server.log().contains("cannot trust"), "{}", server.log());
}
