//! Where a network comes from: a spec, what is live, or saved answers of EC2.

mod after_plan;
mod after_steps;
mod observed;
mod parts;
mod records;
pub mod saved;
mod topology;

pub use after_plan::after_plan;
pub use after_steps::AfterSteps;
pub use observed::{left, observed};
pub use records::Lists;
pub use topology::topology;
