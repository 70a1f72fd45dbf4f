//! The laws of EC2's forwarding as switches, so that tests can show that each one matters. Everything else
//! has them all.

/// A law that a test can switch off. Each names what EC2 does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each one is the sentence of its name; where it is used says more"
)]
pub enum Law {
    ExplicitTableBeforeMain,
    LongestPrefixWins,
    StaticBeforeListBeforePropagated,
    LocalBeforePropagated,
    RoutesInsideLocalAreForbidden,
    LinkLocalIsNeverForwarded,
    BlackholeDoesNotFallThrough,
    OwnSubnetSkipsAclAndRoutes,
    GatewayNeedsPublicAddress,
    GatewayDropsPrivateDestinations,
    PublicSourceIsNoGroupMember,
    NatCarriesThreeProtocols,
    NatDropsReplies,
    NatTakesNoFlows,
    NatIsUselessInItsOwnSubnet,
    NatIsFilteredOnAllLegs,
    EndpointCarriesTcpAndEcho,
    PeeringIsNotTransitive,
    PeeringMustBeActive,
    GroupsSpanRegionalPeeringOnly,
    TransitNeedsAttachmentInZone,
    TransitSubnetsFilter,
    TransitStaticWins,
    GroupsFilterEgress,
    GroupsFilterIngress,
    GroupsRemember,
    AclsFilter,
    AclsAreOrdered,
    AclsForget,
    RepliesNeedRoutes,
    CheckedInterfacesAreNoAppliances,
    AppliancesHideGroupMembers,
    EgressOnlyTakesNoFlows,
    StoppedHostsAreSilent,
}

impl Law {
    /// Every law.
    pub const ALL: [Self; 34] = [
        Self::ExplicitTableBeforeMain,
        Self::LongestPrefixWins,
        Self::StaticBeforeListBeforePropagated,
        Self::LocalBeforePropagated,
        Self::RoutesInsideLocalAreForbidden,
        Self::LinkLocalIsNeverForwarded,
        Self::BlackholeDoesNotFallThrough,
        Self::OwnSubnetSkipsAclAndRoutes,
        Self::GatewayNeedsPublicAddress,
        Self::GatewayDropsPrivateDestinations,
        Self::PublicSourceIsNoGroupMember,
        Self::NatCarriesThreeProtocols,
        Self::NatDropsReplies,
        Self::NatTakesNoFlows,
        Self::NatIsUselessInItsOwnSubnet,
        Self::NatIsFilteredOnAllLegs,
        Self::EndpointCarriesTcpAndEcho,
        Self::PeeringIsNotTransitive,
        Self::PeeringMustBeActive,
        Self::GroupsSpanRegionalPeeringOnly,
        Self::TransitNeedsAttachmentInZone,
        Self::TransitSubnetsFilter,
        Self::TransitStaticWins,
        Self::GroupsFilterEgress,
        Self::GroupsFilterIngress,
        Self::GroupsRemember,
        Self::AclsFilter,
        Self::AclsAreOrdered,
        Self::AclsForget,
        Self::RepliesNeedRoutes,
        Self::CheckedInterfacesAreNoAppliances,
        Self::AppliancesHideGroupMembers,
        Self::EgressOnlyTakesNoFlows,
        Self::StoppedHostsAreSilent,
    ];
}

/// Which laws hold: all, but those that a test switches off.
#[derive(Clone, Copy, Debug, Default)]
pub struct Laws {
    off: u64,
}

impl Laws {
    /// All laws but this one.
    pub fn without(law: Law) -> Self {
        Self { off: 1 << law as u64 }
    }

    /// Whether a law holds.
    pub fn hold(self, law: Law) -> bool {
        self.off & (1 << law as u64) == 0
    }
}
