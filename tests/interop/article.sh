#!/usr/bin/env bash
# The article that specs/gateway-endpoint.yaml models, as a person types it: the AWS CLI, step by step, each id taken from the
# answer. Leaves the two .pem files in the working directory.
set -euo pipefail

# The VPC and its two subnets.
vpc=$(aws ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.VpcId --output text)
aws ec2 wait vpc-available --vpc-ids "$vpc"
public_subnet=$(aws ec2 create-subnet --vpc-id "$vpc" --cidr-block 10.0.1.0/24 --availability-zone us-west-2a \
  --query Subnet.SubnetId --output text)
private_subnet=$(aws ec2 create-subnet --vpc-id "$vpc" --cidr-block 10.0.2.0/24 --availability-zone us-west-2b \
  --query Subnet.SubnetId --output text)

# The way to the internet, for the public subnet.
gateway=$(aws ec2 create-internet-gateway --query InternetGateway.InternetGatewayId --output text)
aws ec2 attach-internet-gateway --vpc-id "$vpc" --internet-gateway-id "$gateway"
public_table=$(aws ec2 create-route-table --vpc-id "$vpc" --query RouteTable.RouteTableId --output text)
aws ec2 create-route --route-table-id "$public_table" --destination-cidr-block 0.0.0.0/0 --gateway-id "$gateway" --query Return
aws ec2 describe-route-tables --route-table-ids "$public_table" --query 'RouteTables[].Routes[].[DestinationCidrBlock,GatewayId]' --output text
aws ec2 associate-route-table --subnet-id "$public_subnet" --route-table-id "$public_table" --query AssociationId --output text

# Who may reach whom.
bastion_group=$(aws ec2 create-security-group --group-name bastion-sg --description "Bastion SG" --vpc-id "$vpc" \
  --query GroupId --output text)
aws ec2 authorize-security-group-ingress --group-id "$bastion_group" --protocol tcp --port 22 --cidr 0.0.0.0/0 --query Return
private_group=$(aws ec2 create-security-group --group-name private-sg --description "Private hosts" --vpc-id "$vpc" \
  --query GroupId --output text)
aws ec2 authorize-security-group-ingress --group-id "$private_group" --protocol tcp --port 22 --source-group "$bastion_group" --query Return

# The keys.
for key in bastion-key private-host-key; do
  aws ec2 create-key-pair --key-name "$key" --key-type ed25519 --query KeyMaterial --output text >"$key.pem"
  chmod 400 "$key.pem"
done

# The hosts.
bastion=$(aws ec2 run-instances --image-id ami-003634241a8fcdec0 --instance-type t2.micro --count 1 --key-name bastion-key \
  --security-group-ids "$bastion_group" --subnet-id "$public_subnet" --associate-public-ip-address \
  --query 'Instances[0].InstanceId' --output text)
private_host=$(aws ec2 run-instances --image-id ami-0d6621c01e8c2de2c --instance-type t2.micro --count 1 --key-name private-host-key \
  --security-group-ids "$private_group" --subnet-id "$private_subnet" --no-associate-public-ip-address \
  --query 'Instances[0].InstanceId' --output text)
aws ec2 wait instance-running --instance-ids "$bastion" "$private_host"
aws ec2 describe-instances --instance-ids "$bastion" --query 'Reservations[].Instances[].PublicIpAddress' --output text

# The private subnet's own table, and the endpoint on it.
private_table=$(aws ec2 create-route-table --vpc-id "$vpc" --query RouteTable.RouteTableId --output text)
aws ec2 associate-route-table --subnet-id "$private_subnet" --route-table-id "$private_table" --query AssociationId --output text
service=$(aws ec2 describe-vpc-endpoint-services --filters Name=service-name,Values=com.amazonaws.us-west-2.s3 \
  --query 'ServiceNames[0]' --output text)
endpoint=$(aws ec2 create-vpc-endpoint --vpc-id "$vpc" --service-name "$service" --route-table-ids "$private_table" \
  --query VpcEndpoint.VpcEndpointId --output text)
aws ec2 describe-vpc-endpoints --vpc-endpoint-ids "$endpoint" --query 'VpcEndpoints[].[ServiceName,State]' --output text
