//! What rpmlint says of each kind of package that a release brings; of a wrapped one see `wrap_rpm`, of
//! `<vendor>-release` the suite on publishing.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use consign::build::{AgentPackage, Release, agent_rpm};
use consign::package::{Packager, rpm::Rpm};
use consign::sign::Algorithm;
use jiff::Timestamp;

use crate::rpmlint::complaints;
use crate::sample::{Keys, Sample};

/// Stands for the agent: it writes a manual page and completions.
const AGENT: &str = "#!/bin/sh\ncase $1 in\n\
    man) printf '.TH consignee 8\\n.SH NAME\\nconsignee \\\\- agent\\n' >\"$2/consignee.8\" ;;\n\
    completions) echo \"# $2\" ;;\nesac\n";

fn time() -> Timestamp {
    Timestamp::from_second(super::TIME).unwrap()
}

#[test]
fn rpmlint_finds_nothing_in_a_module_with_everything_and_in_a_transitional_package() {
    let sample = Sample::new();
    sample.replace("maintainer =", "formats = [\"rpm\"]\nmaintainer =");
    sample.replace("package = \"acme-erp\"", "package = \"acme-erp\"\nreplaces = [\"acme-old-erp\"]");
    sample.replace(
        "units =",
        "recommends.rpm = [\"curl\"]\nfolders = [{ path = \"/var/lib/erp\", owner = \"erp\", mode = \"0750\" }]\n\
         users = [{ name = \"erp\", home = \"/var/lib/erp\", groups = [\"adm\"] }]\nunits =",
    );
    sample.replace(
        "files = [",
        "files = [{ from = \"tree/bin/init\", to = \"/opt/acme-net/bin/\", mode = \"0755\", capabilities = \"cap_net_raw=ep\" }, ",
    );
    let release = Release::prepare(&sample.load()).unwrap();
    let keys = Keys::new(Algorithm::Ed25519);
    let built = release.build(&keys.package(), time(), &sample.path().join("dist"), &mut |_| {}).unwrap();
    let names: Vec<_> = built.iter().map(|built| built.package.name().as_str()).collect();
    assert_eq!(names, ["acme-erp", "acme-old-erp"]);
    for built in &built {
        assert_eq!(complaints(built.package.path()), [""; 0]);
    }
}

#[test]
fn rpmlint_finds_nothing_in_the_agents_package() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy("/bin/true", folder.path().join("consignee-hook")).unwrap();
    let agent = folder.path().join("consignee");
    std::fs::write(&agent, AGENT).unwrap();
    std::fs::set_permissions(&agent, PermissionsExt::from_mode(0o755)).unwrap();
    let from = AgentPackage {
        binaries: folder.path().to_owned(),
        manual: None,
        dist: Path::new(env!("CARGO_MANIFEST_DIR")).join("../client/dist"),
        version: "0.1.0".parse().unwrap(),
        revision: 1,
    };
    let unsigned = Rpm::default().build(&agent_rpm(&from).unwrap(), time(), folder.path()).unwrap();
    let package = unsigned.sign(&Keys::new(Algorithm::Ed25519).package()).unwrap();
    assert_eq!(complaints(package.path()), [""; 0]);
}
