//! Markdown of release notes as plain text with light formatting: headings, lists, code and links.
//!
//! Not a full reader of the language: what it does not know stays as the vendor wrote it, which is
//! how Markdown is meant to be readable.

use super::page::{Page, Style};

/// The note as a page.
pub fn page(markdown: &str) -> Page {
    let mut page = Page::default();
    let mut in_code = false;
    let mut paragraph = String::new();
    for line in markdown.lines() {
        let text = line.trim();
        if text.starts_with("```") || text.starts_with("~~~") {
            end(&mut page, &mut paragraph);
            in_code = !in_code;
        } else if in_code {
            page.add(4, Style::Quiet, line);
        } else if text.is_empty() {
            end(&mut page, &mut paragraph);
            page.gap();
        } else if let Some(heading) = heading(text) {
            end(&mut page, &mut paragraph);
            page.gap();
            page.add(0, Style::Heading, inline(heading));
        } else if let Some((depth, item)) = item(line) {
            end(&mut page, &mut paragraph);
            paragraph = format!("{:1$}{2}", "", depth, inline(item));
        } else {
            continue_with(&mut paragraph, &inline(text));
        }
    }
    end(&mut page, &mut paragraph);
    while page.lines.last().is_some_and(|line| line.text.is_empty()) {
        page.lines.pop();
    }
    page
}

// A paragraph may run over several lines; an item of a list keeps its depth in front.
fn end(page: &mut Page, paragraph: &mut String) {
    let text = paragraph.trim_start();
    if !text.is_empty() {
        page.add(paragraph.len() - text.len(), Style::Plain, text);
    }
    paragraph.clear();
}

fn continue_with(paragraph: &mut String, text: &str) {
    if !paragraph.is_empty() {
        paragraph.push(' ');
    }
    paragraph.push_str(text);
}

fn heading(text: &str) -> Option<&str> {
    let level = text.bytes().take_while(|b| *b == b'#').count();
    let rest = text[level..].strip_prefix(' ')?;
    (1..=6).contains(&level).then(|| rest.trim_end_matches('#').trim())
}

fn item(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start();
    let depth = line.len() - text.len();
    let bullet = ["- ", "* ", "+ "].iter().any(|sign| text.starts_with(sign));
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let numbered = digits > 0 && text[digits..].starts_with(". ");
    (bullet || numbered).then_some((depth + 2, text.trim_end()))
}

/// Emphasis and code without their signs; a link as its text and, where it differs, its address.
fn inline(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*', '[']) {
        shown.push_str(&rest[..at]);
        let (piece, length) = marked(&rest[at..]).unwrap_or_else(|| (rest[at..at + 1].to_owned(), 1));
        shown.push_str(&piece);
        rest = &rest[at + length..];
    }
    shown + rest
}

fn marked(text: &str) -> Option<(String, usize)> {
    for sign in ["``", "`", "**", "*"] {
        if let Some(inner) = text.strip_prefix(sign) {
            let end = inner.find(sign).filter(|end| *end > 0 && !inner.starts_with(' '))?;
            // What stands in code is shown as typed, signs included.
            let shown = if sign.starts_with('`') { inner[..end].to_owned() } else { inline(&inner[..end]) };
            return Some((shown, end + 2 * sign.len()));
        }
    }
    let (label, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (address, _) = rest.split_once(')')?;
    let length = label.len() + address.len() + 4;
    Some((if label == address { label.to_owned() } else { format!("{label} ({address})") }, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_reads_as_text() {
        let note = "# 1.5.0\n\nNeeds **PostgreSQL 15**;\nsee [the guide](https://x.example/g).\n\n\
                    - run `erp_init *`\n  - twice\n1. first\n\n```\nerp --all\n```\nEnd *\n";
        assert_eq!(
            page(note).to_string(),
            "1.5.0\n\nNeeds PostgreSQL 15; see the guide (https://x.example/g).\n\n  - run erp_init *\n    - twice\n  \
             1. first\n\n    erp --all\nEnd *\n"
        );
    }

    #[test]
    fn odd_signs_stay_as_they_are() {
        for odd in ["a * b", "[x", "`", "**", "[a](b", "é*è*", "2 ** 3"] {
            let shown = page(odd).to_string();
            assert_eq!(shown.trim_end(), if odd == "é*è*" { "éè" } else { odd });
        }
    }
}
