//! Where text leaves the program: colours and width on a terminal, bare lines everywhere else.
//!
//! The one place that writes. A reader that went away (`consignee history | head -1`) is an error of
//! kind `BrokenPipe`, which ends the command without a word.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::host::kernel::terminal;
use crate::report::page::{Line, Page, Style, wrap};

/// A stream for people or programs.
pub struct Output {
    stream: Box<dyn Write>,
    colours: bool,
    width: Option<usize>,
    terminal: bool,
}

impl Output {
    /// The process's stdout.
    pub fn stdout() -> Self {
        let width = terminal::stdout_width();
        Self::of(Box::new(io::stdout()), io::stdout().is_terminal(), width)
    }

    /// The process's stderr.
    pub fn stderr() -> Self {
        let width = terminal::stderr_width();
        Self::of(Box::new(io::stderr()), io::stderr().is_terminal(), width)
    }

    /// Any stream that is no terminal.
    pub fn plain(stream: impl Write + 'static) -> Self {
        Self { stream: Box::new(stream), colours: false, width: None, terminal: false }
    }

    fn of(stream: Box<dyn Write>, terminal: bool, width: Option<usize>) -> Self {
        // https://no-color.org: set and not empty.
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let width = width.filter(|width| terminal && *width >= 40);
        Self { stream, colours: terminal && wanted && !dumb, width, terminal }
    }

    /// Whether a person watches.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Writes a page.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn page(&mut self, page: &Page) -> io::Result<()> {
        for line in &page.lines {
            self.line(line)?;
        }
        self.stream.flush()
    }

    /// Writes a value as JSON, indented, with a line feed.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        writeln!(self.stream, "{text}")?;
        self.stream.flush()
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let pieces = match self.width {
            Some(width) => wrap(&line.text, width.saturating_sub(line.indent + 2).max(20)),
            None => vec![line.text.clone()],
        };
        for (index, piece) in pieces.iter().enumerate() {
            let indent = line.indent + if index == 0 { 0 } else { 2 };
            let text = format!("{:indent$}{piece}", "");
            let text = text.trim_end();
            match self.colour(line.style) {
                Some(colour) if !text.is_empty() => writeln!(self.stream, "\u{1b}[{colour}m{text}\u{1b}[0m")?,
                _ => writeln!(self.stream, "{text}")?,
            }
        }
        Ok(())
    }

    fn colour(&self, style: Style) -> Option<&'static str> {
        let colour = match style {
            Style::Plain => return None,
            Style::Heading => "1",
            Style::Good => "32",
            Style::Warning => "33",
            Style::Bad => "1;31",
            Style::Quiet => "2",
        };
        self.colours.then_some(colour)
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("terminal", &self.terminal).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn shown(colours: bool, width: Option<usize>) -> String {
        let kept = Kept::default();
        let mut output = Output { stream: Box::new(kept.clone()), colours, width, terminal: true };
        let mut page = Page::default();
        page.add(2, Style::Bad, "- halted: the program was\u{1b}[2J ended by signal 9 and more");
        output.page(&page).unwrap();
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_terminal_gets_colours_and_its_width_and_no_orders_of_others() {
        assert_eq!(
            shown(true, Some(34)),
            "\u{1b}[1;31m  - halted: the program was\u{1b}[0m\n\u{1b}[1;31m    ended by signal 9 and more\u{1b}[0m\n"
        );
        assert_eq!(shown(false, None), "  - halted: the program was ended by signal 9 and more\n");
    }
}
