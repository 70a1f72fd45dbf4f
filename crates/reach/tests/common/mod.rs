//! What the test of agreement is made of.

pub mod tracer;
pub mod world;
