//! Plans, drift, events and diagnostics as terminal text, JSON and Markdown.
//!
//! Pure: everything is a function of the model's data and writes to a [`Clean`] or returns a value. Nothing
//! here names an attribute; what an attribute is, its kind's table says.

mod alike;
mod clean;
mod difference;
pub mod json;
mod lines;
pub mod markdown;
pub mod mermaid;
mod names;
mod reach;
pub mod reasons;
mod shown;
mod stakes;
mod style;
pub mod text;
mod why;
mod words;

pub use clean::{Clean, is_hidden};
pub use style::Style;
