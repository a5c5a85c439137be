//! What a package says of itself before its database is opened.

use std::collections::BTreeMap;

use consign_metadata::msi::Tables;

use super::Faults;
use crate::package::msi::identity::Guid;

const RULE: &str = "summary";
const WANTED: [u32; 8] = [1, 2, 4, 7, 9, 14, 15, 19];

/// The properties by their numbers: numbers as digits.
pub struct Summary(BTreeMap<u32, String>);

impl Summary {
    /// Reads a property set; `None` where it is none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let long = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let start = usize::try_from(long(44)?).ok()?;
        let mut properties = BTreeMap::new();
        for index in 0..usize::try_from(long(start + 4)?).ok()? {
            let entry = start + 8 + 8 * index;
            let (id, at) = (long(entry)?, start + usize::try_from(long(entry + 4)?).ok()?);
            let value = match long(at)? {
                2 => (long(at + 4)? & 0xffff).to_string(),
                30 => {
                    let length = usize::try_from(long(at + 4)?).ok()?;
                    let text = bytes.get(at + 8..at + 8 + length)?.strip_suffix(&[0])?;
                    consign_metadata::msi::decode(text)
                }
                _ => long(at + 4)?.to_string(),
            };
            properties.insert(id, value);
        }
        Some(Self(properties))
    }
}

pub fn look(summary: Option<&Summary>, tables: &Tables, faults: &mut Faults) {
    let Some(Summary(properties)) = summary else { return faults.add(RULE, "it cannot be read") };
    let value = |id: u32| properties.get(&id).map_or("", String::as_str);
    for id in WANTED.iter().filter(|id| !properties.contains_key(id)) {
        faults.add(RULE, format!("it lacks the property {id}"));
    }
    if value(1) != tables.code_page.to_string() {
        faults.add(RULE, format!("its code page is {}, and that of the database {}", value(1), tables.code_page));
    }
    let (template, schema) = (value(7), value(14).parse().unwrap_or(0));
    let least = match template.split(';').next() {
        Some("x64") => 200,
        Some("Arm64") => 500,
        _ => return faults.add("ICE80", format!("the template {template:?} is not one for 64 bits")),
    };
    if schema < least {
        faults.add("ICE80", format!("the schema {schema} is too old for {template}"));
    }
    if value(9).parse::<Guid>().is_err() {
        faults.add(RULE, format!("its package code, {:?}, is no identity", value(9)));
    }
}
