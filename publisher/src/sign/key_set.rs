//! The keys of a vendor through the years: which there are, which signs, and how one follows another.
//!
//! Where a rotation stands is told by the files: `<role>.next.secret.pgp` waits until hosts know it,
//! `<role>.old.secret.pgp` signs indexes beside the new one until every host has followed. So a pipeline
//! takes part by getting other files, and needs no other commands.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use consign_metadata::anchor::Fingerprint;
use consign_metadata::document::Role;
use jiff::Timestamp;
use sequoia_openpgp as openpgp;

use openpgp::Cert;
use openpgp::parse::Parse;

use super::key_file::is_stub;
use super::key_folder::{create_secret, replace_public};
use super::vendor_keys::fingerprint;
use super::{KeyFileError, KeyFiles, KeyRoles, Primary, Turn, expiry};
use crate::file::OnFile;

const ROLES: [Role; 2] = [Role::Package, Role::Index];

/// How far the change from an old key to a new one has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// One key in each role, and it signs.
    Settled,
    /// Hosts get to know the new keys; the old ones sign.
    Added,
    /// Indexes carry a signature of either; packages are signed by the old one.
    Both,
    /// The new keys sign alone; hosts still accept the old ones.
    New,
}

/// Why a rotation or an extension does not go on.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// A key file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The folder has no table of roles.
    #[error("cannot use the keys in {}: there is no roles.json", .0.display())]
    NoRoles(PathBuf),
    /// A primary of somebody else.
    #[error("cannot change the certificate of {expected}: the primary key in the file is {found}")]
    OtherPrimary {
        /// Whose certificate it is.
        expected: Fingerprint,
        /// What the file holds.
        found: Fingerprint,
    },
    /// The step is not the next one.
    #[error("cannot {wanted}: {reason}")]
    NotNow {
        /// What was asked for.
        wanted: &'static str,
        /// Where the rotation stands.
        reason: String,
    },
}

impl From<crate::file::FileError> for KeySetError {
    fn from(error: crate::file::FileError) -> Self {
        Self::File(error.into())
    }
}

/// A key with a role, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: Fingerprint,
    /// What it is for.
    pub role: Role,
    /// Its dates.
    pub life: expiry::Life,
    /// The file that holds its secret, and what the file says it does; `None` where the secret is elsewhere
    /// or no more.
    pub file: Option<(Turn, PathBuf)>,
}

/// The keys of a folder.
#[derive(Debug)]
pub struct KeySet {
    /// Whose they are, and which has which role.
    pub roles: KeyRoles,
    files: KeyFiles,
    cert: Cert,
}

impl KeySet {
    /// Reads the certificate and the roles of a folder.
    ///
    /// # Errors
    /// [`KeySetError`]
    pub fn load(folder: &Path) -> Result<Self, KeySetError> {
        let files = KeyFiles::in_folder(folder);
        let roles = KeyRoles::beside(&files.roles)?.ok_or_else(|| KeySetError::NoRoles(folder.to_owned()))?;
        let bytes = fs::read(&files.certificate).on("read", &files.certificate)?;
        let cert = Cert::from_bytes(&bytes).map_err(KeyFileError::openpgp(&files.certificate))?;
        Ok(Self { roles, files, cert })
    }

    /// The file of the primary key, where it is not kept elsewhere.
    pub fn primary_file(&self) -> &Path {
        &self.files.primary_secret
    }

    /// Where the rotation stands.
    pub fn phase(&self) -> Phase {
        let present = |turn| ROLES.iter().any(|role| self.files.secret(*role, turn).exists());
        match (present(Turn::Old), present(Turn::Next)) {
            (true, _) => Phase::Both,
            (false, true) => Phase::Added,
            (false, false) if self.keys(Role::Index).len() > 1 => Phase::New,
            (false, false) => Phase::Settled,
        }
    }

    /// Every key with a role, oldest first.
    ///
    /// # Errors
    /// [`KeySetError`]
    pub fn list(&self) -> Result<Vec<ListedKey>, KeySetError> {
        let lives = expiry::lives(&self.cert).map_err(KeyFileError::openpgp(&self.files.certificate))?;
        let mut listed = Vec::new();
        for role in ROLES {
            for key in self.keys(role) {
                let Some(life) = lives.get(&key).copied() else { continue };
                let file = self.file_of(role, &key)?;
                listed.push(ListedKey { key, role, life, file });
            }
        }
        listed.sort_by_key(|one| (one.role, one.life.created));
        Ok(listed)
    }

    /// The primary key and its life.
    ///
    /// # Errors
    /// [`KeySetError`]
    pub fn primary_life(&self) -> Result<Option<expiry::Life>, KeySetError> {
        let lives = expiry::lives(&self.cert).map_err(KeyFileError::openpgp(&self.files.certificate))?;
        Ok(lives.get(&self.roles.primary).copied())
    }

    fn keys(&self, role: Role) -> BTreeSet<Fingerprint> {
        self.roles.roles.get(&role).cloned().unwrap_or_default()
    }

    fn file_of(&self, role: Role, key: &Fingerprint) -> Result<Option<(Turn, PathBuf)>, KeySetError> {
        for turn in Turn::ALL {
            let path = self.files.secret(role, turn);
            if secret_in(&path)?.as_ref() == Some(key) {
                return Ok(Some((turn, path)));
            }
        }
        Ok(None)
    }

    /// Those that are in use: with a secret here, and where none is here the newest of the role.
    fn in_use(&self) -> Result<BTreeSet<Fingerprint>, KeySetError> {
        let listed = self.list()?;
        let mut found = BTreeSet::new();
        for role in ROLES {
            let of_role = || listed.iter().filter(|one| one.role == role);
            let here = of_role().filter(|one| one.file.is_some()).map(|one| one.key.clone());
            let here: BTreeSet<_> = here.collect();
            match here.is_empty() {
                true => found.extend(of_role().next_back().map(|one| one.key.clone())),
                false => found.extend(here),
            }
        }
        Ok(found)
    }

    /// Lets the keys that are in use live longer. The secret files stay as they are.
    ///
    /// # Errors
    /// [`KeySetError`]
    pub fn extend(&mut self, primary: &Primary, valid_for: Duration, now: SystemTime) -> Result<(), KeySetError> {
        self.check(primary)?;
        let keys = self.in_use()?;
        let extended = primary.extend(self.cert.clone(), &keys, now + valid_for, now);
        self.cert = extended.map_err(KeyFileError::openpgp(&self.files.certificate))?;
        // Made within the second of the last change, it is dated a second ahead, and good from then on.
        if self.list()?.iter().any(|one| one.life.created + jiff::SignedDuration::from_secs(1) >= Timestamp::now()) {
            std::thread::sleep(Duration::from_secs(1));
        }
        Ok(replace_public(&self.files, &self.cert, &self.roles)?)
    }

    /// Begins a rotation: a new key for each role, which hosts get to know and which signs nothing yet.
    ///
    /// # Errors
    /// [`KeySetError`]
    pub fn add(&mut self, primary: &Primary, valid_for: Duration, now: SystemTime) -> Result<(), KeySetError> {
        self.check(primary)?;
        self.expect(Phase::Settled, "add new keys")?;
        let mut cert = self.cert.clone();
        let mut secrets = Vec::new();
        for role in ROLES {
            let (with, key) =
                primary.add_subkey(cert, valid_for, now).map_err(KeyFileError::openpgp(&self.files.certificate))?;
            cert = with;
            self.roles.roles.entry(role).or_default().insert(key.clone());
            secrets.push((self.files.secret(role, Turn::Next), key));
        }
        for (path, key) in secrets {
            create_secret(&path, &cert, &key)?;
        }
        self.cert = cert.strip_secret_key_material();
        Ok(replace_public(&self.files, &self.cert, &self.roles)?)
    }

    /// From now on indexes are signed by the old and the new key.
    ///
    /// # Errors
    /// [`KeySetError`]
    pub fn sign_with_both(&self) -> Result<(), KeySetError> {
        self.expect(Phase::Added, "sign with both keys")?;
        self.take_turn(Role::Index, Turn::Current, &self.files.secret(Role::Index, Turn::Old))?;
        self.take_turn(Role::Index, Turn::Next, &self.files.index_secret)
    }

    /// From now on the new keys sign alone. Answers the files of the old ones, which nobody needs any more.
    ///
    /// # Errors
    /// [`KeySetError`]
    pub fn sign_with_new(&self) -> Result<Vec<PathBuf>, KeySetError> {
        self.expect(Phase::Both, "sign with the new keys alone")?;
        let mut retired = Vec::new();
        for (role, turn) in [(Role::Package, Turn::Current), (Role::Index, Turn::Old)] {
            let path = self.files.secret(role, turn);
            let Some(key) = secret_in(&path)? else { continue };
            let name = format!("{}.retired-{}.secret.pgp", role.as_str(), &key.as_str()[..16]);
            let to = path.with_file_name(name);
            self.take_turn(role, turn, &to)?;
            retired.push(to);
        }
        self.take_turn(Role::Package, Turn::Next, &self.files.package_secret)?;
        Ok(retired)
    }

    /// Ends the rotation: the old key of the indexes is not accepted any more. The old key of the packages
    /// stays in its role, since published packages and the plans on hosts carry its signature and no other.
    ///
    /// # Errors
    /// [`KeySetError`]
    pub fn drop_old(&mut self) -> Result<BTreeSet<Fingerprint>, KeySetError> {
        self.expect(Phase::New, "drop the old keys")?;
        let current = match secret_in(&self.files.index_secret)? {
            Some(key) => Some(key),
            None => self.list()?.into_iter().rfind(|one| one.role == Role::Index).map(|one| one.key),
        };
        let keys = self.roles.roles.entry(Role::Index).or_default();
        let dropped: BTreeSet<_> = keys.iter().filter(|key| Some(*key) != current.as_ref()).cloned().collect();
        keys.retain(|key| !dropped.contains(key));
        replace_public(&self.files, &self.cert, &self.roles)?;
        Ok(dropped)
    }

    fn take_turn(&self, role: Role, turn: Turn, to: &Path) -> Result<(), KeySetError> {
        let from = self.files.secret(role, turn);
        if to.symlink_metadata().is_ok() {
            return Err(KeyFileError::Exists { path: to.to_owned() }.into());
        }
        match fs::rename(&from, to) {
            // It is on another machine, and there it is renamed by hand.
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(()),
            done => Ok(done.on("rename", &from)?),
        }
    }

    fn check(&self, primary: &Primary) -> Result<(), KeySetError> {
        let (expected, found) = (self.roles.primary.clone(), primary.fingerprint());
        if expected == found { Ok(()) } else { Err(KeySetError::OtherPrimary { expected, found }) }
    }

    fn expect(&self, phase: Phase, wanted: &'static str) -> Result<(), KeySetError> {
        let now = self.phase();
        if now == phase {
            return Ok(());
        }
        Err(KeySetError::NotNow { wanted, reason: now.sentence().to_owned() })
    }

    /// What is to be said to whoever looks: keys that expire soon.
    ///
    /// # Errors
    /// [`KeySetError`]
    pub fn warnings(&self, now: Timestamp) -> Result<Vec<String>, KeySetError> {
        let lives = expiry::lives(&self.cert).map_err(KeyFileError::openpgp(&self.files.certificate))?;
        Ok(expiry::warnings(&lives, &self.roles, &self.in_use()?, now))
    }
}

impl Phase {
    /// Where the rotation stands, in words.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Settled => "no rotation is under way",
            Self::Added => "hosts get to know the new keys, and the old ones sign",
            Self::Both => "indexes are signed by the old and the new key",
            Self::New => "the new keys sign alone, and hosts still accept the old ones",
        }
    }
}

/// The key whose secret a file holds; `None` when there is no such file.
fn secret_in(path: &Path) -> Result<Option<Fingerprint>, KeyFileError> {
    let bytes = match fs::read(path) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.on("read", path)?,
    };
    let cert = Cert::from_bytes(&bytes).map_err(KeyFileError::openpgp(path))?;
    let secret = cert.keys().subkeys().secret().find(|key| !is_stub(key.key()));
    Ok(secret.map(|key| fingerprint(&key.key().fingerprint())))
}
