//! Whether dnf 4 loads our plugin. It says nothing where it does not.

use std::path::{Path, PathBuf};

use super::configuration::Main;
use crate::host::gap::Gap;
use crate::places::Places;

const CONFIGURATION: &str = "/etc/dnf/dnf.conf";
/// Where the configuration of plugins is, unless `pluginconfpath` says otherwise.
const FOLDERS: &str = "/etc/dnf/plugins";
const CONFIGURATION_OF_OURS: &str = "consignee.conf";
/// What the agent's package has linked, and the program that does it.
const PLACE: &str = "dnf-plugin";
const LINK: &str = "/usr/lib/consignee/link-plugin";
const PLUGIN: &str = "/usr/share/consignee/dnf/consignee.py";
const NAME: &str = "consignee.py";

/// Everything that keeps dnf from asking, most general first.
pub fn gaps(places: &Places) -> Vec<Gap> {
    let main = Main::read(&places.at(CONFIGURATION));
    let off = main.is_off("plugins").then(|| Gap::PluginsOff { file: CONFIGURATION.into() });
    let folders = main.list("pluginconfpath").unwrap_or_else(|| vec![FOLDERS.into()]);
    let ours = folders.into_iter().map(|folder| folder.join(CONFIGURATION_OF_OURS));
    let ours_off = ours.filter(|file| Main::read(&places.at(&file.to_string_lossy())).is_off("enabled"));
    let missing = missing(places, main.list("pluginpath"));
    off.into_iter().chain(ours_off.map(|file| Gap::PluginOff { file })).chain(missing).collect()
}

fn missing(places: &Places, elsewhere: Option<Vec<PathBuf>>) -> Option<Gap> {
    let is_there = |file: &Path| places.at(&file.to_string_lossy()).exists();
    match elsewhere {
        Some(folders) if folders.iter().any(|folder| is_there(&folder.join(NAME))) => None,
        Some(folders) => {
            let file = folders.first()?.join(NAME);
            let command = format!("ln -s {PLUGIN} {}", file.display());
            Some(Gap::PluginMissing { file, command })
        }
        None => {
            let place = places.state().join(PLACE);
            let link = std::fs::read_to_string(place).ok().map(|link| PathBuf::from(link.trim()));
            // Nothing was ever linked: the program knows where.
            let file = link.unwrap_or_else(|| PLUGIN.into());
            let is_linked = file != Path::new(PLUGIN) && is_there(&file);
            (!is_linked).then(|| Gap::PluginMissing { file, command: LINK.to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINKED: &str = "/usr/lib/python3/site-packages/dnf-plugins/consignee.py";

    fn host() -> (tempfile::TempDir, Places) {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::below(folder.path());
        write(&places, LINKED, "");
        write(&places, "/var/lib/consignee/dnf-plugin", &format!("{LINKED}\n"));
        write(&places, CONFIGURATION, "[main]\ngpgcheck=1\n");
        (folder, places)
    }

    fn write(places: &Places, path: &str, text: &str) {
        fs_err::create_dir_all(places.at(path).parent().unwrap()).unwrap();
        fs_err::write(places.at(path), text).unwrap();
    }

    #[test]
    fn a_plugin_that_is_linked_and_on_is_no_gap() {
        let (_folder, places) = host();
        assert_eq!(gaps(&places), []);
        fs_err::remove_file(places.at(CONFIGURATION)).unwrap();
        assert_eq!(gaps(&places), []);
        write(&places, CONFIGURATION, "[main]\n#plugins=0\nplugins = True\n[other]\nplugins=0\n");
        write(&places, "/etc/dnf/plugins/consignee.conf", "[main]\nenabled=1\n");
        write(&places, "/etc/dnf/plugins/other.conf", "[main]\nenabled=0\n");
        assert_eq!(gaps(&places), []);
    }

    #[test]
    fn what_keeps_dnf_from_asking_is_named_with_its_file() {
        let (_folder, places) = host();
        for off in ["0", "No", "false", "off"] {
            write(&places, CONFIGURATION, &format!("[main]\nplugins={off}\n"));
            assert_eq!(gaps(&places), [Gap::PluginsOff { file: CONFIGURATION.into() }]);
        }
        write(&places, CONFIGURATION, "[main]\nplugins=0\npluginconfpath=/srv/a,\n  /srv/b\n");
        write(&places, "/srv/b/consignee.conf", "[main]\nenabled = 0\n");
        let expected =
            [Gap::PluginsOff { file: CONFIGURATION.into() }, Gap::PluginOff { file: "/srv/b/consignee.conf".into() }];
        assert_eq!(gaps(&places), expected);
    }

    #[test]
    fn a_plugin_that_dnf_does_not_find_is_named_with_what_to_type() {
        let (_folder, places) = host();
        fs_err::remove_file(places.at(LINKED)).unwrap();
        let missing = |file: &str, command: &str| Gap::PluginMissing { file: file.into(), command: command.to_owned() };
        assert_eq!(gaps(&places), [missing(LINKED, LINK)]);
        fs_err::remove_file(places.at("/var/lib/consignee/dnf-plugin")).unwrap();
        assert_eq!(gaps(&places), [missing(PLUGIN, LINK)]);
        write(&places, CONFIGURATION, "[main]\npluginpath=/srv/plugins /srv/more\n");
        let command = "ln -s /usr/share/consignee/dnf/consignee.py /srv/plugins/consignee.py";
        assert_eq!(gaps(&places), [missing("/srv/plugins/consignee.py", command)]);
        write(&places, "/srv/more/consignee.py", "");
        assert_eq!(gaps(&places), []);
    }
}
