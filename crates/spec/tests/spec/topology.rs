//! What no single attribute can tell: references, circles, and the kinds' checks of a topology as a whole.

use std::collections::BTreeMap;
use std::fmt::Write;

use trueup_spec::{Options, parse};

use crate::common::{Memory, read, told};

const VPC: &str = "topology: t\nregion: us-west-2\nvpc: {main: {cidr_block: 10.0.0.0/16}}\n";

fn with_vpc(rest: &str) -> String {
    format!("{VPC}{rest}")
}

/// So many entries of an ACL, for one range.
fn entries(count: usize, range: &str) -> String {
    let entry = |number| format!("{{rule_number: {number}, action: deny, protocol: all, cidr: \"{range}\"}}");
    (1..=count).map(entry).collect::<Vec<_>>().join(", ")
}

/// Root volumes that EC2 refuses, and among them some that it takes: those are not reported.
const VOLUMES: [&str; 18] = [
    "",
    "encrypted: false",
    "type: gp2, iops: 3000",
    "type: standard, throughput: 125",
    "type: io1",
    "type: gp3, iops: 500",
    "type: st1, size: 200",
    "iops: 4000",
    "throughput: 250",
    "size: 20000",
    "type: gp2, size: 16385",
    "type: io1, size: 8, iops: 401",
    "type: io1, size: 8, iops: 400",
    "type: gp3, size: 8, iops: 4001",
    "type: gp3, size: 4, iops: 3000",
    "type: gp3, throughput: 751",
    "type: gp3, size: 40, iops: 8000, throughput: 2000",
    "type: io2, size: 100, iops: 100000, throughput: 125",
];

bad! {
    references: &with_vpc("subnet: {a: {cidr_block: 10.0.0.0/24, route_table: privat}, b: {cidr_block: 10.0.1.0/24, route_table: route_table.private}, c: {cidr_block: 10.0.2.0/24, route_table: [private]}}\nroute_table: {private: , public: }\ninternet_gateway: {g: {vpc: igw-0123456789abcdef0}}\n");
    references_to_another_kind: &with_vpc("subnet: {a: {cidr_block: 10.0.0.0/24, vpc: private}, b: {cidr_block: 10.0.1.0/24, route_table: main}}\nroute_table: {private: }\n");
    references_to_nothing: &with_vpc("subnet: {a: {cidr_block: 10.0.0.0/24, route_table: Private Table}, b: {cidr_block: 10.0.1.0/24, route_table: rtb-0123}, c: {cidr_block: 10.0.2.0/24, route_table: other}}\n");
    references_among_many: &with_vpc(&format!("subnet: {{a: {{cidr_block: 10.0.0.0/24, route_table: missing}}}}\nroute_table: {{{}}}\n", (0..12).map(|n| format!("t{n}: ")).collect::<Vec<_>>().join(", ")));
    no_vpc: "topology: t\ninternet_gateway: {g: }\n";
    which_vpc: "topology: t\nvpc: {a: {cidr_block: 10.0.0.0/16}, b: {cidr_block: 10.1.0.0/16}}\ninternet_gateway: {g: }\n";
    circle: &with_vpc("subnet: {a: {cidr_block: 10.0.0.0/24, route_table: r}}\nroute_table:\n  r:\n    routes:\n      - {destination: 0.0.0.0/0, nat_gateway: n}\nnat_gateway: {n: {subnet: a, connectivity_type: private}}\n");
    two_circles: &with_vpc("subnet: {a: {cidr_block: 10.0.0.0/24, route_table: r}, b: {cidr_block: 10.0.1.0/24, route_table: r}}\nroute_table: {r: {routes: [{destination: 0.0.0.0/0, nat_gateway: n}, {destination: 1.0.0.0/8, nat_gateway: m}]}}\nnat_gateway: {n: {subnet: a, connectivity_type: private}, m: {subnet: b, connectivity_type: private}}\n");
    outside_and_overlap: &with_vpc("subnet:\n  a: {cidr_block: 10.1.0.0/24}\n  b: {cidr_block: 10.0.0.0/23}\n  c: {cidr_block: 10.0.1.0/24}\n");
    vpc_ranges_overlap: "topology: t\nvpc: {main: {cidr_block: 10.0.0.0/16, secondary_cidr_blocks: [10.0.128.0/20, 10.1.0.0/16]}}\n";
    dhcp_options: "topology: t\nregion: us-west-2\nvpc: {main: {cidr_block: 10.0.0.0/16, dhcp_options: corp}}\ndhcp_options:\n  corps: {domain_name: corp.example}\n  empty: {}\n  long: {domain_name_servers: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5]}\n  named: {ntp_servers: [time.example], netbios_name_servers: [\"2001:db8::1\"]}\n  twice: {domain_name_servers: [10.0.0.1, 10.0.0.1]}\n  both: {domain_name_servers: [AmazonProvidedDNS, 10.0.0.1]}\n  small: {domain_name_servers: amazonprovideddns}\n  node: {netbios_node_type: 3, ipv6_address_preferred_lease_time: 100}\n  spaces: {domain_name: a.example b.example}\n  wrong: {domain_name: \"a..b\", domain_name_servers: []}\n";
    volumes: "topology: t\nregion: us-west-2\nvolume:\n  none: {availability_zone: us-west-2a}\n  zone: {availability_zone: us-east-1a, size: 8}\n  unzoned: {size: 8}\n  id: {availability_zone: usw2-az1, size: 8}\n  small: {availability_zone: us-west-2a, size: 100, volume_type: st1}\n  type: {availability_zone: us-west-2a, size: 8, volume_type: gp4}\n  plain: {availability_zone: us-west-2a, size: 8, iops: 3000, throughput: 125}\n  needs: {availability_zone: us-west-2a, size: 8, volume_type: io2}\n  fast: {availability_zone: us-west-2a, size: 10, volume_type: gp3, iops: 5001}\n  wide: {availability_zone: us-west-2a, size: 10, volume_type: gp3, throughput: 1000}\n  unencrypted: {availability_zone: us-west-2a, size: 8, encrypted: false, kms_key_id: 1234abcd-12ab-34cd-56ef-1234567890ab}\n  alias: {availability_zone: us-west-2a, size: 8, kms_key_id: alias/data}\n  far: {availability_zone: us-west-2a, size: 8, kms_key_id: \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\"}\n  snapshot: {availability_zone: us-west-2a, snapshot_id: snap-1}\n  shared: {availability_zone: us-west-2a, size: 8, volume_type: gp3, multi_attach_enabled: true}\n  words: {az: us-west-2a, volume_size: 8, type: gp3, kms_key: x, snapshot: y}\n  fine: {availability_zone: us-west-2a, snapshot_id: snap-0123456789abcdef0}\n";
    volumes_at_instances: &with_vpc("subnet: {a: {cidr_block: 10.0.0.0/24, availability_zone: us-west-2a}, open: {cidr_block: 10.0.1.0/24}}\ninstance:\n  a: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: a}\n  open: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: open}\nvolume:\n  nowhere: {availability_zone: us-west-2a, size: 8, instance: a}\n  of-none: {availability_zone: us-west-2a, size: 8, device_name: /dev/sdf}\n  far: {availability_zone: us-west-2b, size: 8, instance: a, device_name: /dev/sdf}\n  open: {availability_zone: us-west-2a, size: 8, instance: open, device_name: /dev/sdf}\n  one: {availability_zone: us-west-2a, size: 8, instance: a, device_name: /dev/sdg}\n  two: {availability_zone: us-west-2a, size: 8, instance: instance.a, device_name: /dev/sdg}\n  root: {availability_zone: us-west-2a, size: 8, instance: a, device_name: /dev/sda1}\n  strange: {availability_zone: us-west-2a, size: 8, instance: a, device_name: sdf}\n  gone: {availability_zone: us-west-2a, size: 8, instance: b, device_name: /dev/sdh}\n  id: {availability_zone: us-west-2a, size: 8, instance: i-0123456789abcdef0, device_name: /dev/sdh}\n");
    flow_logs_of_what: &with_vpc("subnet: {s: {cidr_block: 10.0.0.0/24}}\nflow_log:\n  none: {traffic_type: all, log_destination: arn:aws:s3:::my-logs}\n  two: {vpc: main, subnet: s, traffic_type: all, log_destination: arn:aws:s3:::my-logs}\n  untold: {vpc: main, log_destination: arn:aws:s3:::my-logs}\n  loud: {vpc: main, traffic_type: ALL, log_destination: arn:aws:s3:::my-logs/a}\n  transit: {transit_gateway: tgw-0123456789abcdef0, traffic_type: all, max_aggregation_interval: 600, log_destination: arn:aws:s3:::my-logs}\n  twice: {vpc: vpc.main, traffic_type: all, log_destination: arn:aws:s3:::my-logs/a/}\n");
    flow_logs_to_where: &with_vpc("flow_log:\n  nowhere: {vpc: main, traffic_type: all}\n  both: {vpc: main, traffic_type: all, log_group_name: x, log_destination: arn:aws:s3:::my-logs, deliver_logs_permission_arn: arn:aws:iam::123456789012:role/x}\n  type: {vpc: main, traffic_type: all, log_destination: arn:aws:s3:::my-logs, log_destination_type: cloud-watch-logs}\n  reserved: {vpc: main, traffic_type: accept, log_destination: arn:aws:s3:::my-logs/AWSLogs}\n  queue: {vpc: main, traffic_type: all, log_destination: \"arn:aws:sqs:us-west-2:123456789012:q\"}\n  role: {vpc: main, traffic_type: reject, log_destination: arn:aws:s3:::my-logs, deliver_logs_permission_arn: arn:aws:iam::123456789012:role/x}\n  no-role: {vpc: main, traffic_type: all, log_group_name: x}\n  bad-role: {vpc: main, traffic_type: all, log_group_name: y, deliver_logs_permission_arn: flow-logs}\n  far-role: {vpc: main, traffic_type: all, log_destination: arn:aws:s3:::my-logs/b, deliver_cross_account_role: arn:aws:iam::123456789012:role/x}\n");
    flow_logs_how: &with_vpc("flow_log:\n  options: {vpc: main, traffic_type: all, log_group_name: x, deliver_logs_permission_arn: arn:aws:iam::123456789012:role/x, destination_options: {file_format: parquet}}\n  interval: {vpc: main, traffic_type: all, log_destination: arn:aws:s3:::my-logs/a, max_aggregation_interval: 300}\n  slip: {vpc: main, traffic_type: all, log_destination: arn:aws:s3:::my-logs/b, log_format: \"${version} ${vpc-idd}\"}\n  new: {vpc: main, traffic_type: all, log_destination: arn:aws:s3:::my-logs/c, log_format: \"${version} ${colour}\"}\n  bare: {vpc: main, traffic_type: all, log_destination: arn:aws:s3:::my-logs/d, log_format: version srcaddr}\n  escaped: {vpc: main, traffic_type: all, log_destination: arn:aws:s3:::my-logs/e, log_format: \"$${version} $${action}\"}\n  words: {vpc: main, traffic_type: all, log_destination: arn:aws:s3:::my-logs/f, log_format: \"<version>\", iam_role_arn: x}\n");
    peerings: "topology: t\naccount: '123456789012'\nregion: us-west-2\nvpc: {a: {cidr_block: 10.0.0.0/16}, b: {cidr_block: 10.1.0.0/16, secondary_cidr_blocks: [10.2.0.0/16]}, c: {cidr_block: 10.2.0.0/17}}\nvpc_peering_connection:\n  itself: {vpc: a, peer_vpc: a}\n  overlap: {vpc: b, peer_vpc: c, accept: true}\n  one: {vpc: a, peer_vpc: b}\n  other: {vpc: b, peer_vpc: a}\n  nobody: {vpc: a}\n  back: {vpc: a, peer_vpc: c, accept: false, requester_peering_connection_options: {allow_dns_resolution_from_remote_vpc: true}}\n";
    peerings_elsewhere: "topology: t\nregion: us-west-2\nvpc: {a: {cidr_block: 10.0.0.0/16}, b: {cidr_block: 10.1.0.0/16}}\nvpc_peering_connection:\n  far: {vpc: a, peer_vpc: vpc-0123456789abcdef0, peer_region: eu-west-1, accept: true}\n  named: {vpc: a, peer_vpc: b, peer_region: eu-west-1}\n  whose: {vpc: a, peer_vpc: vpc-0123456789abcdef1, peer_owner_id: '210987654321', accept: true}\n  options: {vpc: b, peer_vpc: vpc-0123456789abcdef1, peer_region: eu-west-1, accepter_peering_connection_options: {allow_dns_resolution_from_remote_vpc: true}}\n  near: {vpc: b, peer_vpc: vpc-0123456789abcdef0, peer_region: us-west-2, accept: true}\n";
    peerings_misspelt: &with_vpc("vpc_peering_connection:\n  owner: {vpc: main, peer_vpc: vpc-0123456789abcdef0, peer_owner_id: 12345}\n  region: {vpc: main, peer_vpc: vpc-0123456789abcdef1, peer_region: us-west-2a}\n  words: {vpc: main, peer_vpc: vpc-0123456789abcdef2, auto_accept: true, peer_account_id: '210987654321', requester: {allow_remote_vpc_dns_resolution: true}}\n");
    routes_over_peerings: "topology: t\nvpc: {a: {cidr_block: 10.0.0.0/16}, b: {cidr_block: 10.1.0.0/16}, c: {cidr_block: 10.2.0.0/16}}\nvpc_peering_connection: {ab: {vpc: a, peer_vpc: b, accept: true}}\nroute_table:\n  a: {vpc: a, routes: [{destination: 10.1.0.0/16, vpc_peering_connection: ab}]}\n  b: {vpc: b, routes: [{destination: 10.0.0.0/16, vpc_peering_connection: ab}]}\n  c: {vpc: c, routes: [{destination: 10.0.0.0/16, vpc_peering_connection: ab}]}\n";
    groups_over_peerings: "topology: t\nvpc: {a: {cidr_block: 10.0.0.0/16}, b: {cidr_block: 10.1.0.0/16}, c: {cidr_block: 10.2.0.0/16}}\nvpc_peering_connection: {ab: {vpc: a, peer_vpc: b, accept: true}, ca: {vpc: c, peer_vpc: a}}\nsecurity_group:\n  a: {vpc: a, description: A, ingress: [{protocol: all, security_group: b}, {protocol: all, security_group: c}]}\n  b: {vpc: b, description: B, egress: [{protocol: all, security_group: a}]}\n  c: {vpc: c, description: C, ingress: [{protocol: all, security_group: b}]}\n";
    vpc_dns: "topology: t\nvpc: {main: {cidr_block: 10.0.0.0/16, enable_dns_support: false, enable_dns_hostnames: true}}\n";
    gateways: "topology: t\nvpc: {a: {cidr_block: 10.0.0.0/16}, b: {cidr_block: 10.1.0.0/16}}\ninternet_gateway: {one: {vpc: a}, two: {vpc: a}}\negress_only_internet_gateway: {out: {vpc: a}}\nroute_table:\n  r: {vpc: b, routes: [{destination: 0.0.0.0/0, internet_gateway: one}]}\n  v6: {vpc: b, routes: [{destination: \"::/0\", egress_only_internet_gateway: out}]}\nsubnet: {s: {vpc: b, cidr_block: 10.1.0.0/24}}\nelastic_ip: {e: }\nnat_gateway: {n: {subnet: s, elastic_ip: e}, m: {subnet: s}, o: {subnet: s, elastic_ip: e, connectivity_type: private}}\n";
    other_vpcs: "topology: t\nvpc: {a: {cidr_block: 10.0.0.0/16}, b: {cidr_block: 10.1.0.0/16}}\nsubnet: {s: {vpc: a, cidr_block: 10.0.0.0/24, route_table: r}}\nroute_table: {r: {vpc: b}}\nsecurity_group: {g: {vpc: b, description: G}}\ninstance: {i: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: s, security_groups: [g]}}\nvpc_endpoint: {e: {vpc: a, service: s3, route_tables: [r]}}\n";
    group_names: &with_vpc("security_group:\n  a: {description: A, group_name: Web}\n  b: {description: B, group_name: web}\n  c: {description: 'C|D', group_name: sg-x}\n  default: {description: D}\n");
    key_names: "topology: t\nkey_pair: {a: {private_key_file: a.pem}, b: {key_name: t-a, private_key_file: b.pem}}\n";
    local_route: &with_vpc("route_table: {r: {routes: [{destination: 10.0.0.0/16, internet_gateway: g}]}}\ninternet_gateway: {g: }\n");
    zones: &with_vpc("subnet: {a: {cidr_block: 10.0.0.0/24, availability_zone: us-west-2a, availability_zone_id: usw2-az1}, b: {cidr_block: 10.0.1.0/24, availability_zone: us-east-1a}}\n");
    ipv6_addresses: "topology: t\nregion: us-west-2\nvpc:\n  main: {cidr_block: 10.0.0.0/16}\n  own: {cidr_block: 10.9.0.0/16, ipv6_cidr_block: \"2001:db8::/56\", ipv6_pool: ipv6pool-ec2-01234567}\n  amazon: {cidr_block: 10.8.0.0/16, ipv6_cidr_block: amazon}\nsubnet:\n  none: {vpc: main, cidr_block: 10.0.0.0/24, assign_ipv6_address_on_creation: true}\n  own: {vpc: own, cidr_block: 10.9.0.0/24, ipv6_cidr_block: \"2001:db8::/64\"}\n  three: {vpc: amazon, cidr_block: 10.8.0.0/24, ipv6_cidr_block: 3}\ninstance:\n  f: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: three, ipv6_addresses: [\"2600:1f14:1:103::10\", \"2600:1f14:1:104::10\", \"2600:1f14:1:103::1\", \"fe80::1\"]}\n  a: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: none, ipv6_address_count: 1}\n  b: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: own, ipv6_addresses: [\"2001:db8::3\", \"2001:db8:0:1::9\", \"2001:db8::9\"]}\n  c: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: own, ipv6_addresses: [\"2001:DB8::9\"]}\n  d: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: own, ipv6_addresses: [\"2001:db8::a\"], ipv6_address_count: 1}\n  e: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: own, ipv6_addresses: [10.9.0.9]}\n";
    addresses: &with_vpc("subnet: {s: {cidr_block: 10.0.0.0/24}}\ninstance:\n  a: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: s, private_ip_address: 10.0.0.3}\n  b: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: s, private_ip_address: 10.0.1.10}\n  c: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: s, private_ip_address: 10.0.0.10, elastic_ip: e}\n  d: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: s, private_ip_address: 10.0.0.10, elastic_ip: e, associate_public_ip_address: true}\nelastic_ip: {e: }\n");
    endpoints: &with_vpc("route_table: {r: }\nvpc_endpoint: {a: {service: s3, route_tables: [r]}, b: {service: com.amazonaws.us-west-2.s3, route_tables: [r]}}\n");
    vpc_ranges: "topology: t\nvpc:\n  a: {cidr_block: 10.0.0.0/16, secondary_cidr_blocks: [172.16.0.0/16, 100.64.0.0/16]}\n  b: {cidr_block: 172.16.0.0/16, secondary_cidr_blocks: [172.31.0.0/20, 198.51.100.0/24]}\n  c: {cidr_block: 10.1.0.0/16, secondary_cidr_blocks: [10.0.0.0/20, 10.2.0.0/16]}\n  d: {cidr_block: 100.64.0.0/16, secondary_cidr_blocks: [10.5.0.0/16]}\n  e: {cidr_block: 127.0.0.0/16}\n";
    routes_that_ec2_refuses: &with_vpc("internet_gateway: {g: }\nsubnet: {s: {cidr_block: 10.0.1.0/24}}\nnat_gateway: {n: {subnet: s, connectivity_type: private}}\nroute_table:\n  r:\n    routes:\n      - {destination: 169.254.169.254/32, internet_gateway: g}\n      - {destination: fd00:ec2::/64, internet_gateway: g}\n      - {destination: 10.0.1.0/24, internet_gateway: g}\n      - {destination: 10.0.2.0/24, nat_gateway: n}\n      - {destination: 10.0.0.0/8, nat_gateway: n}\n      - {destination: \"::/0\", nat_gateway: n}\n      - {destination: 0.0.0.0/0, egress_only_internet_gateway: eigw-0123456789abcdef0}\n      - {destination: aws/s3, nat_gateway: n}\n      - {destination: 192.0.2.0/24, vpc_endpoint: e}\n  fine: {routes: [{destination: 10.0.1.0/24, nat_gateway: n}, {destination: 169.254.0.0/16, internet_gateway: g}, {destination: \"64:ff9b::/96\", nat_gateway: n}]}\nvpc_endpoint: {e: {service: s3, route_tables: [r]}}\n");
    endpoints_that_ec2_refuses: &with_vpc("route_table: {r: }\nvpc_endpoint:\n  a: {service: dynamo, route_tables: [r]}\n  b: {service: com.amazonaws.eu-west-1.s3}\n  c: {service: ssm, type: interface}\n  d: {service: s3, policy: {Statement: []}}\n  e: {service: dynamodb, policy: {Statement: [{Effect: Allow, Action: \"*\", Resource: \"*\"}]}}\n  f: {service: s3express, policy: {Statement: {Effect: Permit, Principal: \"*\", Action: \"*\", Resource: \"*\"}}}\n");
    interface_endpoints: "topology: t\nregion: us-west-2\nvpc:\n  main: {cidr_block: 10.0.0.0/16, enable_dns_hostnames: true}\n  mute: {cidr_block: 10.1.0.0/16, enable_dns_support: false}\nsubnet:\n  a: {vpc: main, cidr_block: 10.0.0.0/24, availability_zone: us-west-2a}\n  b: {vpc: main, cidr_block: 10.0.1.0/24, availability_zone: us-west-2b}\n  also-a: {vpc: main, cidr_block: 10.0.2.0/24, availability_zone: us-west-2a}\n  mute: {vpc: mute, cidr_block: 10.1.0.0/24}\nroute_table: {r: {vpc: main}}\nsecurity_group: {g: {vpc: main, description: G}, mute: {vpc: mute, description: M}}\nvpc_endpoint:\n  fine: {vpc: main, service: sqs, type: interface, subnets: [a, b], security_groups: [g]}\n  api: {vpc: main, service: ecr.api, type: interface, subnets: [a]}\n  smm: {vpc: main, service: smm, type: interface, subnets: [a]}\n  newer: {vpc: main, service: quantum-ledgers, type: interface, subnets: [a]}\n  other-region: {vpc: main, service: com.amazonaws.eu-west-1.ssm, type: interface, subnets: [a]}\n  one-zone: {vpc: main, service: kms, type: interface, subnets: [a, b, also-a]}\n  nowhere: {vpc: main, service: sns, type: interface}\n  no-dns: {vpc: mute, service: logs, type: interface, subnets: [mute]}\n  no-dns-wanted: {vpc: mute, service: ssm, type: interface, subnets: [mute], private_dns_enabled: false}\n  twice: {vpc: main, service: sqs, type: interface, subnets: [a]}\n  tables: {vpc: main, service: sts, type: interface, route_tables: [r]}\n  subnets: {vpc: main, service: s3, subnets: [a]}\n  groups: {vpc: main, service: dynamodb, security_groups: [g], private_dns_enabled: true, ip_address_type: ipv4}\n  ssm: {vpc: main, service: ssm}\n  other-vpc: {vpc: main, service: ec2, type: interface, subnets: [mute], security_groups: [mute]}\n  six: {vpc: main, service: rds, type: interface, subnets: [a], ip_address_type: dualstack}\n  records: {vpc: main, service: kafka, type: interface, subnets: [a], dns_options: {dns_record_ip_type: dualstack}}\n  inbound: {vpc: main, service: glue, type: interface, subnets: [a], dns_options: {private_dns_only_for_inbound_resolver_endpoint: true}}\n  s3: {vpc: main, service: s3, type: interface, subnets: [a], dns_options: {private_dns_only_for_inbound_resolver_endpoint: true}}\n  s3-named: {vpc: main, service: s3express, type: interface, subnets: [a], private_dns_enabled: true, dns_options: {private_dns_only_for_inbound_resolver_endpoint: true}}\n  lb: {vpc: main, service: com.amazonaws.vpce.us-west-2.vpce-svc-0123456789abcdef0, type: gateway_load_balancer, subnets: [a]}\n  lb-aws: {vpc: main, service: ssm, type: gateway_load_balancer, subnet: a, policy: {Statement: [{Effect: Allow, Principal: \"*\", Action: \"*\", Resource: \"*\"}]}}\n  many: {vpc: main, service: sms, type: interface, subnets: [a], security_groups: [sg-00000001, sg-00000002, sg-00000003, sg-00000004, sg-00000005, sg-00000006]}\n  word: {vpc: main, service: com.amazonaws.vpce.us-west-2.vpce-svc-0123456789abcdef0, type: GatewayLoadBalancer, subnet: a}\n  defined: {vpc: main, service: sns, type: interface, subnets: [a], private_dns_enabled: false, ip_address_type: ipv4, dns_options: {dns_record_ip_type: service-defined}}\n";
    groups_of_other_vpcs: "topology: t\nvpc: {a: {cidr_block: 10.0.0.0/16}, b: {cidr_block: 10.1.0.0/16}}\nsecurity_group:\n  web: {vpc: a, description: W}\n  db: {vpc: b, description: D, ingress: [{protocol: tcp, port: 5432, security_group: web}]}\n";
    groups_of_peered_vpcs: "topology: t\nvpc: {a: {cidr_block: 10.0.0.0/16}, b: {cidr_block: 10.1.0.0/16}}\nroute_table:\n  a: {vpc: a, routes: [{destination: 10.1.0.0/16, vpc_peering_connection: pcx-0123456789abcdef0}]}\n  b: {vpc: b, routes: [{destination: 10.0.0.0/16, vpc_peering_connection: pcx-0123456789abcdef0}]}\nsecurity_group:\n  web: {vpc: a, description: W}\n  db: {vpc: b, description: D, ingress: [{protocol: tcp, port: 5432, security_group: web}]}\n";
    root_volumes: &with_vpc(&format!("subnet: {{s: {{cidr_block: 10.0.0.0/24}}}}\ninstance:\n{}", VOLUMES.iter().enumerate().map(|(n, volume)| format!("  i{n}: {{image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: s, root_volume: {{{volume}}}}}\n")).collect::<String>()));
    metadata_of_an_endpoint_that_is_off: &with_vpc("subnet: {s: {cidr_block: 10.0.0.0/24}}\ninstance:\n  i: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: s, metadata_options: {http_endpoint: disabled, http_tokens: required, http_put_response_hop_limit: 2}}\n  fine: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: s, metadata_options: {http_endpoint: disabled}}\n");
    optimized: &with_vpc("subnet: {s: {cidr_block: 10.0.0.0/24}}\ninstance: {i: {image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: s, ebs_optimized: true}}\n");
    quotas: &with_vpc(&format!("security_group:\n  g:\n    description: G\n    ingress:\n      - {{protocol: tcp, port: [{}], cidr: 10.0.0.0/8}}\nelastic_ip: {{a: , b: , c: , d: , e: , f: }}\n", (1..=61).map(|n| n.to_string()).collect::<Vec<_>>().join(", ")));
    network_acls: "topology: t\nvpc: {a: {cidr_block: 10.0.0.0/16}, b: {cidr_block: 10.1.0.0/16}}\nsubnet:\n  one: {vpc: a, cidr_block: 10.0.0.0/24, network_acl: other}\n  two: {vpc: a, cidr_block: 10.0.1.0/24, network_acl: nothing}\n  three: {vpc: a, cidr_block: 10.0.2.0/24, network_acl: rtb-0123456789abcdef0}\n  four: {vpc: a, cidr_block: 10.0.3.0/24, network_acl: acl-0123456789abcdef0}\nnetwork_acl: {other: {vpc: b}}\n";
    network_acl_quotas: &with_vpc(&format!("x-20: &many [{}]\nx-40: &more [{}]\nx-19: &full [{}]\nnetwork_acl:\n  long: {{ingress: *many, egress: *more}}\n  full: {{ingress: *full}}\n", entries(20, "10.0.0.0/8"), entries(40, "::/0"), entries(19, "10.0.0.0/8")));
    // A mistake is reported, and nothing that only follows from it.
    no_follow_on: "topology: t\nvpc: {main: {cidr_block: 10.0.0.0/8}}\ninternet_gateway: {g: {vpc: mian}}\nelastic_ip: {E: }\nsubnet: {s: {cidr_block: 10.0.0.0/24}}\nnat_gateway: {n: {subnet: s, elastic_ip: E}, m: {subnet: s, elastic_ip: [e]}}\nroute_table: {r: {routes: [{destination: 0.0.0.0/0, nat_gateway: o}]}}\n";
    no_follow_on_of_misspelt_kinds: "topology: t\nvpc: {main: {cidr_block: 10.0.0.0/16}}\ninternet_gatway: {g: }\nelastic_ip: {e: }\nsubnet: {s: {cidr_block: 10.0.0.0/24}}\nnat_gateway: {n: {subnet: s, elastic_ip: e}}\nroute_table: {r: {routes: [{destination: 0.0.0.0/0, internet_gateway: g}]}}\n";
}

#[test]
fn the_examples_are_right() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs");
    let policy = include_str!("../../../../specs/endpoint-policy.dynamodb.json");
    let files = Memory(BTreeMap::from([("endpoint-policy.dynamodb.json", policy)]));
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("# yaml-language-server: $schema=../docs/schema.json\n"),
            "{path:?}"
        );
        let parsed = parse(
            "spec.yaml",
            &text,
            &Options {
                region: None,
                files: &files,
            },
        );
        assert_eq!(told(&text, &parsed.diagnostics), "", "{path:?}");
        assert_eq!(
            parsed.topology.unwrap().name,
            path.file_stem().unwrap().to_str().unwrap()
        );
        count += 1;
    }
    assert!(count >= 3);
}

#[test]
fn the_seed_is_read_canonically() {
    let text = include_str!("../../../../specs/gateway-endpoint.yaml");
    let topology = read(text).topology.unwrap();
    let mut out = String::new();
    for resource in topology.resources.values() {
        writeln!(out, "{} {}", resource.address, resource.record).unwrap();
    }
    insta::assert_snapshot!(out);
}

#[test]
fn groups_that_name_each_other_and_themselves_are_no_circle() {
    let text = with_vpc(
        "security_group:\n  a: {description: A, ingress: [{protocol: all, security_group: b}, {protocol: all, security_group: a}]}\n  b: {description: B, egress: [{protocol: all, security_group: a}]}\n",
    );
    let parsed = read(&text);
    assert!(parsed.topology.is_some(), "{}", told(&text, &parsed.diagnostics));
}

#[test]
fn a_chain_of_thousands_is_followed_to_its_end() {
    // Each gateway stands in a subnet whose table leads to the next one; the last leads back to the first.
    let chain = |last: usize| {
        let (mut subnets, mut tables, mut gateways) = (String::new(), String::new(), String::new());
        for n in 0..2000 {
            let next = if n == 1999 { last } else { n + 1 };
            writeln!(
                subnets,
                "  s{n}: {{cidr_block: 10.0.{}.{}/28, route_table: t{n}}}",
                n / 16,
                n % 16 * 16
            )
            .unwrap();
            let target = if next == 2000 {
                "transit_gateway: tgw-0123456789abcdef0".into()
            } else {
                format!("nat_gateway: n{next}")
            };
            writeln!(
                tables,
                "  t{n}: {{routes: [{{destination: 0.0.0.0/0, {target}}}]}}"
            )
            .unwrap();
            writeln!(gateways, "  n{n}: {{subnet: s{n}, connectivity_type: private}}").unwrap();
        }
        with_vpc(&format!(
            "subnet:\n{subnets}route_table:\n{tables}nat_gateway:\n{gateways}"
        ))
    };
    let codes = |text: &str| {
        read(text)
            .diagnostics
            .iter()
            .map(|d| d.code)
            .filter(|code| *code != "quota")
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(&chain(2000)), Vec::<&str>::new());
    assert_eq!(codes(&chain(0)), ["cycle"]);
    assert_eq!(codes(&chain(1998)), ["cycle"]);
}

#[test]
fn the_schema_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema.json");
    let written = std::fs::read_to_string(path).unwrap_or_default();
    let current = format!(
        "{}\n",
        serde_json::to_string_pretty(&trueup_spec::json_schema()).unwrap()
    );
    assert!(
        written == current,
        "docs/schema.json is stale: `cargo xtask docs`"
    );
}
