//! The few words that several sentences share.

use consign_metadata::text::Language;
use consign_metadata::version::{Class, Version};

use crate::engine::event::{Header, Person, Purpose};

/// The class of a change; in French of a version or an upgrade, which are feminine.
pub fn class(class: Class, language: Language) -> String {
    match class {
        Class::Patch => say!(language, "patch", "corrective"),
        Class::Minor => say!(language, "minor", "mineure"),
        Class::Major => say!(language, "major", "majeure"),
    }
}

/// From where to where.
pub fn journey(from: Option<&Version>, to: &Version, language: Language) -> String {
    match from {
        Some(from) if from == to => say!(language, "{to}, packaged anew", "{to}, nouvel empaquetage"),
        Some(from) => say!(language, "{from} to {to}", "{from} vers {to}"),
        None => say!(language, "first installation of {to}", "première installation de {to}"),
    }
}

/// A step by its place in the list and its name, as in `5/7 init`. −1 is the old version's health.
pub fn step(header: &Header, item: i64, language: Language) -> String {
    let of = header.items.len();
    match usize::try_from(item).ok().and_then(|index| header.items.get(index)) {
        Some(found) => format!("{}/{of} {}", item + 1, found.name),
        None if item < 0 => say!(language, "health of the old version", "santé de l'ancienne version"),
        None => format!("{}/{of}", item + 1),
    }
}

/// What a person has to do, where the item is a task.
pub fn task(header: &Header, item: usize, language: Language) -> Option<&str> {
    Some(header.items.get(item)?.task.as_ref()?.in_language(language))
}

/// A person, with the account that typed where it is another.
pub fn person(person: &Person) -> String {
    match person.uid {
        0 if person.name == "root" => "root".to_owned(),
        0 => format!("{} (root)", person.name),
        uid => format!("{} (uid {uid})", person.name),
    }
}

/// Things with commas between them.
pub fn list<T: std::fmt::Display>(things: &[T]) -> String {
    things.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What room is needed for.
pub fn purpose(purpose: Purpose, language: Language) -> String {
    match purpose {
        Purpose::PreviousPackages => say!(language, "previous packages", "paquets précédents"),
        Purpose::NewFiles => say!(language, "files of the new packages", "fichiers des nouveaux paquets"),
        Purpose::Backup => say!(language, "backup", "sauvegarde"),
    }
}
