//! What two modules of a product cannot have in common on Windows: whatever one of them does with it when it is
//! upgraded or removed is done to the other, too.

use crate::manifest::authored::Module as Authored;
use crate::manifest::error::Fault;
use crate::manifest::module::Module;

use super::Windows;

/// Refuses two packages that Windows Installer takes for one, and a service that two of them install.
pub(in crate::manifest) fn are_apart(authored: &[Authored], modules: &[Module]) -> Result<(), Fault> {
    for (at, (module, written)) in modules.iter().zip(authored).enumerate() {
        let Some(windows) = &module.windows else { continue };
        for other in &modules[..at] {
            let Some(theirs) = &other.windows else { continue };
            let names = [module.package.as_str(), other.package.as_str()];
            has_its_own_code(written, windows, theirs, names)?;
            has_its_own_services(written, windows, theirs, names)?;
        }
    }
    Ok(())
}

fn has_its_own_code(
    written: &Authored,
    windows: &Windows,
    theirs: &Windows,
    [name, other]: [&str; 2],
) -> Result<(), Fault> {
    if windows.upgrade_code != theirs.upgrade_code {
        return Ok(());
    }
    let code = written.windows.as_ref().and_then(|windows| windows.upgrade_code.as_ref());
    let span = code.map_or_else(|| written.package.span(), |code| code.span());
    Err(Fault::at(span, format!("module {name} has the upgrade code of {other}")).help(
        "Windows Installer takes both for one package; leave the line out, and the build says which code to write",
    ))
}

fn has_its_own_services(
    written: &Authored,
    windows: &Windows,
    theirs: &Windows,
    [name, other]: [&str; 2],
) -> Result<(), Fault> {
    let all = written.windows.iter().flat_map(|windows| &windows.services);
    for (service, written) in windows.services.iter().zip(all) {
        if theirs.services.iter().any(|there| there.name.eq_ignore_ascii_case(&service.name)) {
            let message = format!("module {name} has the service {} of {other}", service.name);
            return Err(Fault::at(written.name.span(), message)
                .help("a host has one service of a name; leave it to one of them, or give it another name"));
        }
    }
    Ok(())
}
