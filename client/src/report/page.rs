//! A page of text before it meets a terminal: lines with an indent and a meaning, no colours yet.
//!
//! Much of what stands on a line was written by vendors and their programs. No line carries a control
//! character: a program's output can neither move the cursor nor recolour what the agent says.

/// What a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Nothing in particular.
    Plain,
    /// What the lines below it are about.
    Heading,
    /// All is well.
    Good,
    /// Somebody should look.
    Warning,
    /// Somebody has to act.
    Bad,
    /// What a program wrote, and other detail.
    Quiet,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Columns left free; a continuation is set two deeper.
    pub indent: usize,
    /// What it means.
    pub style: Style,
    /// The text, without control characters.
    pub text: String,
}

/// Lines from top to bottom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The lines.
    pub lines: Vec<Line>,
}

impl Page {
    /// Adds a line.
    pub fn add(&mut self, indent: usize, style: Style, text: impl AsRef<str>) {
        self.lines.push(Line { indent, style, text: printable(text.as_ref()) });
    }

    /// Adds a free line, unless there is one or the page is empty.
    pub fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.text.is_empty()) {
            self.add(0, Style::Plain, "");
        }
    }

    /// Adds all lines of another page, set in by so many columns.
    pub fn append(&mut self, indent: usize, page: Self) {
        let set_in = page.lines.into_iter().map(|line| Line { indent: line.indent + indent, ..line });
        self.lines.extend(set_in);
    }

    /// Commands and what each is for, in two columns.
    pub fn commands(&mut self, indent: usize, commands: &[(String, String)]) {
        let width = commands.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
        for (command, purpose) in commands {
            self.add(indent, Style::Plain, format!("{command:width$}  {purpose}").trim_end());
        }
    }
}

impl std::fmt::Display for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.lines {
            writeln!(f, "{}", format!("{:1$}{2}", "", line.indent, line.text).trim_end())?;
        }
        Ok(())
    }
}

/// The text without anything that a terminal would obey; whole escape sequences (ECMA-48 CSI) go at once.
pub fn printable(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' && rest.next_if_eq(&'[').is_some() {
            while rest.next_if(|c| (' '..='?').contains(c)).is_some() {}
            rest.next_if(|c| ('@'..='~').contains(c));
        } else if c == '\t' {
            shown.push(' ');
        } else if !c.is_control() && !is_invisible_order(c) {
            shown.push(c);
        }
    }
    shown
}

/// Characters that change the order in which others are shown (Unicode UAX 9), or break lines.
fn is_invisible_order(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Breaks a text into lines of at most `width` columns, where it can. French signs stay with their word.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let sticks = matches!(word, ":" | ";" | "?" | "!" | "»") || lines.last().is_some_and(|l| l.ends_with('«'));
        let line = lines.last_mut().expect("there is always one");
        let fits = line.chars().count() + 1 + word.chars().count() <= width;
        if line.is_empty() {
            line.push_str(word);
        } else if fits || sticks {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_obeyed() {
        assert_eq!(printable("a\u{1b}[1;31mb\u{9b}2Jc\rd\u{202e}e\tf\u{7}"), "ab2Jcde f");
        assert_eq!(printable("\u{1b}]0;title\u{7}x\u{1b}[\u{1b}[5"), "]0;titlex");
    }

    #[test]
    fn a_sign_stays_with_its_word() {
        assert_eq!(wrap("la note est retenue : voir", 19), ["la note est retenue :", "voir"]);
        assert_eq!(wrap("a b", 80), ["a b"]);
    }
}
