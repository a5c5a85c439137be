//! What a publication will write, and what it has written, for people and for programs.

use super::{say, tell};
use crate::publish::{Publication, Written};

/// Writes the plan.
pub fn show(publication: &Publication, json: bool) {
    for warning in &publication.warnings {
        tell(format_args!("warning: {warning}"));
    }
    if json {
        say(as_json(publication));
        return;
    }
    let Publication { vendor, channel, generation, validity, .. } = publication;
    say(format_args!("{vendor} {channel}, generation {generation}"));
    say(format_args!("  issued {}, believed until {}", validity.issued, validity.expires));
    section(
        "Packages",
        publication.packages.iter().map(|package| {
            let note = if package.published_before { "  (published before, stays as it is)" } else { "" };
            format!("{}  {} KiB{note}", package.file.path, package.file.size.div_ceil(1024))
        }),
    );
    section("Added", publication.added().map(ToString::to_string));
    section("Swapped, in this order", publication.swapped().map(ToString::to_string));
    section("Removed, as nobody asks for it any more", publication.removed().map(ToString::to_string));
}

fn section(title: &str, lines: impl Iterator<Item = String>) {
    for (index, line) in lines.enumerate() {
        if index == 0 {
            say(format_args!("\n{title}"));
        }
        say(format_args!("  {line}"));
    }
}

/// Writes what was done.
pub fn done(publication: &Publication, written: Written, json: bool) {
    if json {
        for warning in &publication.warnings {
            tell(format_args!("warning: {warning}"));
        }
        let mut result = as_json(publication);
        result["written"] = serde_json::json!({
            "added": written.added, "already_there": written.already_there,
            "swapped": written.swapped, "removed": written.removed,
        });
        say(result);
        return;
    }
    let Written { added, already_there, swapped, removed } = written;
    say(format_args!(
        "\nPublished: {added} files added, {already_there} were there, {swapped} swapped, {removed} removed; read back and found good."
    ));
}

fn as_json(publication: &Publication) -> serde_json::Value {
    let packages: Vec<_> = publication
        .packages
        .iter()
        .map(|package| {
            let file = &package.file;
            serde_json::json!({
                "path": file.path, "size": file.size, "sha256": file.sha256,
                "published_before": package.published_before,
            })
        })
        .collect();
    let names = |keys: Vec<&crate::store::Key>| keys.iter().map(|key| key.as_str().to_owned()).collect::<Vec<_>>();
    serde_json::json!({
        "vendor": publication.vendor, "channel": publication.channel, "generation": publication.generation,
        "issued": publication.validity.issued, "expires": publication.validity.expires,
        "packages": packages,
        "add": names(publication.added().collect()),
        "swap": names(publication.swapped().collect()),
        "remove": names(publication.removed().collect()),
        "warnings": publication.warnings,
    })
}
