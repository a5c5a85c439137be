//! Scriptlets of a package that others built: which program runs what, and the tags that say so.

use consign_metadata::rpm::{Header, tag};

use super::store::{Store, Value};

/// A scriptlet that the agent is told of, and the tags that hold it.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// Its name in a spec file, without the `%`.
    pub name: &'static str,
    text: u32,
    program: u32,
    /// The mark of what must be there before it is run.
    pub when: u32,
}

/// Those that the agent is told of.
pub const REPORTED: [Slot; 4] = [
    Slot { name: "pre", text: tag::PREIN, program: tag::PREIN_PROGRAM, when: tag::PRE_SCRIPT },
    Slot { name: "preun", text: tag::PREUN, program: tag::PREUN_PROGRAM, when: tag::PREUN_SCRIPT },
    Slot { name: "postun", text: tag::POSTUN, program: tag::POSTUN_PROGRAM, when: tag::POSTUN_SCRIPT },
    Slot { name: "posttrans", text: tag::POSTTRANS, program: tag::POSTTRANS_PROGRAM, when: 0 },
];

/// What rpm runs: a program with its own arguments, and the text that it is given as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scriptlet {
    /// The program and its arguments.
    pub program: Vec<String>,
    /// The text; none of a program that is run on its own, such as `/sbin/ldconfig`.
    pub text: Option<String>,
}

impl Slot {
    /// The scriptlet of a package, if it has one.
    ///
    /// # Errors
    /// When it cannot be read as text.
    pub fn of(&self, header: &Header) -> Result<Option<Scriptlet>, String> {
        let read = |tag: u32| match (header.has(tag), header.texts(tag)) {
            (true, texts) if texts.is_empty() => Err(format!("has a %{} that is not UTF-8", self.name)),
            (_, texts) => Ok(texts.into_iter().map(str::to_owned).collect::<Vec<_>>()),
        };
        let (program, text) = (read(self.program)?, read(self.text)?.into_iter().next());
        if program.is_empty() && text.is_none() {
            return Ok(None);
        }
        let program = if program.is_empty() { vec!["/bin/sh".to_owned()] } else { program };
        Ok(Some(Scriptlet { program, text }))
    }

    /// Writes a scriptlet in the place of the one that is there.
    pub(super) fn set(&self, store: &mut Store, scriptlet: &Scriptlet) {
        match &*scriptlet.program {
            [alone] => store.text(self.program, alone.as_str()),
            program => store.set(self.program, Value::Texts(program.to_vec())),
        }
        match &scriptlet.text {
            Some(text) => store.text(self.text, text.as_str()),
            None => store.remove(self.text),
        }
    }
}
