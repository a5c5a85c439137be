//! Numbers, sentences and their page in the documentation: the same everywhere.

use std::collections::BTreeMap;

use super::*;
use crate::report::samples;

const SENTENCES: &str = include_str!("../event_log.mc");
const PAGE: &str = include_str!("../../../../docs/windows.md");

/// Number, and the sentence in both languages.
fn compiled() -> BTreeMap<u32, [String; 2]> {
    let messages = SENTENCES.split("\nMessageId=").skip(1).map(|message| {
        let number = message.lines().next().unwrap().trim().parse().unwrap();
        let sentence = |language: &str| {
            let (_, rest) = message.split_once(&format!("Language={language}\n")).unwrap();
            rest.split_once("\n.\n").unwrap().0.to_owned()
        };
        (number, [sentence("English"), sentence("French")])
    });
    messages.collect()
}

fn entries() -> Vec<Entry> {
    let news = |what| News {
        format: 1,
        what,
        host: "web1".to_owned(),
        product: "acme/erp".parse().unwrap(),
        upgrade: 2,
        from: Some(samples::v("1.4.0")),
        to: samples::v("1.5.0"),
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    let over = |outcome| What::OutageOver { took_seconds: 3, outcome };
    let offer = |held| Offer {
        product: "acme/erp".parse().unwrap(),
        installed: Some(samples::v("1.4.0")),
        offered: Some(samples::v("1.5.0")),
        held,
        told: Vec::new(),
    };
    let mut all = vec![
        Entry::of_service(Number::Started, &["0.6.0"]),
        Entry::of_service(Number::Ended, &["0.6.0"]),
        Entry::of_service(Number::Failed, &["0.6.0", "cannot listen"]),
        Entry::of_news(&news(What::OutageBegins { estimate_seconds: None }), Some("It stops.".to_owned())),
        Entry::of_news(&news(over(Outcome::Completed)), None),
        Entry::of_news(&news(over(Outcome::TakenBack)), None),
        Entry::of_news(&news(What::OutageGoesOn { step: Some("init".to_owned()) }), None),
    ];
    all.extend([offer(Vec::new()), offer(samples::reasons())].map(|o| Entry::of_offer(&o, Language::En).unwrap()));
    all.extend(super::super::notices::samples().iter().map(|notice| Entry::of_notice(notice, Language::Fr)));
    all
}

#[test]
fn every_number_has_its_sentence_in_both_languages_and_as_many_parameters() {
    let (compiled, entries) = (compiled(), entries());
    let numbers: Vec<u32> = Number::ALL.iter().map(|number| *number as u32).collect();
    assert_eq!(numbers, compiled.keys().copied().collect::<Vec<_>>());
    assert_eq!(numbers, entries.iter().map(|entry| entry.number as u32).collect::<Vec<_>>());
    for entry in &entries {
        let [english, french] = &compiled[&(entry.number as u32)];
        assert_ne!(english, french);
        for sentence in [english, french] {
            let asked = (1..10).take_while(|at| sentence.contains(&format!("%{at}"))).count();
            assert_eq!(asked, entry.parameters.len(), "{sentence}");
        }
    }
}

#[test]
fn the_table_of_the_documentation_has_every_number_with_its_level() {
    let compiled = compiled();
    for number in Number::ALL {
        let sentence = compiled[&(number as u32)][0].replace("%n", "");
        let level = match number.level() {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Information => "information",
        };
        let row = format!("| {} | {level} | {} |", number as u32, sentence.trim_end());
        assert!(PAGE.contains(&row), "docs/windows.md lacks: {row}");
    }
    let is_row = |line: &&str| line.strip_prefix("| ").is_some_and(|row| row.starts_with(|c: char| c.is_ascii_digit()));
    let rows = PAGE.lines().filter(is_row).count();
    assert_eq!(rows, Number::ALL.len());
}

#[test]
fn an_entry_says_what_is_typed_and_is_never_too_long() {
    let held = &entries()[8];
    assert_eq!(held.parameters[..2], ["acme/erp", "1.5.0"]);
    assert!(held.parameters[2].contains("held back"), "{:?}", held.parameters);
    let long = Entry::of_service(Number::Failed, &["0.6.0", &"x".repeat(100_000)]);
    assert_eq!(long.parameters[1].len(), LONGEST);
}
