//! A host that is played, and the product of a test on it.

use super::*;

pub(super) const ENGINES: [&str; 3] = ["db.service", "api.service", "web.service"];

/// A host that only remembers what it was asked to do, and whether the flag was set then.
#[derive(Default)]
pub(super) struct Played {
    pub(super) units: Mutex<BTreeMap<String, EngineState>>,
    pub(super) acts: Mutex<Vec<String>>,
    pub(super) ends: Mutex<BTreeMap<String, VecDeque<Ended>>>,
    pub(super) broken: Mutex<BTreeSet<String>>,
    pub(super) time: Mutex<Duration>,
    /// What was run last, as it was given.
    pub(super) given: Mutex<Option<Program>>,
    /// An engine that ends by itself, and when.
    pub(super) dies: Mutex<Option<(Duration, UnitName)>>,
    pub(super) no_systemd: bool,
    pub(super) going_down: bool,
    pub(super) flag: std::path::PathBuf,
}

impl Played {
    pub(super) fn act(&self, act: String) {
        let flag = if self.flag.exists() { " (flag)" } else { "" };
        self.acts.lock().unwrap().push(format!("{act}{flag}"));
    }

    pub(super) fn acts(&self) -> Vec<String> {
        std::mem::take(&mut *self.acts.lock().unwrap())
    }

    pub(super) fn set(&self, unit: &UnitName, active: bool) {
        self.units.lock().unwrap().get_mut(unit.as_str()).unwrap().active = active;
    }

    pub(super) fn breaks(&self, what: &str) -> Result<(), HostError> {
        match self.broken.lock().unwrap().contains(what) {
            true => Err(HostError { action: what.to_owned(), reason: "played".to_owned() }),
            false => Ok(()),
        }
    }
}

impl ServiceManager for Played {
    fn wake_at(&self, _: Timestamp) -> Result<(), HostError> {
        Ok(())
    }
    fn is_running(&self) -> bool {
        !self.no_systemd
    }
    fn is_going_down(&self) -> bool {
        self.going_down
    }
    fn observe(&self, unit: &UnitName) -> Result<Option<EngineState>, HostError> {
        Ok(self.units.lock().unwrap().get(unit.as_str()).copied())
    }
    fn stop(&self, units: &[UnitName], _limit: Duration) -> Result<(), HostError> {
        for unit in units {
            if self.units.lock().unwrap().get(unit.as_str()).is_some_and(|state| state.active) {
                self.act(format!("stop {unit}"));
                self.breaks(&format!("stop {unit}"))?;
                self.set(unit, false);
            }
        }
        Ok(())
    }
    fn reload(&self) -> Result<(), HostError> {
        self.act("reload".to_owned());
        // What the new packages brought.
        for unit in ENGINES {
            self.units.lock().unwrap().entry(unit.to_owned()).or_insert(STOPPED);
        }
        Ok(())
    }
    fn start(&self, unit: &UnitName, _limit: Duration) -> Result<(), HostError> {
        self.act(format!("start {unit}"));
        self.breaks(&format!("start {unit}"))?;
        self.set(unit, true);
        Ok(())
    }
    fn enable(&self, unit: &UnitName) -> Result<(), HostError> {
        self.act(format!("enable {unit}"));
        Ok(())
    }
    fn disable(&self, unit: &UnitName) -> Result<(), HostError> {
        self.act(format!("disable {unit}"));
        Ok(())
    }
    fn describe(&self, _unit: &UnitName) -> String {
        "failed (played)".to_owned()
    }
    fn is_active(&self, unit: &UnitName) -> Result<bool, HostError> {
        Ok(self.units.lock().unwrap().get(unit.as_str()).is_some_and(|state| state.active))
    }
}

impl Programs for Played {
    fn run(&self, program: &Program) -> Result<Ended, HostError> {
        self.act(format!("run {}", program.command.join(" ")));
        *self.given.lock().unwrap() = Some(program.clone());
        let mut ends = self.ends.lock().unwrap();
        Ok(ends.get_mut(&program.command[0]).and_then(VecDeque::pop_front).unwrap_or(Ended::Exit(0)))
    }
    /// What it does until it is ready is asked once; `ends` says what came of it.
    fn run_until(
        &self,
        program: &Program,
        _: Duration,
        is_ready: &mut dyn FnMut() -> bool,
    ) -> Result<Ended, HostError> {
        let ended = self.run(program)?;
        Ok(if is_ready() && ended == Ended::Exit(0) { Ended::Stopped { killed: false } } else { ended })
    }
    fn end(&self, unit: &str) -> Result<(), HostError> {
        self.act(format!("end {unit}"));
        Ok(())
    }
}

impl Clock for Played {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn running(&self) -> Duration {
        *self.time.lock().unwrap()
    }
    fn sleep(&self, duration: Duration) {
        let now = {
            let mut time = self.time.lock().unwrap();
            *time += duration;
            *time
        };
        if let Some((_, unit)) = self.dies.lock().unwrap().take_if(|(at, _)| now >= *at) {
            self.set(&unit, false);
        }
    }
}

pub(super) const RUNNING: EngineState = EngineState { active: true, enabled: true };
pub(super) const STOPPED: EngineState = EngineState { active: false, enabled: false };

pub(super) fn plan(change: impl Fn(&mut serde_json::Value)) -> UpgradePlan {
    let mut plan = json!({
        "kind": "plan", "format": 1, "vendor": "acme", "product": "erp", "version": "1.1.0", "revision": 1,
        "supported_from": "1.0.0", "upgrades": ["patch", "minor"], "class_rule": {"major": 1, "minor": 2},
        "required_stops": [], "notes": [], "minimum_agent": "0.1.0",
        "body": {
            "format": 1,
            "modules": [{"package": "acme-erp", "native": {"deb": "1.1.0-1"}}],
            "engines": ENGINES,
            "options": {"edition": {"allowed": ["core", "cat"], "default": "core"}},
            "steps": [
                {"kind": "announce"},
                {"kind": "stop", "timeout_seconds": 60},
                {"kind": "packages"},
                {"kind": "run", "name": "migrate", "command": ["init", "{option.edition}", "{from}", "{to}"],
                 "user": "erp", "timeout_seconds": 60, "retry_later_exit": 75},
                {"kind": "daemon-reload"},
                {"kind": "start", "timeout_seconds": 60},
                {"kind": "health", "checks": [], "within_seconds": 30, "stable_seconds": 5},
            ],
        },
    });
    change(&mut plan);
    UpgradePlan::parse(&serde_json::to_vec(&plan).unwrap()).unwrap()
}

pub(super) const MIGRATE: usize = 3;

/// The product of a test, with its host, plan and journal.
pub(super) struct Stage {
    pub(super) host: Played,
    pub(super) places: Places,
    pub(super) plan: UpgradePlan,
    pub(super) joined: Joined,
    pub(super) previous: Option<UpgradePlan>,
    pub(super) journal: Journal,
    pub(super) told: Mutex<Vec<String>>,
    /// Who has files of the product open.
    pub(super) holders: Vec<Holder>,
    _folder: tempfile::TempDir,
}

impl Stage {
    pub(super) fn of(plan: UpgradePlan, from: Option<&str>) -> Self {
        Self::with(plan, from, |_| {})
    }

    pub(super) fn with(plan: UpgradePlan, from: Option<&str>, change: impl Fn(&mut Header)) -> Self {
        let folder = crate::sample::folder();
        let places = Places::below(folder.path());
        let product = Product::new(&places, plan.id());
        let from: Option<Version> = from.map(|from| from.parse().unwrap());
        let mut header = Header { items: items(&plan, from.as_ref()), from, plan: plan.digest, ..header() };
        change(&mut header);
        let mut journal = product.begin(header, b"signed", Timestamp::UNIX_EPOCH).unwrap();
        journal.append(Event::Cleared, Timestamp::UNIX_EPOCH).unwrap();
        let host = Played { flag: product.folder().join("unfinished"), ..Played::default() };
        *host.units.lock().unwrap() = ENGINES.iter().map(|unit| ((*unit).to_owned(), RUNNING)).collect();
        Self {
            host,
            places,
            plan,
            joined: Joined::default(),
            previous: None,
            journal,
            told: Mutex::default(),
            holders: Vec::new(),
            _folder: folder,
        }
    }

    pub(super) fn usual() -> Self {
        Self::of(plan(|_| {}), Some("1.0.0"))
    }

    pub(super) fn runner<T>(&mut self, act: impl FnOnce(&mut Runner<'_>) -> T) -> T {
        let product = Product::new(&self.places, self.plan.id());
        let tell = |message: &str| self.told.lock().unwrap().push(message.to_owned());
        let put_back = |upgrade: &Upgrade| {
            self.host.breaks("put back")?;
            self.host.act(format!("put back {}", upgrade.header.from.as_ref().unwrap()));
            Ok(())
        };
        let context = Context {
            places: &self.places,
            product: &product,
            plan: &self.plan,
            joined: &self.joined,
            previous: self.previous.as_ref(),
            replaced: &[],
            services: &self.host,
            programs: &self.host,
            clock: &self.host,
            put_back: &put_back,
            holders: &|| self.holders.clone(),
            tell: &tell,
        };
        act(&mut Runner::new(context, &mut self.journal))
    }

    pub(super) fn prepare(&mut self) -> Standing {
        self.runner(|runner| runner.prepare()).unwrap()
    }

    pub(super) fn proceed(&mut self) -> Standing {
        self.runner(|runner| runner.proceed(false)).unwrap()
    }

    pub(super) fn record(&mut self, event: Event) {
        self.journal.append(event, Timestamp::UNIX_EPOCH).unwrap();
    }

    pub(super) fn state(&self) -> &State {
        &self.journal.upgrade().state
    }

    pub(super) fn script(&self, program: &str, ends: impl IntoIterator<Item = Ended>) {
        self.host.ends.lock().unwrap().insert(program.to_owned(), ends.into_iter().collect());
    }

    pub(super) fn unpacked(&mut self) {
        assert_eq!(self.prepare(), Standing::Packages);
        self.record(packages(Packages::After, true));
        self.host.acts();
    }

    /// As after a crash: the journal is read again.
    pub(super) fn again(&mut self) {
        let product = Product::new(&self.places, self.plan.id());
        self.journal = product.open(1).unwrap().unwrap();
    }

    pub(super) fn proceed_live(&mut self) -> Standing {
        self.runner(|runner| runner.proceed(true)).unwrap()
    }
}
