//! What had another name in earlier releases.

use consign::manifest::Strictness::Lenient;

use crate::sample::Sample;

fn fault(part: &str, with: &str) -> String {
    let sample = Sample::new();
    sample.replace(part, with);
    sample.fault(Lenient)
}

#[test]
fn an_old_name_is_checked_where_it_was_typed() {
    let package = "package = \"acme-erp\"";
    let message = fault(package, "package = \"acme-erp\"\nreplaces = [\"acme-erp\"]");
    assert_eq!(message, "cannot use consign.toml, line 12, column 13: acme-erp cannot replace itself");
    for taken in ["consignee", "acme-release"] {
        let message = fault(package, &format!("package = \"acme-erp\"\nreplaces = [\"{taken}\"]"));
        assert_eq!(
            message,
            format!("cannot use consign.toml, line 12, column 13: {taken} is not a package of a product")
        );
    }
}

#[test]
fn a_plan_names_the_old_name_of_an_engine_in_the_format_that_knows_it() {
    let sample = Sample::new();
    assert_eq!(sample.load().plan().0.body.format, 1, "an older agent reads it");
    sample.replace("name = \"erp\"", "name = \"erp\"\nrenamed_engines = { \"erp.service\" = \"acme.service\" }");
    let (plan, bytes) = sample.load().plan();
    assert_eq!(plan.body.format, 2);
    assert!(String::from_utf8(bytes).unwrap().contains(r#""erp.service": "acme.service""#));
    let message = fault("name = \"erp\"", "name = \"erp\"\nrenamed_engines = { \"x.service\" = \"acme.service\" }");
    assert_eq!(message, "cannot use consign.toml, line 5, column 35: x.service is no engine of the product");
    let message = fault("name = \"erp\"", "name = \"erp\"\nrenamed_engines = { \"erp.service\" = \"erp.service\" }");
    assert_eq!(message, "cannot use consign.toml, line 5, column 37: erp.service is still an engine of the product");
}

#[test]
fn the_files_of_a_release_count_the_transitional_packages() {
    let sample = Sample::new();
    sample.replace("package = \"acme-erp\"", "package = \"acme-erp\"\nreplaces = [\"erp\", \"erp-web\"]");
    let names: Vec<_> = sample.load().modules.iter().map(|module| module.package.to_string()).collect();
    assert_eq!(names, ["acme-erp", "erp", "erp-web"]);
    let outline = consign::manifest::Outline::load(&sample.manifest_path()).unwrap();
    let packages = outline.packages(&"stable".parse().unwrap());
    assert_eq!(packages, ["acme-erp_1.1.0-1_all.deb", "erp_1.1.0-1_all.deb", "erp-web_1.1.0-1_all.deb"]);
}
