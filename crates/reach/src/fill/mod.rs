//! Where a network comes from: a spec, what is live, or saved answers of EC2.

mod observed;
mod parts;
mod planned;
mod records;
pub mod saved;
mod stepped;
mod topology;

pub use observed::{left, observed};
pub use planned::planned;
pub use records::Lists;
pub use stepped::Stepped;
pub use topology::topology;
