//! HTML that is put together from elements. Whatever is text is escaped where it stands, names of elements and
//! attributes are the program's own, and there is no other way to put anything in.

use std::fmt::{self, Display, Formatter};

use crate::report::page::printable;

/// Elements without an end tag ("void elements" of the HTML standard).
const VOID: [&str; 4] = ["br", "input", "link", "meta"];

/// An element with its attributes and all that is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, Option<String>)>,
    content: Vec<Content>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Element(Element),
    Text(String),
}

/// An element with nothing in it.
pub fn element(name: &'static str) -> Element {
    Element { name, attributes: Vec::new(), content: Vec::new() }
}

impl Element {
    /// With an attribute.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, Some(value.into())));
        self
    }

    /// With an attribute that has no value, where it is to be there.
    #[must_use]
    pub fn marked(mut self, name: &'static str, is_there: bool) -> Self {
        if is_there {
            self.attributes.push((name, None));
        }
        self
    }

    /// With a text behind what is in it. What a browser, or an eye, would take for something else is left out.
    #[must_use]
    pub fn text(mut self, text: impl AsRef<str>) -> Self {
        let lines: Vec<String> = text.as_ref().split('\n').map(printable).collect();
        self.content.push(Content::Text(lines.join("\n")));
        self
    }

    /// With an element behind what is in it.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.content.push(Content::Element(child));
        self
    }

    /// With several.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.content.extend(children.into_iter().map(Content::Element));
        self
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "<{}", self.name)?;
        for (name, value) in &self.attributes {
            match value {
                Some(value) => write!(f, " {name}=\"{}\"", escaped(value))?,
                None => write!(f, " {name}")?,
            }
        }
        f.write_str(">")?;
        if VOID.contains(&self.name) {
            return Ok(());
        }
        for content in &self.content {
            match content {
                Content::Element(element) => element.fmt(f)?,
                Content::Text(text) => f.write_str(&escaped(text))?,
            }
        }
        write!(f, "</{}>", self.name)
    }
}

fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_text_stays_text() {
        let evil = "</p><script>alert(\"x\" & 'y')</script>\u{202e}\u{1b}[2J\nend";
        let said = element("p").with("title", "a\"b<").text(evil).child(element("br")).to_string();
        let expected = "<p title=\"a&quot;b&lt;\">&lt;/p&gt;&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)\
                        &lt;/script&gt;\nend<br></p>";
        assert_eq!(said, expected);
    }

    #[test]
    fn an_attribute_without_a_value_is_there_or_not() {
        let said = |checked| element("input").with("type", "checkbox").marked("checked", checked).to_string();
        assert_eq!(said(true), "<input type=\"checkbox\" checked>");
        assert_eq!(said(false), "<input type=\"checkbox\">");
    }
}
