//! The page of codes is made of the code: `CONSIGN_BLESS=1` writes it anew.

use std::fmt::Write;
use std::path::PathBuf;

use consign_metadata::text::Language;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::Explanation;
use crate::report::{failure, reason, samples};

fn code(value: &impl Serialize, tag: &str) -> String {
    serde_json::to_value(value).unwrap()[tag].as_str().unwrap().to_owned()
}

/// Nothing in a cell ends it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn row(code: &str, said: &str, behind: &Explanation) -> String {
    format!("| `{code}` | {} | {} | {} |\n", cell(said), cell(&behind.cause), cell(&behind.cure))
}

fn reasons() -> String {
    let rows = samples::reasons();
    let rows = rows.iter().map(|found| {
        let said = match found {
            // It would show the zone of whoever runs this.
            crate::engine::event::Reason::OutsideWindow { .. } => {
                "outside the site's maintenance windows; the next one opens on …".to_owned()
            }
            found => reason::sentence(found, Language::En),
        };
        row(&code(found, "code"), &said, &super::reason(found, Language::En))
    });
    rows.collect()
}

fn failures() -> String {
    let rows = samples::failures();
    let rows = rows.iter().map(|found| {
        row(&code(found, "code"), &failure::sentence(found, Language::En), &super::failure(found, Language::En))
    });
    rows.collect()
}

fn halts() -> String {
    let rows = samples::halts();
    let rows = rows
        .iter()
        .map(|found| row(&code(found, "code"), &failure::halt(found, Language::En), &super::halt(found, Language::En)));
    rows.collect()
}

fn findings() -> String {
    let mut rows = String::new();
    for found in crate::report::doctor::samples::findings() {
        let typed = found.advice(Language::En);
        let typed: Vec<_> = typed.iter().map(|(command, purpose)| format!("`{command}` ({purpose})")).collect();
        let typed = if typed.is_empty() { "see the message".to_owned() } else { typed.join("; ") };
        let said = found.sentence(Language::En, &TimeZone::UTC);
        writeln!(rows, "| `{}` | {} | {} |", code(&found, "finding"), cell(&said), cell(&typed)).unwrap();
    }
    rows
}

/// The text of the page with each table between its marks as the code makes it.
fn page(text: &str) -> String {
    let mut text = text.to_owned();
    for (name, rows) in [("reasons", reasons()), ("failures", failures()), ("halts", halts()), ("findings", findings())]
    {
        let (begin, end) = (format!("<!-- {name}: made by the code -->\n"), format!("<!-- end of {name} -->"));
        let head = match name {
            "findings" => "| code | what is said | what is typed |\n|---|---|---|\n",
            _ => "| code | what is said | cause | cure |\n|---|---|---|---|\n",
        };
        let from = text.find(&begin).unwrap_or_else(|| panic!("the page has no table of {name}")) + begin.len();
        let to = text.find(&end).unwrap_or_else(|| panic!("the table of {name} has no end"));
        text.replace_range(from..to, &format!("{head}{rows}"));
    }
    text
}

#[test]
fn the_page_of_codes_has_every_code_with_cause_and_cure_and_none_besides() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/reasons.md");
    let found = std::fs::read_to_string(&path).unwrap();
    let expected = page(&found);
    if std::env::var_os("CONSIGN_BLESS").is_some() {
        std::fs::write(&path, &expected).unwrap();
        return;
    }
    assert!(found == expected, "docs/reasons.md is not what the code says; CONSIGN_BLESS=1 writes it anew");
}

#[test]
fn every_cause_and_cure_is_worded_in_both_languages() {
    let behind = |language: Language| -> Vec<Explanation> {
        let reasons = samples::reasons().into_iter().map(move |found| super::reason(&found, language));
        let failures = samples::failures().into_iter().map(move |found| super::failure(&found, language));
        let halts = samples::halts().into_iter().map(move |found| super::halt(&found, language));
        reasons.chain(failures).chain(halts).collect()
    };
    for (english, french) in behind(Language::En).into_iter().zip(behind(Language::Fr)) {
        assert_ne!(english.cause, french.cause);
        for text in [&english.cause, &english.cure, &french.cause, &french.cure] {
            assert!(text.ends_with('.') && text.chars().next().is_some_and(|first| !first.is_whitespace()), "{text}");
        }
    }
}
