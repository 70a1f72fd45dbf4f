//! Every reason has its sentence, and its code.

use std::collections::BTreeSet;

use trueup_model::{
    Address, Cause, Consent, Constraint, Guard, Kind, MemberKey, Mention, Note, Plan, Refusal, Refused,
    Sought, StepReason, TakenBy, Unchangeable, Value, Zone,
};
use trueup_report::reasons;

use crate::sample;

fn address(address: &str) -> Address {
    address.parse().unwrap()
}

fn refusals() -> Vec<Refused> {
    let text = str::to_owned;
    let named = || Mention {
        path: "instance.a.instance_type".into(),
        place: Some(sample::place(26)),
    };
    let taken = |wanted: &str, by: TakenBy| Refused::Taken {
        id: text("subnet-0a"),
        has: text("10.0.0.0/24 in vpc.main"),
        wanted: text(wanted),
        by,
    };
    let nobody = |perhaps_lost: bool| TakenBy::Nobody { perhaps_lost };
    let protected = |from: Consent, duplicate: bool| Refused::Protected {
        from,
        id: text("subnet-0a"),
        duplicate,
    };
    let fixed = |on, ty| Refused::Unchangeable {
        id: text("vol-0a"),
        how: Unchangeable::MultiAttach { on, ty: text(ty) },
    };
    let absent = |zone: Zone| Refused::Absent {
        sought: Sought::InstanceType {
            name: text("t9.micro"),
            zone,
        },
        named: named(),
    };
    let (same, part) = ("10.0.0.0/24 in vpc.main", "10.0.0.0/25 in vpc.main");
    let (wanted, is) = (text("1"), text("2"));
    let (one, other) = (text("vpc-0a"), text("vpc-0b"));
    vec![
        Refused::WrongAccount {
            wanted: wanted.clone(),
            is: is.clone(),
        },
        Refused::WrongRegion { wanted, is },
        Refused::MadeByEc2 { id: one.clone() },
        Refused::WrongTag {
            id: one.clone(),
            kind: Kind::Vpc,
            tag: text("subnet.a"),
        },
        Refused::Copies {
            ids: vec![one.clone(), other],
        },
        taken(same, TakenBy::Topology(text("other"))),
        taken(same, nobody(true)),
        taken(part, nobody(false)),
        Refused::HeldByOther {
            id: text("eipalloc-0a"),
            holder: text("eni-0a"),
        },
        Refused::StillNamed {
            user: address("instance.a"),
            id: text("subnet-0a"),
        },
        protected(Consent::Delete, false),
        protected(Consent::Replace, false),
        protected(Consent::Stop, true),
        Refused::Circle {
            steps: vec![
                ("CreateSubnet", address("subnet.a")),
                ("DeleteSubnet", address("subnet.b")),
            ],
        },
        Refused::Unchangeable {
            id: text("vol-0a"),
            how: Unchangeable::Shrinks { from: 20, to: 10 },
        },
        fixed(true, "io1"),
        fixed(true, "io2"),
        fixed(false, "gp3"),
        Refused::GivenAway {
            what: text("10.0.0.9 in subnet.a"),
            other: address("instance.b"),
        },
        Refused::Stays {
            call: "DetachInternetGateway",
            other: address("instance.web"),
        },
        Refused::TooManyEnds {
            ended: ["vpc.a", "vpc.b", "vpc.c", "vpc.d", "vpc.e", "vpc.f"]
                .map(address)
                .to_vec(),
            max: 3,
        },
        absent(Zone::Any),
        absent(Zone::Name(text("us-west-2a"))),
        Refused::Absent {
            sought: Sought::Object(text("tgw-0a")),
            named: named(),
        },
        Refused::Unusable {
            sought: Sought::KeyPair(text("key")),
            state: text("deleting"),
            named: Mention {
                place: None,
                ..named()
            },
        },
        Refused::OtherArchitecture {
            ty: text("t4g.micro"),
            runs: BTreeSet::from([text("arm64")]),
            image: text("ami-0a"),
            is: BTreeSet::from([text("i386"), text("x86_64")]),
            named: named(),
        },
        Refused::OtherVpc {
            id: text("rtb-0a"),
            is_in: one,
            must: text("vpc.main"),
            named: named(),
        },
        Refused::Reachability {
            guard: Guard::Expect,
            found: text("internet reaches instance.a"),
        },
    ]
}

fn notes() -> Vec<Note> {
    let text = str::to_owned;
    let circle = BTreeSet::from(["subnet.a", "subnet.b"].map(address));
    let file = text("key.pem");
    vec![
        Note::DeleteFirst(Constraint::OnlyOne(text("10.0.0.0/24 in vpc.main"))),
        Note::DeleteFirst(Constraint::Circle(circle)),
        Note::DeleteFirst(Constraint::DependsOn(address("subnet.a"))),
        Note::NotBroughtBack,
        Note::OtherName {
            attribute: text("group_name"),
            name: text("web#1f"),
            taken: text("web"),
        },
        Note::Duplicate,
        Note::LeftOver,
        Note::Reclaimed { id: text("i-0a") },
        Note::UnmountFirst {
            device: text("/dev/sdf"),
            instance: text("i-0a"),
        },
        Note::VolumeFailed { id: text("vol-0a") },
        Note::PeerAwaitsAcceptance,
        Note::NotDelivered {
            why: text("Access error"),
        },
        Note::KeyFileAbsent { file: file.clone() },
        Note::KeyFileWritten { file },
        Note::AddressHeld {
            address: text("203.0.113.5"),
            id: text("eipalloc-0a"),
            holder: text("eni-0a"),
        },
        Note::AclFull {
            direction: "ingress",
            quota: 20,
        },
        Note::NoRoom {
            late: 3,
            what: text("routes"),
            quota: 500,
            portion: 10,
        },
        Note::FirstBootOnly,
        Note::StaysStopped,
    ]
}

fn steps() -> Vec<StepReason> {
    let (call, other) = ("CreateRoute", || address("vpc.main"));
    vec![
        StepReason::Needs { call, other: other() },
        StepReason::WhileThere { call, other: other() },
        StepReason::UntilChanged {
            call,
            other: other(),
            attribute: "tags",
        },
        StepReason::WhileMember {
            call,
            member: MemberKey::plain(Value::text("10.5.0.0/16")),
            other: other(),
            attribute: "secondary_cidr_blocks",
        },
        StepReason::OnlyOne("10.0.0.0/24 in vpc.main".into()),
        StepReason::TakenFirst {
            by: other(),
            what: "10.0.0.9 in subnet.a".into(),
        },
        StepReason::Continuity,
        StepReason::Turn(address("instance.a")),
        StepReason::Barrier,
    ]
}

#[test]
fn every_reason_has_its_sentence() {
    let plan = Plan {
        topology: "shop".into(),
        site: trueup_model::Site {
            account: "123456789012".into(),
            region: "us-west-2".into(),
        },
        ..Plan::default()
    };
    let refused = |why: Refused| {
        let refusal = Refusal::new("subnet.a", why);
        let (guard, code) = (refusal.guard.code(), refusal.why.code());
        format!("{guard}, {code}: {}", reasons::refusal(&plan, &refusal))
    };
    let note = |note: &Note| format!("note, {}: {}", note.code(), reasons::note(note));
    let cause = sample::cause("subnet.a", "cidr_block", 26, "EC2 cannot change a subnet's range");
    let follows = Cause {
        reason: None,
        ..cause.clone()
    };
    let mut told: Vec<String> = refusals().into_iter().map(refused).collect();
    told.extend(notes().iter().map(note));
    told.extend(
        steps()
            .iter()
            .map(|step| format!("step: {}", reasons::step(step))),
    );
    told.extend(
        [cause, follows]
            .iter()
            .map(|cause| format!("cause: {}", reasons::cause(cause))),
    );
    insta::assert_snapshot!(told.join("\n"));
}
