//! A product in three modules, each a package of its own with the same plan.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Project, rows};

const FIXTURE: &str = include_str!("../../../../tests/fixtures/backoffice/consign.toml");

#[test]
fn a_product_of_three_modules_is_three_packages_with_one_plan() {
    let project = Project::new();
    project.sample.write("consign.toml", &FIXTURE.replace("@VERSION@", "4.1.0"));
    for file in ["database/database.exe", "backoffice/jobs.exe", "backoffice/web/index.html", "webshop/index.html"] {
        project.sample.write(file, file);
    }
    for file in ["database.toml", "backoffice.toml"] {
        project.sample.write(file, "# as it comes\n");
    }
    project.sample.write("notes/4.1.0.en.md", "# 4.1.0\n");
    let built = project.all();
    let names: Vec<_> = built.iter().map(|built| built.package.name().as_str()).collect();
    assert_eq!(names, ["acme-database", "acme-backoffice", "acme-webshop"]);
    let plans: BTreeSet<_> = built.iter().map(|built| built.package.plan().unwrap().plan.digest).collect();
    assert_eq!(plans.len(), 1);

    let one = |path: &Path, table: &str, column: usize| {
        let found = rows(path, table).into_iter().map(|row| row[column].clone());
        found.collect::<BTreeSet<_>>()
    };
    // No two of them have a component or an identity in common.
    let mut seen = BTreeSet::new();
    for package in &built {
        for identity in one(package.package.path(), "Component", 1) {
            assert!(seen.insert(identity.clone()), "{identity}");
        }
    }
    let jobs = rows(built[1].package.path(), "ServiceInstall").remove(0);
    assert_eq!((jobs[7].as_str(), jobs[8].as_str()), ("AcmeDatabase[~][~]", "NT AUTHORITY\\NetworkService"));
    let access = one(built[1].package.path(), "MsiLockPermissionsEx", 3);
    assert!(
        access.iter().any(|list| list.contains("(A;OICI;0x1301bf;;;NS)(A;OICI;0x1301bf;;;S-1-5-82-")),
        "{access:?}"
    );
    assert!(access.iter().any(|list| list.ends_with("(A;OICI;0x1301bf;;;NS)(A;OICI;0x1200a9;;;BU)")), "{access:?}");

    let plan = &built[0].package.plan().unwrap().plan.body;
    // In the order of the modules, which is that in which they are started.
    let modules = plan.modules.iter().map(|module| &plan.windows[&module.package]);
    let services: Vec<_> = modules.flat_map(|module| &module.services).map(|s| s.name.as_str()).collect();
    assert_eq!(services, ["AcmeDatabase", "AcmeJobs"]);
}
