//! Plans that packages carry, verified and read once: all packages of a release carry the same bytes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use consign_metadata::openpgp::{Keyring, VerifyError};
use consign_metadata::plan::{self, UpgradePlan};

use super::SignedPlan;

/// Bytes of messages that are kept at most; a plan takes a few times as much once it is read.
const KEPT: usize = 2 * 1024 * 1024;

/// Who verifies plans by the keys of one keyring.
#[derive(Debug)]
pub struct Plans {
    keyring: Keyring,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// By their messages: to compare them costs less than their digests.
    plans: BTreeMap<Vec<u8>, Arc<SignedPlan>>,
    bytes: usize,
}

impl Plans {
    /// By these keys.
    pub fn by(keyring: Keyring) -> Self {
        Self { keyring, known: Mutex::default() }
    }

    /// The keys.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The plan of a signed message; `shape` makes an error of what is wrong with it otherwise.
    ///
    /// # Errors
    /// Its signature is not good, or it is no plan.
    pub fn verified<E: From<VerifyError>>(
        &self,
        message: Vec<u8>,
        shape: impl FnOnce(String) -> E,
    ) -> Result<Arc<SignedPlan>, E> {
        if let Some(known) = self.known().plans.get(&message) {
            return Ok(known.clone());
        }
        let verified = self.keyring.verify_message(&message, plan::MAXIMUM_SIZE)?;
        let plan = UpgradePlan::parse(&verified.bytes).map_err(|cause| shape(format!("its plan {cause}")))?;
        let signed = Arc::new(SignedPlan { message, plan });
        self.known().keep(&signed);
        Ok(signed)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn keep(&mut self, signed: &Arc<SignedPlan>) {
        if self.bytes + signed.message.len() > KEPT {
            *self = Self::default();
        }
        self.bytes += signed.message.len();
        self.plans.insert(signed.message.clone(), signed.clone());
    }
}
