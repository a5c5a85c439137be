//! Which packages a host lacks for what is to be installed on it.
//!
//! What has to come is followed first, as a solver does it: where one package alone will do, it comes. Where several
//! would do, all of them are carried with what they need: each package manager chooses among them in its own way, and
//! from the whole index. So is what is recommended. Packages that can be had, and need what cannot, are left out.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::inventory::Host;
use super::offers::Offers;
use super::package::Package;
use super::relation::Relation;
use super::requirement::Requirement;

/// One host, and what it is offered.
pub struct Resolution<'r, 'a> {
    host: &'r Host,
    offers: &'r Offers<'a>,
    /// Those that cannot be installed, and why.
    hopeless: BTreeMap<usize, String>,
}

/// What a host would have: some of its packages are replaced.
#[derive(Debug, Clone, Default)]
struct State {
    comes: BTreeSet<usize>,
    goes: BTreeSet<usize>,
}

/// Why an attempt failed.
enum Failure {
    /// This package cannot be installed; another one might.
    Hopeless(usize, String),
    /// There is no way.
    Refused(String),
}

impl<'r, 'a> Resolution<'r, 'a> {
    /// Of a host.
    pub fn of(host: &'r Host, offers: &'r Offers<'a>) -> Self {
        Self { host, offers, hopeless: BTreeMap::new() }
    }

    /// The packages that come with these names, as far as the offers are known.
    ///
    /// # Errors
    /// What cannot be had, and who needs it.
    pub fn packages(mut self, names: &BTreeSet<String>) -> Result<BTreeSet<usize>, String> {
        loop {
            match self.attempt(names) {
                Ok(found) => return Ok(found),
                Err(Failure::Refused(reason)) => return Err(reason),
                Err(Failure::Hopeless(package, reason)) => {
                    if self.hopeless.insert(package, reason.clone()).is_some() {
                        return Err(reason);
                    }
                }
            }
        }
    }

    fn attempt(&self, names: &BTreeSet<String>) -> Result<BTreeSet<usize>, Failure> {
        let mut state = State::default();
        for name in names {
            self.begin(name, &mut state)?;
        }
        while self.follow(&mut state)? {}
        let mut carried = state.comes.clone();
        while self.spread(&state, &mut carried)? {}
        Ok(carried)
    }

    /// What is to be installed, unless the host has it.
    fn begin(&self, name: &str, state: &mut State) -> Result<(), Failure> {
        let wanted = Relation::any(name);
        let all = self.offers.named(name).iter().copied().filter(|at| self.suits(*at));
        let newest = self.best(all).first().copied();
        let newest =
            newest.or_else(|| self.best(self.offers.giving(&wanted).filter(|at| self.suits(*at))).first().copied());
        let Some(newest) = newest else {
            let is_here = self.host.packages.giving(&wanted).next().is_some();
            if self.offers.is_unknown(name) {
                return Ok(());
            }
            let nobody = || format!("nobody has the package {name}: neither this repository nor those of --vendor");
            return if is_here { Ok(()) } else { Err(Failure::Refused(nobody())) };
        };
        if let Some(reason) = self.hopeless.get(&newest) {
            return Err(Failure::Refused(reason.clone()));
        }
        let package = self.offer(newest);
        let here = self.host.packages.named(&package.name).iter().map(|at| &self.host.packages.all()[*at]);
        if here.map(|here| here.compare(package)).all(Ordering::is_lt) {
            self.come(newest, state);
        }
        Ok(())
    }

    /// What has to come for what comes; whether there was anything.
    fn follow(&self, state: &mut State) -> Result<bool, Failure> {
        let before = state.comes.len();
        for at in state.comes.clone() {
            for need in self.offer(at).needs.iter().flat_map(|need| self.open(need, state)).collect::<Vec<_>>() {
                let candidates = self.candidates(need);
                match candidates.as_slice() {
                    [] if self.is_open(need) => {}
                    [] => return Err(Failure::Hopeless(at, self.without(self.offer(at), need))),
                    [only] => self.come(*only, state),
                    _ => {}
                }
            }
        }
        self.keep_whole(state)?;
        Ok(state.comes.len() > before)
    }

    /// What is on the host, and would lack something from now on, comes in a newer version.
    fn keep_whole(&self, state: &mut State) -> Result<(), Failure> {
        if state.goes.is_empty() {
            return Ok(());
        }
        let nothing = State::default();
        for (at, package) in self.host.packages.all().iter().enumerate() {
            if state.goes.contains(&at) {
                continue;
            }
            let breaks =
                |need: &&Requirement| self.loses(need, state) && !self.holds(need, state) && self.holds(need, &nothing);
            let Some(need) = package.needs.iter().find(breaks) else { continue };
            if self.offers.is_unknown(&package.name) {
                self.offers.ask(&package.name);
                continue;
            }
            let newer = self.offers.named(&package.name).iter().copied().filter(|offer| {
                let offer = self.offer(*offer);
                offer.replaces(package) && offer.compare(package).is_gt()
            });
            let Some(newer) = self.best(newer.filter(|at| self.can(*at))).first().copied() else {
                let cause = self.cause(need, state);
                let reason = format!("{} takes away what {package} on the host needs: {need}", self.offer(cause));
                return Err(Failure::Hopeless(cause, reason));
            };
            self.come(newer, state);
        }
        Ok(())
    }

    /// Whether something goes that is taken for what is needed.
    fn loses(&self, need: &Requirement, state: &State) -> bool {
        let here = need.leaves().into_iter().flat_map(|leaf| self.host.packages.giving(leaf));
        here.into_iter().any(|at| state.goes.contains(&at))
    }

    /// Who replaces what was taken for this.
    fn cause(&self, need: &Requirement, state: &State) -> usize {
        let lost = need.leaves().into_iter().flat_map(|leaf| self.host.packages.giving(leaf));
        let lost: Vec<_> = lost.map(|at| &self.host.packages.all()[at]).collect();
        let is_cause = |at: &&usize| lost.iter().any(|lost| self.offer(**at).replaces(lost));
        state.comes.iter().find(is_cause).or(state.comes.last()).copied().unwrap_or_default()
    }

    /// What else may come: of several that would do, all; what is recommended; what joins by itself. Whether there
    /// was anything.
    fn spread(&self, state: &State, carried: &mut BTreeSet<usize>) -> Result<bool, Failure> {
        let before = carried.len();
        for at in carried.clone() {
            let package = self.offer(at);
            for need in package.needs.iter().flat_map(|need| self.open(need, state)) {
                let candidates = self.candidates(need);
                if candidates.is_empty() && !self.is_open(need) {
                    return Err(Failure::Hopeless(at, self.without(package, need)));
                }
                carried.extend(candidates);
            }
            for wish in package.recommends.iter().flat_map(|wish| self.open(wish, state)) {
                carried.extend(self.candidates(wish));
            }
            self.offers.ask(&package.name);
        }
        let all = State { comes: carried.clone(), goes: BTreeSet::new() };
        let nothing = State::default();
        for (at, package) in self.offers.packages().all().iter().enumerate() {
            let joins = |wish: &Requirement| self.holds(wish, &all) && !self.holds(wish, &nothing);
            let is_here = || !self.host.packages.named(&package.name).is_empty();
            if self.suits(at) && self.can(at) && !is_here() && package.supplements.iter().any(joins) {
                carried.extend(self.best(self.offers.named(&package.name).iter().copied().filter(|at| self.can(*at))));
            }
        }
        Ok(carried.len() > before)
    }

    fn come(&self, at: usize, state: &mut State) {
        let package = self.offer(at);
        if state.comes.insert(at) {
            let gone = self.host.packages.all().iter().enumerate().filter(|(_, here)| package.replaces(here));
            state.goes.extend(gone.map(|(at, _)| at));
        }
    }

    fn offer(&self, at: usize) -> &'r Package {
        &self.offers.packages().all()[at]
    }

    /// What a requirement still asks for.
    fn open<'n>(&self, need: &'n Requirement, state: &State) -> Vec<&'n Requirement> {
        if self.holds(need, state) {
            return Vec::new();
        }
        match need {
            Requirement::Every(all) => all.iter().flat_map(|need| self.open(need, state)).collect(),
            Requirement::Either { when, then, otherwise } => {
                let branch = if self.holds(when, state) { then } else { otherwise };
                branch.iter().flat_map(|need| self.open(need, state)).collect()
            }
            Requirement::Is(_) | Requirement::Any(_) | Requirement::Same(..) => vec![need],
        }
    }

    fn holds(&self, need: &Requirement, state: &State) -> bool {
        match need {
            Requirement::Is(_) | Requirement::Same(..) => {
                let here = matching(need, &|leaf| self.host.packages.giving(leaf).collect());
                let known = || matching(need, &|leaf| self.offers.packages().giving(leaf).collect());
                here.iter().any(|at| !state.goes.contains(at))
                    || (!state.comes.is_empty() && known().iter().any(|at| state.comes.contains(at)))
            }
            Requirement::Every(all) => all.iter().all(|need| self.holds(need, state)),
            Requirement::Any(all) => all.iter().any(|need| self.holds(need, state)),
            Requirement::Either { when, then, otherwise } => {
                let branch = if self.holds(when, state) { then } else { otherwise };
                branch.as_ref().is_none_or(|need| self.holds(need, state))
            }
        }
    }

    /// Of each package that would do, the best.
    fn candidates(&self, need: &Requirement) -> Vec<usize> {
        match need {
            Requirement::Is(_) | Requirement::Same(..) => {
                let all = matching(need, &|leaf| self.offers.giving(leaf).collect());
                self.best(all.into_iter().filter(|at| self.can(*at) && self.suits(*at)))
            }
            Requirement::Any(all) | Requirement::Every(all) => {
                let all: BTreeSet<usize> = all.iter().flat_map(|need| self.candidates(need)).collect();
                all.into_iter().collect()
            }
            Requirement::Either { then, otherwise, .. } => {
                [then, otherwise].into_iter().flatten().flat_map(|need| self.candidates(need)).collect()
            }
        }
    }

    /// Of each name the newest, and for the host's own processor rather than for one that it can also do.
    fn best(&self, all: impl Iterator<Item = usize>) -> Vec<usize> {
        let is_own = |package: &Package| {
            self.host.architecture.as_ref().is_none_or(|own| [own, "noarch"].contains(&package.architecture.as_str()))
        };
        let rank = |a: &Package, b: &Package| {
            let origin = a.is_of_archive.cmp(&b.is_of_archive);
            is_own(a).cmp(&is_own(b)).then_with(|| a.compare(b)).then(origin)
        };
        let mut best: BTreeMap<&str, usize> = BTreeMap::new();
        for at in all {
            let held = best.entry(&self.offer(at).name).or_insert(at);
            if rank(self.offer(at), self.offer(*held)).is_gt() {
                *held = at;
            }
        }
        best.into_values().collect()
    }

    /// Whether nobody has looked yet who has it.
    fn is_open(&self, need: &Requirement) -> bool {
        need.leaves().iter().any(|leaf| self.offers.is_unknown(&leaf.name))
    }

    fn can(&self, at: usize) -> bool {
        !self.hopeless.contains_key(&at)
    }

    /// Whether the host's processor can run it.
    fn suits(&self, at: usize) -> bool {
        let name = self.offer(at).architecture.as_str();
        let Some(own) = &self.host.architecture else { return true };
        let also: &[&str] = if own == "x86_64" { &["i686", "i586", "i486", "i386", "x86_64_v2"] } else { &[] };
        name == own || name == "noarch" || also.contains(&name)
    }

    fn without(&self, package: &Package, need: &Requirement) -> String {
        let leaves = need.leaves();
        let known = leaves.iter().flat_map(|leaf| self.offers.giving(leaf)).find_map(|at| self.hopeless.get(&at));
        match known {
            Some(reason) => format!("{package} needs {need}, and {reason}"),
            None => {
                format!("{package} needs {need}, which neither the host has nor this repository nor those of --vendor")
            }
        }
    }
}

/// The packages that are one name, or several at once.
fn matching(need: &Requirement, giving: &dyn Fn(&Relation) -> BTreeSet<usize>) -> BTreeSet<usize> {
    match need {
        Requirement::Is(relation) => giving(relation),
        Requirement::Same(first, true, second) => &matching(first, giving) & &matching(second, giving),
        Requirement::Same(first, false, second) => &matching(first, giving) - &matching(second, giving),
        Requirement::Any(all) => all.iter().flat_map(|need| matching(need, giving)).collect(),
        Requirement::Every(_) | Requirement::Either { .. } => BTreeSet::new(),
    }
}
