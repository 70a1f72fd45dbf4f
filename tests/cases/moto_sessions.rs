//! Whole sessions of the real `trueup` on moto: from nothing to a network, through drift and edits, and back
//! to nothing.

use std::collections::BTreeMap;
use std::fs;

use trueup_tests::programs::{Programs, Server, output};

/// A spec in a folder, and a moto.
struct Session<'a> {
    programs: &'a Programs,
    moto: Server,
    folder: tempfile::TempDir,
}

impl<'a> Session<'a> {
    fn new(programs: &'a Programs, text: &str) -> Self {
        let session = Self {
            programs,
            moto: programs.moto(),
            folder: tempfile::tempdir().unwrap(),
        };
        session.write(text);
        session
    }

    fn write(&self, text: &str) {
        fs::write(self.folder.path().join("spec.yaml"), text).unwrap();
    }

    /// What `trueup` prints with these words and the spec; it must end with this exit code.
    fn trueup(&self, words: &str, code: i32) -> String {
        output(
            self.programs
                .trueup(&self.moto.url, self.folder.path())
                .args(words.split(' '))
                .arg("spec.yaml"),
            code,
        )
    }

    /// A command of `aws ec2`; `{subnet.web}` stands for an id.
    fn aws(&self, words: &str) {
        let mut words = words.to_owned();
        for (address, id) in self.ids() {
            words = words.replace(&format!("{{{address}}}"), &id);
        }
        output(
            self.programs
                .command("aws", &self.moto.url, self.folder.path())
                .arg("ec2")
                .args(words.split(' ')),
            0,
        );
    }

    /// The ids of what is live, by address.
    fn ids(&self) -> BTreeMap<String, String> {
        let shown: serde_json::Value = serde_json::from_str(&self.trueup("show --format json", 0)).unwrap();
        let of =
            |resource: &serde_json::Value, key: &str| resource[key].as_str().unwrap_or_default().to_owned();
        let live = shown["resources"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|resource| resource["id"].is_string());
        live.map(|resource| (of(resource, "address"), of(resource, "id")))
            .collect()
    }

    /// Makes the network true to the spec; a second plan and drift find nothing.
    fn settles(&self, words: &str) {
        self.trueup(words, 0);
        self.trueup("plan --detailed-exitcode", 0);
        self.trueup("drift", 0);
    }
}

/// Text with one piece in another's place.
fn edited(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` is not in the spec");
    text.replacen(from, to, 1)
}

#[test]
fn the_seed_is_applied_repaired_edited_and_destroyed_on_moto() {
    let Some(programs) = Programs::find() else { return };
    let seed = include_str!("../../specs/gateway-endpoint.yaml");
    let session = Session::new(&programs, seed);
    session.settles("apply --auto-approve");
    let ids = session.ids();
    assert_eq!(ids.len(), 13, "{ids:?}");

    for (words, address) in [
        (
            "modify-vpc-attribute --vpc-id {vpc.main} --enable-dns-hostnames",
            "vpc.main",
        ),
        (
            "modify-subnet-attribute --subnet-id {subnet.public} --map-public-ip-on-launch",
            "subnet.public",
        ),
        (
            "delete-route --route-table-id {route_table.public} --destination-cidr-block 0.0.0.0/0",
            "route_table.public",
        ),
        (
            "authorize-security-group-ingress --group-id {security_group.private-sg} --protocol tcp --port 80 --cidr 0.0.0.0/0",
            "security_group.private-sg",
        ),
        (
            "modify-instance-attribute --instance-id {instance.bastion} --no-source-dest-check",
            "instance.bastion",
        ),
        (
            "stop-instances --instance-ids {instance.private-host}",
            "instance.private-host",
        ),
        (
            "delete-tags --resources {route_table.private} --tags Key=Name",
            "route_table.private",
        ),
        ("delete-key-pair --key-name bastion-key", "key_pair.bastion-key"),
    ] {
        session.aws(words);
        let drift = session.trueup("drift", 2);
        assert!(drift.contains(address), "{words}: {drift}");
        session.settles("apply --auto-approve");
    }
    let unchanged = |(address, id): (&String, &String)| {
        address.starts_with("key_pair") || session.ids().get(address) == Some(id)
    };
    assert!(
        ids.iter().all(unchanged),
        "a repair has replaced something: {ids:?} {:?}",
        session.ids()
    );

    let text = edited(
        seed,
        "tcp, port: 22, cidr: 0.0.0.0/0",
        "tcp, port: 2222, cidr: 10.0.0.0/8",
    );
    let text = edited(
        &text,
        "  main:\n    cidr_block",
        "  main:\n    enable_dns_hostnames: true\n    cidr_block",
    );
    let dynamodb = "  dynamodb:\n    service: dynamodb\n    route_tables: [private]\n";
    let text = edited(
        &text,
        "\n# What must hold",
        &format!("{dynamodb}\n# What must hold"),
    );
    session.write(&text);
    session.settles("apply --auto-approve");

    let text = edited(&text, "instance_type: t2.micro", "instance_type: t2.small");
    session.write(&text);
    session.trueup("apply --auto-approve", 3);
    session.settles("apply --auto-approve --allow stop");

    let text = edited(&text, "ami-0d6621c01e8c2de2c", "ami-003634241a8fcdec0");
    session.write(&text);
    session.trueup("apply --auto-approve --allow stop", 3);
    session.settles("apply --auto-approve --allow replace:instance.private-host");

    session.trueup("destroy --auto-approve --allow delete", 0);
    assert!(session.ids().is_empty(), "{:?}", session.ids());
    session.trueup("plan --detailed-exitcode", 2);
}

#[test]
fn the_nat_gateway_is_protected_and_then_destroyed_on_moto() {
    let Some(programs) = Programs::find() else { return };
    let protected = include_str!("../../specs/nat-gateway.yaml");
    let session = Session::new(&programs, protected);
    session.settles("apply --auto-approve");
    session.trueup("destroy --auto-approve --allow delete", 3);
    session.write(&edited(protected, "  nat:\n    protect: true\n", "  nat:\n"));
    session.settles("apply --auto-approve");
    session.trueup("destroy --auto-approve --allow delete", 0);
    assert!(session.ids().is_empty(), "{:?}", session.ids());
}

#[test]
fn network_acls_are_applied_repaired_edited_and_destroyed_on_moto() {
    let Some(programs) = Programs::find() else { return };
    let text = include_str!("../../specs/network-acl.yaml");
    let session = Session::new(&programs, text);
    session.settles("apply --auto-approve");
    session.aws("delete-network-acl-entry --network-acl-id {network_acl.web} --ingress --rule-number 90");
    let drift = session.trueup("drift", 2);
    assert!(drift.contains("network_acl.web"), "{drift}");
    session.settles("apply --auto-approve");
    let text = edited(text, "rule_number: 90", "rule_number: 95");
    let text = edited(
        &text,
        "port: 5432, cidr: 10.30.1.0/24",
        "port: 5432, cidr: 10.30.0.0/16",
    );
    let text = edited(&text, ", network_acl: data", "");
    session.write(&text);
    session.settles("apply --auto-approve");
    session.trueup("destroy --auto-approve --allow delete", 0);
    assert!(session.ids().is_empty(), "{:?}", session.ids());
}

#[test]
fn policies_of_endpoints_are_compared_by_meaning_on_moto() {
    let Some(programs) = Programs::find() else { return };
    let text = include_str!("../../specs/endpoint-policy.yaml");
    let session = Session::new(&programs, text);
    fs::write(
        session.folder.path().join("endpoint-policy.dynamodb.json"),
        include_str!("../../specs/endpoint-policy.dynamodb.json"),
    )
    .unwrap();
    session.settles("apply --auto-approve");
    session.write(&edited(
        text,
        "[s3:GetObject, s3:ListBucket]",
        "[s3:ListBucket, s3:GetObject]",
    ));
    session.trueup("plan --detailed-exitcode", 0);
    session.write(&edited(text, "[s3:GetObject, s3:ListBucket]", "s3:GetObject"));
    session.trueup("plan --detailed-exitcode", 2);
    session.settles("apply --auto-approve");
    session.trueup("destroy --auto-approve --allow delete", 0);
}
