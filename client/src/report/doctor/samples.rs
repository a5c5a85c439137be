//! One of every finding.

use crate::configuration::NewDefault;
use crate::examination::Finding;
use crate::host::gap::Gap;
use crate::notice::Notice;
use crate::report::samples::variants;

pub fn findings() -> Vec<Finding> {
    let product = || "acme/erp".parse().unwrap();
    let vendor = || "acme".parse().unwrap();
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let channel = || "stable".parse().unwrap();
    let all = vec![
        Finding::HookRemoved {
            removed: NewDefault {
                file: "/etc/apt/apt.conf.d/20consignee".into(),
                default: "/usr/share/consignee/defaults/consignee/etc/apt/apt.conf.d/20consignee".into(),
            },
        },
        Finding::HookNotAsked { gap: Gap::PluginsOff { file: "/etc/dnf/dnf.conf".into() } },
        Finding::ServiceUnreachable { socket: "/run/consignee/agent.sock".into() },
        Finding::AnchorUnusable {
            vendor: vendor(),
            cause: "cannot trust /usr/share/consignee/vendors/acme: others than root may write it".to_owned(),
        },
        Finding::Vendor {
            notice: Notice::Unreadable {
                vendor: vendor(),
                channel: channel(),
                url: "https://packages.acme.example/".to_owned(),
                cause: "401 Unauthorized".to_owned(),
            },
        },
        Finding::FeedMissing { vendor: vendor() },
        Finding::FeedExpired { vendor: vendor(), channel: channel(), expired: at("2026-11-01T00:00:00Z") },
        Finding::FeedUnusable {
            vendor: vendor(),
            channel: channel(),
            cause: "the feed is not a signed message".to_owned(),
        },
        Finding::PlanUnusable { package: "acme-erp".parse().unwrap(), cause: "it is not signed".to_owned() },
        Finding::SiteFile {
            problem: "cannot use /etc/consign/policy.toml, line 3, column 1: unknown field".to_owned(),
        },
        Finding::JournalUnusable { product: product(), upgrade: 2, cause: "line 7: the checksum is wrong".to_owned() },
        Finding::FlagWithoutUpgrade { product: product(), flag: "/var/lib/consignee/acme/erp/unfinished".into() },
        Finding::UpgradeWithoutFlag { product: product(), upgrade: 2 },
        Finding::UnknownFile { file: "/var/lib/consignee/acme/erp/old.bak".into() },
        Finding::ConditionMissing { product: product(), unit: "acme-erp.service".parse().unwrap() },
        Finding::ClockBehind { now: at("2026-01-01T00:00:00Z"), seen: at("2026-11-22T00:00:00Z") },
        Finding::NoRoom { folder: "/var/lib/consignee".to_owned(), free_mib: 2, needed_mib: 8 },
        Finding::CouldNotLook { what: "the anchors".to_owned(), cause: "Permission denied".to_owned() },
    ];
    let variants = variants!(Finding: HookRemoved HookNotAsked ServiceUnreachable AnchorUnusable Vendor FeedMissing
        FeedExpired FeedUnusable PlanUnusable SiteFile JournalUnusable FlagWithoutUpgrade UpgradeWithoutFlag
        UnknownFile ConditionMissing ClockBehind NoRoom CouldNotLook);
    assert_eq!(all.len(), variants);
    all
}
