//! The upgrade in the copy: the data is restored there, the packages are installed, and the steps are run by the
//! engine that runs them on the host.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use consign_metadata::plan::{Step, UpgradePlan};

use super::growth::Growth;
use super::order::{Archive, DatabaseFile};
use super::scratch::FOLDER;
use super::stage::{self, Stage};
use super::verdict::{Because, Ended, NotRehearsed, Problem, Progress, Ran, Verdict};
use super::{Here, Order};
use crate::add_on::Joined;
use crate::agent::comparison;
use crate::engine::event::{Event, Failure, Header, Item, Packages};
use crate::engine::journal::{Journal, JournalError, Record};
use crate::engine::machine::State;
use crate::engine::runner::{Clock, Context, Runner, Standing, SystemClock};
use crate::host::command::HostCommand;
use crate::host::confined::Confined;
use crate::host::{self, HostError, at, copy};
use crate::places::Places;
use crate::product::{PLAN_FILE, Product};
use crate::trust::{self, Trust};

/// What servers and engines write in the copy.
const LOG: &str = "/run/consignee-copy.log";
const RESTORE: std::time::Duration = std::time::Duration::from_secs(4 * 3600);

/// Carries the upgrade out in the copy that this process is in. Nothing is done anywhere else.
pub fn play(places: &Places, product: &Product, say: &mut dyn FnMut(Progress)) -> Ended {
    match performed(places, product, say) {
        Ok(ended) => ended,
        Err(problem) => Ended::cannot(problem),
    }
}

fn performed(places: &Places, product: &Product, say: &mut dyn FnMut(Progress)) -> Result<Ended, Problem> {
    copy::is_copy()?;
    let order = Order::read(&product.folder().join(FOLDER))?;
    stage::is_apart(&order)?;
    end_with_who_began_it();
    let confined = Confined::new(order.engines.clone(), PathBuf::from(LOG));
    restore(&order, &confined, say)?;
    // In the copy: what is held back on the host is what is to be tried.
    host::lift(places)?;
    let packages = host::package_manager(places);
    let trust = Trust::read(places).map_err(|problem| plan_problem(&problem))?;
    let here = Here { places, trust: &trust, product, packages: &*packages, services: &confined, programs: &confined };
    let piece = Piece::of(here, &order)?;
    let stage = Stage::read()?;
    let growth = Growth::begin(stage.layers);
    say(Progress::Begun);
    let ended = piece.perform(&order, &confined);
    let file_systems = growth.end();
    ended.map(|ended| Ended { file_systems, in_memory: stage.in_memory, ..ended })
}

/// The pipe on standard input ends with the process that holds its other end.
fn end_with_who_began_it() {
    std::thread::spawn(|| {
        let mut nothing = [0; 1];
        while !matches!(std::io::stdin().read(&mut nothing), Ok(0) | Err(_)) {}
        std::process::exit(1)
    });
}

fn restore(order: &Order, confined: &Confined, say: &mut dyn FnMut(Progress)) -> Result<(), Problem> {
    let log = Path::new(LOG);
    let of = |part: &consign_metadata::name::Label| {
        let part = part.clone();
        move |failure| Problem::NotRestored { part, failure }
    };
    for archive in &order.archives {
        say(Progress::Restoring { part: archive.part.clone() });
        unpack(archive).map_err(|problem| of(&archive.part)(host_failure(&problem)))?;
    }
    for file in &order.database_files {
        say(Progress::Restoring { part: file.part.clone() });
        put(file).map_err(|problem| of(&file.part)(host_failure(&problem)))?;
    }
    for stored in &order.servers {
        let first = stored.dumps.first().map(|dump| dump.part.clone());
        let started = stored.model.start(confined, log);
        if let (Err(failure), Some(part)) = (started, first) {
            return Err(Problem::NotRestored { part, failure });
        }
        for dump in &stored.dumps {
            say(Progress::Restoring { part: dump.part.clone() });
            stored.model.restore(confined, &dump.name, &dump.file, log).map_err(of(&dump.part))?;
        }
    }
    Ok(())
}

fn host_failure(problem: &impl std::fmt::Display) -> Failure {
    Failure::Host { reason: problem.to_string() }
}

fn unpack(archive: &Archive) -> Result<(), HostError> {
    for path in archive.paths.iter().chain(&archive.absent).filter(|path| path.symlink_metadata().is_ok()) {
        stage::empty(path).map_err(|cause| at("empty", path, cause))?;
    }
    if archive.paths.is_empty() {
        return Ok(());
    }
    let names = archive.paths.iter().map(|path| path.strip_prefix("/").unwrap_or(path).display().to_string());
    let fixed = ["--extract", "--acls", "--selinux", "--xattrs", "--xattrs-include=*", "--numeric-owner"];
    HostCommand::new("tar")
        .args(fixed)
        .args(["--same-owner", "--preserve-permissions", "--directory", "/", "--file"])
        .arg(archive.file.display().to_string())
        .arg("--")
        .args(names)
        .limit(RESTORE)
        .output()?;
    Ok(())
}

/// Puts a consistent copy of a database's file in its place, without what its engine had beside it.
fn put(database: &DatabaseFile) -> Result<(), HostError> {
    use std::os::unix::fs::{MetadataExt, chown};
    let place = &database.place;
    let found = fs::metadata(place).map_err(|cause| at("look at", place, cause))?;
    for beside in ["-wal", "-shm", "-journal"] {
        let mut path = place.clone().into_os_string();
        path.push(beside);
        let _ = fs::remove_file(path);
    }
    let put = fs::remove_file(place)
        .and_then(|()| fs::copy(&database.file, place))
        .and_then(|_| fs::set_permissions(place, found.permissions()))
        .and_then(|()| chown(place, Some(found.uid()), Some(found.gid())));
    put.map_err(|cause| at("write", place, cause))
}

fn plan_problem(problem: &impl std::fmt::Display) -> Problem {
    Problem::Plan { cause: problem.to_string() }
}

/// What is performed.
struct Piece<'a> {
    here: Here<'a>,
    header: Header,
    plan: UpgradePlan,
    signed: Vec<u8>,
    joined: Joined,
    /// The plan of the release that is installed.
    previous: Option<UpgradePlan>,
    left_out: Vec<NotRehearsed>,
    clock: SystemClock,
}

impl<'a> Piece<'a> {
    fn of(here: Here<'a>, order: &Order) -> Result<Self, Problem> {
        let product = here.product;
        let upgrade = product.replay(order.upgrade).map_err(|problem| plan_problem(&problem))?.upgrade;
        let header = upgrade.ok_or(Problem::NothingOffered)?.header;
        let file = product.upgrade_folder(order.upgrade).join(PLAN_FILE);
        let signed = trust::read_plan(&file).map_err(|problem| plan_problem(&problem))?;
        let plan = here.trust.plan(&product.id, &file.display().to_string(), &signed);
        let mut plan = plan.map_err(|problem| plan_problem(&problem))?;
        // Other hosts on the same data are not in the copy.
        if let Some(data) = &mut plan.body.data {
            data.lock = None;
        }
        let joined = Joined::kept(here.trust, product, &header).map_err(|problem| plan_problem(&problem))?;
        let installed = here.trust.installed(here.places).unwrap_or_default().into_iter();
        let mut installed = installed.filter_map(|found| found.plan.ok()).map(|(plan, _)| plan);
        let previous = installed.find(|found| found.id() == plan.id() && found.digest != plan.digest);
        let (items, left_out) = divided(&plan, &header.items);
        let header = Header { items, ..header };
        Ok(Self { here, header, plan, signed, joined, previous, left_out, clock: SystemClock::default() })
    }

    fn perform(mut self, order: &Order, confined: &Confined) -> Result<Ended, Problem> {
        let product = self.here.product;
        let mut journal = self.journal(order).map_err(|problem| plan_problem(&problem))?;
        let number = journal.upgrade().header.upgrade;
        let packages = journal.upgrade().packages_item();
        let mut took = 0;
        let prepared = self.walk(confined, &mut journal, true)?;
        if prepared == Standing::Packages {
            let began = Instant::now();
            self.install(order, &journal)?;
            took = milliseconds(began);
            let seen = Event::Packages { observed: Packages::After, ended: true };
            journal.append(seen, self.clock.now()).map_err(|problem| plan_problem(&problem))?;
            self.walk(confined, &mut journal, false)?;
        }
        let state = journal.upgrade().state.clone();
        drop(journal);
        let records = product.replay(number).map_err(|problem| plan_problem(&problem))?.records;
        Ok(self.told(&state, &records, packages, took, confined))
    }

    /// A journal that is gone with the copy. Nothing is taken back in it: the copy goes.
    fn journal(&self, order: &Order) -> Result<Journal, JournalError> {
        let product = self.here.product;
        let add_on = |named: &crate::engine::event::JoinedAddOn| {
            let file = product.add_on_plan(order.upgrade, &named.product);
            Some((named.product.clone(), fs::read(file).ok()?))
        };
        let add_ons: Vec<_> = self.header.joined.iter().filter_map(add_on).collect();
        let mut journal = product.begin_with(self.header.clone(), &self.signed, &add_ons, self.clock.now())?;
        journal.append(Event::Cleared, self.clock.now())?;
        Ok(journal)
    }

    fn walk(&self, confined: &Confined, journal: &mut Journal, preparing: bool) -> Result<Standing, Problem> {
        let nobody = |_: &crate::engine::machine::Upgrade| {
            Err(HostError { action: "put packages back".to_owned(), reason: "this is a rehearsal".to_owned() })
        };
        let context = Context {
            places: self.here.places,
            product: self.here.product,
            plan: &self.plan,
            joined: &self.joined,
            previous: self.previous.as_ref(),
            // One that would take the place of another is not rehearsed.
            replaced: &[],
            services: confined,
            programs: confined,
            clock: &self.clock,
            put_back: &nobody,
            holders: &Vec::new,
            tell: &|_| {},
        };
        let mut runner = Runner::new(context, journal);
        loop {
            let standing = if preparing { runner.prepare() } else { runner.proceed(false) };
            match standing.map_err(|problem| plan_problem(&problem))? {
                Standing::Later(pause) => self.clock.sleep(pause),
                other => return Ok(other),
            }
        }
    }

    fn install(&self, order: &Order, journal: &Journal) -> Result<(), Problem> {
        let words = |problem: HostError| Problem::NotInstalled { cause: problem.reason };
        self.here.packages.install_files(&order.packages).map_err(words)?;
        let modules: Vec<_> = self.plan.body.modules.iter().map(|module| module.package.clone()).collect();
        let database = self.here.packages.observe(&modules).map_err(words)?.into_iter().collect();
        match comparison::compare(self.here.packages, &journal.upgrade().header, &self.plan, &database) {
            Packages::After => Ok(()),
            other => Err(Problem::NotInstalled { cause: format!("they are {other:?}") }),
        }
    }

    /// What the journal of the copy says.
    fn told(&mut self, state: &State, records: &[Record], packages: usize, took: u64, confined: &Confined) -> Ended {
        let mut steps = ran(&self.header.items, records, packages, took);
        let mut not_rehearsed = std::mem::take(&mut self.left_out);
        let failed = records.iter().rev().find_map(|record| match &record.event {
            Event::StepFailed { item, failure } => Some((*item, failure.clone())),
            _ => None,
        });
        let outcome = match (state, failed) {
            (State::Completed, _) => Verdict::WouldComplete,
            (_, Some((item, _))) if confined.unable().is_some() => {
                let (unit, reason) = confined.unable().unwrap_or_else(|| unreachable!("it was there"));
                let name = self.header.items[item].name.clone();
                steps.retain(|step| step.name != name);
                let after = self.header.items[item + 1..].iter();
                let after = after.map(|later| (later.name.clone(), Because::After { step: name.clone() }));
                let first = (name.clone(), Because::Engine { unit: unit.to_string(), reason });
                let missed = std::iter::once(first).chain(after);
                not_rehearsed.extend(missed.map(|(name, because)| NotRehearsed { name, because }));
                Verdict::WouldComplete
            }
            (_, Some((item, failure))) => Verdict::WouldFail { step: self.header.items[item].name.clone(), failure },
            (state, None) => Verdict::CannotBeRehearsed {
                problem: Problem::NotInstalled { cause: format!("it stands at {state:?}") },
            },
        };
        let before_packages = steps.iter().position(|step| step.name == "packages").unwrap_or(steps.len());
        Ended { outcome, steps, not_rehearsed, before_packages, file_systems: Vec::new(), in_memory: false }
    }
}

/// The items that can be tried in a copy, and the others. None is taken back there.
fn divided(plan: &UpgradePlan, items: &[Item]) -> (Vec<Item>, Vec<NotRehearsed>) {
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    for item in items {
        let step = plan.body.steps.iter().find(|step| step.name() == item.name);
        let because = match step {
            Some(Step::Announce { .. }) => Some(Because::ForPeople),
            Some(Step::Task(_)) => Some(Because::Task),
            Some(Step::Stop { .. } | Step::DaemonReload) => Some(Because::OfTheHost),
            _ => None,
        };
        left_out.extend(because.map(|because| NotRehearsed { name: item.name.clone(), because }));
        let is_tried = !matches!(step, Some(Step::Announce { .. } | Step::Task(_) | Step::DaemonReload));
        if is_tried {
            kept.push(Item { undo: false, ..item.clone() });
        }
    }
    (kept, left_out)
}

/// How long each item took that was begun, its attempts together.
fn ran(items: &[Item], records: &[Record], packages: usize, took: u64) -> Vec<Ran> {
    let mut steps = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if index == packages {
            let is_reached = records.iter().any(|record| matches!(record.event, Event::Packages { .. }));
            steps.extend(is_reached.then(|| Ran { name: item.name.clone(), milliseconds: took, done: true }));
            continue;
        }
        let (mut since, mut total, mut done) = (None, 0, None);
        for record in records {
            match &record.event {
                Event::StepStarted { item, .. } if *item == index => since = Some(record.at),
                Event::StepSucceeded { item } | Event::StepSkipped { item, .. } if *item == index => done = Some(true),
                Event::StepFailed { item, .. } | Event::RetryLater { item } if *item == index => done = Some(false),
                _ => continue,
            }
            if let (Some(_), Some(begun)) = (done, since) {
                let between = record.at.duration_since(begun).as_millis();
                total += u64::try_from(between).unwrap_or(0);
                since = None;
            }
        }
        steps.extend(done.map(|done| Ran { name: item.name.clone(), milliseconds: total, done }));
    }
    // What is only said of the host took nothing in the copy.
    steps.retain(|step| step.name != "stop");
    steps
}

fn milliseconds(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}
