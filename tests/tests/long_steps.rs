//! A migration that takes longer than systemd lets a service take to start: nobody ends it, and nobody starts an
//! engine on what it works on.

use consign_lab::{Release, Site, lab};

const HASTY: &str = "[Manager]\nDefaultTimeoutStartSec=2s\n";
/// Engines that are started again whenever they end, and are given their time.
const AGAIN: &str = "[Service]\nRestart=always\nRestartSec=100ms\nTimeoutStartSec=90\n";
/// A service that is never ready: systemd ends it when the time to start is over.
const NEVER_READY: &str = "[Service]\nType=notify\nExecStart=sleep infinity\n";

#[test]
fn a_migration_outlasts_the_start_timeout_and_no_engine_is_started_meanwhile() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("init-long", Release::Trixie);
    site.host.write("/etc/systemd/system.conf.d/hasty.conf", HASTY, 0o644);
    site.host.write("/etc/systemd/system/canopsis-engine@.service.d/again.conf", AGAIN, 0o644);
    site.host.write("/etc/systemd/system/never-ready.service", NEVER_READY, 0o644);
    site.host.ok(&["systemctl", "daemon-reload"]);
    assert_eq!(site.host.shell("systemctl show -P DefaultTimeoutStartUSec"), "2s");
    assert_eq!(site.host.shell("systemctl show -P Restart canopsis-engine@web.service"), "always");
    let client = site.client();
    site.trouble("hang");
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_init_hangs();
    let step = the_step(&site);

    // Whatever has the usual time to start and began after the migration is ended before it.
    site.host.exec(&["systemctl", "start", "never-ready.service"]).expect_code(1);
    assert_eq!(site.host.shell("systemctl show -P Result never-ready.service"), "timeout");
    assert_eq!(the_step(&site), step, "it was ended, or begun anew");
    site.host.exec(&["systemctl", "start", "canopsis.target"]);
    site.wait_status(5);
    for engine in ["main", "worker", "web"] {
        assert_eq!(site.engine(engine), "inactive", "{engine}");
        let unit = format!("canopsis-engine@{engine}.service");
        let kept = site.host.shell(&format!("systemctl start {unit}; systemctl show -P ConditionResult {unit}"));
        assert_eq!((kept.as_str(), site.engine(engine).as_str()), ("no", "inactive"), "{engine}");
    }

    site.trouble_is_over();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    assert_eq!(["main", "worker", "web"].map(|name| site.engine(name)), ["active"; 3]);
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    site.nothing_was_lost(client);
}

/// The unit of the step that runs, and the run of it.
#[track_caller]
fn the_step(site: &Site) -> String {
    let units = site.host.shell("systemctl list-units --plain --no-legend 'consignee-step-*'");
    let unit = units.split_whitespace().next().expect("a step runs");
    site.host.shell(&format!("systemctl show -P Id -P ActiveState -P InvocationID {unit}"))
}
