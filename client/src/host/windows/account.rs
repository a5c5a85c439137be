//! Accounts that programs write as: which of them the agent can act as, and how the others are known in access lists.

use consign_metadata::account;
use consignee_win32::access::Identity;

use crate::host::kernel::accounts;

/// Groups that everybody is in who is logged on as a service: everyone, local ones, services, authenticated users,
/// this organisation, users.
const OF_SERVICES: [&str; 6] = ["S-1-1-0", "S-1-2-0", "S-1-5-6", "S-1-5-11", "S-1-5-15", "S-1-5-32-545"];
/// All services with an account of their own, and all application pools with IIS_IUSRS.
const OF_VIRTUAL: [&str; 1] = ["S-1-5-80-0"];
const OF_POOLS: [&str; 2] = ["S-1-5-82-0", "S-1-5-32-568"];

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// The system's own, as which the agent works.
    System,
    /// One that has no password and is logged on for a service: the agent can act as it.
    Service {
        /// `NT AUTHORITY`, `NT SERVICE` or `IIS APPPOOL`.
        domain: &'static str,
        /// Its name there.
        name: String,
    },
    /// A person's or a domain's, whose password the agent does not know, or a group.
    Other(String),
}

impl Account {
    /// That of a name, as a plan or the service control manager has it.
    pub fn of(name: &str) -> Self {
        let lower = name.to_lowercase();
        let plain = lower.strip_prefix(r"nt authority\").or_else(|| lower.strip_prefix(r".\")).unwrap_or(&lower);
        if accounts::is_system(plain) {
            return Self::System;
        }
        let service = |domain, name: &str| Self::Service { domain, name: name.to_owned() };
        match plain {
            "localservice" | "local service" => return service("NT AUTHORITY", "LocalService"),
            "networkservice" | "network service" => return service("NT AUTHORITY", "NetworkService"),
            _ => {}
        }
        match lower.split_once('\\') {
            Some(("nt service", service_name)) => service("NT SERVICE", service_name),
            Some(("iis apppool", pool)) => service("IIS APPPOOL", pool),
            _ => Self::Other(name.to_owned()),
        }
    }

    /// All that an access list may know it as; `None` where only Windows can tell.
    pub fn identities(&self) -> Option<Vec<Identity>> {
        let Self::Service { domain, name } = self else { return None };
        let (own, groups): (String, &[&str]) = match (*domain, &**name) {
            ("NT SERVICE", name) => (account::of_service(name), &OF_VIRTUAL),
            ("IIS APPPOOL", name) => (account::of_pool(name), &OF_POOLS),
            (_, "LocalService") => ("S-1-5-19".to_owned(), &[]),
            _ => ("S-1-5-20".to_owned(), &[]),
        };
        let all = [own.as_str()].into_iter().chain(OF_SERVICES).chain(groups.iter().copied());
        all.map(|identity| Identity::parse(identity).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_known_however_it_is_written() {
        for name in ["LocalSystem", r"NT AUTHORITY\SYSTEM", r".\LocalSystem", "root"] {
            assert_eq!(Account::of(name), Account::System, "{name}");
        }
        let service = |domain, name: &str| Account::Service { domain, name: name.to_owned() };
        for name in ["LocalService", r"NT AUTHORITY\LOCAL SERVICE", r"nt authority\localservice"] {
            assert_eq!(Account::of(name), service("NT AUTHORITY", "LocalService"), "{name}");
        }
        assert_eq!(Account::of(r"NT SERVICE\AcmeErp"), service("NT SERVICE", "acmeerp"));
        assert_eq!(Account::of(r"IIS AppPool\Shop"), service("IIS APPPOOL", "shop"));
        assert_eq!(Account::of(r"ACME\erp$"), Account::Other(r"ACME\erp$".to_owned()));
    }

    #[test]
    fn a_service_is_known_by_its_identity_and_by_the_groups_that_it_is_in() {
        assert_eq!(Account::of(r"NT SERVICE\AcmeErp").identities().unwrap().len(), 8);
        assert!(Account::of("Users").identities().is_none());
    }
}
