//! The JSON Schema of the manifest: what it lets through and what not, by a validator that is not ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::sample::{MANIFEST, text};

/// Reads a schema and a manifest, and says what is wrong.
const VALIDATOR: &str = "\
import json, sys, tomllib, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
manifest = tomllib.load(open(sys.argv[2], 'rb'))
faults = list(jsonschema.Draft202012Validator(schema).iter_errors(manifest))
print('\\n'.join('/'.join(map(str, fault.path)) + ': ' + fault.message for fault in faults))
sys.exit(bool(faults))
";

struct Checker {
    folder: tempfile::TempDir,
}

impl Checker {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let schema = Command::new(env!("CARGO_BIN_EXE_consign")).arg("schema").output().unwrap();
        assert!(schema.status.success());
        fs::write(folder.path().join("schema.json"), schema.stdout).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn validate(&self, manifest: &Path) -> Output {
        let mut python = Command::new("python3");
        python.args(["-c", VALIDATOR, text(&self.path("schema.json")), text(manifest)]).output().unwrap()
    }

    fn says(&self, manifest: &str) -> (bool, String) {
        fs::write(self.path("consign.toml"), manifest).unwrap();
        let output = self.validate(&self.path("consign.toml"));
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

#[test]
fn every_manifest_of_ours_fits_its_schema() {
    let checker = Checker::new();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for project in [
        "repo-template",
        "repo-template/erp",
        "tests/fixtures/canopsis",
        "tests/fixtures/buildbot",
        "tests/fixtures/backoffice",
    ] {
        let manifest = fs::read_to_string(repository.join(project).join("consign.toml")).unwrap();
        let manifest = manifest.replace("@VERSION@", "1.0.0").replace("@ACKNOWLEDGE@", "\"1.0.0\"");
        assert_eq!(checker.says(&manifest), (true, "\n".to_owned()), "{project}");
    }
    let more = "\n[[module]]\npackage = \"b\"\nreplaces = [\"c\"]\n[[step]]\nname = \"two\"\nrun = [\"/x\"]\n\
        timeout = \"90s\"\non_interrupt = \"rerun\"\nundo = { inverse = [\"/y\"] }\nwhen.from = \">=1.0.0\"\n";
    assert_eq!(checker.says(&format!("{MANIFEST}{more}")), (true, "\n".to_owned()));
}

#[test]
fn what_no_manifest_may_say_does_not_fit() {
    let checker = Checker::new();
    for (part, with, fault) in [
        ("summary =", "sumary =", "'sumary' was unexpected"),
        ("name = \"erp\"\n", "", "'name' is a required property"),
        ("[[health]]", "[[health]]\nurl = \"x\"", "'url' was unexpected"),
        ("package = \"acme-erp\"", "package = \"acme-erp\"\narchitecture = \"mips\"", "mips"),
        ("[[health]]", "timeout = \"90 minutes\"\n[[health]]", "90 minutes"),
        ("[[health]]", "undo = \"maybe\"\n[[health]]", "maybe"),
        ("acknowledge = [\"1.1.0\"]", "acknowledge = \"some\"", "some"),
        ("package = \"acme-erp\"", "package = [\"acme-erp\"]", "is not of type 'string'"),
    ] {
        assert!(MANIFEST.contains(part), "{part}");
        let (fits, said) = checker.says(&MANIFEST.replacen(part, with, 1));
        assert!(!fits && said.contains(fault), "{with}: {said}");
    }
}

#[test]
fn a_new_project_has_its_schema_beside_the_manifest() {
    let checker = Checker::new();
    let new = Command::new(env!("CARGO_BIN_EXE_consign")).args(["new", "beta"]).current_dir(&checker.folder).output();
    assert!(new.unwrap().status.success());
    let manifest = fs::read_to_string(checker.path("beta/consign.toml")).unwrap();
    assert!(manifest.starts_with("#:schema ./consign.schema.json\n"), "{manifest}");
    assert_eq!(
        fs::read(checker.path("beta/consign.schema.json")).unwrap(),
        fs::read(checker.path("schema.json")).unwrap()
    );
    assert!(checker.validate(&checker.path("beta/consign.toml")).status.success());
}
