//! A transaction as it is told before anything is unpacked, in one of two dialects.
//!
//! apt's, `DPkg::Pre-Install-Pkgs` of protocol 3: `VERSION 3`, the whole configuration, an empty line, then
//! one line per action in dpkg's order:
//! `name old-version old-arch old-multiarch direction new-version new-arch new-multiarch action`.
//!
//! Our own, for package managers that have none: `packages 1`, then one line per package that comes (`+`) or
//! goes (`-`), in any order and between tabs: `sign name version architecture file`, the file empty for what
//! goes.

const OUR_OWN: &str = "packages 1\n";
const REMOVE: &str = "**REMOVE**";

/// What the package manager is about to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Transaction<'a> {
    /// As protocol 3 tells it.
    Actions(Vec<Action<'a>>),
    /// As an older protocol tells it: the paths of the packages and nothing else. Only seen when the
    /// hook's options were taken out of its configuration file.
    Archives(Vec<&'a str>),
}

/// One action.
#[derive(Debug, PartialEq, Eq)]
pub struct Action<'a> {
    /// The package.
    pub name: &'a str,
    /// Its version now, `-` for none.
    pub old: &'a str,
    /// Its version then, `-` for none.
    pub new: &'a str,
    /// A path, `**CONFIGURE**` or `**REMOVE**`.
    pub what: &'a str,
}

impl Action<'_> {
    /// Whether it removes the package.
    pub fn removes(&self) -> bool {
        self.what == REMOVE
    }

    /// As the viewer reads it.
    pub fn line(&self) -> String {
        format!("{}\t{}\t{}\t{}\n", self.name, self.old, self.new, self.what)
    }
}

impl<'a> Transaction<'a> {
    /// Reads what was written; the line that is not of the protocol, if there is one.
    pub fn parse(text: &'a str) -> Result<Self, &'a str> {
        if text.is_empty() {
            return Ok(Self::Actions(Vec::new()));
        }
        if let Some(packages) = text.strip_prefix(OUR_OWN) {
            let packages: Result<Vec<_>, _> = packages.lines().map(|line| package(line).ok_or(line)).collect();
            return packages.map(|packages| Self::Actions(pairs(&packages)));
        }
        if !text.starts_with("VERSION ") {
            return Ok(Self::Archives(text.lines().collect()));
        }
        let actions = text.split_once("\n\n").map_or("", |(_, actions)| actions);
        actions.lines().map(|line| action(line).ok_or(line)).collect::<Result<_, _>>().map(Self::Actions)
    }
}

fn action(line: &str) -> Option<Action<'_>> {
    let mut fields = line.splitn(9, ' ');
    let (name, old) = (fields.next()?, fields.next()?);
    let new = fields.nth(3)?;
    let what = fields.nth(2)?;
    Some(Action { name, old, new, what })
}

/// A package that comes with its file, or goes.
pub struct Package<'a> {
    /// Whether it comes.
    pub comes: bool,
    /// The package.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Its file, where it comes.
    pub file: &'a str,
}

fn package(line: &str) -> Option<Package<'_>> {
    let fields: Vec<&str> = line.splitn(5, '\t').collect();
    let [sign @ ("+" | "-"), name, version, _, file] = fields.as_slice() else { return None };
    let comes = *sign == "+";
    (comes != file.is_empty()).then_some(Package { comes, name, version, file })
}

/// What goes and comes under one name is one action.
pub fn pairs<'a>(packages: &[Package<'a>]) -> Vec<Action<'a>> {
    let other = |one: &Package<'_>| packages.iter().find(|other| other.comes != one.comes && other.name == one.name);
    let action = |one: &Package<'a>| match (one.comes, other(one)) {
        (true, before) => {
            let old = before.map_or("-", |before| before.version);
            Some(Action { name: one.name, old, new: one.version, what: one.file })
        }
        (false, None) => Some(Action { name: one.name, old: one.version, new: "-", what: REMOVE }),
        (false, Some(_)) => None,
    };
    packages.iter().filter_map(action).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "VERSION 3\nAPT::Architecture=amd64\nDPkg::Pre-Install-Pkgs::=test%20x\n\n\
        acme-erp 1.0.0-1 all none < 1.1.0-1 all none /var/cache/apt/archives/acme erp_1.1.0-1_all.deb\n\
        acme-erp 1.0.0-1 all none < 1.1.0-1 all none **CONFIGURE**\n\
        fresh - - none < 2 amd64 same /x/fresh.deb\n\
        gone 1 all none > - - none **REMOVE**\n";

    #[test]
    fn every_action_is_read() {
        let Ok(Transaction::Actions(actions)) = Transaction::parse(STREAM) else { panic!() };
        let lines: Vec<String> = actions.iter().map(Action::line).collect();
        assert_eq!(
            lines,
            [
                "acme-erp\t1.0.0-1\t1.1.0-1\t/var/cache/apt/archives/acme erp_1.1.0-1_all.deb\n",
                "acme-erp\t1.0.0-1\t1.1.0-1\t**CONFIGURE**\n",
                "fresh\t-\t2\t/x/fresh.deb\n",
                "gone\t1\t-\t**REMOVE**\n",
            ]
        );
        assert!(actions[3].removes() && !actions[0].removes());
    }

    #[test]
    fn a_line_that_is_no_action_is_an_error() {
        assert_eq!(Transaction::parse("VERSION 3\nA=b\n\nacme-erp 1.0.0-1 all\n"), Err("acme-erp 1.0.0-1 all"));
        assert_eq!(Transaction::parse(""), Ok(Transaction::Actions(vec![])));
    }

    #[test]
    fn what_comes_and_goes_under_one_name_is_one_action() {
        let stream = "packages 1\n\
            +\tacme-erp\t1.1.0-1\tnoarch\t/cache/acme erp-1.1.0-1.noarch.rpm\n\
            -\tgone\t1-1\tx86_64\t\n\
            -\tacme-erp\t1.0.0-1\tnoarch\t\n\
            +\tfresh\t2-1\tx86_64\t/cache/fresh.rpm\n";
        let Ok(Transaction::Actions(actions)) = Transaction::parse(stream) else { panic!() };
        let lines: Vec<String> = actions.iter().map(Action::line).collect();
        assert_eq!(
            lines,
            [
                "acme-erp\t1.0.0-1\t1.1.0-1\t/cache/acme erp-1.1.0-1.noarch.rpm\n",
                "gone\t1-1\t-\t**REMOVE**\n",
                "fresh\t-\t2-1\t/cache/fresh.rpm\n",
            ]
        );
    }

    #[test]
    fn a_package_that_comes_without_a_file_is_an_error() {
        for line in ["+\tacme-erp\t1.1.0-1\tnoarch\t", "-\tacme-erp\t1.1.0-1\tnoarch\t/x.rpm", "+\tacme-erp\t1", "="] {
            assert_eq!(Transaction::parse(&format!("packages 1\n{line}\n")), Err(line));
        }
    }

    #[test]
    fn paths_of_protocol_1_are_kept() {
        let archives = Transaction::parse("/a/x_1_all.deb\n/a/y_1_all.deb\n");
        assert_eq!(archives, Ok(Transaction::Archives(vec!["/a/x_1_all.deb", "/a/y_1_all.deb"])));
    }
}
