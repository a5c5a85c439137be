//! systemd as the service manager, asked through `systemctl`.
//!
//! The properties of `systemctl show` are its stable interface (`org.freedesktop.systemd1(5)`); the
//! words it prints for people are not read.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use consign_metadata::name::UnitName;
use jiff::Timestamp;

use super::command::{CommandError, HostCommand};
use super::{HostError, ServiceManager, guard};
use crate::engine::event::EngineState;

const POLL: Duration = Duration::from_millis(100);
/// The hint that makes the agent look at everything anew.
const WAKE: [&str; 2] = ["/usr/lib/consignee/consignee-hook", "wake"];
const RELOAD: Duration = Duration::from_secs(180);

/// The systemd that is PID 1 of this host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Systemd;

/// The properties of a unit that were asked for.
pub(super) type Properties = BTreeMap<String, String>;

impl Systemd {
    pub(super) fn show(unit: &str, properties: &[&str]) -> Result<Properties, HostError> {
        let list = properties.join(",");
        let answer = HostCommand::new("systemctl").args(["show", "-p", &list, "--", unit]).output()?;
        let answer = String::from_utf8_lossy(&answer);
        let pairs = answer.lines().filter_map(|line| line.split_once('='));
        let found: Properties = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        match properties.iter().find(|name| !found.contains_key(**name)) {
            None => Ok(found),
            Some(missing) => Err(HostError {
                action: format!("look at unit {unit}"),
                reason: format!("systemd does not tell {missing}"),
            }),
        }
    }

    fn active_state(unit: &UnitName) -> Result<String, HostError> {
        Ok(Self::show(unit.as_str(), &["ActiveState"])?.remove("ActiveState").unwrap_or_default())
    }

    fn not_active(&self, unit: &UnitName) -> HostError {
        HostError { action: format!("start {unit}"), reason: self.describe(unit) }
    }

    /// Waits while a unit is on its way, and answers the state it came to.
    fn settled(unit: &UnitName, deadline: Instant) -> Result<String, HostError> {
        loop {
            let state = Self::active_state(unit)?;
            let moving = matches!(&*state, "activating" | "deactivating" | "reloading" | "refreshing");
            if !moving || Instant::now() >= deadline {
                return Ok(state);
            }
            std::thread::sleep(POLL);
        }
    }
}

fn runs(active_state: &str) -> bool {
    !matches!(active_state, "inactive" | "failed")
}

impl ServiceManager for Systemd {
    // sd_booted(3).
    fn is_running(&self) -> bool {
        Path::new("/run/systemd/system").is_dir()
    }

    // A timer outlives the service, which ends when it has nothing to do. What a reboot forgets is arranged
    // anew by the look at every boot.
    fn wake_at(&self, moment: Timestamp) -> Result<(), HostError> {
        let seconds = moment.as_second();
        let unit = format!("consignee-window-{seconds}");
        if Self::show(&format!("{unit}.timer"), &["LoadState"])?["LoadState"] == "loaded" {
            return Ok(());
        }
        let calendar = format!("--on-calendar=@{seconds}");
        let description = "--description=Open or close a maintenance window";
        let fixed = ["--quiet", "--collect", "--timer-property=AccuracySec=1s", description, WAKE[0], WAKE[1]];
        let options = [&format!("--unit={unit}"), &*calendar];
        HostCommand::new("systemd-run").args(options).args(fixed).output()?;
        Ok(())
    }

    fn is_going_down(&self) -> bool {
        let state = HostCommand::new("systemctl").arg("is-system-running").limit(Duration::from_secs(10)).run();
        match state {
            Ok(state) => state.text().trim() == "stopping",
            // Its bus is gone already.
            Err(_) => true,
        }
    }

    fn observe(&self, unit: &UnitName) -> Result<Option<EngineState>, HostError> {
        let found = Self::show(unit.as_str(), &["LoadState", "ActiveState", "UnitFileState"])?;
        let active = runs(&found["ActiveState"]);
        if found["LoadState"] == "not-found" && !active {
            return Ok(None);
        }
        let enabled = matches!(&*found["UnitFileState"], "enabled" | "enabled-runtime");
        Ok(Some(EngineState { active, enabled }))
    }

    fn stop(&self, units: &[UnitName], limit: Duration) -> Result<(), HostError> {
        let deadline = Instant::now() + limit;
        for unit in units {
            if !runs(&Self::active_state(unit)?) {
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now()).max(POLL);
            match HostCommand::new("systemctl").args(["stop", "--", unit.as_str()]).limit(left).run() {
                Ok(_) | Err(CommandError::Timeout { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            if runs(&Self::settled(unit, deadline)?) {
                return Err(HostError { action: format!("stop {unit}"), reason: self.describe(unit) });
            }
        }
        Ok(())
    }

    fn guard(&self, units: &[UnitName], flag: &Path) -> Result<(), HostError> {
        // A boot reads it anyway; a hand that types `systemctl start` does not.
        if guard::set(units, flag)? { self.reload() } else { Ok(()) }
    }

    fn unguard(&self, units: &[UnitName]) -> Result<bool, HostError> {
        guard::lift(units)
    }

    fn is_guarded(&self, unit: &UnitName) -> Result<bool, HostError> {
        guard::is_kept(unit)
    }

    fn reload(&self) -> Result<(), HostError> {
        HostCommand::new("systemctl").arg("daemon-reload").limit(RELOAD).output()?;
        Ok(())
    }

    fn start(&self, unit: &UnitName, limit: Duration) -> Result<(), HostError> {
        let deadline = Instant::now() + limit;
        // Three packages restarting one unit would otherwise meet its start limit.
        HostCommand::new("systemctl").args(["reset-failed", "--", unit.as_str()]).run()?;
        match HostCommand::new("systemctl").args(["start", "--", unit.as_str()]).limit(limit).run() {
            Ok(finished) if finished.status == 0 => {}
            Ok(_) | Err(CommandError::Timeout { .. }) => return Err(self.not_active(unit)),
            Err(error) => return Err(error.into()),
        }
        // A unit whose condition does not hold is "started" with status 0 and stays inactive.
        match &*Self::settled(unit, deadline)? {
            "active" => Ok(()),
            _ => Err(self.not_active(unit)),
        }
    }

    fn enable(&self, unit: &UnitName) -> Result<(), HostError> {
        let found = Self::show(unit.as_str(), &["UnitFileState"])?;
        // Everything else is enabled already, or has no [Install] section.
        if found["UnitFileState"] == "disabled" {
            HostCommand::new("systemctl").args(["enable", "--quiet", "--", unit.as_str()]).output()?;
        }
        Ok(())
    }

    fn disable(&self, unit: &UnitName) -> Result<(), HostError> {
        HostCommand::new("systemctl").args(["disable", "--quiet", "--", unit.as_str()]).output()?;
        Ok(())
    }

    fn describe(&self, unit: &UnitName) -> String {
        let asked = ["LoadState", "ActiveState", "SubState", "ConditionResult"];
        let Ok(found) = Self::show(unit.as_str(), &asked) else { return "unknown".to_owned() };
        let (load, state) = (&*found["LoadState"], &*found["ActiveState"]);
        // Targets have no result.
        let result = Self::show(unit.as_str(), &["Result"]).ok().and_then(|mut found| found.remove("Result"));
        let detail = match (load, state) {
            ("not-found", _) => "no such unit".to_owned(),
            ("loaded", "inactive") if found["ConditionResult"] == "no" => "its conditions do not hold".to_owned(),
            ("loaded", "inactive" | "failed") => result.unwrap_or_else(|| found["SubState"].clone()),
            ("loaded", _) => found["SubState"].clone(),
            _ => load.to_owned(),
        };
        format!("{state} ({detail})")
    }

    fn is_active(&self, unit: &UnitName) -> Result<bool, HostError> {
        Ok(matches!(&*Self::active_state(unit)?, "active" | "reloading" | "refreshing"))
    }
}
