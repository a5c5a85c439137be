//! Why an upgrade is held or refused.

use consign_metadata::anchor::Fingerprint;
use consign_metadata::digest::Sha256;
use consign_metadata::name::{Label, PackageName, ProductId};
use consign_metadata::text::Text;
use consign_metadata::version::{Class, Version, VersionRange};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Failure;

/// Why an upgrade is held or refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Reason {
    /// The vendor does not support this class of change in place.
    ClassUnsupported {
        /// The class.
        class: Class,
        /// The version last finished.
        from: Version,
        /// The version offered.
        to: Version,
    },
    /// The installed version is older than the oldest the plan starts from.
    TooOld {
        /// The version last finished.
        from: Version,
        /// The oldest version it can start from.
        supported_from: Version,
    },
    /// Versions in between may not be jumped over.
    RequiredStops {
        /// Ascending; the first is where to go next.
        stops: Vec<Version>,
    },
    /// The version is older than the one last finished.
    Downgrade {
        /// The version last finished.
        from: Version,
        /// The version of the transaction.
        to: Version,
    },
    /// A release note is not acknowledged.
    NoteUnread {
        /// The version it speaks of.
        version: Version,
        /// The digest to acknowledge.
        sha256: Sha256,
    },
    /// A declared side effect is not acknowledged.
    SideEffectUnacknowledged {
        /// Its name.
        id: Label,
        /// The digest to acknowledge.
        sha256: Sha256,
    },
    /// Something that must hold before the upgrade does not.
    PrerequisiteFailed {
        /// Its name.
        id: Label,
        /// The vendor's words: what is missing, and what to do about it.
        otherwise: Text,
    },
    /// Nobody could see whether something holds that must.
    PrerequisiteUnknown {
        /// Its name.
        id: Label,
        /// What became of the look.
        failure: Failure,
    },
    /// A program that the site keeps for the upgrade is not there.
    ProgramMissing {
        /// The step that runs it.
        step: Label,
        /// Its path.
        program: String,
    },
    /// A person has something to do before the upgrade.
    TaskOpen {
        /// Its name.
        id: Label,
        /// The vendor's words: what is to be done.
        summary: Text,
        /// The digest to tick.
        sha256: Sha256,
    },
    /// The release was taken back on this host before, and nobody has said that it is wanted again.
    TakenBack {
        /// The number of the upgrade that was taken back.
        upgrade: u32,
    },
    /// An earlier upgrade has not finished.
    Unfinished {
        /// Its number.
        upgrade: u32,
    },
    /// The plan needs a newer agent.
    AgentTooOld {
        /// The oldest agent that can carry it out.
        minimum: Version,
    },
    /// The site's file cannot be used.
    Site {
        /// What is wrong with it.
        problem: String,
    },
    /// The release was withdrawn by its vendor.
    Withdrawn {
        /// The vendor's words, in English.
        why: String,
    },
    /// What is offered could not be verified.
    Unverified {
        /// What was looked at.
        what: String,
        /// What was found.
        cause: String,
    },
    /// The transaction would remove the product, most often because of the hold itself.
    WouldRemove {
        /// The packages.
        packages: Vec<PackageName>,
    },
    /// The modules do not all go to the same release.
    MixedVersions {
        /// Package and native version.
        packages: Vec<(PackageName, String)>,
    },
    /// A step before the packages failed; what had been done was taken back.
    NotPrepared {
        /// The number of the upgrade.
        upgrade: u32,
        /// How the step failed.
        failure: Failure,
    },
    /// An installed add-on does not work with the version that is offered.
    AddOnUnsupported {
        /// The add-on.
        add_on: ProductId,
        /// Its version.
        version: Version,
        /// The versions of this product that it works with.
        supports: VersionRange,
    },
    /// An installed add-on joins upgrades of this product, and neither its plan nor the site allows that.
    AddOnNotAllowed {
        /// The add-on.
        add_on: ProductId,
        /// Its version.
        version: Version,
        /// The primary key of its vendor.
        primary: Fingerprint,
    },
    /// An add-on wants to join where the offered version lets nobody join.
    AddOnNoPoint {
        /// The add-on.
        add_on: ProductId,
        /// Its version.
        version: Version,
        /// The point that is missing.
        point: Label,
    },
    /// The product is an add-on, and the version offered does not work with its base.
    BaseUnsupported {
        /// The base.
        base: ProductId,
        /// Its version.
        version: Version,
        /// The versions of it that the add-on works with.
        supports: VersionRange,
    },
    /// The site's maintenance windows are closed. Never in a journal: it passes with time.
    OutsideWindow {
        /// When the next one opens.
        opens: Timestamp,
    },
    /// Nobody is there, and the site lets no change of this class be installed then. Never in a journal.
    Unattended {
        /// The class.
        class: Class,
    },
    /// There is no room for what the agent writes. Never in a journal.
    NoRoom {
        /// Where.
        folder: String,
        /// What is free.
        free_mib: u64,
        /// What has to be.
        needed_mib: u64,
    },
    /// There is no room for all that the upgrade writes. Never in a journal.
    NoRoomForUpgrade {
        /// Those that are too small.
        file_systems: Vec<FullFileSystem>,
    },
    /// A folder that the upgrade writes to or saves cannot be used. Never in a journal.
    FolderUnusable {
        /// Which.
        folder: String,
        /// Why not.
        problem: FolderProblem,
    },
    /// Packages to go back to are not at hand and cannot be fetched. Never in a journal.
    PreviousPackagesMissing {
        /// Package and native version.
        packages: Vec<(PackageName, String)>,
    },
    /// The host has to be restarted for packages that were changed earlier. Never in a journal.
    RebootPending {
        /// Them, where that is known.
        packages: Vec<String>,
    },
    /// Processes that are not the product's engines have files of it open. Never in a journal.
    FilesHeldOpen {
        /// A file and who has it open; the first ones.
        files: Vec<HeldFile>,
        /// How many more there are.
        #[serde(default, skip_serializing_if = "is_zero")]
        more: usize,
    },
    /// Somebody who writes for the product cannot, in a folder where he does. Never in a journal.
    NotWritable {
        /// The folder.
        folder: String,
        /// The account.
        account: String,
        /// The system's words; none where nobody could act as the account, and its access list says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<String>,
    },
    /// Nobody could make one of the agent's own checks. Never in a journal.
    CheckUnknown {
        /// Which: its key in the site's file.
        check: String,
        /// Why.
        cause: String,
    },
    /// Its preparation takes longer than a package manager should hold its lock for: the agent prepares first
    /// and calls the package manager then. Never in a journal.
    LongPreparation {
        /// How long it will probably take.
        seconds: u64,
    },
    /// What the upgrade needs could not be fetched. Never in a journal.
    NotFetched {
        /// The package manager's words.
        cause: String,
    },
    /// The package manager failed in the last try, and what had been done was taken back. Never in a journal.
    NotInstalled {
        /// Its number.
        upgrade: u32,
        /// Why.
        cause: String,
    },
    /// The data is at another version than when the last upgrade finished.
    DataDiffers {
        /// The version that it was at.
        expected: String,
        /// The version that it is at.
        found: String,
    },
    /// The agent's service did not answer in time.
    NoAnswer,
}

/// Why a folder cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum FolderProblem {
    /// It is a file, say.
    NotAFolder,
    /// It is a link to what is not there.
    LeadsNowhere {
        /// Where it leads.
        target: String,
    },
    /// Nothing can be written in it.
    Refused {
        /// The system's words.
        cause: String,
    },
    /// Its file system did not answer.
    NoAnswer {
        /// How long it was waited for.
        seconds: u64,
    },
}

/// A file system without room for what is to be written to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullFileSystem {
    /// A folder on it that is written to.
    pub folder: String,
    /// What is free, in MiB.
    pub free_mib: u64,
    /// What has to be, in MiB.
    pub needed_mib: u64,
    /// For what.
    pub purposes: Vec<Purpose>,
}

/// What room is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// The packages to go back to.
    PreviousPackages,
    /// The files of the new packages.
    NewFiles,
    /// The backup.
    Backup,
}

/// A file that somebody has open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HeldFile {
    /// The file.
    pub file: String,
    /// The name of the process.
    pub process: String,
    /// Its number.
    pub pid: u32,
    /// The unit that it belongs to, where it is a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Reason {
    /// Whether nothing but time is missing: the agent goes on by itself.
    pub fn passes_with_time(&self) -> bool {
        matches!(self, Self::OutsideWindow { .. } | Self::NotFetched { .. })
    }

    /// Whether it was found by looking at the host, and passes by what is done to the host: the next look may
    /// find it gone.
    pub fn is_of_the_host(&self) -> bool {
        matches!(
            self,
            Self::NoRoomForUpgrade { .. }
                | Self::FolderUnusable { .. }
                | Self::PreviousPackagesMissing { .. }
                | Self::RebootPending { .. }
                | Self::FilesHeldOpen { .. }
                | Self::NotWritable { .. }
                | Self::CheckUnknown { .. }
        )
    }

    /// Whether the release cannot be reached from the version that is installed: nothing that is typed about
    /// it on this host changes that.
    pub fn is_out_of_reach(&self) -> bool {
        matches!(
            self,
            Self::ClassUnsupported { .. } | Self::TooOld { .. } | Self::RequiredStops { .. } | Self::Downgrade { .. }
        )
    }
}
