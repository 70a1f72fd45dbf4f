"""boto3 over the sandbox: every call that a user of these kinds makes, with paginators, waiters, tags, dry runs and error codes.

Every call of botocore is validated on its way out, and its answer parsed by botocore's own model of EC2. Beyond that, nothing that
the sandbox sends may be unknown to that model: an element that the model does not have fails the tour.
"""

import base64
import ipaddress
import json
import xml.etree.ElementTree as ElementTree

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ec2 = boto3.client("ec2", config=Config(retries={"total_max_attempts": 1}))
AMI = "ami-003634241a8fcdec0"
called = set()


def strict(response_dict=None, operation_model=None, **_):
    """Refuses an answer with an element that botocore's model does not know, or one where it wants another form."""
    called.add(operation_model.name)
    if response_dict["status_code"] < 300:
        check(ElementTree.fromstring(response_dict["body"]), operation_model.output_shape, operation_model.name)


def check(node, shape, path):
    if shape is None:
        return
    if shape.type_name == "structure":
        known = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for child in node:
            tag = child.tag.split("}")[-1]
            if tag in ("requestId", "return"):  # EC2 sends them, and its model leaves them out
                continue
            assert tag in known, f"{path}: EC2 has no element {tag} here"
            check(child, known[tag], f"{path}.{tag}")
    elif shape.type_name == "list":
        for child in node:
            tag = child.tag.split("}")[-1]
            assert tag == shape.member.serialization.get("name", "item"), f"{path}: an item of this list is not called {tag}"
            check(child, shape.member, f"{path}[]")
    else:
        assert len(node) == 0, f"{path}: a {shape.type_name} has no elements inside"
        if shape.type_name == "boolean":
            assert node.text in ("true", "false"), f"{path}: {node.text!r} is no boolean"


ec2.meta.events.register("before-parse.ec2.*", strict)


def refused(code, operation, **parameters):
    """The call must be refused with this code."""
    try:
        answer = getattr(ec2, operation)(**parameters)
    except ClientError as error:
        got = error.response["Error"]["Code"]
        assert got == code, f"{operation} {parameters}: refused with {got}, not {code}: {error}"
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403, 412), error.response
        return
    raise AssertionError(f"{operation} {parameters} is not refused: {answer}")


def pages(operation, key, size, **parameters):
    """All items, a few to a page; there must be more than one page if there are more items than fit."""
    found, count = [], 0
    for page in ec2.get_paginator(operation).paginate(PaginationConfig={"PageSize": size}, **parameters):
        assert len(page[key]) <= size, f"{operation}: {len(page[key])} items on a page of {size}"
        found.extend(page[key])
        count += 1
    assert count >= -(-len(found) // size), f"{operation}: {len(found)} items on {count} pages of {size}"
    return found


def tagged(kind, name):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}, {"Key": "tour", "Value": "yes"}]}]


def of(**filters):
    return [{"Name": name.replace("__", ":").replace("_", "-"), "Values": [value]} for name, value in filters.items()]


def account_and_region():
    sts = boto3.client("sts")
    sts.meta.events.register("before-parse.sts.*", lambda operation_model, **_: called.add(operation_model.name))
    identity = sts.get_caller_identity()
    assert identity["Account"] == "123456789012" and identity["Arn"].startswith("arn:aws:"), identity
    assert "us-west-2" in [region["RegionName"] for region in ec2.describe_regions()["Regions"]]
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    assert {"us-west-2a", "us-west-2b", "us-west-2c"} <= {zone["ZoneName"] for zone in zones}
    assert all(zone["State"] == "available" and zone["ZoneId"].startswith("usw2-az") for zone in zones)
    attributes = ec2.describe_account_attributes()["AccountAttributes"]
    assert "default-vpc" in [attribute["AttributeName"] for attribute in attributes]
    image = ec2.describe_images(ImageIds=[AMI])["Images"][0]
    assert image["State"] == "available" and image["RootDeviceType"] == "ebs"
    assert ec2.describe_instance_types(InstanceTypes=["t2.micro"])["InstanceTypes"][0]["CurrentGeneration"] is True
    assert ec2.describe_instance_type_offerings(Filters=of(instance_type="t2.micro"))["InstanceTypeOfferings"]
    refused("InvalidAMIID.NotFound", "describe_images", ImageIds=["ami-00000000000000000"])
    refused("InvalidParameterValue", "describe_vpcs", Filters=of(no_such_filter="x"))
    refused("InvalidVpcID.NotFound", "describe_vpcs", VpcIds=["vpc-00000000000000000"])


def unknown_action():
    """An action that botocore knows and the sandbox does not."""
    refused("InvalidAction", "describe_spot_fleet_requests")
    refused("InvalidAction", "describe_fpga_images")


def vpcs():
    refused("InvalidVpc.Range", "create_vpc", CidrBlock="10.0.0.0/8")
    refused("DryRunOperation", "create_vpc", CidrBlock="10.0.0.0/16", DryRun=True)
    assert not ec2.describe_vpcs(Filters=of(cidr="10.0.0.0/16"))["Vpcs"], "a dry run has made a VPC"
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", "tour"))["Vpc"]
    ec2.get_waiter("vpc_exists").wait(VpcIds=[vpc["VpcId"]])
    ec2.get_waiter("vpc_available").wait(VpcIds=[vpc["VpcId"]])
    assert {"Key": "Name", "Value": "tour"} in vpc["Tags"]
    ec2.modify_vpc_attribute(VpcId=vpc["VpcId"], EnableDnsHostnames={"Value": True})
    answer = ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute="enableDnsHostnames")
    assert answer["EnableDnsHostnames"]["Value"] is True
    refused("UnsupportedTenancy", "modify_vpc_tenancy", VpcId=vpc["VpcId"], InstanceTenancy="dedicated")
    ec2.modify_vpc_tenancy(VpcId=vpc["VpcId"], InstanceTenancy="default")
    more = ec2.associate_vpc_cidr_block(VpcId=vpc["VpcId"], CidrBlock="10.1.0.0/16")["CidrBlockAssociation"]
    ec2.disassociate_vpc_cidr_block(AssociationId=more["AssociationId"])
    others = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in range(20, 27)]
    assert set(others) < {v["VpcId"] for v in pages("describe_vpcs", "Vpcs", 5)}
    for other in others:
        ec2.delete_vpc(VpcId=other)
    refused("InvalidVpcID.NotFound", "delete_vpc", VpcId=others[0])
    assert [v["VpcId"] for v in ec2.describe_vpcs(Filters=of(tag__Name="t*r"))["Vpcs"]] == [vpc["VpcId"]]
    return vpc["VpcId"]


def dhcp(vpc):
    configurations = [{"Key": "domain-name", "Values": ["tour.example"]}, {"Key": "domain-name-servers", "Values": ["10.0.0.2"]}]
    options = ec2.create_dhcp_options(DhcpConfigurations=configurations, TagSpecifications=tagged("dhcp-options", "d"))["DhcpOptions"]
    ec2.associate_dhcp_options(DhcpOptionsId=options["DhcpOptionsId"], VpcId=vpc)
    refused("DependencyViolation", "delete_dhcp_options", DhcpOptionsId=options["DhcpOptionsId"])
    for key, values in (("domain-name-servers", [f"10.0.0.{n}" for n in range(1, 6)]), ("netbios-node-type", ["3"]), ("no-option", ["x"])):
        refused("InvalidParameterValue", "create_dhcp_options", DhcpConfigurations=[{"Key": key, "Values": values}])
    assert options["DhcpOptionsId"] in [o["DhcpOptionsId"] for o in pages("describe_dhcp_options", "DhcpOptions", 5)]
    ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=vpc)
    ec2.delete_dhcp_options(DhcpOptionsId=options["DhcpOptionsId"])


def subnets(vpc):
    made = []
    for number, zone in ((1, "us-west-2a"), (2, "us-west-2b")):
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone, TagSpecifications=tagged("subnet", zone))
        made.append(subnet["Subnet"]["SubnetId"])
    ec2.get_waiter("subnet_available").wait(SubnetIds=made)
    assert subnet["Subnet"]["AvailableIpAddressCount"] == 251
    refused("InvalidSubnet.Conflict", "create_subnet", VpcId=vpc, CidrBlock="10.0.1.128/25")
    refused("InvalidSubnet.Range", "create_subnet", VpcId=vpc, CidrBlock="10.9.0.0/24")
    ec2.modify_subnet_attribute(SubnetId=made[0], MapPublicIpOnLaunch={"Value": True})
    assert ec2.describe_subnets(SubnetIds=made[:1])["Subnets"][0]["MapPublicIpOnLaunch"] is True
    assert len(pages("describe_subnets", "Subnets", 5, Filters=of(vpc_id=vpc))) == 2
    refused("InvalidSubnetID.NotFound", "describe_subnets", SubnetIds=["subnet-00000000000000000"])
    return made


def gateways(vpc, subnet):
    igw = ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway", "g"))["InternetGateway"]["InternetGatewayId"]
    ec2.get_waiter("internet_gateway_exists").wait(InternetGatewayIds=[igw])
    refused("Gateway.NotAttached", "detach_internet_gateway", InternetGatewayId=igw, VpcId=vpc)
    ec2.attach_internet_gateway(InternetGatewayId=igw, VpcId=vpc)
    refused("Resource.AlreadyAssociated", "attach_internet_gateway", InternetGatewayId=igw, VpcId=vpc)
    refused("DependencyViolation", "delete_internet_gateway", InternetGatewayId=igw)
    assert len(pages("describe_internet_gateways", "InternetGateways", 5, Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])) == 1
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip", "e"))
    assert ec2.describe_addresses(AllocationIds=[address["AllocationId"]])["Addresses"][0]["PublicIp"] == address["PublicIp"]
    token = {"ClientToken": "tour-nat"}
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address["AllocationId"], **token)["NatGateway"]["NatGatewayId"]
    again = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address["AllocationId"], **token)["NatGateway"]["NatGatewayId"]
    assert nat == again, "a client token that was used makes nothing new"
    refused("IdempotentParameterMismatch", "create_nat_gateway", SubnetId=subnet, ConnectivityType="private", **token)
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat])
    assert len(pages("describe_nat_gateways", "NatGateways", 5, Filter=of(vpc_id=vpc))) == 1
    refused("NatGatewayNotFound", "describe_nat_gateways", NatGatewayIds=["nat-00000000000000000"])
    refused("InvalidAllocationID.NotFound", "release_address", AllocationId="eipalloc-00000000000000000")
    eigw = ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
    assert pages("describe_egress_only_internet_gateways", "EgressOnlyInternetGateways", 5)
    ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=eigw)
    return igw, address["AllocationId"], nat


def tables(vpc, subnet, igw, nat):
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table", "t"))["RouteTable"]["RouteTableId"]
    where = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    assert ec2.create_route(GatewayId=igw, **where)["Return"] is True
    refused("RouteAlreadyExists", "create_route", GatewayId=igw, **where)
    ec2.replace_route(NatGatewayId=nat, **where)
    ec2.replace_route(GatewayId=igw, **where)
    refused("InvalidRoute.NotFound", "delete_route", RouteTableId=table, DestinationCidrBlock="99.0.0.0/8")
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    refused("DependencyViolation", "delete_route_table", RouteTableId=table)
    found = pages("describe_route_tables", "RouteTables", 5, Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
    assert [t["RouteTableId"] for t in found] == [table]
    assert {(r["DestinationCidrBlock"], r["GatewayId"], r["Origin"], r["State"]) for r in found[0]["Routes"]} == {
        ("10.0.0.0/16", "local", "CreateRouteTable", "active"),
        ("0.0.0.0/0", igw, "CreateRoute", "active"),
    }
    main = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}])
    main = main["RouteTables"][0]
    moved = ec2.replace_route_table_association(AssociationId=association, RouteTableId=main["RouteTableId"])["NewAssociationId"]
    ec2.disassociate_route_table(AssociationId=moved)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    return table


def groups(vpc):
    group = {"VpcId": vpc, "Description": "Tour"}
    web = ec2.create_security_group(GroupName="web", TagSpecifications=tagged("security-group", "w"), **group)["GroupId"]
    db = ec2.create_security_group(GroupName="db", **group)["GroupId"]
    ec2.get_waiter("security_group_exists").wait(GroupIds=[web, db])
    refused("InvalidGroup.Duplicate", "create_security_group", GroupName="web", **group)
    refused("DryRunOperation", "delete_security_group", GroupId=web, DryRun=True)
    http = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "http"}]}]
    rules = ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=http)["SecurityGroupRules"]
    assert rules[0]["CidrIpv4"] == "0.0.0.0/0" and rules[0]["IsEgress"] is False
    refused("InvalidPermission.Duplicate", "authorize_security_group_ingress", GroupId=web, IpPermissions=http)
    pair = [{"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": web}]}]
    ec2.authorize_security_group_ingress(GroupId=db, IpPermissions=pair)
    ec2.authorize_security_group_egress(GroupId=db, IpPermissions=http)
    refused("DependencyViolation", "delete_security_group", GroupId=web)
    http[0]["IpRanges"][0]["Description"] = "plain"
    ec2.update_security_group_rule_descriptions_ingress(GroupId=web, IpPermissions=http)
    ec2.update_security_group_rule_descriptions_egress(GroupId=db, IpPermissions=http)
    found = pages("describe_security_group_rules", "SecurityGroupRules", 5, Filters=of(group_id=web))
    assert "plain" in [rule.get("Description") for rule in found]
    rule = {"IpProtocol": "tcp", "FromPort": 81, "ToPort": 81, "CidrIpv4": "10.0.0.0/8"}
    changed = [{"SecurityGroupRuleId": rules[0]["SecurityGroupRuleId"], "SecurityGroupRule": rule}]
    ec2.modify_security_group_rules(GroupId=web, SecurityGroupRules=changed)
    assert ec2.describe_security_group_references(GroupId=[web])["SecurityGroupReferenceSet"] == []
    ec2.revoke_security_group_ingress(GroupId=web, SecurityGroupRuleIds=[rules[0]["SecurityGroupRuleId"]])
    refused("InvalidPermission.NotFound", "revoke_security_group_ingress", GroupId=db, IpPermissions=http)
    ec2.revoke_security_group_egress(GroupId=db, IpPermissions=http)
    assert len(pages("describe_security_groups", "SecurityGroups", 5, Filters=of(vpc_id=vpc))) == 3
    refused("InvalidGroup.NotFound", "describe_security_groups", GroupIds=["sg-00000000000000000"])
    return web, db


def acls(vpc, subnet):
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    entry = {"NetworkAclId": acl, "RuleNumber": 100, "Protocol": "6", "RuleAction": "allow", "Egress": False, "CidrBlock": "0.0.0.0/0"}
    ec2.create_network_acl_entry(PortRange={"From": 22, "To": 22}, **entry)
    refused("NetworkAclEntryAlreadyExists", "create_network_acl_entry", PortRange={"From": 22, "To": 22}, **entry)
    ec2.replace_network_acl_entry(PortRange={"From": 23, "To": 23}, **entry)
    ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Egress=False)
    ours = pages("describe_network_acls", "NetworkAcls", 5, Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
    association = next(a for a in ours[0]["Associations"] if a["SubnetId"] == subnet)
    moved = ec2.replace_network_acl_association(AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl)
    refused("DependencyViolation", "delete_network_acl", NetworkAclId=acl)
    ec2.replace_network_acl_association(AssociationId=moved["NewAssociationId"], NetworkAclId=association["NetworkAclId"])
    ec2.delete_network_acl(NetworkAclId=acl)


def keys():
    made = ec2.create_key_pair(KeyName="made", KeyType="ed25519", TagSpecifications=tagged("key-pair", "k"))
    assert "PRIVATE KEY" in made["KeyMaterial"]
    ec2.get_waiter("key_pair_exists").wait(KeyNames=["made"])
    refused("InvalidKeyPair.Duplicate", "create_key_pair", KeyName="made")
    public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPVhGwVMZ0wKcwJ1E3MKZvvn6GEsXfCVVx5qVzMzNhV"
    ec2.import_key_pair(KeyName="imported", PublicKeyMaterial=public.encode())
    refused("InvalidKey.Format", "import_key_pair", KeyName="wrong", PublicKeyMaterial=b"no key")
    found = ec2.describe_key_pairs(KeyNames=["imported"], IncludePublicKey=True)["KeyPairs"][0]
    assert found["PublicKey"].startswith(public) and found["KeyType"] == "ed25519"
    refused("InvalidKeyPair.NotFound", "describe_key_pairs", KeyNames=["nobody"])
    ec2.delete_key_pair(KeyName="imported")
    return "made"


def instances(subnet, group, other, key):
    launch = {"ImageId": AMI, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    refused("DryRunOperation", "run_instances", SubnetId=subnet, DryRun=True, **launch)
    refused("InvalidKeyPair.NotFound", "run_instances", SubnetId=subnet, KeyName="nobody", **launch)
    refused("InvalidParameterValue", "run_instances", SubnetId=subnet, **{**launch, "InstanceType": "t9.huge"})
    reservation = ec2.run_instances(
        SubnetId=subnet, SecurityGroupIds=[group], KeyName=key, UserData="#!/bin/sh\n", ClientToken="tour-instance",
        TagSpecifications=tagged("instance", "i") + tagged("volume", "v"), MetadataOptions={"HttpTokens": "required"}, **launch,
    )
    instance = reservation["Instances"][0]
    one = instance["InstanceId"]
    by_id = {"InstanceIds": [one]}
    ec2.get_waiter("instance_exists").wait(**by_id)
    ec2.get_waiter("instance_running").wait(**by_id)
    ec2.get_waiter("instance_status_ok").wait(**by_id)
    assert ec2.describe_instance_status(**by_id)["InstanceStatuses"][0]["InstanceState"]["Name"] == "running"
    data = ec2.describe_instance_attribute(InstanceId=one, Attribute="userData")["UserData"]["Value"]
    assert base64.b64decode(data) == b"#!/bin/sh\n"
    refused("IncorrectInstanceState", "modify_instance_attribute", InstanceId=one, InstanceType={"Value": "t3.small"})
    ec2.modify_instance_attribute(InstanceId=one, SourceDestCheck={"Value": False})
    ec2.modify_instance_attribute(InstanceId=one, Groups=[group, other])
    ec2.modify_instance_attribute(InstanceId=one, DisableApiTermination={"Value": True})
    refused("OperationNotPermitted", "terminate_instances", **by_id)
    ec2.modify_instance_attribute(InstanceId=one, DisableApiTermination={"Value": False})
    ec2.modify_instance_metadata_options(InstanceId=one, HttpPutResponseHopLimit=3)
    assert ec2.monitor_instances(**by_id)["InstanceMonitorings"][0]["Monitoring"]["State"] in ("pending", "enabled")
    ec2.unmonitor_instances(**by_id)
    ec2.describe_instance_credit_specifications(**by_id)
    ec2.modify_instance_credit_specification(InstanceCreditSpecifications=[{"InstanceId": one, "CpuCredits": "standard"}])
    ec2.reboot_instances(**by_id)
    ec2.stop_instances(**by_id)
    ec2.get_waiter("instance_stopped").wait(**by_id)
    ec2.modify_instance_attribute(InstanceId=one, InstanceType={"Value": "t3.small"})
    ec2.modify_instance_attribute(InstanceId=one, UserData={"Value": b"#!/bin/bash\n"})
    ec2.start_instances(**by_id)
    ec2.get_waiter("instance_running").wait(**by_id)
    profile = {"Name": "tour"}
    association = ec2.associate_iam_instance_profile(InstanceId=one, IamInstanceProfile=profile)["IamInstanceProfileAssociation"]
    assert pages("describe_iam_instance_profile_associations", "IamInstanceProfileAssociations", 5)
    replaced = ec2.replace_iam_instance_profile_association(AssociationId=association["AssociationId"], IamInstanceProfile={"Name": "other"})
    ec2.disassociate_iam_instance_profile(AssociationId=replaced["IamInstanceProfileAssociation"]["AssociationId"])
    found = pages("describe_instances", "Reservations", 5, Filters=of(instance_state_name="running"))
    assert [i["InstanceId"] for r in found for i in r["Instances"]] == [one]
    refused("InvalidInstanceID.NotFound", "describe_instances", InstanceIds=["i-00000000000000000"])
    refused("InvalidInstanceID.Malformed", "describe_instances", InstanceIds=["nonsense"])
    return found[0]["Instances"][0]


def volumes(instance):
    root = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    ec2.get_waiter("volume_in_use").wait(VolumeIds=[root])
    before = ec2.describe_volumes(VolumeIds=[root])["Volumes"][0]["Size"]
    ec2.modify_volume(VolumeId=root, Size=before + 2)
    assert pages("describe_volumes_modifications", "VolumesModifications", 5)[0]["TargetSize"] == before + 2
    refused("VolumeInUse", "delete_volume", VolumeId=root)
    extra = ec2.create_volume(AvailabilityZone="us-west-2a", Size=1, VolumeType="gp3", TagSpecifications=tagged("volume", "x"))["VolumeId"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[extra])
    assert ec2.describe_volume_status(VolumeIds=[extra])["VolumeStatuses"][0]["VolumeStatus"]["Status"] == "ok"
    ec2.attach_volume(VolumeId=extra, InstanceId=instance["InstanceId"], Device="/dev/sdf")
    ec2.get_waiter("volume_in_use").wait(VolumeIds=[extra])
    ec2.detach_volume(VolumeId=extra, InstanceId=instance["InstanceId"], Device="/dev/sdf")
    ec2.get_waiter("volume_available").wait(VolumeIds=[extra])
    assert len(pages("describe_volumes", "Volumes", 5)) == 2
    ec2.delete_volume(VolumeId=extra)
    ec2.get_waiter("volume_deleted").wait(VolumeIds=[extra])


def interfaces(subnet, group, instance):
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[group], Description="tour")["NetworkInterface"]["NetworkInterfaceId"]
    ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[interface])
    ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, SourceDestCheck={"Value": False})
    ec2.describe_network_interface_attribute(NetworkInterfaceId=interface, Attribute="sourceDestCheck")
    attached = ec2.attach_network_interface(NetworkInterfaceId=interface, InstanceId=instance["InstanceId"], DeviceIndex=1)
    refused("InvalidParameterValue", "delete_network_interface", NetworkInterfaceId=interface)
    ec2.detach_network_interface(AttachmentId=attached["AttachmentId"])
    ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[interface])
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    association = ec2.associate_address(AllocationId=address, InstanceId=instance["InstanceId"])["AssociationId"]
    refused("InvalidIPAddress.InUse", "release_address", AllocationId=address)
    ec2.disassociate_address(AssociationId=association)
    ec2.release_address(AllocationId=address)
    assert len(pages("describe_network_interfaces", "NetworkInterfaces", 5, Filters=of(subnet_id=subnet))) >= 2
    ec2.delete_network_interface(NetworkInterfaceId=interface)


def endpoints(vpc, table):
    services = ec2.describe_vpc_endpoint_services(Filters=of(service_name="com.amazonaws.us-west-2.s3"))
    assert services["ServiceNames"][0] == "com.amazonaws.us-west-2.s3"
    refused("InvalidServiceName", "create_vpc_endpoint", VpcId=vpc, ServiceName="com.amazonaws.us-west-2.nothing")
    gateway = {"VpcId": vpc, "ServiceName": "com.amazonaws.us-west-2.s3", "ClientToken": "tour-endpoint"}
    endpoint = ec2.create_vpc_endpoint(TagSpecifications=tagged("vpc-endpoint", "s3"), **gateway)["VpcEndpoint"]["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[table])
    lists = pages("describe_prefix_lists", "PrefixLists", 5)
    assert "com.amazonaws.us-west-2.s3" in [prefix_list["PrefixListName"] for prefix_list in lists]
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert endpoint in [route.get("GatewayId") for route in routes]
    policy = {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=json.dumps(policy))
    found = pages("describe_vpc_endpoints", "VpcEndpoints", 5, Filters=of(vpc_endpoint_id=endpoint))
    assert json.loads(found[0]["PolicyDocument"])["Statement"] == policy["Statement"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, ResetPolicy=True, RemoveRouteTableIds=[table])
    refused("InvalidVpcEndpointId.NotFound", "describe_vpc_endpoints", VpcEndpointIds=["vpce-00000000000000000"])
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []
    gone = ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-00000000000000000"])["Unsuccessful"]
    assert gone[0]["Error"]["Code"] == "InvalidVpcEndpoint.NotFound", gone


def flow_logs(vpc, subnet, interface):
    role = "arn:aws:iam::123456789012:role/flow-logs"
    group = {"ResourceType": "VPC", "ResourceIds": [vpc], "TrafficType": "REJECT", "LogGroupName": "tour", "DeliverLogsPermissionArn": role}
    made = ec2.create_flow_logs(ClientToken="tour-log", TagSpecifications=tagged("vpc-flow-log", "f"), **group)
    assert made["Unsuccessful"] == [] and made["ClientToken"] == "tour-log", made
    assert ec2.create_flow_logs(ClientToken="tour-log", TagSpecifications=tagged("vpc-flow-log", "f"), **group)["FlowLogIds"] == made["FlowLogIds"]
    again = ec2.create_flow_logs(**group)
    assert again["FlowLogIds"] == [] and again["Unsuccessful"][0]["Error"]["Code"] == "FlowLogAlreadyExists", again
    bucket = {"TrafficType": "ALL", "LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::tour/logs/"}
    options = {"FileFormat": "parquet", "HiveCompatiblePartitions": False, "PerHourPartition": True}
    more = ec2.create_flow_logs(ResourceType="Subnet", ResourceIds=[subnet], DestinationOptions=options, **bucket)["FlowLogIds"]
    more += ec2.create_flow_logs(ResourceType="NetworkInterface", ResourceIds=[interface], MaxAggregationInterval=60, **bucket)["FlowLogIds"]
    found = pages("describe_flow_logs", "FlowLogs", 5, FlowLogIds=more)
    assert found and {log["LogDestination"] for log in found} == {"arn:aws:s3:::tour/logs/"}
    assert [log["DestinationOptions"] for log in found if log["ResourceId"] == subnet] == [options]
    for name, value in (("resource-id", vpc), ("log-group-name", "tour"), ("traffic-type", "REJECT"), ("flow-log-id", made["FlowLogIds"][0]),
                        ("log-destination-type", "cloud-watch-logs"), ("tag:Name", "f")):
        logs = ec2.describe_flow_logs(Filters=[{"Name": name, "Values": [value]}])["FlowLogs"]
        assert [log["FlowLogId"] for log in logs] == made["FlowLogIds"], (name, logs)
    assert logs[0]["LogFormat"].startswith("${version} ${account-id}") and logs[0]["MaxAggregationInterval"] == 600, logs
    denied = ec2.create_flow_logs(ResourceType="VPC", ResourceIds=[vpc], TrafficType="ACCEPT", LogGroupName="tour",
                                  DeliverLogsPermissionArn="arn:aws:iam::123456789012:role/denied")["FlowLogIds"]
    failed = ec2.describe_flow_logs(Filters=of(deliver_log_status="FAILED"))["FlowLogs"]
    assert [(log["FlowLogId"], log["DeliverLogsErrorMessage"]) for log in failed] == [(denied[0], "Access error")], failed
    refused("InvalidParameter", "create_flow_logs", DeliverLogsPermissionArn=role, ResourceType="VPC", ResourceIds=[vpc], **bucket)
    refused("InvalidVpcID.NotFound", "create_flow_logs", **{**group, "ResourceIds": ["vpc-00000000000000000"]})
    refused("DryRunOperation", "create_flow_logs", DryRun=True, **group)
    refused("InvalidFlowLogId.NotFound", "describe_flow_logs", FlowLogIds=["fl-00000000000000000"])
    assert ec2.delete_flow_logs(FlowLogIds=[*made["FlowLogIds"], *more, *denied])["Unsuccessful"] == []
    gone = ec2.delete_flow_logs(FlowLogIds=made["FlowLogIds"])["Unsuccessful"]
    assert gone[0]["Error"]["Code"] == "InvalidFlowLogId.NotFound", gone


def public_access(vpc, subnet):
    def modes():
        return [one["BlockPublicAccessStates"]["InternetGatewayBlockMode"]
                for one in (ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0], ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0])]

    def options():
        return ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]

    assert (options()["State"], options()["InternetGatewayBlockMode"], modes()) == ("default-state", "off", ["off", "off"]), options()
    told = ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-bidirectional")["VpcBlockPublicAccessOptions"]
    assert (told["State"], told["LastUpdateTimestamp"], modes()) == ("update-complete", options()["LastUpdateTimestamp"], ["block-bidirectional"] * 2), told
    made = ec2.create_vpc_block_public_access_exclusion(
        SubnetId=subnet, InternetGatewayExclusionMode="allow-egress", TagSpecifications=tagged("vpc-block-public-access-exclusion", "x")
    )["VpcBlockPublicAccessExclusion"]
    exclusion = made["ExclusionId"]
    assert made["ResourceArn"].endswith(f":subnet/{subnet}") and modes() == ["block-bidirectional", "block-ingress"], made
    refused("InvalidParameterValue", "create_vpc_block_public_access_exclusion", SubnetId=subnet, InternetGatewayExclusionMode="allow-egress")
    refused("InvalidParameterCombination", "create_vpc_block_public_access_exclusion", InternetGatewayExclusionMode="allow-egress")
    changed = ec2.modify_vpc_block_public_access_exclusion(ExclusionId=exclusion, InternetGatewayExclusionMode="allow-bidirectional")
    assert changed["VpcBlockPublicAccessExclusion"]["InternetGatewayExclusionMode"] == "allow-bidirectional" and modes()[1] == "off", changed
    for name, value in (("internet-gateway-exclusion-mode", "allow-bidirectional"), ("resource-arn", made["ResourceArn"]), ("tag:Name", "x")):
        found = ec2.describe_vpc_block_public_access_exclusions(Filters=[{"Name": name, "Values": [value]}])["VpcBlockPublicAccessExclusions"]
        assert [one["ExclusionId"] for one in found] == [exclusion], (name, found)
    gone = ec2.delete_vpc_block_public_access_exclusion(ExclusionId=exclusion)["VpcBlockPublicAccessExclusion"]
    assert gone["ExclusionId"] == exclusion and modes()[1] == "block-bidirectional", gone
    refused("InvalidVpcBlockPublicAccessExclusionId.NotFound", "describe_vpc_block_public_access_exclusions", ExclusionIds=[exclusion])
    ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="off")


def peerings(vpc, table):
    other = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    for one in (vpc, other):
        ec2.modify_vpc_attribute(VpcId=one, EnableDnsHostnames={"Value": True})
    made = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other, TagSpecifications=tagged("vpc-peering-connection", "p"))["VpcPeeringConnection"]
    pcx = made["VpcPeeringConnectionId"]
    assert made["RequesterVpcInfo"]["VpcId"] == vpc and made["AccepterVpcInfo"]["Region"] == "us-west-2", made
    again = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]
    assert again["VpcPeeringConnectionId"] == pcx and {"Key": "Name", "Value": "p"} in again["Tags"], again
    options = {"AllowDnsResolutionFromRemoteVpc": True}
    refused("OperationNotPermitted", "modify_vpc_peering_connection_options", VpcPeeringConnectionId=pcx, RequesterPeeringConnectionOptions=options)
    assert ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)["VpcPeeringConnection"]["Status"]["Code"] == "provisioning"
    ec2.get_waiter("vpc_peering_connection_exists").wait(VpcPeeringConnectionIds=[pcx])
    told = ec2.modify_vpc_peering_connection_options(VpcPeeringConnectionId=pcx, RequesterPeeringConnectionOptions=options,
                                                     AccepterPeeringConnectionOptions=options)
    assert told["AccepterPeeringConnectionOptions"]["AllowDnsResolutionFromRemoteVpc"] is True, told
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.77.0.0/16", VpcPeeringConnectionId=pcx)
    far = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId="vpc-0123456789abcdef0", PeerOwnerId="210987654321", PeerRegion="eu-west-1")
    assert far["VpcPeeringConnection"]["AccepterVpcInfo"]["OwnerId"] == "210987654321", far
    found = pages("describe_vpc_peering_connections", "VpcPeeringConnections", 5)
    assert {one["Status"]["Code"] for one in found} == {"active", "pending-acceptance"}, found
    for name, value in (("requester-vpc-info.vpc-id", vpc), ("accepter-vpc-info.vpc-id", other), ("tag:Name", "p")):
        ids = [one["VpcPeeringConnectionId"] for one in ec2.describe_vpc_peering_connections(Filters=[{"Name": name, "Values": [value]}])["VpcPeeringConnections"]]
        assert pcx in ids, (name, ids)
    back = ec2.create_vpc_peering_connection(VpcId=other, PeerVpcId=vpc)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    refused("VpcPeeringConnectionAlreadyExists", "accept_vpc_peering_connection", VpcPeeringConnectionId=back)
    ec2.reject_vpc_peering_connection(VpcPeeringConnectionId=back)
    refused("InvalidStateTransition", "delete_vpc_peering_connection", VpcPeeringConnectionId=back)
    refused("OperationNotPermitted", "accept_vpc_peering_connection", VpcPeeringConnectionId=far["VpcPeeringConnection"]["VpcPeeringConnectionId"])
    refused("InvalidVpcPeeringConnectionID.NotFound", "describe_vpc_peering_connections", VpcPeeringConnectionIds=["pcx-00000000000000000"])
    refused("DryRunOperation", "create_vpc_peering_connection", DryRun=True, VpcId=other, PeerVpcId=vpc)
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.77.0.0/16")
    for one in (pcx, far["VpcPeeringConnection"]["VpcPeeringConnectionId"]):
        ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=one)
    ec2.get_waiter("vpc_peering_connection_deleted").wait(VpcPeeringConnectionIds=[pcx])
    ec2.delete_vpc(VpcId=other)


def prefix_lists():
    entries = [{"Cidr": "10.0.0.0/8", "Description": "ten"}]
    made = ec2.create_managed_prefix_list(PrefixListName="tour", Entries=entries, MaxEntries=5, AddressFamily="IPv4")["PrefixList"]
    by_id = {"PrefixListId": made["PrefixListId"]}
    ec2.modify_managed_prefix_list(CurrentVersion=1, AddEntries=[{"Cidr": "11.0.0.0/8"}], **by_id)
    assert {entry["Cidr"] for entry in pages("get_managed_prefix_list_entries", "Entries", 5, **by_id)} == {"10.0.0.0/8", "11.0.0.0/8"}
    assert made["PrefixListId"] in [found["PrefixListId"] for found in pages("describe_managed_prefix_lists", "PrefixLists", 5)]
    ec2.delete_managed_prefix_list(**by_id)


def tags(ids):
    ec2.create_tags(Resources=ids, Tags=[{"Key": "team", "Value": "network"}])
    found = pages("describe_tags", "Tags", 5, Filters=of(key="team"))
    assert {tag["ResourceId"] for tag in found} == set(ids)
    ec2.delete_tags(Resources=ids, Tags=[{"Key": "team", "Value": "other"}])
    assert len(ec2.describe_tags(Filters=of(key="team"))["Tags"]) == len(ids), "a tag of another value stays"
    ec2.delete_tags(Resources=ids, Tags=[{"Key": "team"}])
    assert ec2.describe_tags(Filters=of(key="team"))["Tags"] == []
    refused("InvalidParameterValue", "create_tags", Resources=ids, Tags=[{"Key": "aws:mine", "Value": ""}])


def ipv6():
    """A VPC with a range of Amazon's, a subnet that gets a part of it later, and an interface with an address of that."""
    vpc = ec2.create_vpc(CidrBlock="10.60.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    given = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    part = str(next(ipaddress.ip_network(given).subnets(new_prefix=64)))
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.60.0.0/24")["Subnet"]["SubnetId"]
    made = ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=part)["Ipv6CidrBlockAssociation"]
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    address = ec2.assign_ipv6_addresses(NetworkInterfaceId=interface, Ipv6AddressCount=1)["AssignedIpv6Addresses"]
    assert ipaddress.ip_address(address[0]) in ipaddress.ip_network(part)
    ec2.unassign_ipv6_addresses(NetworkInterfaceId=interface, Ipv6Addresses=address)
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    ec2.disassociate_subnet_cidr_block(AssociationId=made["AssociationId"])
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def others(vpc):
    """What tools ask that know of more than there is here."""
    for operation in ("describe_vpn_gateways", "describe_transit_gateways",
                      "describe_addresses_attribute"):
        getattr(ec2, operation)()
    refused("UnsupportedOperation", "describe_vpc_classic_link")
    refused("UnsupportedOperation", "describe_vpc_classic_link_dns_support")
    refused("UnsupportedOperation", "enable_vpc_classic_link", VpcId=vpc)
    refused("UnsupportedOperation", "disable_vpc_classic_link", VpcId=vpc)


def away(vpc, subnets, igw, address, nat, table, groups, key, instance):
    refused("DependencyViolation", "delete_subnet", SubnetId=subnets[0])
    ec2.terminate_instances(InstanceIds=[instance])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance])
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[nat])
    ec2.release_address(AllocationId=address)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_route_table(RouteTableId=table)
    for group in reversed(groups):
        ec2.delete_security_group(GroupId=group)
    refused("DependencyViolation", "delete_vpc", VpcId=vpc)
    ec2.detach_internet_gateway(InternetGatewayId=igw, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=igw)
    ec2.delete_key_pair(KeyName=key)
    ec2.delete_vpc(VpcId=vpc)
    left = ec2.describe_tags(Filters=of(key="tour"))["Tags"]
    # These are shown for a while after their end.
    assert {tag["ResourceType"] for tag in left} <= {"instance", "vpc-endpoint", "vpc-peering-connection", "natgateway"}, left


def tour():
    account_and_region()
    unknown_action()
    vpc = vpcs()
    dhcp(vpc)
    made = subnets(vpc)
    igw, address, nat = gateways(vpc, made[0])
    table = tables(vpc, made[0], igw, nat)
    web, db = groups(vpc)
    acls(vpc, made[0])
    ipv6()
    key = keys()
    instance = instances(made[0], web, db, key)
    volumes(instance)
    interfaces(made[0], web, instance)
    endpoints(vpc, table)
    flow_logs(vpc, made[0], instance["NetworkInterfaces"][0]["NetworkInterfaceId"])
    public_access(vpc, made[0])
    peerings(vpc, table)
    prefix_lists()
    tags([vpc, *made, igw, address, nat, table, web, db, instance["InstanceId"]])
    others(vpc)
    away(vpc, made, igw, address, nat, table, (web, db), key, instance["InstanceId"])


tour()
print("\n".join(sorted(called)))
