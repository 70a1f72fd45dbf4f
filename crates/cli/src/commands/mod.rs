//! The commands, one file each.

pub mod apply;
mod change;
pub mod completions;
pub mod destroy;
pub mod drift;
pub mod graph;
pub mod man;
pub mod plan;
mod propose;
pub mod reach;
pub mod sandbox;
pub mod schema;
pub mod show;
pub mod validate;
