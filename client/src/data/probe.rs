//! Asks which version the data is at. Its program is the vendor's: "could not look" is an answer, and never
//! taken for another version.

use std::collections::BTreeMap;
use std::time::Duration;

use consign_metadata::plan::UpgradePlan;

use crate::engine::event::Failure;
use crate::host::program::{Program, Programs};
use crate::places::Places;
use crate::product::Product;
use crate::site;
use crate::step::run;
use crate::step::words::Words;

/// The longest version, in bytes.
const LONGEST: usize = 200;

/// What a look at the data told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The version that it is at.
    Version(String),
    /// Nobody knows, for this reason.
    CouldNotLook(Failure),
}

impl Found {
    /// The version, where it could be seen.
    pub fn version(self) -> Option<String> {
        match self {
            Self::Version(version) => Some(version),
            Self::CouldNotLook(_) => None,
        }
    }
}

/// Who asks, and by whose plan.
#[derive(Clone, Copy)]
pub struct Probe<'a> {
    /// Where everything is.
    pub places: &'a Places,
    /// The product.
    pub product: &'a Product,
    /// The plan that says how.
    pub plan: &'a UpgradePlan,
    /// Who runs programs.
    pub programs: &'a dyn Programs,
    /// What tells this look from another one at the same time: `agent`, `start`.
    pub by: &'a str,
}

impl Probe<'_> {
    /// Looks; `None` where the plan does not say how.
    pub fn look(&self) -> Option<Found> {
        self.plan.body.data.as_ref()?;
        let found = self.program().and_then(|program| self.run(&program));
        if let Err(failure) = &found {
            log::warn!("cannot look at the data of {}: {failure:?}", self.product.id);
        }
        Some(found.map_or_else(Found::CouldNotLook, Found::Version))
    }

    fn program(&self) -> Result<Program, Failure> {
        let probe = self.plan.body.data.as_ref().map(|data| &data.probe);
        let probe = probe.ok_or_else(|| Failure::Host { reason: "the plan has no probe".to_owned() })?;
        let options =
            site::options(self.places, self.plan).map_err(|error| Failure::Site { problem: error.to_string() })?;
        let words = Words { options: &options, from: None, to: &self.plan.envelope.version };
        let command = words.fill(&probe.command).map_err(|error| {
            let program = probe.command.first().cloned().unwrap_or_default();
            Failure::CannotStart { program, reason: error.to_string() }
        })?;
        let id = &self.product.id;
        Ok(Program {
            // Neither vendor nor product has a dot: no two share a name.
            unit: format!("consignee-data-{}.{}.{}", id.vendor, id.product, self.by),
            command,
            user: probe.user.clone(),
            limits: Default::default(),
            login_shell: false,
            environment: BTreeMap::new(),
            working_folder: None,
            limit: Duration::from_secs(u64::from(probe.timeout_seconds)),
            log: self.product.folder().join(format!("data-{}.log", self.by)),
        })
    }

    /// The last line that it wrote. Its log is of one look.
    fn run(&self, program: &Program) -> Result<String, Failure> {
        let host = |cause: &dyn std::fmt::Display| Failure::Host { reason: cause.to_string() };
        std::fs::create_dir_all(self.product.folder()).map_err(|cause| host(&cause))?;
        let _ = std::fs::remove_file(&program.log);
        let ended = self.programs.run(program).map_err(|cause| host(&cause))?;
        if let Some(failure) = run::failure(program, ended) {
            return Err(failure);
        }
        let written = std::fs::read(&program.log).map_err(|cause| host(&cause))?;
        let text = String::from_utf8_lossy(&written);
        let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        match line.is_empty() || line.len() > LONGEST || line.chars().any(char::is_control) {
            true => Err(Failure::Exit { status: 0, output: vec![line.chars().take(LONGEST).collect()] }),
            false => Ok(line.to_owned()),
        }
    }
}
