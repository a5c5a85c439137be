//! Whether dnf 5 calls our actions. It says nothing where it does not: the plugin that calls them is a package of
//! its own, which a host may lack.

use std::path::Path;

use crate::host::dnf::configuration::Main;
use crate::host::gap::Gap;
use crate::places::Places;

const CONFIGURATION: &str = "/etc/dnf/dnf.conf";
const CONFIGURATION_OF_PLUGIN: &str = "/etc/dnf/libdnf5-plugins/actions.conf";
/// The file of the agent's package that the plugin reads.
const ACTIONS: &str = "/etc/dnf/libdnf5-plugins/actions.d/consignee.actions";
const PLUGIN: &str = "libdnf5/plugins/actions.so";
/// Where distributions have libraries.
const FOLDERS: [&str; 4] = ["/usr/lib64", "/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];

/// Everything that keeps dnf from asking, most general first.
pub fn gaps(places: &Places) -> Vec<Gap> {
    let is_off = |file: &str, key: &str| Main::read(&places.at(file)).is_off(key);
    let off = is_off(CONFIGURATION, "plugins").then(|| Gap::PluginsOff { file: CONFIGURATION.into() });
    let ours_off = is_off(CONFIGURATION_OF_PLUGIN, "enabled");
    let ours_off = ours_off.then(|| Gap::PluginOff { file: CONFIGURATION_OF_PLUGIN.into() });
    let has_it = |folder: &&str| places.at(&Path::new(folder).join(PLUGIN).to_string_lossy()).exists();
    let missing = (!FOLDERS.iter().any(has_it)).then(|| Gap::PluginMissing {
        file: Path::new(FOLDERS[0]).join(PLUGIN),
        command: "dnf install libdnf5-plugin-actions".to_owned(),
    });
    let no_actions = (!places.at(ACTIONS).exists())
        .then(|| Gap::PluginMissing { file: ACTIONS.into(), command: "dnf reinstall consignee".to_owned() });
    off.into_iter().chain(ours_off).chain(missing).chain(no_actions).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(places: &Places, path: &str, text: &str) {
        fs_err::create_dir_all(places.at(path).parent().unwrap()).unwrap();
        fs_err::write(places.at(path), text).unwrap();
    }

    #[test]
    fn what_keeps_dnf_from_calling_is_named_with_what_to_type() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::below(folder.path());
        let typed = |gaps: Vec<Gap>| -> Vec<String> {
            let command = |gap| match gap {
                Gap::PluginMissing { command, .. } => command,
                Gap::PluginsOff { file } | Gap::PluginOff { file } => file.display().to_string(),
            };
            gaps.into_iter().map(command).collect()
        };
        assert_eq!(typed(gaps(&places)), ["dnf install libdnf5-plugin-actions", "dnf reinstall consignee"]);
        write(&places, "/usr/lib/x86_64-linux-gnu/libdnf5/plugins/actions.so", "");
        write(&places, ACTIONS, "");
        assert_eq!(gaps(&places), []);
        write(&places, CONFIGURATION, "[main]\nplugins=0\n");
        write(&places, CONFIGURATION_OF_PLUGIN, "[main]\nname = actions\nenabled = 0\n");
        assert_eq!(typed(gaps(&places)), [CONFIGURATION, CONFIGURATION_OF_PLUGIN]);
    }
}
