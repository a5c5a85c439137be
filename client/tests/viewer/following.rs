//! A journal that grows while it is read.

use consign_metadata::text::Language;
use consignee::engine::event::Event;
use consignee::report::follower::Follower;
use jiff::tz::TimeZone;

use crate::builder::Host;

#[test]
fn each_record_and_each_line_of_a_step_is_shown_once_and_in_order() {
    let host = Host::new();
    let mut upgrade = host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan");
    let mut follower = Follower::new(&host.product, 1);
    let mut poll = || follower.poll(Language::En, &TimeZone::UTC).unwrap().to_string();
    assert_eq!(poll(), "09:00:00  upgrade 1: first installation of 1.4.0\n");
    assert_eq!(poll(), "");
    upgrade.unpack().start(3);
    assert_eq!(poll().lines().last(), Some("09:01:10  step 4/7 init: started"));
    let log = host.product.upgrade_folder(1).join("3-init.1.log");
    std::fs::write(&log, "migrating\nhalf a li").unwrap();
    assert_eq!(poll(), "          | migrating\n");
    std::fs::write(&log, "migrating\nhalf a line\n").unwrap();
    upgrade.record(Event::StepSucceeded { item: 3 });
    assert_eq!(poll(), "          | half a line\n09:01:20  step 4/7 init: done\n");
}

#[test]
fn who_comes_late_sees_the_records_and_the_running_step() {
    let host = Host::new();
    host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan").unpack().step(3).step(4).start(5);
    let folder = host.product.upgrade_folder(1);
    std::fs::write(folder.join("3-init.1.log"), "long ago\n").unwrap();
    std::fs::write(folder.join("5-start.1.log"), "starting erp.service\n").unwrap();
    let page = Follower::new(&host.product, 1).poll(Language::En, &TimeZone::UTC).unwrap().to_string();
    assert!(page.ends_with("step 6/7 start: started\n          | starting erp.service\n"), "{page}");
    assert!(!page.contains("long ago"));
    let poll = |since: &str| {
        let mut follower = Follower::since(&host.product, 1, since.parse().unwrap()).unwrap();
        follower.poll(Language::En, &TimeZone::UTC).unwrap().to_string()
    };
    assert_eq!(poll("2026-11-01T10:00:00Z"), "");
    assert!(poll("2026-11-01T09:01:40Z").starts_with("09:01:40  step 5/7 daemon-reload: done\n"));
}

#[test]
fn the_finish_of_this_run_is_shown_also_when_it_is_over() {
    let host = Host::new();
    host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan").complete();
    let follower = |began: &str| Follower::of_finish_since(&host.product, 1, began.parse().unwrap()).unwrap();
    let page = follower("2026-11-01T09:00:30Z").unwrap().poll(Language::En, &TimeZone::UTC).unwrap().to_string();
    assert!(!page.contains("stop: done"), "that was shown when it was prepared: {page}");
    for step in ["init: done", "daemon-reload: done", "start: done", "health: done"] {
        assert_eq!(page.matches(step).count(), 1, "{step} in {page}");
    }
    // A later run of the package manager, with which this upgrade has nothing to do.
    assert!(follower("2026-11-01T09:01:30Z").is_none());
    assert_eq!(host.run("consignee hook wake --began 1793523630000").exit, consignee::cli::Exit::Done);
}

#[test]
fn following_ends_by_itself_when_the_upgrade_has_ended() {
    let host = Host::new();
    host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan").complete();
    let nothing = host.run("consignee follow");
    assert_eq!((nothing.exit, nothing.out.as_str()), (consignee::cli::Exit::Done, "nothing is under way\n"));
    assert!(host.run("consignee follow acme/erp").out.ends_with("finished\n  since 2026-11-01 09:02:20\n"));
}
