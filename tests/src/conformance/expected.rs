//! What the suite has to find: the code of an outcome for each behaviour on each system. Whatever else is found
//! fails the test that finds it; what changes on purpose changes here, and then on the page.

use super::System;
use super::behaviours::{Behaviour, Outcome};

/// Where a change that is meant is written down.
pub(super) const FILE: &str = "tests/src/conformance/expected.rs";

/// A line for each behaviour, a column for each system, in the order of the page.
const TABLE: &str = "
                       bookworm      trixie        dnf4-bookworm dnf4-trixie   dnf5          zypper        rpm
uncleared              held          held          held          held          held          held-silently installed-halted
past-holds             refused       refused       held          held          refused       held          no-such-command
by-version             refused       refused       not-found     not-found     not-found     not-found     no-such-command
by-file                refused       refused       refused       refused       refused       not-found     installed-halted
once                   finished-once finished-once finished-once finished-once finished-once finished-once finished-once
once-for-three         finished-once finished-once finished-once finished-once finished-once finished-once finished-once
once-for-buildbot      finished-once finished-once finished-once finished-once finished-once finished-once finished-once
hang-up-in-transaction finished      finished      finished      finished      halted-named  finished      finished
hang-up-in-finish      shown         shown         shown         shown         shown         shown         not-shown
neighbour-fails        halted-retry  halted-retry  finished      finished      finished      finished      finished
file-in-the-way        halted        halted        unchanged     unchanged     unchanged     unchanged     unchanged
one-of-three           halted-retry  halted-retry  halted-retry  halted-retry  halted-retry  halted-retry  halted-retry
cut                    halted-retry  halted-retry  halted-named  halted-named  halted-retry  halted-retry  halted-retry
failed-step            taken-back    taken-back    taken-back    taken-back    taken-back    taken-back    taken-back
killed-going-back      goes-on       goes-on       goes-on       goes-on       goes-on       goes-on       goes-on
cut-going-back         goes-on       goes-on       goes-on       goes-on       goes-on       goes-on       goes-on
failed-start           halted-back   halted-back   halted-back   halted-back   halted-back   halted-back   halted-back
killed-in-step         goes-on       goes-on       goes-on       goes-on       goes-on       goes-on       goes-on
killed-in-start        goes-on       goes-on       goes-on       goes-on       goes-on       goes-on       goes-on
erasing                refused       refused       refused       refused       refused       removed       not-possible
";

impl Behaviour {
    /// What has to come of it on a system; panics where the table does not say.
    #[track_caller]
    pub fn expected(self, system: System) -> Outcome {
        let code = cell(self.code, system.name);
        let code = code.unwrap_or_else(|| panic!("{FILE} says nothing of {} on {}", self.code, system.name));
        self.outcome(code).unwrap_or_else(|| panic!("{FILE}: {code} is no outcome of {}", self.code))
    }

    /// An outcome that was found is the one that has to come.
    #[track_caller]
    pub(super) fn assert_expected(self, system: System, found: Outcome) {
        let expected = self.expected(system);
        assert!(
            found.code == expected.code,
            "{} ({}) on {} ({}): found {} ({}), expected {} ({}); a change that is meant is a line of {FILE}",
            self.code,
            self.title,
            system.name,
            system.title,
            found.code,
            found.cell,
            expected.code,
            expected.cell,
        );
    }
}

fn cell(behaviour: &str, system: &str) -> Option<&'static str> {
    let column = rows().next()?.iter().position(|name| *name == system)?;
    let row = rows().skip(1).find(|row| row[0] == behaviour)?;
    row.get(column + 1).copied()
}

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    TABLE.lines().filter(|line| !line.is_empty()).map(|line| line.split_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::behaviours::{ALL, Cut, Found, LeftOut};

    #[test]
    fn the_table_has_the_rows_and_columns_of_the_page() {
        let mut rows = rows();
        assert_eq!(rows.next().unwrap(), System::ALL.map(|system| system.name));
        for (row, behaviour) in rows.by_ref().zip(ALL) {
            assert_eq!((row[0], row.len()), (behaviour.code, System::ALL.len() + 1));
            assert!(System::ALL.iter().all(|system| !behaviour.expected(*system).cell.is_empty()));
        }
        assert_eq!(TABLE.lines().count(), ALL.len() + 2);
    }

    #[test]
    fn another_outcome_and_a_dash_fail_and_say_what_was_expected_where() {
        let on = System::named("dnf4-trixie");
        Cut::BEHAVIOUR.assert_expected(on, Cut::Named.outcome());
        for other in [Cut::Retry.outcome(), LeftOut::NoSuchCommand.outcome()] {
            let failed = std::panic::catch_unwind(|| Cut::BEHAVIOUR.assert_expected(on, other)).unwrap_err();
            let said = failed.downcast_ref::<String>().unwrap();
            for named in ["cut", "dnf4-trixie", other.code, "expected halted-named", FILE] {
                assert!(said.contains(named), "{named}: {said}");
            }
        }
    }
}
