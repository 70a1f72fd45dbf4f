//! The tests of reading specs, in one program.

#[macro_use]
mod common;

mod attributes;
mod document;
mod expect;
mod implicit;
mod patterns;
mod topology;
mod yaml;
