//! Services of a module on Windows.

use super::path::Place;
use super::{LONGEST, authored};
use crate::manifest::duration::Span;
use crate::manifest::error::Fault;
use crate::manifest::files::one_line;
use crate::manifest::spanned::Spanned;
use crate::package::msi::{Recovery, Service, StartType};

/// An account of its own, which Windows makes with the service.
const VIRTUAL: &str = "virtual";
/// Whose failures are a day apart does not fail again and again.
const A_DAY: u32 = 86_400;
/// As `sc` takes them.
const LONGEST_NAME: usize = 80;
/// As IIS takes them.
const LONGEST_POOL: usize = 64;
const FORBIDDEN_IN_POOLS: &str = "|<>&\"[]/\\:*?'";

/// An application pool of IIS, as a plan names it.
pub(super) fn pool(pool: &Spanned<String>) -> Result<String, Fault> {
    let name = one_line(pool, "a name")?;
    if name.is_empty() || name.chars().count() > LONGEST_POOL || name.contains(|c: char| FORBIDDEN_IN_POOLS.contains(c))
    {
        return Err(Fault::at(pool.span(), format!("IIS has no application pool {name:?}")));
    }
    Ok(name)
}

pub(super) fn validate(service: &authored::Service) -> Result<Service, Fault> {
    let name = name(&service.name)?;
    let program = Place::of(&service.program)?;
    if program.is_data() || program.is_root() || !service.program.get_ref().to_lowercase().ends_with(".exe") {
        return Err(Fault::at(service.program.span(), "the program of a service is an .exe of the package"));
    }
    let line = |text: &Option<Spanned<String>>| match text {
        Some(text) if text.get_ref().len() > LONGEST => {
            Err(Fault::at(text.span(), format!("it has more than {LONGEST} characters")))
        }
        Some(text) => one_line(text, "a text").map(Some),
        None => Ok(None),
    };
    Ok(Service {
        program: program.below(),
        arguments: formatted(line(&service.arguments)?.unwrap_or_default()),
        account: account(&service.account, &name)?,
        display: formatted(line(&service.display)?.unwrap_or_else(|| name.clone())),
        description: formatted(line(&service.description)?.unwrap_or_default()),
        start: service.start.unwrap_or(StartType::Automatic),
        depends: service.depends.iter().map(self::name).collect::<Result<_, _>>()?,
        recovery: service.recovery.as_ref().map(recovery).transpose()?,
        name,
    })
}

/// The name of a service.
pub(super) fn name(name: &Spanned<String>) -> Result<String, Fault> {
    let text = one_line(name, "the name of a service")?;
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.$ ".contains(c));
    match plain && text.len() <= LONGEST_NAME {
        true => Ok(text),
        false => Err(Fault::at(name.span(), format!("{text:?} is not the name of a service, as in AcmeErp"))),
    }
}

pub(super) fn one_of_each(services: &[authored::Service]) -> Result<(), Fault> {
    let mut seen = std::collections::BTreeSet::new();
    let twice = services.iter().find(|service| !seen.insert(service.name.get_ref().to_lowercase()));
    match twice {
        None => Ok(()),
        Some(service) => {
            let message = format!("two services are called {:?}", service.name.get_ref());
            Err(Fault::at(service.name.span(), message))
        }
    }
}

/// As Windows has it; a password never travels in a package.
fn account(account: &Spanned<String>, service: &str) -> Result<String, Fault> {
    let written = account.get_ref();
    match &*written.to_lowercase() {
        "localsystem" => Ok(String::new()),
        "localservice" => Ok("NT AUTHORITY\\LocalService".to_owned()),
        "networkservice" => Ok("NT AUTHORITY\\NetworkService".to_owned()),
        VIRTUAL => Ok(format!("NT SERVICE\\{service}")),
        _ if written.ends_with('$') && written.contains('\\') => Ok(written.clone()),
        _ => Err(Fault::at(account.span(), format!("{written:?} is not an account that a package can give")).help(
            "one of \"virtual\", \"LocalService\", \"NetworkService\", \"LocalSystem\", or one that Windows knows the password of, as in \"ACME\\\\erp$\"; a site that sets another keeps it through upgrades",
        )),
    }
}

fn recovery(recovery: &Spanned<authored::Recovery>) -> Result<Recovery, Fault> {
    let restart_after: Vec<u32> = recovery.get_ref().restart_after.iter().map(|span| span.seconds()).collect();
    if restart_after.is_empty() {
        return Err(Fault::at(recovery.span(), "recovery says after how long a service is started again")
            .help("as in recovery = { restart_after = [\"1m\", \"5m\"] }"));
    }
    Ok(Recovery { restart_after, reset_after: recovery.get_ref().reset_after.map_or(A_DAY, Span::seconds) })
}

/// Brackets are properties to Windows Installer.
fn formatted(text: String) -> String {
    text.replace('[', "[\\[]")
}
