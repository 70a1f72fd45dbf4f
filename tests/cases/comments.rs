//! What a reviewer reads: one network, the edits that people make, and the plan and the comment of each,
//! whole.
//!
//! A comment has at most 65,536 characters on GitHub. Measured on this network of 33 resources, with the
//! bastion opened, an address exchanged and so many groups of three rules added:
//!
//! | groups | bytes | what is there |
//! |---|---|---|
//! | 0 | 3,800 | all |
//! | 10 | 8,400 | all |
//! | 50 | 27,300 | all |
//! | 120 | 60,800 | all: 484 bytes for each group and its steps |
//! | 160 | 59,800 | all but the steps: 357 bytes for each group |
//! | 200 | 65,300 | 175 of 205 changes in full, the others as lines of a table |
//! | 700 | 65,400 | 83 of 705 changes in full, the others as lines of a table |
//!
//! A tag on all 33 takes 3,300, their end 6,400, and nothing to do 250.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use trueup_tests::settled::settled;
use trueup_tests::trial::Trial;

const SPEC: &str = include_str!("three-zones.yaml");

/// How long a comment may be.
const LIMIT: usize = 65_536;

/// A folder in whose sandbox the network is as the spec has it. Plans leave it so, and one process at a time
/// may use it.
fn trial() -> MutexGuard<'static, Trial> {
    static TRIAL: LazyLock<Mutex<Trial>> = LazyLock::new(|| {
        let trial = Trial::of_the_seed();
        trial.write("shop.yaml", SPEC);
        let applied = trial.see("apply --sandbox --auto-approve shop.yaml");
        assert!(
            applied.contains("Done: 33 created") && applied.ends_with("[exit 0]\n"),
            "{applied}"
        );
        Mutex::new(trial)
    });
    TRIAL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The spec with texts in the place of others, in a file of this name.
fn edited(name: &str, edits: &[(&str, &str)]) -> String {
    let mut spec = SPEC.to_owned();
    for (from, to) in edits {
        assert!(spec.contains(from), "`{from}` is not in the spec");
        spec = spec.replace(from, to);
    }
    let file = format!("{name}.yaml");
    trial().write(&file, spec);
    file
}

/// The comment on a plan, as it is.
fn comment(words: &str) -> String {
    let output = trial()
        .command(&format!("plan --sandbox --format markdown {words}"))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Asserts that plan and comment of an edit are those that the golden file of this name holds.
fn reads(name: &str, words: &str, edits: &[(&str, &str)]) {
    let file = edited(name, edits);
    let trial = trial();
    let seen = ["", "--format markdown "]
        .map(|format| settled(&trial.see(&format!("plan --sandbox {format}{words}{file}"))));
    insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "snapshots/comments", omit_expression => true}, {
        insta::assert_snapshot!(name, seen.join("\n"));
    });
}

#[test]
fn a_tag_on_all() {
    reads(
        "a_tag_on_all",
        "",
        &[(
            "{environment: production}",
            "{environment: production, team: shop}",
        )],
    );
}

#[test]
fn a_tag_on_33_resources_is_three_lines() {
    let file = edited(
        "three-lines",
        &[(
            "{environment: production}",
            "{environment: production, team: shop}",
        )],
    );
    let seen = trial().see(&format!("plan --sandbox {file}"));
    let lines: Vec<&str> = seen
        .lines()
        .skip_while(|line| !line.starts_with('~'))
        .take_while(|line| !line.starts_with("      "))
        .collect();
    // What is done, with what differs, and then who it is: those are names, and no more.
    assert_eq!(
        lines[..2],
        ["~ change 33 resources alike", "    + tags team: shop"],
        "{seen}"
    );
    let comment = comment(&file);
    let told: Vec<&str> = comment
        .lines()
        .skip_while(|line| !line.starts_with("<details>"))
        .take_while(|line| *line != "</details>")
        .collect();
    let told: Vec<&&str> = told
        .iter()
        .filter(|line| !line.is_empty() && !line.starts_with("```"))
        .collect();
    assert!(
        matches!(told[..], [what, differs, names]
        if what.contains("33 resources") && *differs == "+ tags team: shop" && names.matches('`').count() == 4 * 33),
        "{comment}"
    );
}

#[test]
fn what_many_have_in_common_is_read_after_what_is_felt() {
    let tag = (
        "{environment: production}",
        "{environment: production, team: shop}",
    );
    let file = edited(
        "common",
        &[
            tag,
            (
                "us-west-2c, route_table: private-c}",
                "us-west-2c, route_table: private-a}",
            ),
        ],
    );
    let text = trial().see(&format!("plan --sandbox {file}"));
    for told in [text, comment(&file)] {
        let place = |words: &str| {
            told.find(words)
                .unwrap_or_else(|| panic!("{words} is not in\n{told}"))
        };
        assert!(
            place("route_table: route_table.private-") < place("change 32 resources alike"),
            "{told}"
        );
    }
}

#[test]
fn a_group_of_a_host_opens_to_the_internet() {
    reads(
        "open_a_group",
        "",
        &[("cidr: 198.51.100.7/32", "cidr: 0.0.0.0/0")],
    );
}

#[test]
fn a_group_of_nobody_who_is_known_opens_to_the_internet() {
    reads(
        "open_a_group_of_nobody",
        "",
        &[("port: 443, cidr: 10.0.0.0/8", "port: 443, cidr: 0.0.0.0/0")],
    );
}

#[test]
fn a_group_closes() {
    reads(
        "close_a_group",
        "",
        &[
            ("      - {protocol: tcp, port: 22, security_group: bastion}\n", ""),
            (
                "  - {from: instance.bastion, can: instance.app-c, over: tcp/22}\n",
                "",
            ),
        ],
    );
}

#[test]
fn a_nat_gateway_gets_another_address() {
    reads(
        "exchange_an_address",
        "",
        &[
            ("  nat-a: {}", "  partner: {}"),
            ("elastic_ip: nat-a", "elastic_ip: partner"),
        ],
    );
}

#[test]
fn three_hosts_stop() {
    let app = "instance_type: t3.micro, subnet: private";
    reads(
        "stop_three_hosts",
        "",
        &[(app, "instance_type: t3.small, subnet: private")],
    );
}

#[test]
fn an_instance_is_replaced() {
    let image = "app-b: {image: ami-003634241a8fcdec0";
    reads(
        "replace_an_instance",
        "",
        &[(image, "app-b: {image: ami-0123456789abcdef0")],
    );
}

#[test]
fn a_host_gets_another_name() {
    reads("rename", "", &[("  app-b: {image", "  worker-b: {image")]);
}

#[test]
fn a_subnet_is_deleted() {
    let line = SPEC
        .lines()
        .find(|line| line.starts_with("  database-c:"))
        .unwrap();
    reads("delete_a_subnet", "", &[(&format!("{line}\n"), "")]);
}

#[test]
fn a_subnet_moves_to_another_table() {
    reads(
        "move_a_subnet",
        "",
        &[(
            "us-west-2c, route_table: private-c}",
            "us-west-2c, route_table: private-a}",
        )],
    );
}

#[test]
fn database_subnets_get_a_route_to_the_internet() {
    let routes = "database: {routes: [{destination: 0.0.0.0/0, internet_gateway: main}]}";
    reads("database_to_the_internet", "", &[("database: {}", routes)]);
}

#[test]
fn a_group_exchanges_its_rule() {
    reads(
        "exchange_a_rule",
        "",
        &[(
            "port: 8080, security_group: balancer",
            "port: 8443, security_group: balancer",
        )],
    );
}

#[test]
fn an_endpoint_gets_a_policy() {
    let policy = "s3: {policy: {Statement: [{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::shop/*'}]}, service: s3";
    reads("a_policy", "", &[("s3: {service: s3", policy)]);
}

#[test]
fn all_of_it_goes() {
    reads("destroy", "--destroy ", &[]);
}

#[test]
fn nothing_is_to_do() {
    reads("nothing", "", &[]);
}

/// So many groups more, each with three rules of its own.
fn with_groups(number: usize) -> Vec<(String, String)> {
    let rule = |group: usize, port: usize| {
        format!(
            "      - {{protocol: tcp, port: {port}, cidr: 10.{}.{}.0/24}}\n",
            100 + group / 250,
            group % 250
        )
    };
    let group = |group: usize| {
        let rules: String = [5432, 6432, 9187]
            .into_iter()
            .map(|port| rule(group, port))
            .collect();
        format!("  tenant-{group}:\n    description: Tenant {group}\n    ingress:\n{rules}")
    };
    let groups: String = (0..number).map(group).collect();
    vec![("vpc_endpoint:".to_owned(), format!("{groups}\nvpc_endpoint:"))]
}

/// The comment on an edit that opens the bastion, exchanges an address and adds so many groups.
fn long_comment(number: usize) -> String {
    let own = with_groups(number);
    let mut edits: Vec<(&str, &str)> = own.iter().map(|(from, to)| (&**from, &**to)).collect();
    edits.extend([
        ("cidr: 198.51.100.7/32", "cidr: 0.0.0.0/0"),
        ("  nat-a: {}", "  partner: {}"),
        ("elastic_ip: nat-a", "elastic_ip: partner"),
    ]);
    comment(&edited("long", &edits))
}

/// A long comment without what is in it of each group: what stands above the groups, and below them.
fn around_the_groups(text: &str) -> String {
    let (above, rest) = text
        .split_once("<details><summary>+ create <code>security_group.tenant-0")
        .unwrap();
    let below = rest.rfind("\n</details>").unwrap();
    settled(&format!("{above}…\n{}", &rest[below..]))
}

#[test]
fn a_comment_that_is_nearly_too_long_is_whole_and_a_longer_one_keeps_what_is_dangerous() {
    let dangerous = [
        "exposes tcp/22",
        "<details open><summary>! replace <code>nat_gateway.a</code>",
        "<details open><summary>- delete <code>elastic_ip.nat-a</code>",
        "<details open><summary>~ change <code>security_group.bastion</code>",
        "**Source address:**",
        "--expect sha256:",
    ];
    let told = |groups: usize| {
        let text = long_comment(groups);
        assert!(dangerous.iter().all(|told| text.contains(told)), "{text}");
        assert!(
            text.len() <= LIMIT && (groups < 120 || text.len() > LIMIT / 4 * 3),
            "{groups} groups are {} bytes",
            text.len()
        );
        let notice = text
            .lines()
            .find_map(|line| line.strip_prefix("> **Shortened** to fit into a comment: "));
        (
            notice.map(|notice| notice.split(". `").next().unwrap_or_default().to_owned()),
            text,
        )
    };
    let (notice, text) = told(120);
    assert_eq!(notice, None, "the steps are there too");
    insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "snapshots/comments", omit_expression => true}, {
        insta::assert_snapshot!("nearly_too_long", around_the_groups(&text));
    });
    assert_eq!(told(160).0.as_deref(), Some("the steps are left out"));
    let many = told(700).0.unwrap();
    assert!(
        many.contains(" of 705 changes are in full, ")
            && many.ends_with(" are listed, and the steps are left out"),
        "{many}"
    );
}
