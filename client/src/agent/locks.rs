//! One lock per product: whoever writes its journals or touches its engines holds it.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use consign_metadata::name::ProductId;

/// The locks of all products.
#[derive(Debug, Default)]
pub struct Locks {
    taken: Mutex<BTreeSet<ProductId>>,
    freed: Condvar,
}

/// The lock of a product, until it is dropped.
#[derive(Debug)]
pub struct Locked<'a> {
    locks: &'a Locks,
    id: ProductId,
}

impl Locks {
    /// Waits for the lock of a product.
    pub fn lock(&self, id: &ProductId) -> Locked<'_> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.freed.wait_while(taken, |taken| taken.contains(id));
        self.take(free.unwrap_or_else(PoisonError::into_inner), id)
    }

    /// Waits for the lock of a product, but not for ever: steps may run for hours.
    pub fn lock_within(&self, id: &ProductId, limit: Duration) -> Option<Locked<'_>> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_timeout_while(taken, limit, |taken| taken.contains(id));
        let (taken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (!taken.contains(id)).then(|| self.take(taken, id))
    }

    fn take(&self, mut taken: std::sync::MutexGuard<'_, BTreeSet<ProductId>>, id: &ProductId) -> Locked<'_> {
        taken.insert(id.clone());
        Locked { locks: self, id: id.clone() }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.locks.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        self.locks.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_has_one_lock_and_others_have_their_own() {
        let locks = Locks::default();
        let (erp, shop) = ("acme/erp".parse().unwrap(), "acme/shop".parse().unwrap());
        let held = locks.lock(&erp);
        assert!(locks.lock_within(&erp, Duration::from_millis(5)).is_none());
        assert!(locks.lock_within(&shop, Duration::ZERO).is_some());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| drop(locks.lock(&erp)));
            drop(held);
            waiting.join().unwrap();
        });
    }
}
