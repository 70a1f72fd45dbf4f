//! The rules by which EC2 forwards as switches, so that tests can show that each one matters. Everything else
//! has them all.

/// A forwarding rule that a test can switch off. Each names what EC2 does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each one is the sentence of its name; where it is used says more"
)]
pub enum ForwardingRule {
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

impl ForwardingRule {
    /// Every rule.
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

/// Which forwarding rules hold: all, but those that a test switches off.
#[derive(Clone, Copy, Debug, Default)]
pub struct ForwardingRules {
    off: u64,
}

impl ForwardingRules {
    /// All rules but this one.
    pub fn without(forwarding_rule: ForwardingRule) -> Self {
        Self {
            off: 1 << forwarding_rule as u64,
        }
    }

    /// Whether a forwarding rule holds.
    pub fn hold(self, forwarding_rule: ForwardingRule) -> bool {
        self.off & (1 << forwarding_rule as u64) == 0
    }
}
