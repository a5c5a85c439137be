//! What a rehearsal needs of the host, which is only read: the packages of the release, fetched and verified, and
//! the data, saved beside the live ones or taken from a sealed backup.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use consign_metadata::document::Role;
use consign_metadata::name::Label;
use consign_metadata::plan::{Backup, BackupPart, Database, UpgradePlan};

use super::order::{Archive, DatabaseFile, Dump, Stored};
use super::verdict::{Problem, Progress, Rehearsal};
use super::{Here, Order, Scratch, Source, growth};
use crate::agent::room;
use crate::backup::{self, Contents, Seal, SealedPart};
use crate::database::stand_in::Model;
use crate::database::{self, Client};
use crate::engine::event::{EngineState, Failure, ModuleChange};
use crate::engine::machine::{State, Upgrade};
use crate::host::{HostError, account, copy};
use crate::product::PLAN_FILE;
use crate::trust;

/// How long all packages may take together.
const FETCH: Duration = Duration::from_secs(3600);
const MIB: u64 = 1024 * 1024;
/// What a copy takes beside data and packages, in MiB.
const MARGIN: u64 = 64;
/// A database is there as its dump, restored, saved again by the rehearsed backup, and restored to verify that.
const TIMES_DATABASE: u64 = 4;
/// Files are there as a copy and in the archive of the rehearsed backup.
const TIMES_FILES: u64 = 2;

/// The upgrade that is on offer.
struct Offered {
    upgrade: Upgrade,
    plan: UpgradePlan,
}

/// Gathers it, and writes the order for the copy.
///
/// # Errors
/// Why there can be no rehearsal.
pub fn gather(
    here: Here<'_>,
    scratch: &Scratch,
    source: Source,
    rehearsal: &mut Rehearsal,
    tell: &mut impl FnMut(&Progress),
) -> Result<(), Problem> {
    let offered = offered(here)?;
    let header = &offered.upgrade.header;
    (rehearsal.from, rehearsal.to) = (header.from.clone(), Some(header.to.clone()));
    let backup = offered.plan.backup().ok_or(Problem::DataUnknown)?;
    let seal = sealed(here, source, &offered)?;
    rehearsal.backup = seal.as_ref().map(|seal| seal.upgrade);
    let desk = Desk { here, scratch, backup, seal };
    let needed_mib = desk.room()?;
    tell(&Progress::Fetching);
    let packages = desk.packages(&offered)?;
    let mut order = Order {
        product: here.product.id.clone(),
        upgrade: header.upgrade,
        packages,
        files: Vec::new(),
        archives: Vec::new(),
        servers: Vec::new(),
        database_files: Vec::new(),
        engines: engines(here, &offered.plan)?,
        namespaces: copy::namespaces()?,
        needed_mib,
    };
    for part in &backup.parts {
        tell(&Progress::Saving { part: part.name().clone() });
        desk.part(part, &mut order)?;
    }
    Ok(order.write(scratch.folder())?)
}

fn offered(here: Here<'_>) -> Result<Offered, Problem> {
    let newest = here.product.newest().map_err(|problem| Problem::Plan { cause: problem.to_string() })?;
    let upgrade = newest.ok_or(Problem::NothingOffered)?;
    let is_open = matches!(upgrade.state, State::Planned | State::Held | State::Cleared);
    // Data that another upgrade left half migrated are no data to begin with.
    if upgrade.is_under_way() || (is_open && upgrade.header.supersedes.is_some()) {
        return Err(Problem::UnderWay);
    }
    if !is_open || upgrade.header.from.is_none() {
        return Err(Problem::NothingOffered);
    }
    let file = here.product.upgrade_folder(upgrade.header.upgrade).join(PLAN_FILE);
    let signed = trust::read_plan(&file);
    let plan = signed.and_then(|signed| here.trust.plan(&here.product.id, &file.display().to_string(), &signed));
    Ok(Offered { plan: plan.map_err(|problem| Problem::Plan { cause: problem.to_string() })?, upgrade })
}

/// The backup to begin with, verified.
fn sealed(here: Here<'_>, source: Source, offered: &Offered) -> Result<Option<Seal>, Problem> {
    let product = here.product;
    let seal = match source {
        Source::Live => return Ok(None),
        Source::Backup(number) => Seal::read(product, number).ok().flatten(),
        Source::Latest => of_version(here, offered),
    };
    let seal = seal.filter(|seal| seal.verify(product).is_ok()).ok_or(Problem::NoBackup)?;
    match Some(&seal.from) == offered.upgrade.header.from.as_ref() {
        true => Ok(Some(seal)),
        false => Err(Problem::BackupOfAnother { version: seal.from }),
    }
}

fn of_version(here: Here<'_>, offered: &Offered) -> Option<Seal> {
    let numbers = here.product.upgrades().ok()?.into_iter().rev();
    let mut seals = numbers.filter_map(|number| Seal::read(here.product, number).ok().flatten());
    let newest = backup::newest(here.product);
    seals.find(|seal| Some(&seal.from) == offered.upgrade.header.from.as_ref()).or(newest)
}

/// What the engines are doing: of the release that is here, and those of the new one that are here already.
fn engines(
    here: Here<'_>,
    plan: &UpgradePlan,
) -> Result<BTreeMap<consign_metadata::name::UnitName, EngineState>, Problem> {
    let installed = here.trust.installed(here.places).unwrap_or_default();
    let installed = installed.into_iter().filter_map(|found| found.plan.ok()).map(|(plan, _)| plan);
    let before = installed.filter(|found| found.id() == here.product.id).flat_map(|found| found.body.engines);
    let named = plan.body.engines.iter().chain(plan.body.renamed_engines.values()).cloned();
    let mut states = BTreeMap::new();
    for unit in named.chain(before) {
        let state = here.services.observe(&unit)?;
        states.extend(state.map(|state| (unit, state)));
    }
    Ok(states)
}

/// Where the material of one rehearsal is put together.
struct Desk<'a> {
    here: Here<'a>,
    scratch: &'a Scratch,
    backup: &'a Backup,
    seal: Option<Seal>,
}

impl Desk<'_> {
    /// How much room the copy needs, which is there.
    fn room(&self) -> Result<u64, Problem> {
        let mut bytes = 0_u64;
        for part in &self.backup.parts {
            let takes = match (part, &self.seal) {
                (BackupPart::Command { name, .. }, _) => return Err(Problem::Unknowable { part: name.clone() }),
                (BackupPart::Files { paths, .. }, _) => {
                    paths.iter().map(|path| growth::taken(&self.here.places.at(path))).sum::<u64>() * TIMES_FILES
                }
                (BackupPart::Database { name, database: Database::Mariadb { .. } }, _) => {
                    return Err(not_saved(name)(no_stand_in()));
                }
                (BackupPart::Database { name, database }, _) => {
                    let known = database::of(database);
                    let size = known.extent(&self.client(name, known.user())).map_err(not_saved(name))?.bytes;
                    size.saturating_mul(TIMES_DATABASE)
                }
            };
            bytes = bytes.saturating_add(takes);
        }
        let (folder, needed_mib) = (self.scratch.folder().to_owned(), bytes / MIB + MARGIN);
        let free_mib = room::free(&folder)? / MIB;
        match free_mib >= needed_mib {
            true => Ok(needed_mib),
            false => Err(Problem::NoRoom { folder, free_mib, needed_mib }),
        }
    }

    fn packages(&self, offered: &Offered) -> Result<Vec<PathBuf>, Problem> {
        let folder = self.scratch.folder().join("packages");
        fs::create_dir(&folder).map_err(|cause| io("create", &folder, &cause))?;
        let modules = &offered.upgrade.header.modules;
        let versions: Vec<_> = modules.iter().map(|module| (module.package.clone(), module.after.clone())).collect();
        // What they need of others; where it cannot be had now, they cannot be installed in the copy, which says so.
        if let Err(problem) = self.here.packages.download(&versions) {
            log::info!("{problem}");
        }
        let deadline = Instant::now() + FETCH;
        let had = modules.iter().map(|module| {
            self.package(offered, module, &folder, deadline).map_err(|cause| Problem::NoPackage {
                package: module.package.clone(),
                version: module.after.clone(),
                cause,
            })
        });
        had.collect()
    }

    /// A package file of the release, as the vendor signed it.
    fn package(
        &self,
        offered: &Offered,
        module: &ModuleChange,
        folder: &Path,
        deadline: Instant,
    ) -> Result<PathBuf, String> {
        let (packages, name, version) = (self.here.packages, &module.package, &module.after);
        let incoming = folder.join(format!("{name}.incoming"));
        fs::create_dir(&incoming).map_err(|cause| cause.to_string())?;
        let found = packages.source(name, version).map_err(|problem| problem.to_string())?.file;
        let fetched = match found {
            Some(file) => {
                let here = incoming.join(file.file_name().unwrap_or_default());
                fs::copy(&file, &here).map_err(|cause| cause.to_string()).map(|_| here)
            }
            None => {
                let left = deadline.saturating_duration_since(Instant::now());
                packages.fetch_package(name, version, &incoming, left).map_err(|problem| problem.to_string())
            }
        }?;
        // Nobody else can change it from here on.
        let ours = folder.join("verified");
        fs::rename(&fetched, &ours).map_err(|cause| cause.to_string())?;
        chown(&ours, Some(0), Some(0)).map_err(|cause| cause.to_string())?;
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o644)).map_err(|cause| cause.to_string())?;
        let _ = fs::remove_dir_all(&incoming);
        let identity = self.verified(offered, module, &ours)?;
        let file = folder.join(identity);
        fs::rename(&ours, &file).map_err(|cause| cause.to_string())?;
        Ok(file)
    }

    /// What such a file is called, once it is the vendor's, this very package, and of the plan that is rehearsed.
    fn verified(&self, offered: &Offered, module: &ModuleChange, file: &Path) -> Result<String, String> {
        let id = &self.here.product.id;
        let keyring = self.here.trust.vendor(&id.vendor).and_then(|vendor| vendor.keyring(Role::Package));
        let keyring = keyring.map_err(|problem| problem.to_string())?;
        let packages = self.here.packages;
        let identity = packages.identify(file, &keyring).map_err(|problem| problem.to_string())?;
        let signed = packages.plan_in(file, &keyring).map_err(|problem| problem.to_string())?;
        let plan =
            self.here.trust.plan(id, "the plan in the package", &signed).map_err(|problem| problem.to_string())?;
        let is_it = (&identity.package, &identity.version) == (&module.package, &module.after)
            && plan.digest == offered.plan.digest;
        if is_it { Ok(identity.file) } else { Err("it is another package than the one that is offered".to_owned()) }
    }

    fn part(&self, part: &BackupPart, order: &mut Order) -> Result<(), Problem> {
        let name = part.name();
        let of_backup = self.seal.as_ref().map(|seal| {
            let sealed = seal.parts.iter().find(|sealed| sealed.name == *name).ok_or(Problem::NoBackup)?;
            Ok::<_, Problem>((sealed, self.here.product.backup(seal.upgrade).join(&sealed.file)))
        });
        match (part, of_backup.transpose()?) {
            (BackupPart::Files { paths, .. }, None) => {
                let paths = paths.iter().map(|path| fs::canonicalize(self.here.places.at(path)));
                // What is not there is not there in the copy either.
                order.files.extend(paths.flatten());
                Ok(())
            }
            (BackupPart::Files { .. }, Some((sealed, file))) => archive(sealed, file, order),
            (BackupPart::Database { database, .. }, sealed) => {
                self.database(name, database, sealed.map(|(_, file)| file), order).map_err(not_saved(name))
            }
            (BackupPart::Command { .. }, _) => Err(Problem::Unknowable { part: name.clone() }),
        }
    }

    fn database(&self, part: &Label, of: &Database, sealed: Option<PathBuf>, order: &mut Order) -> Result<(), Failure> {
        let known = database::of(of);
        let (folder, client) = (self.folder_of(part, known.user())?, self.client(part, known.user()));
        let file = folder.join("saved");
        match sealed {
            None => drop(known.back_up(&client, &file)?),
            Some(sealed) => hand_over(&sealed, &file, known.user())?,
        }
        match of {
            Database::Sqlite { file: place, .. } => {
                let place = fs::canonicalize(self.here.places.at(place)).map_err(|cause| host(&cause))?;
                order.database_files.push(DatabaseFile { part: part.clone(), place, file });
            }
            Database::Postgresql { name, .. } => {
                let model = Model::of(of, &client, folder.join("roles"))?;
                let dump = Dump { part: part.clone(), name: name.clone(), file };
                match order.servers.iter_mut().find(|stored| stored.model.port == model.port) {
                    Some(stored) => stored.dumps.push(dump),
                    None => order.servers.push(Stored { model, dumps: vec![dump] }),
                }
            }
            Database::Mariadb { .. } => return Err(no_stand_in()),
        }
        Ok(())
    }

    /// A folder that the programs of a database write to.
    fn folder_of(&self, part: &Label, user: &str) -> Result<PathBuf, Failure> {
        let folder = self.scratch.folder().join("dumps").join(part.as_str());
        if !folder.exists() {
            let (uid, gid) = account::ids(user).map_err(|problem| host(&problem))?;
            let made = fs::DirBuilder::new().mode(0o700).create(&folder);
            made.and_then(|()| chown(&folder, Some(uid), Some(gid))).map_err(|cause| host(&cause))?;
        }
        Ok(folder)
    }

    fn client<'c>(&'c self, part: &Label, user: &'c str) -> Client<'c> {
        let folder = self.scratch.folder();
        Client {
            programs: self.here.programs,
            unit: format!("{}-save", self.scratch.unit()),
            user,
            limit: Duration::from_secs(u64::from(self.backup.timeout_seconds)),
            log: folder.join(format!("{part}.log")),
            answers: folder.join(format!("{part}.answers")),
        }
    }
}

fn archive(sealed: &SealedPart, file: PathBuf, order: &mut Order) -> Result<(), Problem> {
    let Contents::Files { paths, absent } = &sealed.contents else { return Err(Problem::NoBackup) };
    order.archives.push(Archive { part: sealed.name.clone(), file, paths: paths.clone(), absent: absent.clone() });
    Ok(())
}

/// A copy of a file that is another user's.
fn hand_over(from: &Path, to: &Path, user: &str) -> Result<(), Failure> {
    let (uid, gid) = account::ids(user).map_err(|problem| host(&problem))?;
    let copied = fs::copy(from, to).and_then(|_| chown(to, Some(uid), Some(gid)));
    copied.map_err(|cause| host(&cause))
}

fn no_stand_in() -> Failure {
    Failure::Host { reason: "there is no stand-in for a MariaDB server".to_owned() }
}

fn not_saved(part: &Label) -> impl FnOnce(Failure) -> Problem {
    let part = part.clone();
    move |failure| Problem::NotSaved { part, failure }
}

fn host(cause: &impl std::fmt::Display) -> Failure {
    Failure::Host { reason: cause.to_string() }
}

fn io(action: &str, path: &Path, cause: &std::io::Error) -> Problem {
    Problem::NoCopy { cause: format!("cannot {action} {}: {cause}", path.display()) }
}

impl From<HostError> for Problem {
    fn from(error: HostError) -> Self {
        Self::NoCopy { cause: error.to_string() }
    }
}
