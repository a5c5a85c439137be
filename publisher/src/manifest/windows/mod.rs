//! What a module is on Windows: where its files go, its services, what it keeps in the registry; what is saved there.

pub mod authored;
mod path;
mod plan;
pub(super) mod saved;
mod service;
pub(super) mod siblings;
mod signing;

use consign_metadata::name::{PackageName, ProductId};

use super::build::{self, Build};
use super::error::Fault;
use super::files::{Ground, one_line};
use super::spanned::Spanned;
use crate::package::msi::{Access, Guid, RegistryValue, Service, security};
use crate::stage::Copy;

use path::Place;
pub use signing::WindowsSigning;

/// What the command line of a service may have, and a database holds.
const LONGEST: usize = 255;
/// As many as a condition of the database can name.
const SERVICES: usize = 10;

/// What a module is on Windows.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Windows {
    pub upgrade_code: Guid,
    pub name: Option<String>,
    /// Folders below `%ProgramFiles%`.
    pub install_folder: Vec<String>,
    /// Folders below `%ProgramData%`.
    pub data_folder: Vec<String>,
    pub files: Vec<Files>,
    /// In the tree of the package.
    pub folders: Vec<String>,
    pub access: Vec<Access>,
    /// Who writes to which folder, as it was written.
    pub writers: Vec<(String, Vec<String>)>,
    pub registry: Vec<RegistryValue>,
    pub services: Vec<Service>,
    pub removed_services: Vec<String>,
    /// Application pools of IIS.
    pub pools: Vec<String>,
}

/// A file or folder of the project and where it is installed.
#[derive(Debug, Clone)]
pub struct Files {
    /// Inside the project, links followed.
    pub from: std::path::PathBuf,
    /// In the tree of the package.
    pub to: String,
    /// Whether the site may edit them.
    pub config: bool,
}

impl Files {
    /// How they are taken over: owners and modes mean nothing on Windows.
    pub fn how(&self) -> Copy {
        Copy { owner: "root".to_owned(), group: "root".to_owned(), mode: Some(0o755), config: self.config }
    }
}

impl authored::Windows {
    pub(super) fn validate(
        &self,
        ground: &Ground,
        id: &ProductId,
        package: &Spanned<PackageName>,
        build: Option<&Build>,
    ) -> Result<Windows, Fault> {
        let usual = || vec![id.vendor.to_string(), package.get_ref().to_string()];
        let install_folder = self.install_folder.as_ref().map_or_else(|| Ok(usual()), path::folders)?;
        let data_folder = self.data_folder.as_ref().map_or_else(|| Ok(install_folder.clone()), path::folders)?;
        if let Some(late) = self.services.get(SERVICES) {
            let message = format!("a package for Windows has at most {SERVICES} services");
            return Err(Fault::at(late.name.span(), message).help("put the others in a module of their own"));
        }
        let services: Vec<_> = self.services.iter().map(service::validate).collect::<Result<_, _>>()?;
        service::one_of_each(&self.services)?;
        let removed = self.removed_services.iter().map(service::name).collect::<Result<Vec<_>, _>>()?;
        if let Some(kept) = self.removed_services.iter().find(|name| services.iter().any(|s| s.name == *name.get_ref()))
        {
            return Err(Fault::at(kept.span(), format!("{:?} is a service of this release", kept.get_ref())));
        }
        Ok(Windows {
            upgrade_code: self.upgrade_code(id, package)?,
            name: self.name.as_ref().map(|name| one_line(name, "a name")).transpose()?,
            install_folder,
            data_folder,
            files: self.files.iter().map(|files| files.validate(ground, build)).collect::<Result<_, _>>()?,
            folders: self.folders.iter().map(|f| Place::of(&f.path).map(Place::tree)).collect::<Result<_, _>>()?,
            access: self.access(&services)?,
            writers: self.writers()?,
            registry: self.registry.iter().map(authored::RegistryValue::validate).collect::<Result<_, _>>()?,
            services,
            removed_services: removed,
            pools: self.pools.iter().map(service::pool).collect::<Result<_, _>>()?,
        })
    }

    /// It stays for the life of a package, whatever that is called later: so it is written down.
    fn upgrade_code(&self, id: &ProductId, package: &Spanned<PackageName>) -> Result<Guid, Fault> {
        match &self.upgrade_code {
            Some(code) => code.get_ref().parse().map_err(|message: String| Fault::at(code.span(), message)),
            None => {
                let name = package.get_ref().as_str();
                let code = Guid::suggested_upgrade_code(id.vendor.as_str(), id.product.as_str(), name);
                Err(Fault::at(package.span(), format!("module {name:?} has no upgrade code for Windows")).help(format!(
                    "write upgrade_code = \"{code}\" below [module.windows], and leave it as it is even when the package is renamed"
                )))
            }
        }
    }

    fn writers(&self) -> Result<Vec<(String, Vec<String>)>, Fault> {
        let named = self.folders.iter().filter(|folder| !folder.write.is_empty());
        let accounts = |folder: &authored::Folder| folder.write.iter().map(|a| a.get_ref().clone()).collect();
        named.map(|folder| Ok((Place::of(&folder.path)?.tree(), accounts(folder)))).collect()
    }

    fn access(&self, services: &[Service]) -> Result<Vec<Access>, Fault> {
        let named = self.folders.iter().filter(|folder| !folder.write.is_empty() || !folder.read.is_empty());
        named
            .map(|folder| {
                let place = Place::of(&folder.path)?;
                if !place.is_data() {
                    return Err(Fault::at(folder.path.span(), "what is written to is below {data}")
                        .help("programs and what they write lie apart on Windows, as in path = \"{data}/spool\""));
                }
                let identities = |accounts: &[Spanned<String>]| {
                    accounts.iter().map(|account| identity(account, services)).collect::<Result<Vec<_>, _>>()
                };
                let (write, read) = (identities(&folder.write)?, identities(&folder.read)?);
                let list = security::access(write.iter().map(String::as_str), read.iter().map(String::as_str));
                Ok(Access { path: place.tree(), list })
            })
            .collect()
    }
}

/// The identity behind an account, or behind the service that is named.
fn identity(account: &Spanned<String>, services: &[Service]) -> Result<String, Fault> {
    let written = account.get_ref();
    let of_service = services.iter().find(|service| service.name == *written).map(|service| match &*service.account {
        "" => "LocalSystem",
        account => account,
    });
    security::sid(of_service.unwrap_or(written)).ok_or_else(|| {
        Fault::at(account.span(), format!("only a host knows who {written:?} is")).help(
            "name a service of this module, one of LocalService, NetworkService and Users, or an account as in \"NT SERVICE\\\\AcmeErp\"",
        )
    })
}

impl authored::Files {
    fn validate(&self, ground: &Ground, build: Option<&Build>) -> Result<Files, Fault> {
        let from = ground.existing(&build::path(&self.from, build)?)?;
        let place = Place::of(&self.to)?;
        let into = self.to.get_ref().ends_with(['/', '\\']) || place.is_root();
        let to = if into { format!("{}/", place.tree()) } else { place.tree() };
        Ok(Files { from, to, config: self.config })
    }
}

impl authored::RegistryValue {
    fn validate(&self) -> Result<RegistryValue, Fault> {
        let key = one_line(&self.key, "a key")?;
        let bad = |why: &str| Err(Fault::at(self.key.span(), format!("{key:?} {why}")));
        if key.to_uppercase().starts_with("HKEY_") || key.to_uppercase().starts_with("HKLM") {
            return bad("begins with a root; keys are below HKEY_LOCAL_MACHINE, as in Software\\Acme\\ERP");
        }
        if key.starts_with('\\') || key.ends_with('\\') || key.len() > LONGEST {
            return bad("is not a key, as in Software\\Acme\\ERP");
        }
        let value = match self.value.get_ref() {
            authored::TextOrNumber::Number(number) => format!("#{number}"),
            authored::TextOrNumber::Text(text) if text.chars().any(char::is_control) => {
                return Err(Fault::at(self.value.span(), "a value is one line of text"));
            }
            // A number sign begins a type, and brackets a property.
            authored::TextOrNumber::Text(text) => {
                let text = text.replace('[', "[\\[]");
                if text.starts_with('#') { format!("#{text}") } else { text }
            }
        };
        Ok(RegistryValue { key, name: one_line(&self.name, "a name")?, value })
    }
}
