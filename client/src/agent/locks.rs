//! One lock per product: whoever writes its journals or touches its engines holds it.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use consign_metadata::name::ProductId;

use crate::product::Product;

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

/// How long a product's lock is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// While a step may run.
    pub for_steps: Duration,
    /// While nothing but a comparison can.
    pub for_comparisons: Duration,
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

    /// Waits for the lock of a product: for a step only briefly, which may run for hours, and longer for whoever
    /// only compares it, which on a busy host takes its time, too.
    pub fn lock_unless_at_work(&self, product: &Product, patience: Patience) -> Option<Locked<'_>> {
        let begun = Instant::now();
        loop {
            let lock = self.lock_within(&product.id, patience.for_steps);
            if lock.is_some() || is_at_work(product) || begun.elapsed() >= patience.for_comparisons {
                return lock;
            }
        }
    }

    fn take(&self, mut taken: std::sync::MutexGuard<'_, BTreeSet<ProductId>>, id: &ProductId) -> Locked<'_> {
        taken.insert(id.clone());
        Locked { locks: self, id: id.clone() }
    }
}

/// Whether an upgrade of it goes on or back.
pub fn is_at_work(product: &Product) -> bool {
    product.newest().is_ok_and(|upgrade| upgrade.is_some_and(|upgrade| upgrade.state.is_walking()))
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
    use crate::places::Places;

    #[test]
    fn a_comparison_is_waited_for_longer_than_a_step() {
        let root = tempfile::tempdir().unwrap();
        let product = Product::new(&Places::below(root.path()), "acme/erp".parse().unwrap());
        let locks = Locks::default();
        let patience = Patience { for_steps: Duration::from_millis(1), for_comparisons: Duration::from_secs(60) };
        let held = locks.lock(&product.id);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| locks.lock_unless_at_work(&product, patience).is_some());
            // Many times as long as a step is waited for.
            assert!(locks.lock_within(&product.id, Duration::from_millis(100)).is_none());
            drop(held);
            assert!(waiting.join().unwrap());
        });
    }

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
