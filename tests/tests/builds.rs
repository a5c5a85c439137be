//! A release with a build for each release of Debian.

use consign_lab::{REPOSITORY_PORT, Release, Site, Vendor, edit, lab};

mod wrapped;

use wrapped::{LEDGER, client, nothing_was_lost};

const BUILDS: &str = "[[build]]\nname = \"deb12\"\nchannel = \"bookworm\"\n\n[[build]]\nname = \"deb13\"\nchannel = \"trixie\"\n\n[[module]]";

/// Whoever moves on to the next release of Debian gets the build for it, of the same release of the
/// product: the engines are stopped while their files are replaced, and nothing is migrated again.
#[test]
fn a_host_that_moves_on_to_the_next_debian_gets_the_build_for_it() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let project = vendor.new_project(REPOSITORY_PORT).unwrap();
    let edits = [("[[module]]", BUILDS), ("from = \"app/\"", "from = \"app-{build}/\"")];
    edit(&project.join("consign.toml"), &edits).unwrap();
    for build in ["deb12", "deb13"] {
        std::fs::create_dir_all(project.join(format!("app-{build}/bin"))).unwrap();
        std::fs::copy(project.join("app/bin/ledger"), project.join(format!("app-{build}/bin/ledger"))).unwrap();
        std::fs::write(project.join(format!("app-{build}/made-for")), build).unwrap();
    }
    let packages = vendor.build(&project).unwrap();
    let names = packages.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(names, ["acme-ledger_1.0.0-1~deb12_all.deb", "acme-ledger_1.0.0-1~deb13_all.deb"]);
    let [on_12, on_13] = Release::ALL.map(|release| {
        let agent = consign_lab::AgentPackage::current().unwrap();
        let channel = ["--channel".to_owned(), release.name().to_owned()];
        // The packages are those of the manifest's build for the channel.
        let arguments = [vendor.publish_arguments(&project, &agent), channel.to_vec()].concat();
        vendor.consign(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        format!("acme-release-{}.deb", release.name())
    });

    let vendor = vendor.for_userland(Release::Bookworm);
    assert!(vendor.release_package().ends_with(on_12));
    let site = Site::open("builds", Release::Bookworm, &vendor, LEDGER).unwrap();
    site.host.apt_get(&["install", "acme-ledger"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.read("/opt/acme-ledger/made-for"), "deb12");
    let client = client(&site);

    site.host.copy_in(vendor.repository().join(on_13), "/root/next-release.deb");
    site.host.apt_get(&["install", "/root/next-release.deb"]).expect_ok();
    site.host.ok(&["rm", "-f", "/etc/apt/sources.list.d/acme-bookworm.sources"]);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["full-upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("acme-ledger").as_deref(), Some("1.0.0-1~deb13"));
    assert_eq!(site.host.read("/opt/acme-ledger/made-for"), "deb13");
    let journal = site.journal();
    let header = &journal[0]["header"];
    assert_eq!((&header["from"], &header["to"]), (&"1.0.0".into(), &"1.0.0".into()), "{header}");
    let items = header["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap());
    assert_eq!(items.collect::<Vec<_>>(), ["announce", "stop", "packages", "daemon-reload", "start", "health"]);
    assert_eq!(site.announced().len(), 2, "the first install and the other build");
    nothing_was_lost(&site, client);
}
