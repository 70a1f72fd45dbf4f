//! What happens without being asked: a transition that is due at a time.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::kinds::{
    instance_state, nat_gateway, prefix_list, subnet, volume, volume_attachment, vpc, vpc_endpoint,
    vpc_peering_connection,
};
use crate::state::Millis;
use crate::state::table::Row;

/// The transitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    VpcAvailable,
    CidrAssociated,
    CidrDisassociated,
    SubnetAvailable,
    NatReady,
    NatDeleted,
    InstanceRunning,
    InstanceStopped,
    InstanceTerminated,
    MetadataApplied,
    MonitoringSettled,
    VolumeAvailable,
    VolumeTakenBack,
    VolumeAttached,
    VolumeDetached,
    VolumeOptimizing,
    VolumeModified,
    EndpointAvailable,
    EndpointDeleted,
    PrefixListSettled,
    PrefixListDeleted,
    PeeringRequested,
    PeeringActive,
    PeeringExpired,
    PeeringDeleted,
    /// A terminal object is no longer shown.
    Forgotten,
}

impl What {
    /// Whether something lets go of what it held from then on.
    pub fn releases(self) -> bool {
        matches!(
            self,
            Self::CidrDisassociated
                | Self::NatDeleted
                | Self::InstanceTerminated
                | Self::EndpointDeleted
                | Self::VolumeDetached
        )
    }

    /// Whether something new can be used from then on.
    pub fn completes(self) -> bool {
        matches!(
            self,
            Self::VpcAvailable
                | Self::SubnetAvailable
                | Self::NatReady
                | Self::InstanceRunning
                | Self::EndpointAvailable
        )
    }
}

/// One transition in the queue, which is ordered by its keys' times.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Due {
    /// When.
    pub at: Millis,
    /// What.
    pub what: What,
    /// Of which object.
    pub id: String,
}

impl Row for Due {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&self.id);
    }
}

/// The queue's key: by time, and by the order of asking within it.
pub fn key(at: Millis, number: u64) -> String {
    format!("{at:015}-{number:012}")
}

/// Runs everything that is due by now, in order.
pub fn settle(call: &mut Call<'_>) {
    call.region.reveal(call.now);
    let now = call.now;
    loop {
        let first = call.region.dues.iter().next();
        let Some((key, due)) = first.filter(|(_, due)| due.at <= now) else {
            break;
        };
        let (key, due) = (key.clone(), due.clone());
        call.region.dues.remove(&key);
        // A transition sees its own time, so that what it starts is timed from there.
        call.now = due.at;
        arrive(call, due.what, &due.id);
    }
    call.now = now;
}

/// Forgets the transitions of an object that is gone or goes another way.
pub fn cancel(call: &mut Call<'_>, id: &str) {
    for key in call.region.dues.referring_ids(id) {
        call.region.dues.remove(&key);
    }
}

fn arrive(call: &mut Call<'_>, what: What, id: &str) {
    match what {
        What::VpcAvailable => vpc::available(call, id),
        What::CidrAssociated => vpc::cidr_associated(call, id),
        What::CidrDisassociated => vpc::cidr_disassociated(call, id),
        What::SubnetAvailable => subnet::available(call, id),
        What::NatReady => nat_gateway::ready(call, id),
        What::NatDeleted => nat_gateway::deleted(call, id),
        What::InstanceRunning => instance_state::running(call, id),
        What::InstanceStopped => instance_state::stopped(call, id),
        What::InstanceTerminated => instance_state::terminated(call, id),
        What::MetadataApplied => instance_state::metadata_applied(call, id),
        What::MonitoringSettled => instance_state::monitoring_settled(call, id),
        What::VolumeAvailable => volume::available(call, id),
        What::VolumeAttached => volume_attachment::attached(call, id),
        What::VolumeDetached => volume_attachment::detached(call, id),
        What::VolumeTakenBack => volume::taken_back(call, id),
        What::VolumeOptimizing => volume::optimizing(call, id),
        What::VolumeModified => volume::modified(call, id),
        What::EndpointAvailable => vpc_endpoint::available(call, id),
        What::EndpointDeleted => vpc_endpoint::deleted(call, id),
        What::PrefixListSettled => prefix_list::settled(call, id),
        What::PrefixListDeleted => prefix_list::deleted(call, id),
        What::PeeringRequested => vpc_peering_connection::requested(call, id),
        What::PeeringActive => vpc_peering_connection::active(call, id),
        What::PeeringExpired => vpc_peering_connection::expired(call, id),
        What::PeeringDeleted => vpc_peering_connection::deleted(call, id),
        What::Forgotten => forget(call, id),
    }
}

fn forget(call: &mut Call<'_>, id: &str) {
    call.region.instances.remove(id);
    call.region.nat_gateways.remove(id);
    call.region.vpc_endpoints.remove(id);
    call.region.prefix_lists.remove(id);
    call.region.flow_logs.remove(id);
    call.region.vpc_peering_connections.remove(id);
    call.region.tags.remove(id);
}
