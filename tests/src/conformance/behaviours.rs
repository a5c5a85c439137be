//! What the suite measures, and what can come of it: a code for the record, a word for the table, and
//! where it is not what apt does, a sentence on what the agent does instead.

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    /// Its code, and the folder of its records.
    pub code: &'static str,
    /// What is in the first column.
    pub title: &'static str,
    /// What can come of it.
    pub outcomes: &'static [Outcome],
}

/// What a test found.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Its code.
    pub code: &'static str,
    /// What is in the table.
    pub cell: &'static str,
    /// What is below it; empty where there is nothing to say.
    pub note: &'static str,
}

/// An outcome of one behaviour.
pub trait Found: Copy {
    /// The behaviour.
    const BEHAVIOUR: Behaviour;

    /// Which of its outcomes it is.
    fn outcome(self) -> Outcome;
}

/// Why a behaviour was not measured on a system, where that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// Nothing that could be typed there means it.
    NoSuchCommand,
}

impl LeftOut {
    const ALL: [LeftOut; 1] = [LeftOut::NoSuchCommand];

    /// As an outcome.
    pub const fn outcome(self) -> Outcome {
        let (code, note) = match self {
            LeftOut::NoSuchCommand => ("no-such-command", "There is no such command."),
        };
        Outcome { code, cell: "–", note }
    }
}

impl Behaviour {
    /// The outcome of this code.
    pub fn outcome(self, code: &str) -> Option<Outcome> {
        let left_out = LeftOut::ALL.into_iter().map(LeftOut::outcome);
        self.outcomes.iter().copied().chain(left_out).find(|outcome| outcome.code == code)
    }
}

macro_rules! behaviours {
    ($($(#[$doc:meta])* $name:ident $code:literal $title:literal {
        $($(#[$case_doc:meta])* $case:ident $case_code:literal $cell:literal $note:literal;)+
    })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $name { $($(#[$case_doc])* $case,)+ }

            impl Found for $name {
                const BEHAVIOUR: Behaviour = Behaviour {
                    code: $code,
                    title: $title,
                    outcomes: &[$(Outcome { code: $case_code, cell: $cell, note: $note },)+],
                };

                fn outcome(self) -> Outcome {
                    Self::BEHAVIOUR.outcomes[self as usize]
                }
            }
        )+

        /// Every one, as the rows of the table are ordered.
        pub const ALL: &[Behaviour] = &[$($name::BEHAVIOUR,)+];
    };
}

behaviours! {
    /// "Upgrade everything", with a release that nobody has acknowledged.
    Uncleared "uncleared" "An upgrade nobody has acknowledged, with everything else on the host" {
        /// It stays back, everything else is upgraded, exit 0, and what waits is said.
        Held "held" "held, the rest upgraded" "";
        /// The same, and nobody says so.
        HeldSilently "held-silently" "held, the rest upgraded; not said" "Without a terminal the agent's word is not shown; \
            zypper itself names what it does not install. `consignee status` shows it.";
        /// The package manager refuses the whole transaction.
        Refused "refused" "refused as a whole" "The gate refuses the transaction before anything is unpacked; \
            the rest of the host waits until the upgrade is acknowledged or left out by name.";
        /// It is installed.
        Installed "installed-halted" "installed, halted" "Nothing holds it back. The script of its package stops the \
            engines before its files change; they stay stopped, also over a reboot, until it is acknowledged and \
            `consignee retry` is typed.";
    }

    /// The same, by somebody who gets past what is excluded, pinned or locked.
    PastHolds "past-holds" "The same past excludes, pins and locks" {
        /// By the gate, before anything is unpacked.
        Refused "refused" "refused before unpack" "";
        /// The hold is none that the command could lift.
        Held "held" "still held" "";
        /// It is installed.
        Installed "installed-halted" "installed, halted" "Nothing stands in its way. It is halted with its engines \
            stopped, as above.";
    }

    /// Exactly the version that nobody has acknowledged, by its number.
    ByVersion "by-version" "Exactly this version, by name" {
        /// By the gate, before anything is unpacked.
        Refused "refused" "refused before unpack" "";
        /// The package manager does not find it.
        NotFound "not-found" "not found" "The hold keeps it out of the way: dnf says that it does not find it, \
            zypper asks and, with nobody there, fails; the gate is not asked.";
        /// It is installed.
        Installed "installed-halted" "installed, halted" "Nothing stands in its way. It is halted with its engines \
            stopped, as above.";
    }

    /// Its package, by the path of a file.
    ByFile "by-file" "Its package file, by path" {
        /// By the gate, before anything is unpacked.
        Refused "refused" "refused before unpack" "";
        /// The package manager does not take it.
        NotFound "not-found" "not taken" "The hold keeps the file out as well: the package manager refuses, and the \
            gate is not asked.";
        /// It is installed.
        Installed "installed-halted" "installed, halted" "Nothing stands in its way. It is halted with its engines \
            stopped, as above.";
    }

    /// The acknowledged upgrade.
    Once "once" "Acknowledged and upgraded: the finish" {
        /// One init call, one journal.
        Finished "finished-once" "once" "";
    }

    /// The acknowledged upgrade of a product in three packages.
    OnceForThree "once-for-three" "The same of a product of three packages" {
        /// One init call, one journal.
        Finished "finished-once" "once" "";
    }

    /// The upgrade of a program from PyPI.
    OnceForBuildbot "once-for-buildbot" "The same of Buildbot" {
        /// One journal, and its database is that of the new version.
        Finished "finished-once" "once" "";
    }

    /// A terminal that hangs up while packages are changed.
    HangUpInTransaction "hang-up-in-transaction" "The terminal hangs up in the middle of the transaction" {
        /// The package manager goes on.
        Finished "finished" "goes on, finished" "";
        /// It does not, and it can be mended by a retry.
        Retry "halted-retry" "halted; mended by `retry`" "The package manager ends in the middle of its work. The \
            upgrade is halted with its engines stopped and says which package is where; `consignee retry` brings \
            the rest and finishes.";
        /// It does not, and what it left has to be put right first.
        Named "halted-named" "halted; mended as told" "The transaction is cut off. The upgrade is halted with its engines \
            stopped; `consignee retry` names the command that puts the packages right; where it is still halted after \
            that, `consignee retry` once more.";
    }

    /// A terminal that hangs up while the finish runs.
    HangUpInFinish "hang-up-in-finish" "The terminal hangs up while the finish runs" {
        /// The terminal showed it.
        Shown "shown" "goes on; was shown live" "";
        /// The terminal was free again.
        NotShown "not-shown" "goes on; not shown" "The package manager ends without waiting, so its terminal shows nothing \
            of the finish; `consignee follow` does.";
    }

    /// A script of another package fails in the same transaction.
    NeighbourFails "neighbour-fails" "A script of another package fails in the same transaction" {
        /// That changes nothing for the product.
        Finished "finished" "finished, once" "";
        /// The product is as it was.
        Unchanged "unchanged" "nothing changed" "The package manager stops before the product's packages: the old \
            engines run on, or again, and the next upgrade finishes.";
        /// It is half way.
        Halted "halted-retry" "halted; mended by `retry`" "The package manager stops with the product half way. It is \
            halted with its engines stopped; with the cause out of the way `consignee retry` finishes.";
    }

    /// A package of others has a file of the new release already.
    FileInTheWay "file-in-the-way" "A file of the new release is another package's" {
        /// Found before anything changed.
        Unchanged "unchanged" "refused by rpm before unpack" "rpm looks for such a file before it unpacks anything: \
            nothing changes, the engines run on.";
        /// Found half way.
        Halted "halted" "halted half way" "dpkg finds it half way: this is how one of three packages fails, below.";
    }

    /// One package of the product cannot be installed.
    OneOfThree "one-of-three" "One of three packages fails" {
        /// And is brought by a retry.
        Retry "halted-retry" "halted; mended by `retry`" "";
        /// What is left has to be put right first.
        Named "halted-named" "halted; mended as told" "`consignee retry` names the command that puts the packages right.";
    }

    /// The power fails in the middle of the transaction.
    Cut "cut" "The power fails in the middle of the transaction" {
        /// Mended by a retry.
        Retry "halted-retry" "halted after boot; mended by `retry`" "";
        /// What is left has to be put right first.
        Named "halted-named" "halted after boot; mended as told" "Two versions of a package are installed then. \
            `consignee retry` names the command that takes the older one away; where the upgrade is still halted \
            after it, `consignee retry` once more brings the rest.";
    }

    /// The init step fails, after the packages.
    FailedStep "failed-step" "A step fails after the packages, with a backup in the plan" {
        /// Packages, data and engines of before are back.
        TakenBack "taken-back" "taken back by itself" "";
        /// It stands.
        Halted "halted" "halted" "The packages of before could not be kept.";
    }

    /// The agent is killed in the middle of that.
    KilledGoingBack "killed-going-back" "The agent is killed while the packages of before are put back" {
        /// It waits for the transaction, which runs on, and goes on.
        GoesOn "goes-on" "goes on, taken back" "";
        /// It stands, and a retry goes on.
        Retry "stuck-retry" "stuck; taken back by `retry`" "The engines are stopped; `consignee retry` puts the packages \
            back, and the rest follows.";
    }

    /// The power fails in the middle of that.
    CutGoingBack "cut-going-back" "The power fails while the packages of before are put back" {
        /// It goes on after boot.
        GoesOn "goes-on" "goes on after boot, taken back" "";
        /// It stands, and a retry goes on.
        Retry "stuck-retry" "stuck after boot; taken back by `retry`" "The engines are stopped; `consignee retry` puts \
            the packages back, and the rest follows.";
    }

    /// An engine of the new release does not start, and somebody wants the old one again.
    FailedStart "failed-start" "An engine of the new release does not start" {
        /// It stands, and goes back when it is told to.
        Halted "halted-back" "halted; taken back by `rollback`" "";
    }

    /// The agent is killed while the init step runs.
    KilledInStep "killed-in-step" "The agent is killed in the middle of a step that may run again" {
        /// It runs again, to its end.
        GoesOn "goes-on" "goes on, finished once" "";
    }

    /// The agent is killed while an engine starts.
    KilledInStart "killed-in-start" "The agent is killed while it starts the engines" {
        /// It goes on.
        GoesOn "goes-on" "goes on, finished once" "";
    }

    /// A transaction in whose way a held product stands, with the option that lets it be removed.
    Erasing "erasing" "Another package that can only come if the held product goes" {
        /// By the gate.
        Refused "refused" "refused, the product stays" "";
        /// By the package manager.
        NotPossible "not-possible" "refused by rpm" "rpm itself refuses what conflicts with an installed package.";
        /// The product is upgraded out of its way.
        Upgraded "upgraded-halted" "the product is upgraded, halted" "Nothing holds the product, so it is upgraded out of the \
            way, and halted with its engines stopped until it is acknowledged.";
        /// The product is gone.
        Removed "removed" "**the product is removed**" "Nothing refuses it. Data, journals and backups stay.";
    }
}
