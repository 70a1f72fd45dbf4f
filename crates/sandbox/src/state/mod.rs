//! The state: tables per region, the source of ids, the clock and the journal.

pub mod clock;
pub mod file;
pub mod ids;
pub mod line;
pub mod region;
pub mod table;

pub use clock::Millis;
pub use ids::Ids;
pub use region::Region;
