//! Whether the data is at the version that was last seen: an upgrade of a restored dump or of a reverted
//! snapshot would migrate it from a version that it is not at.

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::data::Record;
use crate::engine::event::Reason;

/// The gate.
pub struct Data;

impl Gate for Data {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        let record = Record::read(case.product).map_err(|error| CouldNotLook {
            what: format!("the data of {}", case.product.id),
            cause: error.to_string(),
        })?;
        // Another host on the same data has brought it to this release.
        let target = case.plan.body.data.as_ref().and_then(|data| data.version.as_ref());
        let differs = record.and_then(|record| Some((record.version, record.differs?.found)));
        let differs = differs.filter(|(_, found)| Some(found) != target);
        let reasons = differs.map(|(expected, found)| Reason::DataDiffers { expected, found });
        Ok(Verdict::refuse(reasons.into_iter().collect()))
    }
}
