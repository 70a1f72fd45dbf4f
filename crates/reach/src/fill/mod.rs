//! Where a network comes from: a spec, what is live, or saved answers of EC2.

mod parts;
pub mod saved;
