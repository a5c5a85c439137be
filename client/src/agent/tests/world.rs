//! An agent, its host and a vendor.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use consign_metadata::name::ProductId;
use jiff::Timestamp;
use serde_json::Value;

use crate::acknowledgement::{Acknowledgement, Subject, acknowledge};
use crate::agent::dialogue::Speaker;
use crate::agent::online::Online;
use crate::agent::{Agent, barrier, look, preinst, reconcile};
use crate::engine::event::{Person, Reason};
use crate::engine::machine::{State, Upgrade};
use crate::host::Repository;
use crate::notice::Notice;
use crate::places::Places;
use crate::product::Product;
use crate::request::{Offer, PackageAction, Reply};
use crate::sample::clock::{Death, Played, Sleepers};
use crate::sample::host::Host;
use crate::sample::vendor::{Release, Vendor};
use crate::tell::News;

pub struct World {
    _root: tempfile::TempDir,
    pub places: Places,
    pub agent: Arc<Agent>,
    pub host: Host,
    pub vendor: Vendor,
    pub told: Arc<Mutex<Vec<News>>>,
    wrong_by: Arc<Mutex<jiff::SignedDuration>>,
    left: Arc<AtomicUsize>,
    /// Who sleeps.
    pub sleepers: Arc<Sleepers>,
}

fn agent(places: &Places, host: &Host, clock: Played, told: &Arc<Mutex<Vec<News>>>) -> Arc<Agent> {
    let told = Arc::clone(told);
    Arc::new(Agent {
        places: places.clone(),
        packages: Box::new(host.clone()),
        services: Box::new(host.clone()),
        programs: Box::new(host.clone()),
        clock: Box::new(clock),
        wall: |_| {},
        deliver: Arc::new(move |_, news, _| told.lock().unwrap().push(news)),
        version: "0.1.0".parse().unwrap(),
        locks: Default::default(),
        duty: Default::default(),
        admitted: Mutex::default(),
        expected: Mutex::default(),
        turns: Default::default(),
        taken_up: Mutex::default(),
        watched: Mutex::default(),
        done: Mutex::default(),
        mending: Mutex::default(),
        ways: Default::default(),
        looking: Mutex::default(),
        holding: Mutex::default(),
    })
}

pub const PACKAGE: &str = "acme-erp";

impl World {
    /// A host with the vendor's anchor and nothing else.
    pub fn empty() -> Self {
        Self::of_vendor(Vendor::new("acme"))
    }

    /// The same of a vendor who is there already.
    pub fn of_vendor(vendor: Vendor) -> Self {
        let root = crate::sample::folder();
        let places = Places::below(root.path());
        vendor.anchor(&places);
        Self::of(root, places, vendor)
    }

    fn of(root: tempfile::TempDir, places: Places, vendor: Vendor) -> Self {
        let (host, wrong_by, told) = (Host::default(), Arc::default(), Arc::default());
        let left = Arc::new(AtomicUsize::new(usize::MAX));
        let sleepers: Arc<Sleepers> = Arc::default();
        let clock = Played::wrong_by(Arc::clone(&wrong_by), Arc::clone(&left)).with(Arc::clone(&sleepers));
        let agent = agent(&places, &host, clock, &told);
        Self { _root: root, places, agent, host, vendor, told, wrong_by, left, sleepers }
    }

    /// Another agent, which knows nothing but what is on the disk.
    pub fn restart(&mut self) {
        self.left.store(usize::MAX, Ordering::SeqCst);
        let clock = Played::wrong_by(Arc::clone(&self.wrong_by), Arc::clone(&self.left));
        self.agent = agent(&self.places, &self.host, clock, &self.told);
    }

    /// What comes of something that the agent dies of before it asks for the time so often, which it does before each
    /// record: nothing, and another agent.
    pub fn dying<T>(&mut self, record: usize, act: impl FnOnce(&Self) -> T) -> Option<T> {
        self.left.store(record, Ordering::SeqCst);
        let lived = catch_unwind(AssertUnwindSafe(|| act(self)));
        self.left.store(usize::MAX, Ordering::SeqCst);
        match lived {
            Ok(answer) => Some(answer),
            Err(cause) if cause.is::<Death>() => {
                self.restart();
                None
            }
            Err(other) => resume_unwind(other),
        }
    }

    /// A host where 1.0.0 is installed and runs, as it was before there was a journal.
    pub fn with_baseline() -> Self {
        let world = Self::empty();
        world.install(&world.vendor.plan("1.0.0"));
        world.host.state().running = ["erp.service".to_owned(), "erp-web.service".to_owned()].into();
        world
    }

    /// What the site says for the whole host.
    pub fn site(&self, rules: &str) {
        let path = self.places.policy();
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, rules).unwrap();
    }

    /// The host's clock is wrong from now on.
    pub fn set_clock(&self, days: i64) {
        *self.wrong_by.lock().unwrap() = jiff::SignedDuration::from_hours(24 * days);
    }

    pub fn id(&self) -> ProductId {
        "acme/erp".parse().unwrap()
    }

    pub fn product(&self) -> Product {
        Product::new(&self.places, self.id())
    }

    /// Unpacks and configures a release as the package manager would.
    pub fn install(&self, plan: &Value) {
        self.unpack(plan, true);
    }

    pub fn unpack(&self, plan: &Value, configured: bool) {
        fs_err::create_dir_all(self.places.plans()).unwrap();
        let signed = self.vendor.sign_as_package(&plan.to_string());
        fs_err::write(self.places.plan_of(&PACKAGE.parse().unwrap()), signed).unwrap();
        let native = plan["body"]["modules"][0]["native"]["deb"].as_str().unwrap();
        self.host.set(PACKAGE, native, configured);
    }

    pub fn remove(&self) {
        let _ = fs_err::remove_file(self.places.plan_of(&PACKAGE.parse().unwrap()));
        self.host.state().packages.remove(PACKAGE);
    }

    /// Publishes releases, and the host's package lists are updated.
    pub fn publish(&self, releases: &[&Release], candidate: &str) {
        let entry_point = self.places.at("/var/lib/apt/lists/stable_InRelease");
        fs_err::create_dir_all(entry_point.parent().unwrap()).unwrap();
        fs_err::write(&entry_point, candidate).unwrap();
        let mut state = self.host.state();
        state.files.extend(self.vendor.feed(releases, 5, candidate.as_bytes()));
        state.candidate = Some(candidate.to_owned());
        let url = "http://127.0.0.1/".to_owned();
        state.repositories = vec![Repository { url, channel: "stable".to_owned(), login: None, entry_point }];
    }

    pub fn look(&self) -> Vec<Offer> {
        self.looked().0
    }

    pub fn notices(&self) -> Vec<Notice> {
        self.looked().1
    }

    fn looked(&self) -> (Vec<Offer>, Vec<Notice>) {
        match look::look(&self.agent, Online::begin(false)).unwrap() {
            Reply::Looked { offers, notices } => (offers, notices),
            other => panic!("{other:?}"),
        }
    }

    /// A transaction that unpacks a release reaches the barrier, and its process goes on living.
    pub fn barrier(&self, plan: &Value) -> Reply {
        let action = self.action(plan);
        self.barrier_of(&[action])
    }

    pub fn barrier_of(&self, actions: &[PackageAction]) -> Reply {
        self.host.state().transaction = Some(std::process::id());
        barrier::barrier(&self.agent, actions, true, &mut Speaker::to_nobody()).unwrap()
    }

    pub fn action(&self, plan: &Value) -> PackageAction {
        let after = plan["body"]["modules"][0]["native"]["deb"].as_str().unwrap().to_owned();
        let archive = std::path::PathBuf::from(format!("/archives/{PACKAGE}_{after}.deb"));
        let signed = self.vendor.sign_as_package(&plan.to_string());
        self.host.state().archives.insert(archive.clone(), signed);
        let before = self.host.state().packages.get(PACKAGE).map(|found| found.version.clone());
        PackageAction { package: PACKAGE.to_owned(), before, after: Some(after), archive: Some(archive), remove: false }
    }

    /// The transaction is over, and the agent looks.
    pub fn ended(&self) {
        self.host.state().transaction = None;
        self.reconcile();
    }

    /// The transaction is over: whoever watches it takes it up, to a step that waits for time, and stays asleep.
    pub fn ended_and_postponed(&self) {
        self.sleepers.stay_asleep();
        self.host.state().transaction = None;
        until(|| self.sleepers.asleep() == 1);
    }

    /// Nothing that the agent does by itself, in threads of its own, is under way any more.
    pub fn settle(&self) {
        let agent = &self.agent;
        let is_idle = || !agent.duty.idle().is_zero();
        // In the order in which one hands over to the next: who watches expects before they go, and who was expected
        // is at work before they are not expected any more.
        let is_quiet = || !*agent.watched.lock().unwrap() && is_idle() && agent.expected().is_empty() && is_idle();
        while !is_quiet() {
            std::thread::yield_now();
        }
    }

    pub fn reconcile(&self) {
        reconcile::reconcile(&self.agent, &self.id()).unwrap();
    }

    pub fn upgrade(&self) -> Upgrade {
        self.product().newest().unwrap().expect("there is no upgrade")
    }

    pub fn state(&self) -> State {
        self.upgrade().state
    }

    pub fn acknowledge(&self, reasons: &[Reason], version: &str) {
        let by = Person { uid: 0, name: "marie".to_owned() };
        let subject = |reason: &Reason| match reason.clone() {
            Reason::NoteUnread { version, sha256 } => Subject::Note { version, sha256 },
            other => panic!("{other:?}"),
        };
        let one = |reason| Acknowledgement {
            at: Timestamp::UNIX_EPOCH,
            by: by.clone(),
            subject: subject(reason),
            version: version.parse().unwrap(),
        };
        acknowledge(&self.product(), &reasons.iter().map(one).collect::<Vec<_>>()).unwrap();
    }

    pub fn cleared(&self) -> Vec<String> {
        self.host.state().holds.get(PACKAGE).expect("the package is not held at all").clone()
    }
}

/// Waits until threads of the agent's own have come to that.
#[track_caller]
pub fn until(what: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !what() {
        assert!(Instant::now() < deadline, "it never comes to that");
        std::thread::yield_now();
    }
}

pub fn reasons(reply: &Reply) -> Vec<Reason> {
    match reply {
        Reply::Refuse { refusals } => refusals.iter().flat_map(|refusal| refusal.reasons.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

/// A package's preinst runs, and the process of its transaction goes on living.
pub fn preinst_of(world: &World, plan: &serde_json::Value, before: Option<&str>) -> Reply {
    let path = world.places.at("/consign-plan");
    fs_err::write(&path, world.vendor.sign_as_package(&plan.to_string())).unwrap();
    let (id, package): (_, consign_metadata::name::PackageName) = (world.id(), PACKAGE.parse().unwrap());
    world.host.state().transaction = Some(std::process::id());
    let arrival = preinst::Arrival { package: &package, brings: preinst::Brings::Plan(&path), before, attended: true };
    preinst::preinst(&world.agent, &id, &arrival, &mut Speaker::to_nobody()).unwrap()
}
