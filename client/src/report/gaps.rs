//! That the package manager does not ask the agent, why, and what to type.

use std::path::Path;

use consign_metadata::text::Language;

use super::advice::{self, Advice};
use super::page::{Page, Style};
use crate::host::gap::Gap;
use crate::host::typed::shell;

/// What is wrong, what it means and how it is mended.
pub fn page(gap: &Gap, language: Language) -> Page {
    let mut page = Page::default();
    let (line, advice) = match gap {
        Gap::PluginMissing { file, command } => {
            (missing(&file.display().to_string(), language), link(command, language))
        }
        Gap::PluginsOff { file } => (off(&file.display().to_string(), language), edit(file, "plugins=1", language)),
        Gap::PluginOff { file } => (off(&file.display().to_string(), language), edit(file, "enabled=1", language)),
    };
    page.add(0, Style::Warning, line);
    let line = say!(
        language,
        "the package manager does not ask the agent before it unpacks, and nothing is held",
        "le gestionnaire de paquets n'interroge plus l'agent avant de dépaqueter, et rien n'est retenu"
    );
    page.add(0, Style::Warning, line);
    advice::show(&mut page, &[advice], language);
    page
}

fn missing(file: &str, language: Language) -> String {
    say!(
        language,
        "the agent's plugin is not where the package manager looks for it: {file}",
        "le greffon de l'agent n'est pas là où le gestionnaire de paquets le cherche : {file}"
    )
}

fn off(file: &str, language: Language) -> String {
    say!(
        language,
        "{file} turns the agent's plugin of the package manager off",
        "{file} désactive le greffon de l'agent dans le gestionnaire de paquets"
    )
}

fn link(command: &str, language: Language) -> Advice {
    (command.to_owned(), say!(language, "put it there", "le remettre en place"))
}

fn edit(file: &Path, line: &str, language: Language) -> Advice {
    let purpose = say!(language, "below [main] say {line}", "sous [main], mettre {line}");
    (shell::edit(&file.display().to_string()), purpose)
}
