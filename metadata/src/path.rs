//! Whether one version can be reached from another, and by which stops.
//!
//! A way to a version is found by going to the newest release that can be reached, again and again. That loses
//! nothing: whoever is further has fewer stops before him, is not older than a plan's supported-from sooner, and
//! the class of the change that is left is never a greater one.

use crate::plan::Envelope;
use crate::version::{Class, Version};

/// Why a plan cannot take a host from one version to its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The installed version is older than the oldest the plan starts from.
    TooOld {
        /// The oldest version the plan starts from.
        supported_from: Version,
    },
    /// The vendor does not support this class of change in place.
    ClassUnsupported {
        /// The class of the change.
        class: Class,
    },
    /// Versions lie in between that may not be jumped over.
    RequiredStops {
        /// Ascending; the first is where to go next.
        stops: Vec<Version>,
    },
    /// The installed version is newer.
    Downgrade,
}

/// Everything that stands in the way of an upgrade, all at once; empty when it can go ahead.
pub fn obstacles(plan: &Envelope, from: &Version) -> Vec<Obstacle> {
    let to = &plan.version;
    if from > to {
        return vec![Obstacle::Downgrade];
    }
    let mut found = Vec::new();
    if *from < plan.supported_from {
        found.push(Obstacle::TooOld { supported_from: plan.supported_from.clone() });
    }
    let class = plan.class_rule.between(from, to);
    if from != to && !plan.upgrades.contains(&class) {
        found.push(Obstacle::ClassUnsupported { class });
    }
    let stops: Vec<_> = plan.required_stops.iter().filter(|stop| from < *stop && *stop < to).cloned().collect();
    if !stops.is_empty() {
        found.push(Obstacle::RequiredStops { stops });
    }
    found
}

/// The version that none may lie beyond that is gone to first, where stops are in the way: a release beyond it
/// that does not name the stop itself does not jump over it either.
pub fn first_stop(obstacles: &[Obstacle]) -> Option<&Version> {
    obstacles.iter().find_map(|obstacle| match obstacle {
        Obstacle::RequiredStops { stops } => stops.first(),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Kind;

    fn v(text: &str) -> Version {
        text.parse().unwrap()
    }

    fn plan(version: &str) -> Envelope {
        Envelope {
            kind: Kind::Plan,
            format: 1,
            vendor: "acme".parse().unwrap(),
            product: "erp".parse().unwrap(),
            version: v(version),
            revision: 1,
            supported_from: v("1.2.0"),
            upgrades: [Class::Patch, Class::Minor].into(),
            class_rule: Default::default(),
            required_stops: vec![v("1.4.0"), v("1.6.0")],
            notes: vec![],
            minimum_agent: v("0.1.0"),
            body: serde_json::Value::Null,
        }
    }

    #[test]
    fn a_neighbour_is_reached() {
        assert_eq!(obstacles(&plan("1.7.0"), &v("1.6.0")), []);
        assert_eq!(obstacles(&plan("1.7.0"), &v("1.7.0")), []);
    }

    #[test]
    fn all_obstacles_are_named_at_once() {
        let found = obstacles(&plan("2.0.0"), &v("1.1.0"));
        assert_eq!(
            found,
            [
                Obstacle::TooOld { supported_from: v("1.2.0") },
                Obstacle::ClassUnsupported { class: Class::Major },
                Obstacle::RequiredStops { stops: vec![v("1.4.0"), v("1.6.0")] },
            ]
        );
        assert_eq!(obstacles(&plan("1.7.0"), &v("1.8.0")), [Obstacle::Downgrade]);
        assert_eq!(first_stop(&found), Some(&v("1.4.0")));
        assert_eq!(first_stop(&[Obstacle::Downgrade]), None);
    }
}
