//! Whether `zypper update` takes packages along: asked of zypper itself, which only resolves.
//!
//! There is one upgrade and not three: it installs what an upgrade needs, and removes nothing but what is
//! replaced.

use std::time::Duration;

use consign_metadata::name::PackageName;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::host::HostError;
use crate::host::command::HostCommand;
use crate::kept_back::Reach;

/// The look has a deadline.
const LIMIT: Duration = Duration::from_secs(20);
/// How much of what zypper says is told.
const LINES: usize = 8;

/// Asks zypper. `first` is the package that makes new names known to this host.
///
/// # Errors
/// When zypper cannot be asked.
pub fn reach(wanted: &[(PackageName, String)], first: &PackageName) -> Result<Reach, HostError> {
    let update = Answer::of(&ask(&["update"])?);
    if update.takes_along(wanted) {
        return Ok(match update.removed.is_empty() {
            true => Reach::Plain,
            false => Reach::Removals { packages: update.removed },
        });
    }
    if update.changed.iter().any(|(name, _)| name == first.as_str()) {
        return Ok(Reach::AfterFirst { package: first.to_string() });
    }
    let exact: Vec<String> = wanted.iter().map(|(package, version)| format!("{package}={version}")).collect();
    let words: Vec<&str> = ["install", "--"].into_iter().chain(exact.iter().map(String::as_str)).collect();
    let mut why = Answer::of(&ask(&words)?).said;
    why.truncate(LINES);
    Ok(Reach::Never { why })
}

/// zypper only reads, so it needs no lock; a person may have it for as long as a question is open.
fn ask(words: &[&str]) -> Result<Vec<u8>, HostError> {
    let (command, rest) = words.split_first().unwrap_or((&"update", &[]));
    let line = HostCommand::new("zypper")
        .args(["--non-interactive", "--no-refresh", "--xmlout", *command, "--dry-run", "--auto-agree-with-licenses"])
        .args(rest.iter().copied())
        .variable("ZYPP_READONLY_HACK", "1")
        .limit(LIMIT);
    // Its status says whether there is something to do; the answer says what.
    Ok(line.run()?.stdout)
}

/// What zypper would do.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    changed: Vec<(String, String)>,
    removed: Vec<String>,
    said: Vec<String>,
}

impl Answer {
    fn of(text: &[u8]) -> Self {
        let (mut reader, mut answer) = (Reader::from_reader(text), Self::default());
        let (mut section, mut said) = (String::new(), None);
        loop {
            match reader.read_event() {
                Ok(Event::Start(element)) => match element.name().as_ref() {
                    "solvable" => answer.take(&section, &element),
                    "message" => said = (value(&element, "type").as_deref() == Some("error")).then(String::new),
                    // Of a solvable it is what the package says of itself.
                    "description" => said = (section == "prompt").then(String::new),
                    name => section = name.to_owned(),
                },
                Ok(Event::Empty(element)) if element.name().as_ref() == "solvable" => answer.take(&section, &element),
                Ok(Event::Text(text)) => said.iter_mut().for_each(|said| said.push_str(&text)),
                Ok(Event::GeneralRef(name)) => said.iter_mut().for_each(|said| said.push_str(character(&name))),
                Ok(Event::End(_)) => answer.said.extend(said.take().iter().flat_map(|said| lines(said))),
                // An answer that breaks off says what it says.
                Ok(Event::Eof) | Err(_) => return answer,
                Ok(_) => {}
            }
        }
    }

    fn take(&mut self, section: &str, element: &BytesStart<'_>) {
        let (Some(name), Some(version)) = (value(element, "name"), value(element, "edition")) else { return };
        match section {
            "to-remove" => self.removed.push(name),
            "to-install" | "to-upgrade" | "to-downgrade" | "to-reinstall" => self.changed.push((name, version)),
            _ => {}
        }
    }

    fn takes_along(&self, wanted: &[(PackageName, String)]) -> bool {
        let comes = |package: &PackageName, version: &String| {
            self.changed.iter().any(|(name, edition)| name == package.as_str() && edition == version)
        };
        wanted.iter().all(|(package, version)| comes(package, version))
    }
}

fn value(element: &BytesStart<'_>, name: &str) -> Option<String> {
    Some(element.try_get_attribute(name).ok().flatten()?.value.into_owned())
}

fn character(entity: &str) -> &str {
    quick_xml::escape::resolve_predefined_entity(entity).unwrap_or("?")
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPDATE: &str = "<?xml version='1.0'?>\n<stream>\n<message type=\"info\">Loading repository data...</message>\n\
        <install-summary download-size=\"1\" packages-to-change=\"2\">\n<to-upgrade>\n\
        <solvable type=\"package\" name=\"acme-erp\" edition=\"2.0-1\" arch=\"noarch\" edition-old=\"1.0-1\">\n\
        <description>x</description></solvable>\n</to-upgrade>\n<to-remove>\n\
        <solvable type=\"package\" name=\"gone\" edition=\"1-1\"/>\n</to-remove>\n</install-summary>\n</stream>";
    const LOCKED: &str = "<stream>\n<prompt id=\"1\">\n<description>Problem: conflicting requests\n Solution 1: \
        remove lock to allow installation of &apos;acme-erp-2.0-1.noarch&apos;\n</description>\n<text>Choose</text>\n\
        </prompt>\n<message type=\"error\">No provider found.</message>";

    fn wanted(version: &str) -> Vec<(PackageName, String)> {
        vec![("acme-erp".parse().unwrap(), version.to_owned())]
    }

    #[test]
    fn what_an_update_changes_and_removes_is_read() {
        let answer = Answer::of(UPDATE.as_bytes());
        assert_eq!((&*answer.removed, &*answer.said), (&["gone".to_owned()][..], &[][..]));
        assert!(answer.takes_along(&wanted("2.0-1")) && !answer.takes_along(&wanted("1.0-1")));
    }

    #[test]
    fn why_it_cannot_come_is_told_in_zyppers_words() {
        assert_eq!(
            Answer::of(LOCKED.as_bytes()).said,
            [
                "Problem: conflicting requests",
                "Solution 1: remove lock to allow installation of 'acme-erp-2.0-1.noarch'",
                "No provider found."
            ]
        );
    }
}
