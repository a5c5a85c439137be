//! A page of text as elements: its lines, their depth, and what they mean.
//!
//! What a line means never stands in its colour alone: the sentence says it.

use crate::portal::html::{Element, element};
use crate::report::page::{Line, Page, Style};

/// Depths beyond this look alike.
const DEEPEST: usize = 12;
const DEPTHS: [&str; 7] = ["", " in2", " in4", " in6", " in8", " in10", " in12"];

/// One line, plain.
pub fn sentence(text: impl AsRef<str>) -> Page {
    let mut page = Page::default();
    page.add(0, Style::Plain, text);
    page
}

/// The lines, headings as such.
pub fn elements(page: Page) -> Vec<Element> {
    let said = page.lines.into_iter().filter(|line| !line.text.is_empty());
    said.map(|line| if line.style == Style::Heading { heading(&line) } else { paragraph(&line, "p") }).collect()
}

/// The lines of a log, which are many.
pub fn log(page: Page) -> Element {
    let lines = page.lines.into_iter().map(|line| paragraph(&line, "span").text("\n"));
    element("pre").children(lines)
}

fn heading(line: &Line) -> Element {
    element("h3").with("class", depth(line.indent)).text(&line.text)
}

fn paragraph(line: &Line, name: &'static str) -> Element {
    let meaning = match line.style {
        Style::Plain | Style::Heading => "line",
        Style::Good => "line good",
        Style::Warning => "line warning",
        Style::Bad => "line bad",
        Style::Quiet => "line quiet",
    };
    element(name).with("class", format!("{meaning}{}", depth(line.indent))).text(&line.text)
}

fn depth(indent: usize) -> &'static str {
    DEPTHS[indent.min(DEEPEST) / 2]
}
