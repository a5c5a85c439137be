//! How a repository is reached: the options of its configuration, as dnf 5 understands it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::ask;
use super::cache;
use crate::host::rpm::curl::Access;
use crate::host::rpm::known::Stamp;
use crate::host::{HostError, Repository};
use crate::places::Places;

/// What was asked before; again when anything has changed on disk.
#[derive(Debug, Default)]
pub struct Known(Mutex<BTreeMap<String, (Stamp, Access)>>);

impl Known {
    /// How a repository is reached.
    ///
    /// # Errors
    /// When dnf cannot be asked.
    pub fn of(&self, places: &Places, repository: &Repository) -> Result<Access, HostError> {
        let folder = repository.entry_point.ancestors().nth(2);
        let reason = || format!("{} is not in the cache of a repository", repository.entry_point.display());
        let id = folder.and_then(cache::repository_of);
        let id = id.ok_or_else(|| HostError { action: format!("fetch from {}", repository.url), reason: reason() })?;
        let stamp = cache::lists_stamp(places);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let access = match known.get(id).filter(|(then, _)| *then == stamp) {
            Some((_, access)) => access.clone(),
            None => ask(id)?,
        };
        known.insert(id.to_owned(), (stamp, access.clone()));
        Ok(Access { login: repository.login.clone().or(access.login), ..access })
    }
}

/// Variables, drop-ins and defaults of dnf's own count.
fn ask(id: &str) -> Result<Access, HostError> {
    let dump = format!("--dump-repo-config={id}");
    let answer = ask::command([&dump, "repo", "list"]).output();
    let answer = answer.map_err(|error| error.of(format!("ask dnf how {id} is reached"), str::to_owned))?;
    Ok(access(&String::from_utf8_lossy(&answer), id))
}

/// Lines `option = value` below the one that names the repository.
fn access(dump: &str, id: &str) -> Access {
    let name = format!("\"{id}\"");
    let lines = dump.lines().skip_while(|line| !(line.starts_with("====") && line.contains(&name)));
    let options: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(" = ")).collect();
    let of = |option: &str| {
        let found = options.iter().find(|(name, _)| *name == option).map(|(_, value)| value.trim());
        found.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    Access::of(of)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::host::rpm::curl::Verify;

    const DUMP: &str = "======== \"other\" repository configuration: ========\nproxy = http://other:1\n\
        ======== \"acme-stable\" repository configuration: ========\nname = acme\npassword = p = w\nproxy\n\
        proxy_username = \nsslcacert = /etc/pki/ca.pem\nsslclientkey\nsslverify = 0\nusername = acme\n";

    #[test]
    fn the_options_of_one_repository_are_read() {
        let found = access(DUMP, "acme-stable");
        let login = found.login.unwrap();
        assert_eq!((login.user.as_str(), login.password.as_str()), ("acme", "p = w"));
        assert_eq!((found.proxy, found.proxy_login, found.client_key), (None, None, None));
        assert_eq!((found.ca, found.verify), (Some(PathBuf::from("/etc/pki/ca.pem")), Verify::Nothing));
        assert_eq!(access(DUMP, "acme"), Access::default());
        assert_eq!(access(DUMP, "other").proxy.as_deref(), Some("http://other:1"));
    }
}
