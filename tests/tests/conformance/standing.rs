//! Where an upgrade stands, what leads on from there, and that it was finished once.

use crate::case::{Case, FINISH};

/// Where an upgrade stands when nothing goes on by itself any more.
#[derive(Debug, PartialEq, Eq)]
pub enum Stands {
    /// Nobody has anything to do.
    Well,
    /// A person has, and this is what `consignee status` says.
    Halted(String),
}

/// What led out of a halt.
#[derive(Debug, PartialEq, Eq)]
pub enum WayOut {
    /// `consignee retry`.
    Retry,
    /// A command of the package manager that `consignee retry` named, and `consignee retry` where that
    /// was not enough.
    Named,
}

impl Case {
    /// Waits until nothing goes on by itself any more.
    #[track_caller]
    pub fn settled(&self) -> Stands {
        self.site.host.wait_until("the upgrade stands", FINISH, || {
            let status = self.site.host.exec(&["consignee", "status", "--language", "en", &self.id]);
            match status.code {
                0 => Some(Stands::Well),
                4 => Some(Stands::Halted(status.text())),
                _ => None,
            }
        })
    }

    /// Waits until the upgrade that came past everybody is halted: all its packages there, its engines stopped,
    /// and said what to type.
    #[track_caller]
    pub fn wait_halted(&self, version: &str) {
        let whole = format!("packages: all at {version}");
        let status = self.site.host.wait_until("the upgrade is halted", FINISH, || {
            let status = self.site.host.exec(&["consignee", "status", "--language", "en", &self.id]);
            let is_halted = status.code == 4 && status.text().contains(&whole) && self.site.engine("web") == "inactive";
            is_halted.then(|| status.text())
        });
        assert!(status.contains(&format!("consignee ack {}", self.id)), "{status}");
        assert!(status.contains(&format!("consignee retry {}", self.id)), "{status}");
        self.site.assert_canopsis_stopped();
    }

    /// Types what leads out of a halt: `consignee ack` where that was not yet possible, `consignee retry`, and
    /// what that names.
    #[track_caller]
    pub fn way_out(&self) -> WayOut {
        self.acknowledge();
        let retry = ["env", "LC_ALL=C.UTF-8", "consignee", "retry", &self.id];
        let answer = self.site.host.exec(&retry);
        if answer.success() {
            return WayOut::Retry;
        }
        let text = answer.text();
        let named = text.split_once("to put it right: ").and_then(|(_, rest)| rest.split([',', '\n']).next());
        self.site.as_told(named.unwrap_or_else(|| panic!("no way out is named: {answer}"))).expect_ok();
        if self.settled() != Stands::Well {
            self.site.host.ok(&retry);
        }
        WayOut::Named
    }

    /// canopsis is whole at this version: so many finishes since the beginning, with an init call each.
    #[track_caller]
    pub fn finished_once(&self, packages: &[&str], version: &str, finishes: usize) {
        self.site.wait_status(0);
        for package in packages {
            assert_eq!(self.version_of(package).as_deref(), Some(version), "{package}");
        }
        let calls = self.site.init_calls();
        assert_eq!(calls.len(), finishes, "{calls:?}");
        assert_eq!(self.finishes(), finishes, "in the journals");
        for engine in ["main", "worker", "web"] {
            assert_eq!(self.site.engine(engine), "active", "{engine}");
        }
    }

    /// How many finishes the journals tell of: their last steps that were done.
    #[track_caller]
    pub fn finishes(&self) -> usize {
        let journals = self.site.host.shell(&format!("cat /var/lib/consignee/{}/journal/*/records.jsonl", self.id));
        let mut last = None;
        let mut finishes = 0;
        for record in journals.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()) {
            if let Some(items) = record["header"]["items"].as_array() {
                last = items.len().checked_sub(1);
            }
            let is_last = record["item"].as_u64() == last.map(|last| last as u64);
            finishes += usize::from(record["event"] == "step-succeeded" && is_last);
        }
        finishes
    }
}
