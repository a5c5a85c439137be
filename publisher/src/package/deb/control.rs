//! The control archive: the control file, triggers, scripts, and members of our own.

use crate::stage::Source;

use super::{Paragraph, configuration};
use crate::package::{PackageContents, PackageError};

/// Width of the lines of a description.
const WIDTH: usize = 78;

/// What only dpkg wants to know of a package.
#[derive(Debug, Clone, Default)]
pub struct DebControl {
    /// Its relations to other packages.
    pub relations: Relations,
    /// Its maintainer scripts.
    pub scripts: Scripts,
    /// Lines of the file `triggers`, `deb-triggers(5)`.
    pub triggers: Vec<String>,
    /// Further members of the control archive, which dpkg keeps and never reads.
    pub extra: Vec<(String, Source)>,
}

/// Relations as Debian Policy chapter 7 spells them, one alternative group per entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the field of the same name")]
pub struct Relations {
    pub pre_depends: Vec<String>,
    pub depends: Vec<String>,
    pub recommends: Vec<String>,
    pub suggests: Vec<String>,
    pub conflicts: Vec<String>,
    pub breaks: Vec<String>,
    pub replaces: Vec<String>,
    pub provides: Vec<String>,
}

/// Maintainer scripts by their name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the script of the same name")]
pub struct Scripts {
    pub preinst: Option<Vec<u8>>,
    pub postinst: Option<Vec<u8>>,
    pub prerm: Option<Vec<u8>>,
    pub postrm: Option<Vec<u8>>,
}

impl Scripts {
    fn named(&self) -> impl Iterator<Item = (&'static str, &Vec<u8>)> {
        [("postinst", &self.postinst), ("postrm", &self.postrm), ("preinst", &self.preinst), ("prerm", &self.prerm)]
            .into_iter()
            .filter_map(|(name, script)| Some((name, script.as_ref()?)))
    }
}

/// The control file without the fields that are known only after packing.
pub fn paragraph(contents: &PackageContents) -> Result<Paragraph, PackageError> {
    let refuse = |reason: String| PackageError::Contents { package: contents.name.to_string(), reason };
    let version = contents.native.deb.as_deref().ok_or_else(|| refuse("it has no Debian version".to_owned()))?;
    let relations = &contents.deb.relations;
    let mut control = Paragraph::default();
    control.push("Package", contents.name.as_str());
    control.push("Version", version);
    control.push("Architecture", contents.architecture.deb());
    control.push("Maintainer", &*contents.maintainer);
    for (name, values) in [
        ("Pre-Depends", &relations.pre_depends),
        ("Depends", &relations.depends),
        ("Recommends", &relations.recommends),
        ("Suggests", &relations.suggests),
        ("Conflicts", &relations.conflicts),
        ("Breaks", &relations.breaks),
        ("Replaces", &relations.replaces),
        ("Provides", &relations.provides),
    ] {
        control.push(name, values.join(", "));
    }
    control.push("Section", &*contents.section);
    control.push("Priority", &*contents.priority);
    control.push("Homepage", contents.homepage.as_deref().unwrap_or_default());
    if let Some((name, value)) = control.fields().find(|(_, value)| value.chars().any(char::is_control)) {
        return Err(refuse(format!("its field {name} is {value:?}, which is not one line")));
    }
    control.push("Description", description(&contents.summary, &contents.description));
    Ok(control)
}

fn description(summary: &str, description: &str) -> String {
    let mut value = summary.to_owned();
    for line in description.trim().lines() {
        // An empty line would end the paragraph.
        if line.trim().is_empty() {
            value.push_str("\n .");
        }
        for part in wrapped(line.trim_end()) {
            value.push_str("\n ");
            value.push_str(&part);
        }
    }
    value
}

/// Lines that a terminal shows whole; one that begins with a blank is shown as it is (Policy 5.6.13).
pub fn wrapped(line: &str) -> Vec<String> {
    if line.starts_with(' ') {
        return vec![line.to_owned()];
    }
    let mut lines: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        match lines.last_mut() {
            Some(last) if last.chars().count() + 1 + word.chars().count() <= WIDTH => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A member of the control archive, with its mode.
pub struct ControlMember {
    pub name: String,
    pub mode: u32,
    pub content: Source,
}

/// Every member but `control` and `md5sums`, which depend on the packed payload.
pub fn members(contents: &PackageContents) -> Vec<ControlMember> {
    let mut members: Vec<ControlMember> = Vec::new();
    let mut add = |name: &str, mode, content: Source| {
        if content.size() > 0 {
            members.push(ControlMember { name: name.to_owned(), mode, content });
        }
    };
    let scripts = configuration::scripts(&contents.name, &contents.deb.scripts);
    for (name, script) in scripts.named() {
        add(name, 0o755, Source::Bytes(script.clone()));
    }
    let triggers: String = contents.deb.triggers.iter().map(|line| format!("{line}\n")).collect();
    add("triggers", 0o644, Source::Bytes(triggers.into_bytes()));
    for (name, content) in &contents.deb.extra {
        add(name, 0o644, content.clone());
    }
    members.sort_by(|a, b| a.name.cmp(&b.name));
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_no_empty_line() {
        assert_eq!(description("An ERP", "One.\n\nTwo.\n"), "An ERP\n One.\n .\n Two.");
        let long = description("An ERP", &"word ".repeat(40));
        assert!(long.lines().count() == 4 && long.lines().all(|line| line.len() <= 80), "{long}");
    }
}
