//! What may be in each column (ICE03), as `_Validation` says it, which names every column (ICE06).

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::msi::{Cell, Column, Table, Tables};

use super::{Faults, rows};
use crate::package::msi::identity::Guid;

/// What `_Validation` says of a column.
struct Rule {
    nullable: bool,
    range: (Option<i32>, Option<i32>),
    of: String,
    category: String,
}

const COLUMNS: [&str; 7] = ["Table", "Column", "Nullable", "MinValue", "MaxValue", "KeyTable", "Category"];

pub fn look(tables: &Tables, faults: &mut Faults) {
    let mut rules: BTreeMap<(String, String), Rule> = BTreeMap::new();
    for [table, column, nullable, low, high, of, category] in rows(tables, "_Validation", COLUMNS) {
        let (range, nullable) = ((low.parse().ok(), high.parse().ok()), nullable == "Y");
        rules.insert((table, column), Rule { nullable, range, of, category });
    }
    for (name, table) in tables.tables.iter().filter(|(name, _)| !["_Tables", "_Columns"].contains(&name.as_str())) {
        for (at, column) in table.columns.iter().enumerate() {
            match rules.remove(&(name.clone(), column.name.clone())) {
                Some(rule) => look_at(tables, (name, table), (at, column), &rule, faults),
                None => faults.add("ICE06", format!("_Validation does not know {name}.{}", column.name)),
            }
        }
    }
    for ((table, column), _) in rules {
        faults.add("ICE06", format!("there is no {table}.{column}, which _Validation knows"));
    }
}

fn look_at(
    tables: &Tables,
    (name, table): (&str, &Table),
    (at, column): (usize, &Column),
    rule: &Rule,
    faults: &mut Faults,
) {
    let keys: BTreeSet<&Cell> = match rule.of.as_str() {
        "" => BTreeSet::new(),
        of => tables.table(of).rows.iter().map(|row| &row[0]).collect(),
    };
    if rule.nullable != column.is_nullable() {
        faults.add("ICE03", format!("{name}.{} may be empty in one place and not in the other", column.name));
    }
    for row in &table.rows {
        let problem = match &row[at] {
            Cell::Null if rule.nullable => None,
            Cell::Null => Some("is empty".to_owned()),
            Cell::Number(number) if rule.range.0.is_some_and(|low| *number < low) => Some("is too small".to_owned()),
            Cell::Number(number) if rule.range.1.is_some_and(|high| *number > high) => Some("is too large".to_owned()),
            Cell::Number(_) => None,
            cell if !rule.of.is_empty() && !keys.contains(cell) => Some(format!("is not in {}", rule.of)),
            cell => text_problem(column, &rule.category, tables.text(cell)),
        };
        if let Some(problem) = problem {
            let value = tables.shown(&row[at]);
            faults.add("ICE03", format!("{name}.{}, {value:?}, {problem}", column.name));
        }
    }
}

fn text_problem(column: &Column, category: &str, text: &str) -> Option<String> {
    if column.length() > 0 && text.chars().count() > column.length() {
        return Some(format!("is longer than {}", column.length()));
    }
    let is_fine = match category {
        "Identifier" => is_identifier(text),
        "UpperCase" => is_identifier(text) && !text.contains(|c: char| c.is_ascii_lowercase()),
        "Guid" => text.parse::<Guid>().is_ok_and(|guid| guid.to_string() == text),
        "Version" => is_version(text),
        "Language" => text.split(',').all(|number| number.parse::<u16>().is_ok()),
        "Filename" | "DefaultDir" => is_file_name(text),
        "Cabinet" => text.starts_with('#') && is_identifier(&text[1..]),
        "RegPath" => !text.starts_with('\\') && !text.ends_with('\\'),
        "Condition" => text.matches('"').count().is_multiple_of(2),
        "Formatted" | "FormattedSDDLText" => is_balanced(text),
        _ => true,
    };
    (!is_fine).then(|| format!("is no {category}"))
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b))
}

fn is_version(text: &str) -> bool {
    let numbers: Vec<_> = text.split('.').collect();
    numbers.len() <= 4 && numbers.iter().all(|number| number.parse::<u16>().is_ok())
}

/// `SHORT~1.TXT|long name.txt`, or one that is short; `.` is the folder above.
fn is_file_name(text: &str) -> bool {
    let (short, long) = text.split_once('|').unwrap_or((text, text));
    let (stem, extension) = short.split_once('.').unwrap_or((short, ""));
    let special = ["SourceDir", "."].contains(&text);
    special || (stem.len() <= 8 && extension.len() <= 3 && !short.is_empty() && !long.contains(['\\', '/', ':', '|']))
}

fn is_balanced(text: &str) -> bool {
    let escaped = text.replace("[\\[]", "").replace("[~]", "");
    escaped.matches('[').count() == escaped.matches(']').count()
}
