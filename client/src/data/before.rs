//! What going back leads to: the version of the data before an upgrade. Of one that takes the place of others it
//! is what the first of them found: theirs is the backup that is restored.

use crate::engine::machine::Upgrade;
use crate::product::Product;

/// The version that the data is at once an upgrade is taken back; `None` where nobody saw it before something was
/// migrated.
pub fn before(product: &Product, upgrade: &Upgrade) -> Option<String> {
    let replaced = product.replaced_by(&upgrade.header);
    for earlier in replaced.iter().rev() {
        if earlier.data_before.is_some() || earlier.has_migrated() {
            return earlier.data_before.clone();
        }
    }
    upgrade.data_before.clone()
}
