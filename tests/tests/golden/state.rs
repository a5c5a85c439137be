//! What the agent and the site had on the golden hosts, read without a host.

use consign_metadata::anchor::{AGENT_CERTIFICATE_FILE, ANCHOR_FILE, CERTIFICATE_FILE};
use consign_metadata::digest::Sha256;
use consign_metadata::text::Language;
use consign_metadata::version::Class;
use consignee::add_on::Joined;
use consignee::agent::timing::Allowed;
use consignee::backup;
use consignee::data::record::Record;
use consignee::engine::machine::{Activity, State};
use consignee::feed::{FeedError, Kept};
use consignee::journey::Journey;
use consignee::looked::Looked;
use consignee::places::Places;
use consignee::product::{PLAN_FILE, Product};
use consignee::scripts::Ran;
use consignee::site::acknowledge::in_advance;
use consignee::site::checks::Weight;
use consignee::site::tell::WebHook;
use consignee::site::window::Moment;
use consignee::site::{Policy, Rules, add_ons, options};
use consignee::tell::{News, What};
use consignee::trust::Trust;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::fixture::{ADD_ON, BASE, FIRST, Published, SAVED, copy_into, each, golden, text, turned};

/// The state of a golden host below another root, with the anchors that its packages installed.
struct Host {
    _root: tempfile::TempDir,
    places: Places,
}

impl Host {
    fn of(version: &str) -> Host {
        let root = tempfile::tempdir().unwrap();
        copy_into(&golden(version).join("host/files"), root.path());
        let places = Places::below(root.path());
        for published in [&FIRST, &BASE, &ADD_ON, &SAVED].into_iter().filter(|one| one.folder.starts_with(version)) {
            let anchor = places.anchors().join(published.id().vendor.as_str());
            fs_err::create_dir_all(&anchor).unwrap();
            for file in [ANCHOR_FILE, CERTIFICATE_FILE, AGENT_CERTIFICATE_FILE] {
                fs_err::write(anchor.join(file), published.read(&format!("documents/{file}"))).unwrap();
            }
        }
        Host { _root: root, places }
    }

    /// The one on which something that was published was installed.
    fn with(published: &Published) -> (Host, Product) {
        let host = Host::of(published.folder.split('/').next().unwrap());
        let product = Product::new(&host.places, published.id());
        (host, product)
    }

    fn trust(&self) -> Trust {
        Trust::read(&self.places).unwrap()
    }
}

#[test]
fn the_agent_reads_what_it_kept_of_the_feed() {
    each(|published| {
        let (host, product) = Host::with(published);
        let trust = host.trust();
        let vendor = trust.vendor(&product.id.vendor).unwrap();
        let kept = Kept::of(&host.places, vendor, &published.channel()).unwrap().unwrap();
        assert_eq!(kept.feed.generation, 2);
        let shard = kept.shard(&product.id).unwrap().unwrap();
        let plan = kept.plan(shard.releases.last().unwrap()).unwrap();
        let plan = trust.plan(&product.id, "the kept plan", &plan).unwrap();
        assert_eq!(plan.envelope.version, published.version.parse().unwrap());
        let lists = published.path(&format!("repository/dists/{}/InRelease", published.channel));
        assert!(matches!(kept.check(&lists, Timestamp::now()), Err(FeedError::Expired(_))));
        match published.generation {
            2 => assert!(kept.check(&lists, kept.feed.issued).is_ok()),
            _ => assert!(matches!(kept.check(&lists, kept.feed.issued), Err(FeedError::OtherLists))),
        }
    });
}

#[test]
fn the_agent_reads_where_its_upgrades_stand() {
    let forward = |item| State::Forward { item, activity: Activity::Busy };
    for (published, state, item, name) in [
        (&FIRST, forward(3), 3, "init"),
        (&BASE, forward(4), 4, "globex/snmp:migrate"),
        (&SAVED, State::Backward { item: 5, activity: Activity::Busy }, 5, "index"),
    ] {
        let (host, product) = Host::with(published);
        assert!(product.is_unfinished());
        assert_eq!(product.upgrades().unwrap(), [1, 2]);
        assert_eq!(product.replay(1).unwrap().upgrade.unwrap().state, State::Completed);
        let newest = product.newest().unwrap().unwrap();
        assert_eq!(newest.state, state);
        assert_eq!(newest.header.items[item].name, name);
        assert_eq!(newest.engines.len(), 3);
        let signed = fs_err::read(product.upgrade_folder(2).join(PLAN_FILE)).unwrap();
        let plan = host.trust().plan(&product.id, "the plan", &signed).unwrap();
        assert_eq!(plan.digest, newest.header.plan);
    }
}

#[test]
fn the_plan_of_the_add_on_that_joined_is_beside_the_journal() {
    let (host, product) = Host::with(&BASE);
    let header = product.newest().unwrap().unwrap().header;
    let joined = Joined::kept(&host.trust(), &product, &header).unwrap();
    let (plan, step) = joined.step("globex/snmp:migrate").unwrap();
    assert_eq!((plan.id(), step.user.as_str()), (ADD_ON.id(), "snmp"));
    // Another plan, although its vendor signed it, did not join.
    let plans = crate::fixture::files(&ADD_ON.path("repository/consign/plans"));
    let other = plans.into_iter().find(|plan| !plan.to_string_lossy().contains(&header.joined[0].plan.to_string()));
    fs_err::copy(other.unwrap(), product.add_on_plan(2, &ADD_ON.id())).unwrap();
    assert!(Joined::kept(&host.trust(), &product, &header).is_err());

    let (_host, add_on) = Host::with(&ADD_ON);
    assert!(!add_on.is_unfinished());
    assert_eq!(add_on.newest().unwrap().unwrap().state, State::Completed);
    assert_eq!(add_on.finished().unwrap(), Some(("2.0.0".parse().unwrap(), Some(1))));
}

#[test]
fn the_sites_files_say_what_they_said() {
    let (host, base) = Host::with(&BASE);
    let places = &host.places;
    assert_eq!(Policy::read(places).unwrap().language, Language::Fr);
    let plan = |published: &Published| {
        consign_metadata::plan::UpgradePlan::parse(&published.read("documents/plan.json")).unwrap()
    };
    let chosen = |published| options(places, &plan(published)).unwrap().into_values().collect::<Vec<_>>();
    assert_eq!((chosen(&BASE), chosen(&ADD_ON)), (vec!["cat".into(), "go".into()], vec!["critical".to_owned()]));
    let allowed = add_ons(places, &base.id).unwrap();
    assert_eq!((&allowed[0].product, &allowed[0].primary), (&ADD_ON.id(), &Some(ADD_ON.anchor().primary)));
    assert!(allowed[0].versions.as_ref().is_some_and(|range| range.contains(&"2.0.0".parse().unwrap())));
    assert!(allowed[1].product.to_string() == "initech/report" && allowed[1].ignore && !allowed[0].ignore);

    let [of_base, of_add_on] = [&BASE, &ADD_ON].map(|published| Rules::read(places, &published.id()).unwrap());
    assert_eq!(of_base.unattended, Some([].into()));
    assert_eq!(of_add_on.unattended, Some([Class::Patch].into()));
    assert_eq!(of_base.window, of_add_on.window);
    // 2026-11-21 is a Saturday.
    let at = |time: &str| of_base.window.as_ref().unwrap().at(time.parse().unwrap(), &TimeZone::UTC);
    let opens = "2026-11-22T03:00:00Z".parse().unwrap();
    assert_eq!(at("2026-11-21T12:00:00Z"), Moment::Closed { opens });
    assert!(matches!(at("2026-11-25T12:00:30Z"), Moment::Open { .. }));
    let tell = of_base.tell;
    assert_eq!((tell.wall, tell.user.as_str()), (false, "canopsis"));
    assert_eq!(tell.program.unwrap(), ["/usr/bin/tee", "-a", "/var/lib/canopsis/news"]);
    assert_eq!(tell.web_hook, Some(WebHook::File("/etc/consign/web-hook".into())));
    assert_eq!(of_add_on.tell.program, None);
}

#[test]
fn a_site_s_file_with_an_unknown_word_is_refused() {
    let (host, base) = Host::with(&BASE);
    for (path, part) in [
        (host.places.policy(), "allowed"),
        (host.places.policy(), "web_hook_file"),
        (host.places.policy(), "patch"),
        (host.places.site(&base.id), "unattended"),
        (host.places.site(&base.id), "primary"),
        (host.places.site(&base.id), "ignore"),
    ] {
        let whole = fs_err::read_to_string(&path).unwrap();
        fs_err::write(&path, whole.replacen(part, &format!("x{part}"), 1)).unwrap();
        assert!(Rules::read(&host.places, &base.id).is_err(), "{part}");
        fs_err::write(&path, whole).unwrap();
    }
    assert!(Rules::read(&host.places, &base.id).is_ok());
}

#[test]
fn what_was_noted_beside_the_journals_is_read() {
    each(|published| {
        let (_host, product) = Host::with(published);
        if published.folder.starts_with(BASE.folder) {
            let allowed = Allowed::read(&product).unwrap();
            assert_eq!(
                (allowed.version.to_string(), allowed.by.name),
                (published.version.to_owned(), "root".to_owned())
            );
        }
        if published.folder != FIRST.folder {
            assert_eq!(Looked::read(&product).unwrap().offers.len(), 1);
        }
    });
    let news: News = serde_json::from_str(&text("2/host/files/var/lib/canopsis/news")).unwrap();
    assert_eq!((news.what, news.upgrade), (What::OutageBegins { estimate_seconds: None }, 2));
}

/// What an upgrade goes back to, and what is on record of its data, its scripts and its journey.
#[test]
fn what_was_saved_and_recorded_before_the_packages_is_read() {
    let (host, product) = Host::with(&SAVED);
    let newest = product.newest().unwrap().unwrap();
    let seals = backup::of_unit(&product, &newest.header).unwrap();
    let [seal] = &seals[..] else { panic!("{seals:?}") };
    let parts: Vec<_> = seal.parts.iter().map(|part| (part.name.as_str(), part.file.as_str())).collect();
    assert_eq!(parts, [("files", "files.saved"), ("log", "log.saved"), ("records", "records.saved")]);
    assert_eq!((seal.upgrade, seal.from.to_string().as_str()), (2, "3.25.0"));
    seal.verify(&product).unwrap();
    let saved = host.places.state().join("acme/canopsis/backups/0002/log.saved");
    fs_err::write(&saved, turned(&fs_err::read(&saved).unwrap(), 3)).unwrap();
    assert!(seal.verify(&product).unwrap_err().to_string().contains("log"));

    let data = Record::read(&product).unwrap().unwrap();
    assert_eq!((data.version.as_str(), data.release.to_string().as_str(), data.upgrade), ("1", "3.25.0", 1));
    assert!(Ran::of(&product).unwrap().is_done(&"remarks".parse().unwrap(), "3.26.0/pre-10-remarks.py"));
    let journey = Journey::read(&product).unwrap().unwrap();
    assert_eq!((journey.to.to_string().as_str(), journey.hops[0].upgrade, journey.tries), ("3.26.0", 2, 1));
    let rules = Rules::read(&host.places, &product.id).unwrap();
    assert_eq!((rules.checks.reboot, rules.checks.open_files), (Weight::Off, Weight::Tell));
    assert_eq!((rules.keep.packages.sets, rules.keep.backups.sets), (2, 4));
    let in_advance = in_advance(&host.places, &product.id).unwrap();
    assert_eq!((in_advance[0].version.to_string().as_str(), in_advance[0].notes.len()), ("3.26.0", 1));
}

/// What the packages' scripts go by: `sha256sum` of each default that was last offered.
#[test]
fn the_record_of_defaults_names_those_that_were_offered() {
    let files = golden("2/host/files");
    let record = text("2/host/files/var/lib/consignee/.defaults/canopsis");
    let digest = |path: &str| Sha256::of(&fs_err::read(files.join(path)).unwrap());
    // One was edited, so the default lies beside it; the other is the default.
    let lines = [
        format!("{}  /etc/canopsis.conf\n", digest("etc/canopsis.conf.dpkg-dist")),
        format!("{}  /etc/canopsis/limits\n", digest("etc/canopsis/limits")),
    ];
    assert_eq!(record, lines.concat());
}
