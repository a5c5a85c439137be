//! The documentation and the program say the same.

use std::collections::BTreeSet;

use consign::manifest::Strictness::Lenient;

use crate::sample::Sample;

const GUIDE: &str = include_str!("../../../docs/manifest.md");

/// The keys that the program names when it meets an unknown one.
fn keys_of(message: &str) -> BTreeSet<String> {
    let (_, list) = message.split_once("unknown key `zzz`, expected ").unwrap_or_else(|| panic!("{message}"));
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_key_of_the_manifest_is_described() {
    let places = [
        ("[product]", "[product]\nzzz = 1"),
        ("[[module]]", "[[module]]\nzzz = 1"),
        ("config = true", "config = true, zzz = 1"),
        ("units =", "folders = [{ path = \"/x\", zzz = 1 }]\nunits ="),
        ("units =", "users = [{ name = \"x\", home = \"/x\", zzz = 1 }]\nunits ="),
        ("[options.edition]", "[options.edition]\nzzz = 1"),
        ("[[step]]", "[[side_effect]]\nid = \"x\"\nzzz = 1\n[[step]]"),
        ("[[step]]", "[[prerequisite]]\nid = \"x\"\nzzz = 1\n[[step]]"),
        ("[[step]]", "[[prerequisite]]\nid = \"x\"\nfree_space = { zzz = 1 }\n[[step]]"),
        ("[[step]]", "[[task]]\nid = \"x\"\nzzz = 1\n[[step]]"),
        ("[[step]]", "[[step]]\nzzz = 1"),
        ("[[step]]", "[[step]]\nwhen.zzz = 1"),
        ("[[step]]", "[data]\nzzz = 1\n[[step]]"),
        ("[[step]]", "[data]\nlock = { zzz = 1 }\n[[step]]"),
        ("[[step]]", "[data]\nprobe = { zzz = 1 }\n[[step]]"),
        ("[[step]]", "[[step]]\nlimits.zzz = 1"),
        ("[[step]]", "[[step]]\nuntil.zzz = 1"),
        ("[[step]]", "[[step]]\nscripts.zzz = 1"),
        ("[[step]]", "[maintenance]\nzzz = 1\n[[step]]"),
        ("[[step]]", "[[add_on]]\nzzz = 1\n[[step]]"),
        ("[[step]]", "[joins]\nzzz = 1\n[[step]]"),
        ("[[health]]", "[[health]]\nzzz = 1"),
        ("[notes]", "[notes]\nzzz = 1"),
        ("[notes]", "[windows]\nzzz = 1\n[notes]"),
        ("[options.edition]", "[module.windows]\nzzz = 1\n[options.edition]"),
        ("[options.edition]", "[[module.windows.service]]\nzzz = 1\n[options.edition]"),
        ("[options.edition]", "[module.windows]\nfiles = [{ zzz = 1 }]\n[options.edition]"),
        ("[options.edition]", "[module.windows]\nfolders = [{ zzz = 1 }]\n[options.edition]"),
        ("[notes]", "[repository]\nurl = \"https://x\"\nzzz = 1\n[notes]"),
    ];
    for (part, with) in places {
        let sample = Sample::new();
        sample.replace(part, with);
        for key in keys_of(&sample.fault(Lenient)) {
            let written = [
                format!("`{key}`"),
                format!("`{key} "),
                format!("`{key}."),
                format!("{key},"),
                format!("{key} }}"),
                format!(", {key}"),
            ];
            assert!(written.iter().any(|text| GUIDE.contains(text)), "{key} after {with:?}");
        }
    }
}

#[test]
fn the_manifest_of_the_guide_is_one() {
    let (_, rest) = GUIDE.split_once("```toml\n").unwrap();
    let (manifest, _) = rest.split_once("```").unwrap();
    let sample = Sample::new();
    sample.write("consign.toml", manifest);
    sample.write("acme-erp.service", "[Service]\nExecStart=/opt/acme-erp/bin/erp\n");
    sample.load();
    assert!(manifest.lines().count() <= 30, "a minimal real manifest is at most 30 lines");
}
