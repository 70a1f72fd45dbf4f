//! Ids, addresses and other values that must never repeat: all come from the seed and one counter.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

/// The source of everything unique within one sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ids {
    /// Fixed for the life of a state file.
    pub seed: u64,
    /// How many values were taken.
    pub counter: u64,
}

impl Ids {
    /// A source that starts at the beginning.
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }

    /// A number that this source gives only once: counting is mixed by a bijection of 64 bits.
    pub fn unique(&mut self) -> u64 {
        self.counter += 1;
        mix(self.counter ^ mix(self.seed ^ 0x7472_7565_7570_0001))
    }

    /// `prefix-` and 17 hex digits.
    pub fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{:016x}", self.unique())
    }

    /// A public address in a block that belongs to the region's EC2 addresses: one of 2^19, by the counter.
    pub fn public_ip(&mut self) -> Ipv4Addr {
        self.counter += 1;
        // An odd factor is a bijection modulo a power of two.
        let offset = (self.counter.wrapping_mul(0x9E37_79B1)) & 0x0007_ffff;
        let base = u32::from(Ipv4Addr::new(54, 184, 0, 0));
        Ipv4Addr::from(base | u32::try_from(offset).unwrap_or_default())
    }

    /// A number below `bound` for a choice that need not be unique.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.unique() % bound.max(1)
    }
}

/// The finaliser of splitmix64, a bijection.
pub fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_have_ec2s_form_and_never_repeat() {
        let mut ids = Ids::new(7);
        let many: BTreeSet<String> = (0..10_000).map(|_| ids.id("vpc")).collect();
        assert_eq!(many.len(), 10_000);
        let one = ids.id("vpc");
        assert_eq!(one.len(), "vpc-".len() + 17);
        assert!(one["vpc-".len()..].bytes().all(|b| b.is_ascii_hexdigit()));
    }

    #[test]
    fn equal_seeds_agree_and_others_differ() {
        assert_eq!(Ids::new(1).id("i"), Ids::new(1).id("i"));
        assert_ne!(Ids::new(1).id("i"), Ids::new(2).id("i"));
    }

    #[test]
    fn public_addresses_do_not_repeat() {
        let mut ids = Ids::new(0);
        let many: BTreeSet<Ipv4Addr> = (0..10_000).map(|_| ids.public_ip()).collect();
        assert_eq!(many.len(), 10_000);
    }
}
