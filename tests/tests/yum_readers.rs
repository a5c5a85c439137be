//! Hosts that read the vendor's repository while its vendor publishes without pause.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use consign_lab::{CANOPSIS, Lab, Product, RpmSystem, Site, Vendor, lab, until};

const REFRESHES: usize = 20;
const MIRRORS: &str = "yum/stable/mirrors";
const SOON: Duration = Duration::from_secs(60);

/// Packaging revisions of one release, until it is over; how many there were.
fn publish_until(over: &AtomicBool, vendor: &Vendor) -> usize {
    let mut published = 0;
    for revision in 2.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let edit = format!("revision = {revision}\n");
        vendor.release_edited(Product::canopsis("3.25.0"), &[("revision = 1\n", &edit)]).unwrap();
        published += 1;
        // Each publication has a second of its own: more than one in a second would lead into the future.
        until("the second of the publication", SOON, || (written(vendor) <= SystemTime::now()).then_some(())).unwrap();
    }
    published
}

/// What goes wrong with refreshes of a host, each of which fetches everything that is new.
fn refresh(site: &Site) -> Vec<String> {
    let answers = (0..REFRESHES).map(|_| site.refresh());
    answers.filter(|answer| !answer.success()).map(|answer| answer.to_string()).collect()
}

fn written(vendor: &Vendor) -> SystemTime {
    vendor.repository().join(MIRRORS).metadata().unwrap().modified().unwrap()
}

fn list(vendor: &Vendor) -> String {
    std::fs::read_to_string(vendor.repository().join(MIRRORS)).unwrap()
}

#[test]
fn dnf_5_and_zypper_never_refuse_what_is_published_while_they_read() {
    lab!(Lab::has_rpm());
    let vendor = Vendor::new("acme").unwrap().with_rpms_only();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let [dnf5, zypper] =
        [RpmSystem::Dnf5, RpmSystem::Zypper].map(|system| Site::open("readers", system, &vendor, CANOPSIS).unwrap());
    let (over, before) = (AtomicBool::new(false), list(&vendor));
    std::thread::scope(|scope| {
        let publisher = scope.spawn(|| publish_until(&over, &vendor));
        let readers = [&dnf5, &zypper].map(|site| scope.spawn(move || refresh(site)));
        let failed = readers.map(|reader| reader.join());
        over.store(true, Ordering::Relaxed);
        let published = publisher.join().unwrap();
        assert_eq!(failed.map(Result::unwrap), [[""; 0], [""; 0]], "of {REFRESHES} each, {published} publications");
        assert!(published >= 4 && list(&vendor) != before, "only {published} publications");
    });
}
