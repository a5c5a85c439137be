//! Components: each is what Windows installs, counts and removes as one.

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::msi::Tables;

use super::{Faults, rows};

/// As many as old installers take (ICE47).
const MAXIMUM: usize = 800;
const REGISTRY_KEY_PATH: i32 = 4;
const IS_64_BIT: i32 = 256;

pub fn look(tables: &Tables, faults: &mut Faults) {
    let components = rows(tables, "Component", ["Component", "ComponentId", "Attributes", "KeyPath", "Directory_"]);
    let files: BTreeMap<_, _> =
        rows(tables, "File", ["File", "Component_"]).into_iter().map(|[file, component]| (file, component)).collect();
    let values: BTreeMap<_, _> = rows(tables, "Registry", ["Registry", "Component_"])
        .into_iter()
        .map(|[value, component]| (value, component))
        .collect();
    let folders: BTreeSet<_> = tables.column("CreateFolder", "Component_").into_iter().collect();
    let mut identities = BTreeSet::new();
    for [component, identity, attributes, key_path, _] in &components {
        if !identities.insert(identity) {
            faults.add("ICE08", format!("{component} has the identity of another component, {identity}"));
        }
        let attributes: i32 = attributes.parse().unwrap_or(0);
        if attributes & IS_64_BIT == 0 {
            faults.add("ICE80", format!("{component} is one for 32 bits"));
        }
        let owners = if attributes & REGISTRY_KEY_PATH == 0 { &files } else { &values };
        match key_path.as_str() {
            "" if !folders.contains(component) => {
                faults.add("ICE18", format!("{component} has no key path and makes no folder"));
            }
            "" => {}
            path if owners.get(path) != Some(component) => {
                faults.add("ICE02", format!("the key path of {component}, {path}, is not in it"));
            }
            _ => {}
        }
    }
    in_features(tables, &components, faults);
    apart(tables, &components, faults);
    services(tables, &components, faults);
}

fn in_features(tables: &Tables, components: &[[String; 5]], faults: &mut Faults) {
    let mut features: BTreeMap<String, usize> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for [feature, component] in rows(tables, "FeatureComponents", ["Feature_", "Component_"]) {
        *features.entry(feature).or_default() += 1;
        known.insert(component);
    }
    for [component, ..] in components.iter().filter(|[component, ..]| !known.contains(component)) {
        faults.add("ICE21", format!("{component} is in no feature"));
    }
    for (feature, count) in features.into_iter().filter(|(_, count)| *count > MAXIMUM) {
        faults.add("ICE47", format!("the feature {feature} has {count} components"));
    }
}

/// Two components with one file would take it from each other.
fn apart(tables: &Tables, components: &[[String; 5]], faults: &mut Faults) {
    let folders: BTreeMap<_, _> = components.iter().map(|[component, .., folder]| (component, folder)).collect();
    let (mut long, mut short) = (BTreeSet::new(), BTreeSet::new());
    for [file, component, name] in rows(tables, "File", ["File", "Component_", "FileName"]) {
        let (first, last) = name.split_once('|').unwrap_or((&name, &name));
        let folder = folders.get(&component);
        if !long.insert((folder, last.to_lowercase())) || !short.insert((folder, first.to_lowercase())) {
            faults.add("ICE30", format!("{file}, {name:?}, has the place of another file"));
        }
    }
}

/// A service gets the path of the key path of its component.
fn services(tables: &Tables, components: &[[String; 5]], faults: &mut Faults) {
    let files: BTreeSet<_> = tables.column("File", "File").into_iter().collect();
    for [name, of] in rows(tables, "ServiceInstall", ["Name", "Component_"]) {
        let key_path = components.iter().find(|[component, ..]| *component == of).map(|[.., key, _]| key);
        if !key_path.is_some_and(|key| files.contains(key)) {
            faults.add("services", format!("the service {name} has no program for a key path"));
        }
    }
}
