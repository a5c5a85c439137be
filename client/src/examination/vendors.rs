//! Anchors, feeds and plans: is what a vendor signs believed here, and does it speak still?

use std::collections::BTreeSet;

use consign_metadata::name::{ChannelName, VendorName};
use jiff::Timestamp;

use super::{Finding, could_not_look};
use crate::feed::Kept;
use crate::notice;
use crate::places::Places;
use crate::product::Product;
use crate::site::is_without_feed;
use crate::trust::{Trust, Vendor};

/// Everything about vendors.
pub(super) fn examine(places: &Places, trust: &Trust, products: &[Product], now: Timestamp) -> Vec<Finding> {
    let refused = trust.refused.iter().map(|(vendor, cause)| unusable(vendor, cause));
    let mut findings: Vec<Finding> = refused.collect();
    let with_products: BTreeSet<&VendorName> = products.iter().map(|product| &product.id.vendor).collect();
    for vendor in with_products.iter().filter(|vendor| !trust.refused.contains_key(**vendor)) {
        match trust.vendor(vendor) {
            Ok(vendor) => findings.extend(feeds(places, vendor, now)),
            Err(cause) => findings.push(unusable(vendor, &cause.to_string())),
        }
    }
    findings.extend(notice::all(places, trust, now).into_iter().map(|notice| Finding::Vendor { notice }));
    findings.extend(plans(places, trust));
    findings
}

fn unusable(vendor: &VendorName, cause: &str) -> Finding {
    Finding::AnchorUnusable { vendor: vendor.clone(), cause: cause.to_owned() }
}

fn feeds(places: &Places, vendor: &Vendor, now: Timestamp) -> Vec<Finding> {
    let name = &vendor.anchor.vendor;
    // That is a notice of its own.
    if is_without_feed(places, name) {
        return Vec::new();
    }
    let entries = std::fs::read_dir(places.feed(name)).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let channels: BTreeSet<ChannelName> =
        folders.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    let mut findings = Vec::new();
    let mut has_one = false;
    for channel in channels {
        match Kept::of(places, vendor, &channel) {
            Ok(None) => {}
            Ok(Some(kept)) => {
                has_one = true;
                findings.extend(age(&kept, name, &channel, now));
            }
            Err(cause) => {
                has_one = true;
                let cause = cause.to_string();
                findings.push(Finding::FeedUnusable { vendor: name.clone(), channel, cause });
            }
        }
    }
    if !has_one {
        findings.push(Finding::FeedMissing { vendor: name.clone() });
    }
    findings
}

fn age(kept: &Kept, vendor: &VendorName, channel: &ChannelName, now: Timestamp) -> Vec<Finding> {
    let (issued, expires) = (kept.feed.issued, kept.believed_until);
    let expired = (expires < now).then(|| Finding::FeedExpired {
        vendor: vendor.clone(),
        channel: channel.clone(),
        expired: expires,
    });
    let behind = (issued > now).then_some(Finding::ClockBehind { now, seen: issued });
    expired.into_iter().chain(behind).collect()
}

fn plans(places: &Places, trust: &Trust) -> Vec<Finding> {
    match trust.installed(places) {
        Ok(installed) => {
            let unusable = installed.into_iter().filter_map(|found| Some((found.package, found.plan.err()?)));
            unusable.map(|(package, cause)| Finding::PlanUnusable { package, cause: cause.to_string() }).collect()
        }
        Err(cause) => vec![could_not_look("the installed plans", cause)],
    }
}
