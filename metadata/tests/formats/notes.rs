//! The names under which release notes travel.

use consign_metadata::plan::{note_file, note_member, parse_note_file, parse_note_member};
use consign_metadata::text::Language;

#[test]
fn the_name_of_a_note_says_version_and_language() {
    for (version, language, name) in [
        ("1.1.0", Language::Fr, "1.1.0.fr.md"),
        ("24.04.1", Language::En, "24.04.1.en.md"),
        ("2.0.0-rc.1", Language::En, "2.0.0-rc.1.en.md"),
    ] {
        let version = version.parse().unwrap();
        assert_eq!(note_file(&version, language), name);
        let member = note_member(&version, language);
        assert_eq!(member, format!("consign-note.{name}"));
        let (parsed, spoken) = parse_note_member(&member).unwrap();
        assert_eq!((parsed.as_str(), spoken), (version.as_str(), language));
        assert_eq!(parse_note_file(name), Some((version, language)));
    }
}

#[test]
fn other_names_are_no_notes() {
    for name in ["control", "consign-plan", "consign-note.", "consign-note.1.1.0.md", "consign-note.1.1.0.de.md"] {
        assert_eq!(parse_note_member(name), None, "{name}");
    }
    for name in ["1.1.0.en", "1.1.0.EN.md", ".en.md", "../1.1.0.en.md", "en.md", "1.en.md", "consign-note.1.1.0.en.md"]
    {
        assert_eq!(parse_note_file(name), None, "{name}");
    }
}
