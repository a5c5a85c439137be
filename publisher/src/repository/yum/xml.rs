//! The little of XML that a yum repository needs, written and read here.
//!
//! No library: four fixed forms are written, and nothing is read but what was written here and is signed.
//! Each element has a line of its own, a line break in a text is `&#10;`, and so an entry that was
//! published can be cut out and kept to the byte, as the stanzas of an apt index are.

use std::fmt::{self, Write};

/// A text as it stands in an element or an attribute.
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\n' | '\t' | '\r' => write!(f, "&#{};", u32::from(c)),
            // XML 1.0 has no way to say them.
            '\u{fffe}' | '\u{ffff}' => f.write_char(char::REPLACEMENT_CHARACTER),
            c if c < ' ' => f.write_char(char::REPLACEMENT_CHARACTER),
            c => f.write_char(c),
        })
    }
}

/// A line with an element that holds a text.
pub fn element(indent: usize, name: &str, text: &str) -> String {
    format!("{:indent$}<{name}>{}</{name}>\n", "", Escaped(text))
}

/// The elements of a name that are more than one line, ends included.
pub fn blocks<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (start, end) = (format!("<{name} "), format!("</{name}>\n"));
    let mut rest = text;
    std::iter::from_fn(move || {
        let from = if rest.starts_with(&start) { 0 } else { rest.find(&format!("\n{start}"))? + 1 };
        let to = from + rest[from..].find(&format!("\n{end}"))? + 1 + end.len();
        let block = &rest[from..to];
        rest = &rest[to..];
        Some(block)
    })
}

/// The line of an element, by its name.
pub fn line<'a>(block: &'a str, name: &str) -> Option<&'a str> {
    block.lines().map(str::trim_start).find(|line| {
        let rest = line.strip_prefix('<').and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with([' ', '>', '/']))
    })
}

/// The text of an element, as it stands there.
pub fn text<'a>(block: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line(block, name)?.split_once('>')?;
    rest.strip_suffix(&format!("</{name}>"))
}

/// An attribute of the first line, as it stands there.
pub fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let head = line.split_once('>').map_or(line, |(head, _)| head);
    let (_, rest) = head.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_one_line_and_found_again() {
        let line = element(2, "summary", "a <b> & \"c\"\nd\u{1}");
        assert_eq!(line, "  <summary>a &lt;b&gt; &amp; &quot;c&quot;&#10;d\u{fffd}</summary>\n");
        assert_eq!(text(&line, "summary"), Some("a &lt;b&gt; &amp; &quot;c&quot;&#10;d\u{fffd}"));
        assert_eq!(text(&line, "sum"), None);
        let element = "  <checksum type=\"sha256\" pkgid=\"YES\">ab</checksum>";
        assert_eq!((text(element, "checksum"), attribute(element, "pkgid")), (Some("ab"), Some("YES")));
    }

    #[test]
    fn blocks_are_cut_out_to_the_byte() {
        let document =
            "<?xml?>\n<x packages=\"2\">\n<package a=\"1\">\n  <n/>\n</package>\n<package a=\"2\">\n</package>\n</x>\n";
        let found: Vec<_> = blocks(document, "package").collect();
        assert_eq!(found, ["<package a=\"1\">\n  <n/>\n</package>\n", "<package a=\"2\">\n</package>\n"]);
        assert_eq!(blocks("<package a=\"1\">\n", "package").count(), 0, "an element without an end is none");
    }
}
