//! Peering connections from records.

use trueup_model::kinds::vpc_peering_connection::{VpcPeeringConnection, accepts, wait};
use trueup_model::{Kind, fact};

use super::{Records, key};
use crate::network::Peering;

impl Records<'_> {
    /// A VPC that is not among the parts is in another account or region, and nothing is known of it: nor is,
    /// before EC2 tells it, whether it has accepted.
    pub(super) fn peerings(&mut self) {
        for part in self.of(Kind::VpcPeeringConnection) {
            let typed = match part.typed::<VpcPeeringConnection>() {
                Ok(typed) => typed,
                Err(why) => {
                    self.note(part, &why);
                    continue;
                }
            };
            let vpcs = [&typed.vpc, &typed.peer_vpc].map(|side| self.vpcs.get(&key(side)));
            let is_whole = vpcs.iter().all(Option::is_some);
            let waits = part.fact(fact::STATE).map(|state| state != wait::ACTIVE.state);
            let active = accepts(part.record) || !waits.unwrap_or(is_whole);
            self.peering_connections
                .put(&part.key, self.network.peerings.len());
            self.network.peerings.push(Peering {
                named: part.named.clone(),
                vpcs,
                active,
            });
        }
    }
}
