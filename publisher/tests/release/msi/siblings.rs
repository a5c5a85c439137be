//! What two modules cannot have in common, and what of a product's steps and backup goes with Windows.

use consign::build::Release;
use consign::manifest::Strictness::Lenient;

use super::Project;

const CODE: &str = "{6F1C0A5E-2B47-4D0B-9A3E-51C7D82493E6}";
const OTHER: &str = "{5C9A2E77-1B3F-5D84-A6C0-7F4E92D01B93}";
const SERVICE: &str =
    "[[module.windows.service]]\nname = \"ACMEERP\"\nprogram = \"bin/erp.exe\"\naccount = \"virtual\"\n";

/// A second module beside the first, in a folder, with one file there.
fn with_a_shop(code: &str, folder: &str, file: &str, more: &str) -> Project {
    let project = Project::new();
    let shop = format!(
        "[[module]]\npackage = \"acme-shop\"\n\n[module.windows]\nupgrade_code = \"{code}\"\ninstall_folder = '{folder}'\nfiles = [{{ from = \"win/erp.exe\", to = \"{file}\" }}]\n\n{more}[options.edition]"
    );
    project.sample.replace("[options.edition]", &shop);
    project
}

fn loose_ends(project: &Project, about: &str) -> Vec<String> {
    let all = project.release().loose_ends.into_iter().map(|end| end.to_string());
    all.filter(|end| end.contains(about)).collect()
}

#[test]
fn two_modules_of_one_upgrade_code_or_one_service_are_refused_where_it_was_typed() {
    let fault = |code: &str, more: &str| with_a_shop(code, "Acme\\Shop", "bin/erp.exe", more).sample.fault(Lenient);
    let said = fault(CODE, "");
    assert!(said.ends_with("module acme-shop has the upgrade code of acme-erp"), "{said}");
    let said = fault(OTHER, SERVICE);
    assert!(said.ends_with("module acme-shop has the service ACMEERP of acme-erp"), "{said}");
    with_a_shop(OTHER, "Acme\\Shop", "bin/erp.exe", &SERVICE.replace("ACMEERP", "AcmeShop")).release();
}

#[test]
fn a_file_that_two_modules_bring_to_one_place_is_refused() {
    let refusal = |folder: &str, file: &str| {
        Release::prepare(&with_a_shop(OTHER, folder, file, "").sample.load())
            .map_or_else(|e| e.to_string(), |_| String::new())
    };
    let both = "cannot build a release in which acme-erp and acme-shop both have";
    let said = refusal("acme\\erp", "BIN/Erp.exe");
    assert!(said.starts_with(&format!("{both} %ProgramFiles%\\acme\\erp\\BIN\\Erp.exe: ")), "{said}");
    let said = refusal("Acme\\ERP", "{data}/ERP.conf");
    assert!(said.starts_with(&format!("{both} %ProgramData%\\Acme\\ERP\\ERP.conf: ")), "{said}");
    assert_eq!(refusal("Acme\\ERP", "bin/shop.exe"), "", "they may have a folder in common");
    assert_eq!(refusal("Acme\\Shop", "bin/erp.exe"), "");
}

#[test]
fn what_a_module_keeps_on_windows_is_its_own_to_save() {
    let project = Project::new();
    project.sample.replace("[notes]", "[backup]\npaths = ['{data.acme-erp}\\spool', '{data.acme-epr}']\n\n[notes]");
    let foreign = "[backup] saves {data.acme-epr}, which is in no module's folders or files";
    assert_eq!(loose_ends(&project, "[backup] saves"), [foreign]);
    project.sample.replace("'{data.acme-epr}'", "'{install.acme-erp}'");
    assert_eq!(loose_ends(&project, "[backup] saves"), Vec::<String>::new());
}

#[test]
fn a_step_that_cannot_run_on_windows_is_told() {
    let project = Project::new();
    let told = || loose_ends(&project, "cannot run on Windows");
    assert_eq!(told(), ["step \"init\" cannot run on Windows: it runs /opt/acme-erp/bin/init"]);
    project.sample.replace("name = \"init\"", "name = \"init\"\nuser = \"erp\"");
    assert_eq!(told(), ["step \"init\" cannot run on Windows: it runs as erp"]);
    project.sample.replace("user = \"erp\"", "login_shell = true");
    project.sample.replace("run = [\"/opt/acme-erp/bin/init\"", "run = [\"init\"");
    assert_eq!(told(), ["step \"init\" cannot run on Windows: it runs in a login shell"]);
    project.sample.replace("login_shell = true\n", "");
    project.sample.replace("run = [\"init\"", "run = ['{install.acme-erp}\\bin\\erp.exe'");
    assert_eq!(told(), Vec::<String>::new());
    project.sample.replace("formats = [\"msi\"]", "formats = [\"deb\"]");
    project.sample.replace("'{install.acme-erp}\\bin\\erp.exe'", "\"/opt/acme-erp/bin/init\"");
    assert_eq!(told(), Vec::<String>::new(), "it is not for Windows");
}
