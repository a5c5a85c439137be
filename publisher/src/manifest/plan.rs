//! From a checked manifest to the plan that hosts read.

use std::collections::BTreeMap;

use consign_metadata::document::Kind;
use consign_metadata::name::PackageName;
use consign_metadata::plan::{self, Envelope, Module, NativeVersions, PlanBody, Step, UpgradePlan, WindowsModule};

use super::authored::Point;
use super::{Project, programs};

/// The first agent that understands the plans of this program.
pub(super) const MINIMUM_AGENT: &str = "0.1.0";
/// How long all engines may take to stop.
const STOP_SECONDS: u32 = 300;
/// How long each engine may take to become active.
const START_SECONDS: u32 = 120;

impl Project {
    /// The plan as it will be signed, and its bytes.
    ///
    /// # Panics
    /// Never: a checked project makes a plan that can be read.
    pub fn plan(&self) -> (UpgradePlan, Vec<u8>) {
        let product = &self.product;
        let mut body = PlanBody {
            format: 0,
            modules: self.modules.iter().map(|module| self.plan_module(module)).collect(),
            engines: self.engines.clone(),
            renamed_engines: self.renamed_engines.clone(),
            options: self.options.clone(),
            side_effects: self.side_effects.clone(),
            prerequisites: self.prerequisites.clone(),
            tasks: self.tasks.before.clone(),
            add_ons: self.add_ons.allowed.clone(),
            joins: self.add_ons.joins.clone(),
            preparation_seconds: product.preparation_seconds,
            data: self.data.clone(),
            maintenance: self.maintenance.clone(),
            site_programs: programs::of_the_site(&self.steps, &self.modules),
            windows: self.plan_windows(),
            steps: self.plan_steps(),
        };
        body.format = body.lowest_format();
        let envelope = Envelope {
            kind: Kind::Plan,
            format: plan::ENVELOPE_FORMAT,
            vendor: product.id.vendor.clone(),
            product: product.id.product.clone(),
            version: product.version.clone(),
            revision: product.revision,
            supported_from: product.supported_from.clone(),
            upgrades: product.upgrades.clone(),
            class_rule: product.class_rule,
            required_stops: product.required_stops.clone(),
            notes: self.notes.iter().map(super::Note::reference).collect(),
            minimum_agent: product.minimum_agent.clone(),
            body: serde_json::to_value(body).expect("a plan is JSON"),
        };
        let mut bytes = serde_json::to_vec_pretty(&envelope).expect("a plan is JSON");
        bytes.push(b'\n');
        let plan = UpgradePlan::parse(&bytes).expect("a checked project makes a plan that can be read");
        (plan, bytes)
    }

    fn plan_windows(&self) -> BTreeMap<PackageName, WindowsModule> {
        let is_built = |module: &&super::Module| {
            let natives = self.plan_module(module);
            natives.natives().any(|native| native.msi.is_some())
        };
        let modules = self.modules.iter().filter(is_built);
        modules.filter_map(|module| Some((module.package.clone(), module.windows.as_ref()?.plan()))).collect()
    }

    fn plan_module(&self, module: &super::Module) -> Module {
        let versions: Vec<NativeVersions> = match (self.foreign.get(&module.package), &*self.builds) {
            (Some(versions), _) => versions.clone(),
            (None, []) => vec![module.among(self.product.native())],
            (None, builds) => builds.iter().map(|build| module.among(build.native(&self.product))).collect(),
        };
        let mut natives = versions.into_iter();
        let native = natives.next().unwrap_or_default();
        Module { package: module.package.clone(), native, builds: natives.collect() }
    }

    /// Prepare, the package manager, finish: the one list that is walked forward, or back.
    fn plan_steps(&self) -> Vec<Step> {
        let before = [Step::Announce { message: None }, Step::Stop { timeout_seconds: STOP_SECONDS }];
        let before = before.into_iter().chain(self.backup.clone().map(Step::Backup)).chain([Step::Packages]);
        let mode = |step: Step| self.maintenance.as_ref().map(|_| step);
        let start = Step::Start { timeout_seconds: START_SECONDS };
        let start = [Some(Step::DaemonReload), mode(Step::EnterMaintenance), Some(start)].into_iter().flatten();
        let run = self.steps.iter().cloned();
        let [at_stop, at_start] = Point::ALL.map(|point| self.add_ons.at(point));
        // Before daemon-reload: what a person does with the engines stopped may well be a unit file.
        let stopped = self.tasks.before_start.iter().cloned().map(Step::Task);
        let running = self.tasks.after.iter().cloned().map(Step::Task);
        let finish = run.chain(at_stop).chain(stopped).chain(start).chain(at_start).chain([self.health.clone()]);
        // Whoever waits for a person afterwards keeps nobody from working.
        let finish = finish.chain(mode(Step::LeaveMaintenance));
        before.chain(finish).chain(running).collect()
    }
}
