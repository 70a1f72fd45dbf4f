//! The wire: parameters in, XML out, and what every list call shares.

pub mod fault;
pub mod filter;
pub mod page;
pub mod params;
pub mod xml;

pub use fault::Fault;
pub use params::Node;
pub use xml::Xml;
