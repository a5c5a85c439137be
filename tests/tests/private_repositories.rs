//! Repositories that not everybody may read: what apt is told of credentials, proxies and certificate
//! authorities counts for the agent, and no credential is left anywhere.

use consign_lab::{
    Authority, CANOPSIS, Guard, Host, Product, Proxy, REPOSITORY_PORT, Release, Server, Site, Vendor, lab,
};

const PASSWORD: &str = "Geheim-7f3a91";
const PROXY_PASSWORD: &str = "Durchlass-5c02";
const FEED: &str = "/consign/stable/feed.pgp";

/// Reads the argument list of every process, again and again, until it is told to stop.
const WATCH: &str = "while [ ! -e /root/watch/stop ]; do cat /proc/[0-9]*/cmdline; done 2>/dev/null | tr '\\0' ' ' >/root/watch/arguments; touch /root/watch/done";

/// Stands before the program by which the agent fetches, and keeps each of its argument lists: the watch may look
/// elsewhere while one of them runs.
const FETCHER: &str = "/usr/lib/apt/apt-helper";
const RECORDER: &str = "#!/bin/sh\necho \"$0 $*\" >>/root/watch/fetches\nexec /usr/lib/apt/apt-helper.real \"$@\"\n";

fn login() -> Guard {
    Guard { login: Some(("site".to_owned(), PASSWORD.to_owned())), tls: None }
}

/// A host with what its administrator told apt, before the vendor's package is there.
fn host(name: &str, release: Release, settings: &[(&str, String, u32)]) -> Host {
    let host = Host::boot(&format!("{name}-{}", release.name()), release).unwrap();
    for (path, text, mode) in settings {
        host.write(path, text, *mode);
    }
    host
}

/// The release is installed, the next one is published, and the lists are updated under watch.
#[track_caller]
fn offered(vendor: &Vendor, host: &Host, edits: &[(&str, &str)]) -> consign_lab::Outcome {
    host.copy_in(vendor.release_package(), "/root/vendor-release.deb");
    host.apt_get(&["install", "/root/vendor-release.deb"]).expect_ok();
    host.apt_get(&["update"]).expect_ok();
    host.apt_get(&["install", "canopsis"]).expect_ok();
    finished(host);
    vendor.release_edited(Product::canopsis("3.26.0"), edits).unwrap();
    watched(host, || host.apt_get(&["update"]))
}

#[track_caller]
fn finished(host: &Host) {
    host.wait_until("a finish", std::time::Duration::from_secs(120), || {
        (host.exec(&["consignee", "status", CANOPSIS]).code == 0).then_some(())
    });
}

/// Does something while the argument lists of all processes are kept.
#[track_caller]
fn watched<T>(host: &Host, act: impl FnOnce() -> T) -> T {
    host.shell(&format!(
        "rm -rf /root/watch; mkdir /root/watch; test -e {FETCHER}.real || mv {FETCHER} {FETCHER}.real"
    ));
    host.write(FETCHER, RECORDER, 0o755);
    host.ok(&["systemd-run", "-q", "--collect", "/bin/sh", "-c", WATCH]);
    host.wait_until("a watch", std::time::Duration::from_secs(20), || {
        host.exec(&["test", "-s", "/root/watch/arguments"]).success().then_some(())
    });
    let answer = act();
    host.shell("touch /root/watch/stop");
    host.wait_until("the end of a watch", std::time::Duration::from_secs(20), || {
        host.exists("/root/watch/done").then_some(())
    });
    answer
}

/// Nowhere but where the administrator wrote it.
#[track_caller]
fn not_leaked(host: &Host, secret: &str, except: &str) {
    let fetches = host.read("/root/watch/fetches");
    assert!(fetches.contains("download-file"), "the agent fetched nothing: {fetches}");
    let seen = host.read("/root/watch/arguments") + &fetches;
    assert!(!seen.contains(secret), "in the arguments of a process");
    let journal = host.ok(&["journalctl", "--no-pager"]).stdout;
    assert!(journal.contains("consignee"), "{journal}");
    assert!(!journal.contains(secret), "in the journal");
    let status = host.exec(&["consignee", "status", "--json"]);
    assert!(!status.text().contains(secret), "{status}");
    let found =
        host.exec(&["grep", "-rlsF", secret, "/var/log", "/var/lib/consignee", "/run/consignee", "/etc", "/usr/share"]);
    let found: Vec<_> = found.stdout.lines().filter(|path| !path.starts_with(except)).collect();
    assert_eq!(found, Vec::<&str>::new());
}

#[test]
fn on_debian_12_the_agent_reads_what_apt_may_read() {
    lab!();
    everything_private(Release::Bookworm);
}

#[test]
fn on_debian_13_the_agent_reads_what_apt_may_read() {
    lab!();
    everything_private(Release::Trixie);
}

/// Credentials, a certificate authority of the site's own, and a proxy with credentials as the way out.
fn everything_private(release: Release) {
    let address = ("http://127.0.0.1:8081", "https://127.0.0.1:8081");
    let vendor = Vendor::new("acme").unwrap();
    vendor.release_edited(Product::canopsis("3.25.0"), &[address]).unwrap();
    let authority = Authority::new().unwrap();
    let settings = format!(
        "Acquire::https::CaInfo \"/etc/ssl/site.pem\";\n\
         Acquire::https::Proxy \"http://host:{PROXY_PASSWORD}@127.0.0.1:8888\";\n"
    );
    let host = host(
        "private",
        release,
        &[
            (
                "/etc/apt/auth.conf.d/acme.conf",
                format!("machine 127.0.0.1:8081 login site password {PASSWORD}\n"),
                0o600,
            ),
            ("/etc/apt/apt.conf.d/90site", settings, 0o644),
            ("/etc/ssl/site.pem", fs_err::read_to_string(authority.certificate()).unwrap(), 0o644),
        ],
    );
    let proxy = Proxy::start(&host, 8888, ("host", PROXY_PASSWORD)).unwrap();
    let guard = Guard { tls: Some(authority.certify().unwrap()), ..login() };
    let server = Server::start_guarded(&host, &vendor.repository(), REPOSITORY_PORT, guard).unwrap();

    let looked = offered(&vendor, &host, &[address]).expect_ok();
    assert!(looked.text().contains("acme/canopsis 3.25.0: 3.26.0 is offered"), "{looked}");
    let fetched = server.requests().into_iter().filter(|request| request.path == FEED && request.status == 200).count();
    assert!(fetched >= 1, "{:?}", server.requests());
    assert!(proxy.requests().iter().any(|asked| asked.contains("CONNECT 127.0.0.1:8081")), "{:?}", proxy.requests());
    not_leaked(&host, PASSWORD, "/etc/apt/auth.conf.d/");
    not_leaked(&host, PROXY_PASSWORD, "/etc/apt/apt.conf.d/");

    // Without its authority the server is a stranger, and without the proxy there is no way out.
    host.shell("mv /etc/ssl/site.pem /etc/ssl/away.pem");
    let refused = host.apt_get(&["update"]).text();
    assert!(
        refused.contains("consignee: acme: the channel stable at https://127.0.0.1:8081/ cannot be read"),
        "{refused}"
    );
    host.shell("mv /etc/ssl/away.pem /etc/ssl/site.pem");
    drop(proxy);
    let refused = host.apt_get(&["update"]).text();
    assert!(refused.contains("127.0.0.1:8888") || refused.contains("127.0.0.1 8888"), "{refused}");
    assert!(refused.contains("cannot be read"), "{refused}");
    assert!(!refused.contains(PROXY_PASSWORD), "{refused}");
}

#[test]
fn on_debian_12_wrong_credentials_are_said_and_no_credential_is() {
    lab!();
    wrong_credentials(Release::Bookworm);
}

#[test]
fn on_debian_13_wrong_credentials_are_said_and_no_credential_is() {
    lab!();
    wrong_credentials(Release::Trixie);
}

fn wrong_credentials(release: Release) {
    let vendor = Vendor::new("acme").unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let credentials = |password: &str| format!("machine http://127.0.0.1:8081 login site password {password}\n");
    let file = "/etc/apt/auth.conf.d/acme.conf";
    let host = host("wrong", release, &[(file, credentials(PASSWORD), 0o600)]);
    let server = Server::start_guarded(&host, &vendor.repository(), REPOSITORY_PORT, login()).unwrap();
    offered(&vendor, &host, &[]).expect_ok();
    assert!(server.requests().iter().any(|request| request.path == FEED && request.status == 200));

    let wrong = "Falsch-44d1";
    host.write(file, credentials(wrong), 0o600);
    let refused = watched(&host, || host.apt_get(&["update"]));
    let ours = refused.text();
    let ours = ours.lines().find(|line| line.starts_with("consignee: acme: ")).unwrap_or_else(|| panic!("{refused}"));
    assert!(ours.contains("http://127.0.0.1:8081/ cannot be read") && ours.contains("401"), "{ours}");
    assert!(!refused.text().contains(wrong), "{refused}");
    not_leaked(&host, wrong, file);
    let status = host.exec(&["consignee", "--language", "en", "status"]);
    assert!(status.stdout.contains("401"), "{status}");

    // In the address itself, which apt would show to every user in the arguments of a program of ours.
    host.shell(&format!(
        "rm {file}; sed -i 's|//127|//site:{PASSWORD}@127|' /etc/apt/sources.list.d/acme-stable.sources"
    ));
    let before = server.requests().len();
    let looked = watched(&host, || host.apt_get(&["update"])).expect_ok();
    let fetched = |request: &consign_lab::Request| request.path == FEED && request.status == 200;
    assert!(server.requests()[before..].iter().any(fetched), "{:?}", server.requests());
    assert!(!looked.text().contains("cannot be read"), "{looked}");
    assert!(looked.text().contains("3.26.0 is offered"), "{looked}");
    not_leaked(&host, PASSWORD, "/etc/apt/sources.list.d/");
    let status = host.exec(&["consignee", "--language", "en", "status"]);
    assert!(!status.stdout.contains("401"), "{status}");
}

#[test]
fn the_site_may_point_the_subscription_to_a_mirror_and_the_next_release_package_keeps_that() {
    lab!();
    let (vendor, site) = Site::with_canopsis("mirror", Release::Bookworm, "3.25.0");
    let mirror = Server::start(&site.host, &vendor.repository(), 8090).unwrap();
    let sources = "/etc/apt/sources.list.d/acme-stable.sources";
    site.host.shell(&format!("sed -i s/8081/8090/ {sources}"));
    vendor.key(&["rotate", "add"]).unwrap();
    let project = vendor.project(Product::canopsis("3.26.0")).unwrap();
    vendor.release_project(&project).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("acme-release").as_deref(), Some("2"));
    assert!(site.host.read(sources).contains("8090"));
    assert!(mirror.requests().iter().any(|request| request.path == FEED && request.status == 200));
}
