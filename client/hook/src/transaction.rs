//! A transaction as apt tells it before anything is unpacked: `DPkg::Pre-Install-Pkgs`, protocol 3.
//!
//! `VERSION 3`, the whole configuration, an empty line, then one line per action in dpkg's order:
//! `name old-version old-arch old-multiarch direction new-version new-arch new-multiarch action`.

use std::io::{self, BufRead};

/// What apt is about to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Transaction {
    /// As protocol 3 tells it.
    Actions(Vec<Action>),
    /// As an older protocol tells it: the paths of the packages and nothing else. Only seen when the
    /// hook's options were taken out of its configuration file.
    Archives(Vec<String>),
}

/// One action.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    /// The package.
    pub name: String,
    /// Its version now, `-` for none.
    pub old: String,
    /// Its version then, `-` for none.
    pub new: String,
    /// A path, `**CONFIGURE**` or `**REMOVE**`.
    pub what: String,
}

impl Action {
    /// Whether it removes the package.
    pub fn removes(&self) -> bool {
        self.what == "**REMOVE**"
    }

    /// As the viewer reads it.
    pub fn line(&self) -> String {
        format!("{}\t{}\t{}\t{}\n", self.name, self.old, self.new, self.what)
    }
}

impl Transaction {
    /// Reads the whole stream; apt would complain of a reader that stops half-way.
    ///
    /// # Errors
    /// When it cannot be read or a line is not of the protocol.
    pub fn read(input: impl BufRead) -> io::Result<Self> {
        let mut lines = input.split(b'\n');
        let Some(first) = lines.next().transpose()? else { return Ok(Self::Actions(Vec::new())) };
        if !first.starts_with(b"VERSION ") {
            let mut archives = vec![text(&first)];
            for line in lines {
                archives.push(text(&line?));
            }
            return Ok(Self::Archives(archives));
        }
        for line in lines.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        let mut actions = Vec::new();
        for line in lines {
            let line = text(&line?);
            if !line.is_empty() {
                actions.push(action(&line).ok_or_else(|| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("not an action of protocol 3: {line}"))
                })?);
            }
        }
        Ok(Self::Actions(actions))
    }
}

fn action(line: &str) -> Option<Action> {
    let fields: Vec<&str> = line.splitn(9, ' ').collect();
    let [name, old, _, _, _, new, _, _, what] = fields.as_slice() else { return None };
    Some(Action { name: (*name).to_owned(), old: (*old).to_owned(), new: (*new).to_owned(), what: (*what).to_owned() })
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
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
        let Transaction::Actions(actions) = Transaction::read(STREAM.as_bytes()).unwrap() else { panic!() };
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
        let cut = "VERSION 3\nA=b\n\nacme-erp 1.0.0-1 all\n";
        assert!(Transaction::read(cut.as_bytes()).is_err());
        assert_eq!(Transaction::read(&b""[..]).unwrap(), Transaction::Actions(vec![]));
    }

    #[test]
    fn paths_of_protocol_1_are_kept() {
        let Transaction::Archives(archives) = Transaction::read(&b"/a/x_1_all.deb\n/a/y_1_all.deb\n"[..]).unwrap()
        else {
            panic!()
        };
        assert_eq!(archives, ["/a/x_1_all.deb", "/a/y_1_all.deb"]);
    }
}
