//! What the two vendors release, as projects: the products of `tests/fixtures`, with everything that body
//! format 2 of the plan brought, and what a step of format 1 could say and version 1 did not.

use std::path::{Path, PathBuf};

use consign_lab::{Product, Vendor, edit};

use crate::Result;

/// Added to every release of the base.
const BUILDS: &str = r#"
[[build]]
name = "deb12"
channel = "bookworm"

[[build]]
name = "deb13"
channel = "trixie"

[[module]]
"#;
const LIMITS: &str = "\
    { from = \"limits\", to = \"/etc/canopsis/limits\", config = true },
    { from = \"canopsis.conf\"";
const ENGINES: &str = "\"canopsis-engine@web.service\"]";
const RENAMED: &str = "\"canopsis-web.service\"]
renamed_engines = { \"canopsis-web.service\" = \"canopsis-engine@web.service\" }";
const ASKED: &str = r#"
[[prerequisite]]
id = "data-folder"
command = ["/usr/bin/test", "-d", "/var/lib/canopsis"]
user = "canopsis"
timeout = "4s"
when.to = ">=3.26.0"
otherwise.en = "The folder /var/lib/canopsis is missing."
otherwise.fr = "Le dossier /var/lib/canopsis manque."

[[prerequisite]]
id = "space"
free_space = { folder = "/var/lib/canopsis", mebibytes = 1 }
otherwise.en = "One mebibyte must be free for the data."

[[task]]
id = "snapshot"
at = "before"
summary.en = "Take a snapshot of the disk."
summary.fr = "Prenez un instantané du disque."
detail.en = "In the console: Machine, Snapshot."
detail.fr = "Dans la console : Machine, Instantané."

[[task]]
id = "cabling"
at = "before-start"
undo = "impossible"
when.from = ">=3.25.0, <3.27.0"
summary.en = "Plug the probes into the new switch."

[[task]]
id = "dashboard"
at = "after"
when.first_install = false
summary.en = "Look at the dashboard."
detail.en = "Everything must be green."

[[add_on]]
product = "globex/snmp"
primary = "@PRIMARY@"
versions = ">=1.0.0, <3.0.0"

[[add_on]]
product = "initech/report"
primary = "@PRIMARY@"

[[health]]
tcp = "127.0.0.1:8082"

[[health]]
command = ["/usr/bin/test", "-s", "/var/lib/canopsis/edition"]
user = "canopsis"

[[health]]
http ="#;
/// Of the release that the golden host is only offered.
const MORE_STEPS: &str = r#"
[[step]]
name = "index"
run = ["/opt/canopsis/bin/canopsinit", "--index", "{from}", "{to}"]
user = "canopsis"
environment = { LANG = "C.UTF-8" }
working_folder = "/var/lib/canopsis"
timeout = "10m"
on_interrupt = "undo"
undo = { inverse = ["/opt/canopsis/bin/canopsinit", "--no-index"] }
retry_later_exit = 75
done_probe = ["/usr/bin/test", "-e", "/var/lib/canopsis/index"]
when = { from = "<3.26.0", to = ">=3.26.1", first_install = false }

[[step]]
name = "tidy"
run = ["/usr/bin/find", "/var/lib/canopsis", "-name", "*.old", "-delete"]
user = "canopsis"
on_interrupt = "rerun"
undo = "harmless"

[[step]]
name = "compact"
run = ["/opt/canopsis/bin/canopsinit", "--compact"]
user = "canopsis"
on_interrupt = "ask"
undo = "from-backup"

[[step]]
name = "init""#;
const INIT: &str = "\n[[step]]\nname = \"init\"";
/// Of the add-on: what it does in the base's upgrade is not simply run again.
const MIGRATE: &str = "\"{option.traps}\"]\nuser = \"snmp\"\ntimeout = \"2m\"\n";

/// The base at its first release.
pub fn canopsis_3_25_0(vendor: &Vendor) -> Result<PathBuf> {
    let project = vendor.project(Product::canopsis("3.25.0"))?;
    configuration(&project, "records = 1000\n")?;
    Ok(project)
}

/// The one that the golden host is upgraded to.
pub fn canopsis_3_26_0(vendor: &Vendor, primary: &str) -> Result<PathBuf> {
    let project = vendor.project(Product::canopsis("3.26.0"))?;
    second_format(&project, primary)?;
    Ok(project)
}

/// The one after it, of which every step says all that a step can say.
pub fn canopsis_3_26_1(vendor: &Vendor, primary: &str) -> Result<PathBuf> {
    let project = vendor.project(Product::canopsis("3.26.1"))?;
    second_format(&project, primary)?;
    let help = "help.en = \"Which edition is run.\"\nhelp.fr = \"L'édition exécutée.\"\n";
    let option = "allowed = [\"core\", \"cat\"]\n";
    edit(&project.join("consign.toml"), &[(INIT, MORE_STEPS), (option, &format!("{option}{help}"))])?;
    Ok(project)
}

/// The add-on. 1.0.0 does not work with the second release of the base, 2.0.0 with nothing older.
pub fn snmp(vendor: &Vendor, version: &'static str) -> Result<PathBuf> {
    let project = vendor.project(Product::snmp(version))?;
    let asks = format!("{MIGRATE}on_interrupt = \"ask\"");
    edit(&project.join("consign.toml"), &[(&format!("{MIGRATE}on_interrupt = \"rerun\""), &asks)])?;
    Ok(project)
}

fn second_format(project: &Path, primary: &str) -> Result<()> {
    configuration(project, "records = 2000\n")?;
    edit(&project.join("canopsis.conf"), &[("upgrades keep this file", "upgrades keep it")])?;
    let template = fs_err::read_to_string(project.join("canopsis-engine@.service"))?;
    fs_err::write(project.join("canopsis-web.service"), template.replace("%i", "web"))?;
    edit(&project.join("canopsis.target"), &[("canopsis-engine@web.service", "canopsis-web.service")])?;
    let asked = ASKED.replace("@PRIMARY@", primary);
    let edits = [
        (ENGINES, RENAMED),
        ("units = [", "units = [\"canopsis-web.service\", "),
        ("\n[[health]]\nhttp =", asked.as_str()),
    ];
    Ok(edit(&project.join("consign.toml"), &edits)?)
}

/// A second file that the site may edit, and the builds.
fn configuration(project: &Path, limits: &str) -> Result<()> {
    fs_err::write(project.join("limits"), limits)?;
    let edits = [("\n[[module]]\n", BUILDS), ("    { from = \"canopsis.conf\"", LIMITS)];
    Ok(edit(&project.join("consign.toml"), &edits)?)
}
