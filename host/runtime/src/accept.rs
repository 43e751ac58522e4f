//! Takes one outcome over from the guest, or says which limit it breaks. The same for every way across the boundary. Stops no guest: the other
//! outcomes of a call are not touched by this one.

use crate::{
    bindings::irongate::transform::types as wit, error::GuestError, limits::Limits, log::cut, record::OutputRecord,
    report::Outcome,
};

/// An outcome, or the limit that it breaks.
pub(crate) type Accepted = Result<Outcome, GuestError>;

/// An outcome of the typed interface.
pub(crate) fn accept(outcome: wit::Outcome, limits: &Limits) -> Accepted {
    match outcome {
        wit::Outcome::Emit(records) => {
            within_count(records.len(), limits)?;
            emit(records.into_iter().map(OutputRecord::from).collect(), limits)
        }
        wit::Outcome::Keep => Ok(Outcome::Keep),
        wit::Outcome::Drop => Ok(Outcome::Drop),
        wit::Outcome::Reject(reason) => Ok(Outcome::Reject(shortened(reason, limits))),
        wit::Outcome::Retry(reason) => Ok(Outcome::Retry(shortened(reason, limits))),
    }
}

/// Records that take the place of one.
pub(crate) fn emit(records: Vec<OutputRecord>, limits: &Limits) -> Accepted {
    within_count(records.len(), limits)?;
    let bytes = records.iter().map(OutputRecord::bytes).sum();
    if bytes > limits.output_bytes_per_record_max {
        return Err(GuestError::OutputsTooLarge { bytes, bytes_max: limits.output_bytes_per_record_max });
    }
    Ok(if records.is_empty() { Outcome::Drop } else { Outcome::Emit(records) })
}

fn within_count(count: usize, limits: &Limits) -> Result<(), GuestError> {
    let count_max = limits.outputs_per_record_max;
    if count > count_max { Err(GuestError::OutputsTooMany { count, count_max }) } else { Ok(()) }
}

/// A guest's sentence, cut to its limit.
pub(crate) fn shortened(mut reason: String, limits: &Limits) -> String {
    cut(&mut reason, limits.reason_bytes_max);
    reason
}
