//! VPC Block Public Access, which somebody sets for the account: what is live, and what a plan makes in it, is as
//! far from the internet as that says.

use trueup_model::{Status, Topology};
use trueup_reach::fill::{Lists, after_plan, observed as network};
use trueup_reach::{Engine, Network, check};
use trueup_tests::{World, calls_of, paused, topology};

const SPEC: &str = r#"
topology: t
region: us-west-2
vpc: {main: {cidr_block: 10.0.0.0/16, ipv6_cidr_block: amazon}}
internet_gateway: {main: }
egress_only_internet_gateway: {main: }
elastic_ip: {nat: }
nat_gateway: {main: {subnet: public, elastic_ip: nat}}
route_table:
  public: {routes: [{destination: 0.0.0.0/0, internet_gateway: main}]}
  private: {routes: [{destination: 0.0.0.0/0, nat_gateway: main}, {destination: "::/0", egress_only_internet_gateway: main}]}
subnet:
  public: {cidr_block: 10.0.1.0/24, availability_zone: us-west-2a, route_table: public}
  private: {cidr_block: 10.0.2.0/24, ipv6_cidr_block: 2, availability_zone: us-west-2a, route_table: private}
security_group:
  web: {description: Web, ingress: [{protocol: tcp, port: 443, cidr: 0.0.0.0/0}]}
instance:
  web: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: public, associate_public_ip_address: true, security_groups: [web]}
  app: {image: ami-003634241a8fcdec0, instance_type: t3.micro, subnet: private, ipv6_address_count: 1, security_groups: [web]}
expect:
  - {from: internet, can: instance.web, over: tcp/443}
  - {from: instance.web, can: internet, over: tcp/443}
  - {from: instance.app, can: 8.8.8.8, over: tcp/443}
  - {from: instance.app, can: "2001:4860:4860::8888", over: tcp/443}
"#;

/// Which of the expectations hold in a network.
fn holding(network: &Network, topology: &Topology) -> Vec<bool> {
    let engine = Engine::new(network);
    let holds = |expectation| check(&engine, expectation).unwrap().status == Status::Passed;
    topology.expect.iter().map(holds).collect()
}

/// Which hold in what is live.
async fn live(world: &World, topology: &Topology) -> Vec<bool> {
    let observed = world.observe(topology).await;
    holding(&network(&observed, &topology.name, &Lists::new()), topology)
}

/// The id that follows this element in an answer.
fn id(answer: &str, element: &str) -> String {
    let (_, rest) = answer.split_once(&format!("<{element}>")).unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

#[test]
fn what_is_live_is_as_far_from_the_internet_as_the_account_says() {
    paused(async {
        let world = World::new().await;
        let wanted = topology(SPEC);
        world.apply(&wanted).await;
        assert_eq!(live(&world, &wanted).await, [true; 4]);
        let mode = async |mode: &str| {
            world
                .call(&format!(
                    "ModifyVpcBlockPublicAccessOptions&InternetGatewayBlockMode={mode}"
                ))
                .await
        };
        // What NAT and egress-only gateways start goes on.
        mode("block-ingress").await;
        assert_eq!(live(&world, &wanted).await, [false, false, true, true]);
        mode("block-bidirectional").await;
        assert_eq!(live(&world, &wanted).await, [false; 4]);
        // Nothing of ours is different by it.
        assert!(calls_of(&world.plan(&wanted).await).is_empty());
        // Of a subnet that is excluded the NAT gateway in it gets out, and the egress-only gateway is no subnet's.
        let observed = world.observe(&wanted).await;
        let subnet = |name: &str| {
            let is = |object: &&trueup_model::Object| object.claim("t") == Some(&format!("subnet.{name}"));
            observed.objects.iter().find(is).unwrap().id.clone()
        };
        let exclude = async |subnet: String, mode: &str| {
            let call = format!(
                "CreateVpcBlockPublicAccessExclusion&SubnetId={subnet}&InternetGatewayExclusionMode={mode}"
            );
            id(&world.call(&call).await, "exclusionId")
        };
        let public = exclude(subnet("public"), "allow-bidirectional").await;
        assert_eq!(live(&world, &wanted).await, [true, true, true, false]);
        let private = exclude(subnet("private"), "allow-egress").await;
        assert_eq!(live(&world, &wanted).await, [true; 4]);
        for exclusion in [public, private] {
            world
                .call(&format!(
                    "DeleteVpcBlockPublicAccessExclusion&ExclusionId={exclusion}"
                ))
                .await;
        }
        mode("off").await;
        assert_eq!(live(&world, &wanted).await, [true; 4]);
    });
}

#[test]
fn what_a_plan_makes_is_as_far_from_it() {
    paused(async {
        let world = World::new().await;
        let wanted = topology(SPEC);
        let left = async || {
            let (observed, plan) = (world.observe(&wanted).await, world.plan(&wanted).await);
            let after = after_plan(&wanted, &observed, &plan, None);
            holding(&network(&after, &wanted.name, &Lists::new()), &wanted)
        };
        assert_eq!(left().await, [true; 4]);
        world
            .call("ModifyVpcBlockPublicAccessOptions&InternetGatewayBlockMode=block-ingress")
            .await;
        assert_eq!(left().await, [false, false, true, true]);
    });
}
