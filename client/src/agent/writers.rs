//! Those who write for a product, by its plan: whether they can is tried before anything is stopped. An access list that
//! somebody has mended by hand is a product that does not start after its upgrade.

use std::collections::BTreeMap;

use consign_metadata::name::PackageName;
use consign_metadata::plan::WindowsModule;

use super::checks::Found;
use crate::engine::event::Reason;
use crate::host::barred::{Barred, Why};
use crate::host::{self, HostError};
use crate::site::checks::Weight;

/// The check by its key in the site's file.
pub const CHECK: &str = "identities";

/// Looks at every module. What nobody can tell is told, and holds nothing: whether an account with a password may write
/// is more than a host always knows.
pub fn look(modules: &BTreeMap<PackageName, WindowsModule>, weight: Weight, found: &mut Found) {
    if weight == Weight::Off {
        return;
    }
    for (package, module) in modules {
        match host::barred(package, module) {
            Ok(barred) => barred.into_iter().for_each(|barred| add(barred, weight, found)),
            Err(HostError { action, reason }) => unknown(format!("cannot {action}: {reason}"), found),
        }
    }
}

fn add(barred: Barred, weight: Weight, found: &mut Found) {
    let (folder, account) = (barred.folder.display().to_string(), barred.account);
    match barred.why {
        Why::Tried(cause) => found.add(weight, Reason::NotWritable { folder, account, cause: Some(cause) }),
        Why::Listed => found.add(weight, Reason::NotWritable { folder, account, cause: None }),
        Why::Unknown(cause) => unknown(format!("{account}, {folder}: {cause}"), found),
    }
}

fn unknown(cause: String, found: &mut Found) {
    found.add(Weight::Tell, Reason::CheckUnknown { check: CHECK.to_owned(), cause });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_weighs_as_the_site_wants_and_what_nobody_can_tell_is_told() {
        let barred = |why| Barred { folder: "spool".into(), account: r"NT SERVICE\AcmeErp".to_owned(), why };
        let mut found = Found::default();
        add(barred(Why::Tried("Access is denied.".to_owned())), Weight::Refuse, &mut found);
        add(barred(Why::Listed), Weight::Tell, &mut found);
        add(barred(Why::Unknown("no domain answers".to_owned())), Weight::Refuse, &mut found);
        let refused = |cause: Option<&str>| Reason::NotWritable {
            folder: "spool".to_owned(),
            account: r"NT SERVICE\AcmeErp".to_owned(),
            cause: cause.map(str::to_owned),
        };
        assert_eq!(found.held, [refused(Some("Access is denied."))]);
        assert_eq!(found.told[0], refused(None));
        assert!(matches!(&found.told[1], Reason::CheckUnknown { cause, .. } if cause.ends_with("no domain answers")));
    }
}
