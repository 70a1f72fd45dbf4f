//! Trueup against moto, another's simulated EC2: what the tests on our own sandbox say must hold there as
//! well, but for a list of moto's own differences, each of which must still be true.

use std::time::Duration;

use trueup_model::Topology;
use trueup_tests::edit_list::{Edit, edits_in_place, edits_that_replace, edits_with_a_stop};
use trueup_tests::equivalence::{ARTICLE, assert_same, by_hand, by_trueup, folder};
use trueup_tests::filled;
use trueup_tests::kinds::edited;
use trueup_tests::meddlings::{MEDDLINGS, Meddling, network};
use trueup_tests::programs::{Programs, Server, output};
use trueup_tests::{World, topology};

/// Something that moto does otherwise than EC2, with the section of the notes on EC2 that tells it, and the
/// attempts that may fail for it: parts of their names.
struct Exception {
    what: &'static str,
    source: &'static str,
    excuses: &'static [&'static str],
}

const fn exception(what: &'static str, source: &'static str, excuses: &'static [&'static str]) -> Exception {
    Exception {
        what,
        source,
        excuses,
    }
}

/// All that is excused. Where an attempt succeeds that is excused here, moto has mended its ways, and its
/// line goes.
const EXCEPTIONS: &[Exception] = &[
    exception(
        "the service-name filter of DescribeVpcEndpointServices is an internal error",
        "ec2.md 9.2",
        &["service by filter"],
    ),
    exception(
        "MonitorInstances and UnmonitorInstances are not implemented",
        "ec2.md 9.3",
        &["monitoring: true", "onitorInstances"],
    ),
    exception(
        "ModifyInstanceAttribute takes user data only if it is encoded twice",
        "ec2.md 9.5",
        &["echo hello", "UserData.Value"],
    ),
    exception(
        "ResetPolicy of ModifyVpcEndpoint is ignored",
        "ec2.md 9.5",
        &["ResetPolicy=true"],
    ),
    exception(
        "an interface stays in use after its instance, and so does its private address: the successor's launch is an internal error",
        "ec2.md 9.5",
        &["size: 20", "&Size=40"],
    ),
    exception(
        "an interface stays in use after its instance or NAT gateway, and so does its Elastic IP address",
        "ec2.md 9.5",
        &["10.0.1.10", "elastic_ip: nat}"],
    ),
    exception(
        "the primary interface has DeleteOnTermination false unless it is asked for",
        "ec2.md 9.5",
        &["equal networks"],
    ),
    exception(
        "a set of DHCP options that a VPC has had cannot be deleted, as if the VPC had it still",
        "associate_dhcp_options of moto",
        &["domain_name: corp.example", "10.0.0.54, 10.0.0.53"],
    ),
    exception(
        "an entry of a network ACL is shown without its ICMP type and code",
        "ec2.md 9.5",
        &["allow, protocol: icmp, icmp_type: 8"],
    ),
    exception(
        "a VPC gets no IPv6 range of an account's own",
        "associate_vpc_cidr_block of moto",
        &["#association of 2001:db8:70::/56}", "instance.six"],
    ),
    exception(
        "DescribeSubnets says the state of an IPv6 range as `{'State': 'associated'}`, which is no word of EC2's",
        "ec2.md 9.5",
        &["&Ipv6CidrBlock=2001:db8:50:7::/64"],
    ),
    exception(
        "a VPC has at most one IPv6 range",
        "associate_vpc_cidr_block of moto",
        &["&AmazonProvidedIpv6CidrBlock=true"],
    ),
    exception(
        "a subnet that is created by AvailabilityZoneId is its zone's default one",
        "create_subnet of moto",
        &["subnet by zone id"],
    ),
    exception(
        "a local route that was led to an interface is still shown with `local` as its gateway",
        "replace_route of moto",
        &["DestinationCidrBlock=10.0.0.0/16&NetworkInterfaceId="],
    ),
    exception(
        "ModifyNetworkInterfaceAttribute ignores AssociatePublicIpAddress",
        "modify_network_interface_attribute of moto",
        &["&AssociatePublicIpAddress=true"],
    ),
    exception(
        "ModifyInstanceMetadataOptions forgets the options that it does not name, and then not all of them can be read",
        "modify_instance_metadata_options of moto",
        &["HttpPutResponseHopLimit=64"],
    ),
    exception(
        "an instance still shows the profile of its launch when another one takes its place",
        "replace_iam_instance_profile_association of moto",
        &["ReplaceIamInstanceProfileAssociation&"],
    ),
    exception(
        "an interface shows the groups of its instance beside its own: what the instance was given there stays",
        "group_set of moto",
        &["&GroupId.2={security_group.db}"],
    ),
    exception(
        "an instance shows a check of its own, which its interface's does not change",
        "modify_network_interface_attribute of moto",
        &["#network_interface}&SourceDestCheck.Value=false"],
    ),
    exception(
        "a VPC has one flow log for each destination, whatever its traffic",
        "create_flow_logs of moto",
        &["traffic_type: reject"],
    ),
    exception(
        "a VPC of another account or region, which a peering connection asks, must be there",
        "create_vpc_peering_connection of moto",
        &["vpc-0123456789abcdef0", "peer_region: eu-west-1"],
    ),
    exception(
        "an interface endpoint is shown without its address type and DNS options, which do not change",
        "modify_vpc_endpoint of moto",
        &["dns_record_ip_type: ipv4", "&IpAddressType=", "&DnsOptions."],
    ),
    exception(
        "private DNS of an endpoint does not change",
        "modify_vpc_endpoint of moto",
        &["private_dns_enabled: false", "&PrivateDnsEnabled="],
    ),
    exception(
        "an endpoint keeps the interface of a subnet that it has left",
        "modify_vpc_endpoint of moto",
        &["&RemoveSubnetId.1="],
    ),
    exception(
        "ModifyVolume takes a false MultiAttachEnabled for none",
        "modify_volume of moto",
        &["multi_attach_enabled: true", "&MultiAttachEnabled=false"],
    ),
    exception(
        "there is no snapshot that nobody has made",
        "get_snapshot of moto",
        &["edit of `snap-0123456789abcdef0`"],
    ),
    exception(
        "RunInstances ignores DisableApiTermination",
        "run_instances of moto",
        &["first apply"],
    ),
    exception(
        "a rule's description is not taken away, and that of a rule about a group does not change",
        "update_security_group_rule_descriptions of moto",
        &[
            ", description: web}",
            "UpdateSecurityGroupRuleDescriptionsIngress&GroupId={security_group.db}",
            "UpdateSecurityGroupRuleDescriptionsEgress",
        ],
    ),
];

/// What an exception waits out for long is not waited for.
const PATIENCE: Duration = Duration::from_secs(20);

fn excuse(attempt: &str) -> Option<&'static Exception> {
    EXCEPTIONS
        .iter()
        .find(|exception| exception.excuses.iter().any(|part| attempt.contains(part)))
}

/// An attempt that is excused must fail, and any other succeed. Answers whether it did.
fn judge(attempt: &str, result: Result<(), String>) -> bool {
    match (excuse(attempt), result) {
        (None, Ok(())) => true,
        (None, Err(failed)) => panic!("{attempt}: {failed}"),
        (Some(_), Err(_)) => false,
        (Some(Exception { what, source, .. }), Ok(())) => {
            panic!("{attempt}: it is not true any more that {what} ({source}): remove the line")
        }
    }
}

/// What is different in moto's world: entries of network ACLs without ICMP types, zones by their names, no IPv6
/// ranges of one's own, endpoints without address types (see the exceptions), flow logs that know neither folders of a
/// bucket nor how records are laid down there (`create_flow_logs` of moto), DHCP options without a lease time
/// (`create_dhcp_options` of moto), no snapshots but one's own, and no VPC of another account to be peered with.
fn adapted(text: &str) -> String {
    const OWN: [&str; 9] = [
        PARTNER,
        "\n    snapshot_id: snap-0123456789abcdef0",
        "    ip_address_type: dualstack\n    dns_options: {dns_record_ip_type: ipv4}\n",
        "\n    ipv6_address_preferred_lease_time: 200",
        "/all\n    destination_options: {file_format: parquet, per_hour_partition: true}",
        r#", ipv6_cidr_block: "2001:db8:50::/56", ipv6_pool: ipv6pool-ec2-0123456789abcdef0"#,
        r#", ipv6_cidr_block: "2001:db8:70::/56", ipv6_pool: ipv6pool-ec2-0123456789abcdef0"#,
        r#", ipv6_cidr_block: "2001:db8:50:8::/64""#,
        r#", ipv6_addresses: ["2001:db8:50:8::10"]"#,
    ];
    let text = OWN
        .iter()
        .fold(text.to_owned(), |text, own| text.replace(own, ""));
    text.replace("allow, protocol: icmp, icmp_type: 8", "allow, protocol: icmp")
        .replace("availability_zone_id: usw2-az2", "availability_zone: us-west-2b")
        .replace("usw2-az2", "us-west-2b")
}

/// The peering connection with a VPC of another account.
const PARTNER: &str = "  partner:\n    vpc: main\n    peer_vpc: vpc-0123456789abcdef0\n    peer_owner_id: \"210987654321\"\n    peer_region: eu-west-1\n";

/// A network on a moto of its own.
struct Network<'a> {
    programs: &'a Programs,
    server: Server,
    world: World,
    wanted: Topology,
}

impl<'a> Network<'a> {
    async fn new(programs: &'a Programs, text: &str) -> Self {
        let wanted = topology(text);
        let (server, world) = Self::made(programs, &wanted).await;
        Self {
            programs,
            server,
            world,
            wanted,
        }
    }

    async fn made(programs: &Programs, wanted: &Topology) -> (Server, World) {
        let server = programs.moto();
        let folder = folder();
        for name in ["administrator", "web"] {
            let profile = ["iam", "create-instance-profile", "--instance-profile-name", name];
            output(
                programs.command("aws", &server.url, folder.path()).args(profile),
                0,
            );
        }
        let bucket = "s3api create-bucket --bucket example-flow-logs --create-bucket-configuration LocationConstraint=us-west-2";
        output(
            programs
                .command("aws", &server.url, folder.path())
                .args(bucket.split(' ')),
            0,
        );
        let world = World::at(&server.url).await;
        let first = world.try_apply(wanted).await.map(|_| ());
        if !judge("first apply", first) {
            world.apply(wanted).await;
        }
        (server, world)
    }

    /// After a failure nothing is as it should be.
    async fn again(&mut self) {
        let (server, world) = Self::made(self.programs, &self.wanted).await;
        (self.server, self.world) = (server, world);
    }

    async fn apply(&self, topology: &Topology, attempt: &str) -> Result<(), String> {
        let apply = async { self.world.try_apply(topology).await.map(|_| ()) };
        match excuse(attempt) {
            Some(_) => tokio::time::timeout(PATIENCE, apply)
                .await
                .unwrap_or_else(|_| Err("it takes too long".to_owned())),
            None => apply.await,
        }
    }

    /// Somebody does something by hand: it is seen, and repaired.
    async fn meddle(&self, meddling: &Meddling, attempt: &str) -> Result<(), String> {
        let live = self.world.plan(&self.wanted).await;
        let mut answer = String::new();
        for call in meddling.calls {
            answer = self.world.try_call(&filled(call, &live, &answer)).await?;
        }
        let plan = self.world.plan(&self.wanted).await;
        let ours = plan
            .changes
            .iter()
            .filter(|change| change.address.to_string() == meddling.address);
        let paths: Vec<&str> = ours
            .flat_map(|change| &change.attributes)
            .map(|change| change.path.split('.').next().unwrap_or_default())
            .collect();
        if paths.is_empty() || paths.iter().any(|path| *path != meddling.attribute) {
            return Err(format!("the plan says {paths:?}"));
        }
        self.apply(&self.wanted, attempt).await
    }
}

/// Runs a test on the clock of the wall: moto knows no other.
fn on_moto(test: impl AsyncFnOnce(&Programs)) {
    let Some(programs) = Programs::find() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .unwrap_or_else(|error| panic!("{error}"))
        .block_on(test(&programs));
}

fn edits() -> impl Iterator<Item = (String, Edit)> {
    let all = edits_in_place()
        .into_iter()
        .chain(edits_with_a_stop())
        .chain(edits_that_replace());
    all.map(|edit| (format!("edit of `{}`", edit.from.trim()), edit))
}

fn meddlings() -> impl Iterator<Item = (String, &'static Meddling)> {
    MEDDLINGS.iter().map(|meddling| {
        (
            format!("{}: {}", meddling.address, meddling.calls.join(", ")),
            meddling,
        )
    })
}

#[test]
fn every_exception_excuses_something() {
    let others = [
        "first apply",
        "service by filter",
        "subnet by zone id",
        "equal networks",
    ]
    .map(str::to_owned);
    let attempts: Vec<String> = edits()
        .map(|(attempt, _)| attempt)
        .chain(meddlings().map(|(attempt, _)| attempt))
        .chain(others)
        .collect();
    for Exception { what, excuses, .. } in EXCEPTIONS {
        for part in *excuses {
            assert!(
                attempts.iter().any(|attempt| attempt.contains(part)),
                "{what}: nothing is called {part}"
            );
        }
    }
}

#[test]
fn every_edit_on_moto_is_applied_and_taken_back() {
    on_moto(async |programs| {
        // Here each VPC may lose its names: the meddlings' peering connection would need them.
        let text = adapted(&network())
            .replace(
                ", requester_peering_connection_options: {allow_dns_resolution_from_remote_vpc: true}",
                "",
            )
            .replace(
                "instance_tenancy: dedicated, enable_dns_hostnames: true",
                "instance_tenancy: dedicated",
            );
        let mut moto = Network::new(programs, &text).await;
        for (attempt, Edit { kind, from, to, .. }) in edits() {
            let Some(edited) = edited(&text, kind, &adapted(from), &adapted(&to)) else {
                assert!(excuse(&attempt).is_some(), "{from} is not in the network");
                continue;
            };
            let edited = topology(&edited);
            let mut result = moto.apply(&edited, &attempt).await;
            if result.is_ok() {
                result = moto.apply(&moto.wanted, &attempt).await;
            }
            if !judge(&attempt, result) {
                moto.again().await;
            }
        }
    });
}

#[test]
fn what_is_changed_behind_our_back_on_moto_is_seen_and_repaired() {
    on_moto(async |programs| {
        let mut moto = Network::new(programs, &adapted(&network())).await;
        for (attempt, meddling) in meddlings() {
            let result = moto.meddle(meddling, &attempt).await;
            if !judge(&attempt, result) {
                moto.again().await;
            }
        }
    });
}

#[test]
fn a_subnet_by_zone_id_is_what_moto_makes_of_it() {
    on_moto(async |programs| {
        let server = programs.moto();
        let text = "topology: t\nregion: us-west-2\nvpc: {main: {cidr_block: 10.0.0.0/16}}\n\
                    subnet: {a: {cidr_block: 10.0.1.0/24, availability_zone_id: usw2-az2}}\n";
        judge(
            "subnet by zone id",
            World::at(&server.url)
                .await
                .try_apply(&topology(text))
                .await
                .map(|_| ()),
        );
    });
}

#[test]
fn the_articles_commands_and_an_apply_leave_the_same_network_on_moto() {
    let Some(programs) = Programs::find() else { return };
    let (ours, theirs) = (programs.moto(), programs.moto());
    let (filter, names) = ("--filters Name=service-name,Values=", "--service-names ");
    assert!(ARTICLE.contains(filter));
    let folder = folder();
    let asked = programs
        .command("aws", &theirs.url, folder.path())
        .env("AWS_MAX_ATTEMPTS", "1")
        .args(["ec2", "describe-vpc-endpoint-services"])
        .args(format!("{filter}com.amazonaws.us-west-2.s3").split(' '))
        .output()
        .unwrap_or_else(|error| panic!("{error}"));
    judge(
        "service by filter",
        if asked.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&asked.stderr).into_owned())
        },
    );

    let by_trueup = by_trueup(&programs, &ours, &["--tolerant"]);
    let by_hand = by_hand(
        &programs,
        &theirs,
        &ARTICLE.replace(filter, names),
        &["--tolerant"],
    );
    judge(
        "equal networks",
        if by_hand == by_trueup {
            Ok(())
        } else {
            Err(String::new())
        },
    );
    // The interfaces of two instances, each told of twice, and nothing else.
    let (kept, gone) = ("\"DeleteOnTermination\": false", "\"DeleteOnTermination\": true");
    assert_eq!(by_hand.matches(kept).count(), 4);
    assert_same(&by_hand.replace(kept, gone), &by_trueup);
}
