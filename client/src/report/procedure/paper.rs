//! Markdown, piece by piece. No line carries a control character, and only [`Paper::block`] opens a block.

use consign_metadata::text::Language;

use crate::report::page::printable;

/// A document in the making.
#[derive(Debug)]
pub(super) struct Paper {
    language: Language,
    text: String,
    sections: usize,
}

impl Paper {
    pub fn new(language: Language) -> Self {
        Self { language, text: String::new(), sections: 0 }
    }

    pub fn title(&mut self, text: &str) {
        self.paragraph(&format!("# {}", printable(text)));
    }

    /// Sections are numbered in their order.
    pub fn section(&mut self, text: &str) {
        self.sections += 1;
        self.paragraph(&format!("## {}. {}", self.sections, printable(text)));
    }

    pub fn say(&mut self, text: &str) {
        self.paragraph(&printable(text));
    }

    /// Something to tick with a pencil.
    pub fn tick(&mut self, name: &str, text: &str) {
        let (name, text) = (printable(name), printable(text));
        self.paragraph(&say!(self.language, "- [ ] **{name}**: {text}", "- [ ] **{name}** : {text}"));
    }

    pub fn item(&mut self, text: &str) {
        self.paragraph(&format!("- {}", printable(text)));
    }

    /// Words of others, line by line.
    pub fn quote(&mut self, text: &str) {
        let lines = text.lines().map(|line| format!("> {}", printable(line)).trim_end().to_owned());
        self.paragraph(&lines.collect::<Vec<_>>().join("\n"));
    }

    /// What is to be typed, line by line.
    pub fn block(&mut self, lines: impl IntoIterator<Item = String>) {
        let lines: Vec<String> = lines.into_iter().map(|line| printable(&line)).collect();
        if !lines.is_empty() {
            self.paragraph(&format!("```sh\n{}\n```", lines.join("\n")));
        }
    }

    pub fn into_text(self) -> String {
        self.text
    }

    fn paragraph(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.text.push('\n');
    }
}
