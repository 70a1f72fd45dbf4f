"""Prints the whole network of a region as JSON in which equal networks are equal texts.

Every id becomes a name made of what the object is and what it belongs to, and every address and time a word that says that there
is one. Tags, reservation ids, client tokens, key material and fingerprints are left out. Everything else stays. EC2 promises no
order in its lists, so they are sorted.

What cannot be read is an error, unless `--tolerant` is given: then its error stands in its place.
"""

import json
import re
import sys

import boto3
import botocore
from botocore.config import Config

TOLERANT = "--tolerant" in sys.argv[1:]

# One attempt: an answer that cannot be read does not get better.
ec2 = boto3.client("ec2", config=Config(retries={"total_max_attempts": 1}))

LEFT_OUT = {"Tags", "ReservationId", "ClientToken", "KeyFingerprint", "RequestId", "ResponseMetadata", "NextToken"}
ADDRESSES = {"PublicIp", "PublicIpAddress", "PrivateIpAddress", "PublicDnsName", "PrivateDnsName", "PrivateIp", "MacAddress", "CarrierIp"}
TIMES = {"LaunchTime", "AttachTime", "CreateTime", "CreationTimestamp", "UsageOperationUpdateTime", "DeleteTime", "ExpirationTime"}
ID = re.compile(r"\b([a-z]+(?:-[a-z]+)*)-([0-9a-f]{17}|[0-9a-f]{8})\b")

INSTANCE_ATTRIBUTES = (
    "instanceType kernel ramdisk userData disableApiTermination instanceInitiatedShutdownBehavior rootDeviceName blockDeviceMapping "
    "productCodes sourceDestCheck groupSet ebsOptimized sriovNetSupport enaSupport enclaveOptions disableApiStop"
).split()


def unreadable(what, error):
    if not TOLERANT:
        raise RuntimeError(f"{what} cannot be read") from error
    code = error.response["Error"]["Code"] if isinstance(error, botocore.exceptions.ClientError) else type(error).__name__
    return f"unreadable: {code}"


def listed(operation, key, **parameters):
    """All items of all pages."""
    if ec2.can_paginate(operation):
        pages = ec2.get_paginator(operation).paginate(**parameters)
    else:
        pages = [getattr(ec2, operation)(**parameters)]
    return [item for page in pages for item in page.get(key, [])]


def asked(what, operation, **parameters):
    """One answer, or why there is none."""
    try:
        return getattr(ec2, operation)(**parameters)
    except (botocore.exceptions.ClientError, botocore.parsers.ResponseParserError) as error:
        return unreadable(what, error)


class Names:
    """Names that say what an object is, by its id."""

    def __init__(self):
        self.by_id = {}

    def give(self, object_id, *words):
        name = "/".join(str(word) for word in words)
        if name in self.by_id.values():
            raise RuntimeError(f"two objects are called {name}: they cannot be told apart")
        self.by_id[object_id] = name

    def of(self, object_id):
        return self.by_id.get(object_id, object_id)

    def clean(self, text):
        """A text with its ids named. An id that has no name says only what it is the id of; images are content."""

        def named(match):
            known = self.by_id.get(match.group(0))
            return known or (match.group(0) if match.group(1) == "ami" else f"<{match.group(1)}>")

        return ID.sub(named, text)


def read():
    network = {
        "vpcs": listed("describe_vpcs", "Vpcs"),
        "subnets": listed("describe_subnets", "Subnets"),
        "internet_gateways": listed("describe_internet_gateways", "InternetGateways"),
        "egress_only_internet_gateways": listed("describe_egress_only_internet_gateways", "EgressOnlyInternetGateways"),
        "route_tables": listed("describe_route_tables", "RouteTables"),
        "network_acls": listed("describe_network_acls", "NetworkAcls"),
        "dhcp_options": listed("describe_dhcp_options", "DhcpOptions"),
        "security_groups": listed("describe_security_groups", "SecurityGroups"),
        "security_group_rules": listed("describe_security_group_rules", "SecurityGroupRules"),
        "key_pairs": listed("describe_key_pairs", "KeyPairs"),
        "instances": [i for r in listed("describe_instances", "Reservations") for i in r["Instances"]],
        "network_interfaces": listed("describe_network_interfaces", "NetworkInterfaces"),
        "volumes": listed("describe_volumes", "Volumes"),
        "addresses": listed("describe_addresses", "Addresses"),
        "nat_gateways": listed("describe_nat_gateways", "NatGateways"),
        "vpc_endpoints": listed("describe_vpc_endpoints", "VpcEndpoints"),
        "prefix_lists": listed("describe_managed_prefix_lists", "PrefixLists"),
    }
    for vpc in network["vpcs"]:
        for attribute in ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics"):
            answer = asked(attribute, "describe_vpc_attribute", VpcId=vpc["VpcId"], Attribute=attribute)
            vpc[f"attribute {attribute}"] = answer.get(attribute[0].upper() + attribute[1:]) if isinstance(answer, dict) else answer
    for instance in network["instances"]:
        for attribute in INSTANCE_ATTRIBUTES:
            answer = asked(attribute, "describe_instance_attribute", InstanceId=instance["InstanceId"], Attribute=attribute)
            instance[f"attribute {attribute}"] = answer
    for endpoint in network["vpc_endpoints"]:
        endpoint["PolicyDocument"] = json.loads(endpoint["PolicyDocument"]) if endpoint.get("PolicyDocument") else None
    return network


def name(network):
    """Names for all objects, each made of names that are given before it."""
    names = Names()
    of = names.of
    for prefix_list in network["prefix_lists"]:
        names.give(prefix_list["PrefixListId"], "prefix-list", prefix_list["PrefixListName"])
    for options in network["dhcp_options"]:
        pairs = sorted((pair["Key"], sorted(value["Value"] for value in pair["Values"])) for pair in options["DhcpConfigurations"])
        names.give(options["DhcpOptionsId"], "dhcp-options", json.dumps(pairs))
    for vpc in network["vpcs"]:
        names.give(vpc["VpcId"], "vpc", "default" if vpc.get("IsDefault") else vpc["CidrBlock"])
    for subnet in network["subnets"]:
        names.give(subnet["SubnetId"], "subnet", of(subnet["VpcId"]), subnet["CidrBlock"])
    for key, id_key, word in (
        ("internet_gateways", "InternetGatewayId", "internet-gateway"),
        ("egress_only_internet_gateways", "EgressOnlyInternetGatewayId", "egress-only-internet-gateway"),
    ):
        for gateway in network[key]:
            names.give(gateway[id_key], word, *(of(attachment["VpcId"]) for attachment in gateway["Attachments"]))
    for table in network["route_tables"]:
        held = sorted("main" if a.get("Main") else of(a.get("SubnetId") or a.get("GatewayId")) for a in table["Associations"])
        names.give(table["RouteTableId"], "route-table", of(table["VpcId"]), *held)
    for acl in network["network_acls"]:
        held = ["default"] if acl["IsDefault"] else sorted(of(a["SubnetId"]) for a in acl["Associations"])
        names.give(acl["NetworkAclId"], "network-acl", of(acl["VpcId"]), *held)
    for group in network["security_groups"]:
        names.give(group["GroupId"], "security-group", of(group["VpcId"]), group["GroupName"])
    for pair in network["key_pairs"]:
        names.give(pair["KeyPairId"], "key-pair", pair["KeyName"])
    for endpoint in network["vpc_endpoints"]:
        names.give(endpoint["VpcEndpointId"], "vpc-endpoint", of(endpoint["VpcId"]), endpoint["ServiceName"])
    for gateway in network["nat_gateways"]:
        names.give(gateway["NatGatewayId"], "nat-gateway", of(gateway["SubnetId"]))
    for instance in network["instances"]:
        names.give(instance["InstanceId"], "instance", of(instance.get("SubnetId")), instance["ImageId"], instance.get("KeyName"))
    for interface in network["network_interfaces"]:
        attachment = interface.get("Attachment") or {}
        user = (of(attachment.get("InstanceId")), attachment.get("DeviceIndex"), names.clean(interface.get("Description") or ""))
        names.give(interface["NetworkInterfaceId"], "network-interface", of(interface["SubnetId"]), *user)
    for volume in network["volumes"]:
        users = sorted((of(attachment["InstanceId"]), attachment["Device"]) for attachment in volume["Attachments"])
        names.give(volume["VolumeId"], "volume", volume["AvailabilityZone"], *users)
    for address in network["addresses"]:
        names.give(address["AllocationId"], "elastic-ip", of(address.get("NetworkInterfaceId") or "free"))
    return names


def normal(value, names, key=None):
    if key in TIMES:
        return "<time>"
    # An empty address is none.
    if key in ADDRESSES and isinstance(value, str):
        return "<address>" if value else ""
    if isinstance(value, dict):
        return {k: normal(v, names, k) for k, v in sorted(value.items()) if k not in LEFT_OUT}
    if isinstance(value, list):
        return sorted((normal(v, names) for v in value), key=lambda item: json.dumps(item, sort_keys=True, default=str))
    return names.clean(value) if isinstance(value, str) else value


def main():
    network = read()
    names = name(network)
    json.dump(normal(network, names), sys.stdout, indent=1, sort_keys=True, default=str)
    print()


main()
