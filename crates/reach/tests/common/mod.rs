//! What the tests of this crate share.

pub mod spec;
pub mod tracer;
pub mod world;
