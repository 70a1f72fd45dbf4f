//! What the tests share: networks that are random, written or saved, and a second opinion.

pub mod answers;
pub mod spec;
pub mod tracer;
pub mod world;
