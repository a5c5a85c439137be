//! Whether those who write for a product can, in the folders where they do.
//!
//! The system's own accounts, those of services and those of application pools have no password, and the system may act
//! as them: there a file is made, and is gone at once. For accounts with a password the access list is read, by Windows
//! itself, which knows in which groups they are. The same for groups.

use std::path::Path;

use consign_metadata::account;
use consign_metadata::name::PackageName;
use consign_metadata::plan::WindowsModule;
use consignee_win32::access::{self, Identity};
use consignee_win32::logon::Logon;
use consignee_win32::services;

use super::account::Account;
use super::place::Folders;
use crate::host::HostError;
use crate::host::barred::{Barred, Why};
use crate::host::folder::{Unusable, try_to_write};

/// Who writes: an account, and the service that it is where it is one.
struct Writer<'a> {
    name: String,
    service: Option<&'a str>,
}

/// Those who cannot write where the module says that they do. Folders that are not there yet are made with their
/// access lists.
///
/// # Errors
/// When the registry cannot be read.
pub fn barred(package: &PackageName, module: &WindowsModule) -> Result<Vec<Barred>, HostError> {
    let folders = Folders::of(package)?;
    let mut barred = Vec::new();
    for write in &module.writes {
        let Some(folder) = folders.at(&write.folder).filter(|folder| folder.is_dir()) else { continue };
        for name in &write.accounts {
            let writer = Writer::of(name, module);
            if let Some(why) = why(&folder, &writer) {
                barred.push(Barred { folder: folder.clone(), account: writer.name, why });
            }
        }
    }
    Ok(barred)
}

impl<'a> Writer<'a> {
    /// By account, or by the name of a service: who that runs as is the site's to say.
    fn of(name: &str, module: &'a WindowsModule) -> Self {
        let service = module.services.iter().find(|service| service.name.eq_ignore_ascii_case(name));
        let Some(service) = service else { return Self { name: name.to_owned(), service: None } };
        let name = services::account(&service.name).ok().filter(|account| !account.is_empty());
        Self { name: name.unwrap_or_else(|| service.account.clone()), service: Some(&service.name) }
    }

    /// Whether the access list lets the service write itself, whoever it runs as.
    fn is_listed(&self, folder: &Path) -> bool {
        let own = self.service.and_then(|service| Identity::parse(&account::of_service(service)).ok());
        own.is_some_and(|own| access::may_write(folder, &[own]).unwrap_or(false))
    }
}

fn why(folder: &Path, writer: &Writer<'_>) -> Option<Why> {
    let found = match &Account::of(&writer.name) {
        Account::System => tried(folder),
        account @ Account::Service { domain, name } => {
            let logon = Logon::of_service(domain, name);
            let acted = logon.and_then(|logon| logon.act(|| tried(folder)));
            acted.unwrap_or_else(|problem| by_list(folder, account, &problem))
        }
        Account::Other(name) => {
            let known = Identity::of_account(name);
            listed(known.and_then(|identity| access::may_account_write(folder, &identity)))
        }
    };
    found.filter(|_| !writer.is_listed(folder))
}

/// As whoever this thread acts as.
fn tried(folder: &Path) -> Option<Why> {
    match try_to_write(folder) {
        Ok(None) => None,
        Ok(Some(Unusable::Refused(cause))) => Some(Why::Tried(cause)),
        Ok(Some(_)) => Some(Why::Tried("it is no folder".to_owned())),
        Err(problem) => Some(Why::Unknown(problem.to_string())),
    }
}

/// Where nobody could act as the account.
fn by_list(folder: &Path, account: &Account, problem: &std::io::Error) -> Option<Why> {
    log::info!("nobody can act as {account:?}: {problem}");
    match account.identities() {
        Some(identities) => listed(access::may_write(folder, &identities)),
        None => Some(Why::Unknown(problem.to_string())),
    }
}

fn listed(may: std::io::Result<bool>) -> Option<Why> {
    match may {
        Ok(true) => None,
        Ok(false) => Some(Why::Listed),
        Err(cause) => Some(Why::Unknown(cause.to_string())),
    }
}
