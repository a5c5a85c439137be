//! Configuration files: shipped as defaults below `/usr`, and put in place by our own scripts.
//!
//! As conffiles they would make dpkg ask a question wherever the site and the vendor changed, or the site
//! removed, the same file: in the middle of a transaction, with the engines down, and an end of file
//! instead of an answer leaves the package half configured. dpkg is not told of them, so it cannot ask.
//! `docs/configuration-files.md` says what becomes of a file in each case.

use consign_metadata::name::PackageName;

use super::Scripts;
use crate::stage::{Entry, Node, StageError, StagedTree};

/// The same lines in every package; they begin a script.
const LINES: &str = include_str!("configuration.sh");
/// After which they stand in a script that has lines of its own.
const BEGIN: &str = "set -e\n";
/// Where the defaults of all packages are, each below a folder of its package.
const DEFAULTS: &str = "/usr/share/consignee/defaults";

/// The tree as it is packed: what the site may edit is a default, its folder stays where it is.
pub fn lay_out(package: &PackageName, tree: &StagedTree) -> Result<StagedTree, StageError> {
    let is_config = |path: &str| match tree.get(path).map(|entry| &entry.node) {
        Some(Node::File { config, .. }) => *config,
        _ => false,
    };
    let mut laid_out = tree.clone();
    for (path, entry) in tree.entries() {
        let node = match &entry.node {
            Node::File { config: true, .. } => entry.node.clone(),
            // Names of one file on the host would become one file of the site's under two names.
            Node::HardLink { to } if is_config(to) => tree.get(to).expect("it leads into its tree").node.clone(),
            _ => continue,
        };
        laid_out.remove(path);
        laid_out.add(&default_of(package, path), Entry { attributes: entry.attributes.clone(), node })?;
    }
    Ok(laid_out)
}

fn default_of(package: &PackageName, path: &str) -> String {
    format!("{DEFAULTS}/{package}/{path}")
}

/// The scripts of a package, with the lines that look after configuration files before their own.
///
/// Also where it has no such file: an earlier version may have had one.
pub fn scripts(package: &PackageName, own: &Scripts) -> Scripts {
    let with = |name: &str, own: &Option<Vec<u8>>| {
        let lines = LINES.replace("@PACKAGE@", package.as_str()).replace("@SCRIPT@", name);
        let own = own.as_ref().map_or("#!/bin/sh\nset -e\n\nexit 0\n".into(), |own| String::from_utf8_lossy(own));
        let (head, rest) = own.split_once(BEGIN).expect("the scripts are ours and begin with it");
        Some(format!("{head}{BEGIN}\n{lines}{rest}").into_bytes())
    };
    Scripts {
        preinst: with("preinst", &own.preinst),
        postinst: with("postinst", &own.postinst),
        prerm: own.prerm.clone(),
        postrm: with("postrm", &own.postrm),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Attributes, Source};

    fn file(text: &str, config: bool) -> Entry {
        let node = Node::File { source: Source::Bytes(text.as_bytes().to_vec()), config };
        Entry { attributes: Attributes::root(0o640), node }
    }

    #[test]
    fn only_what_the_site_may_edit_becomes_a_default() {
        let mut tree = StagedTree::default();
        let erp = Attributes { owner: "erp".into(), group: "erp".into(), mode: 0o750 };
        tree.add_folder("/etc/acme", erp.clone()).unwrap();
        tree.add("/etc/acme/a conf", file("1", true)).unwrap();
        let link = Entry { attributes: Attributes::root(0o640), node: Node::HardLink { to: "etc/acme/a conf".into() } };
        tree.add("/etc/acme/b", link).unwrap();
        tree.add("/opt/x", file("2", false)).unwrap();
        tree.leave_to_the_system();
        let laid_out = lay_out(&"acme-erp".parse().unwrap(), &tree).unwrap();
        let at = |path: &str| laid_out.get(path).cloned();
        assert_eq!(at("/usr/share/consignee/defaults/acme-erp/etc/acme/a conf"), Some(file("1", true)));
        assert_eq!(at("/usr/share/consignee/defaults/acme-erp/etc/acme/b"), Some(file("1", true)));
        assert_eq!((at("/etc/acme/a conf"), at("/etc/acme/b")), (None, None));
        assert_eq!(at("/etc/acme").unwrap().attributes, erp);
        assert_eq!(at("/opt/x"), Some(file("2", false)));
        assert_eq!(at("/opt"), None);
    }

    #[test]
    fn the_lines_stand_before_what_a_script_does() {
        let own = Scripts { postinst: Some(b"#!/bin/sh\n# x\nset -e\nreport\n".to_vec()), ..Scripts::default() };
        let all = scripts(&"acme-erp".parse().unwrap(), &own);
        let text = String::from_utf8(all.postinst.unwrap()).unwrap();
        assert!(text.starts_with("#!/bin/sh\n# x\nset -e\n\n# Configuration files"), "{text}");
        assert!(text.ends_with("report\n") && text.contains("case \"postinst $1\" in"), "{text}");
        assert!(text.contains("\npackage=acme-erp\n"));
        assert!(all.preinst.is_some() && all.postrm.is_some() && all.prerm.is_none());
    }
}
