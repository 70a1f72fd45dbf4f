//! What the tests of this crate share.

pub mod tracer;
pub mod world;
