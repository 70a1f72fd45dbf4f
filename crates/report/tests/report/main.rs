//! Everything that is reported, of plans and events made by hand.

mod diagnostics;
mod json;
mod markdown;
mod reach;
mod reasons;
mod run;
mod sample;
mod show;
mod text;
mod unseen;
