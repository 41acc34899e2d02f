//! Is the match real? Correlations between activations, the null distribution they have to exceed, and the verdict.

pub mod category;
pub mod channels;
pub mod discrimination;
pub mod embedded;
pub mod histogram;
pub mod null;
pub mod number;
pub mod published;
pub mod statistics;
mod unrelated;
pub mod verdict;

pub use channels::{ChannelError, Channels};
pub use histogram::Histogram;
pub use null::NullDistribution;
pub use statistics::{Comparison, Ranked};
pub use unrelated::Unrelated;
pub use verdict::{Criteria, Prediction, Verdict, Verification};
