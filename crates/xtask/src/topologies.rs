//! Topologies of any size, made alike: the specs that measurements are taken with.

use std::fmt::Write;

use trueup_model::{Files, Severity, Topology};

use crate::Failure;

/// How much of everything a topology has.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// VPCs, each with an internet gateway.
    pub vpcs: usize,
    /// Subnets in each VPC (at most 256), each with a route table of its own and a default route in it.
    pub subnets: usize,
    /// Security groups in each VPC, each with three rules.
    pub groups: usize,
    /// Instances in each VPC, spread over its subnets.
    pub instances: usize,
}

/// What another tool counts as 134 resources: routes, associations and rules are resources there.
pub const RESOURCES_134: Size = Size {
    vpcs: 1,
    subnets: 14,
    groups: 19,
    instances: 0,
};

/// What another tool counts as 1,420 resources.
pub const RESOURCES_1420: Size = Size {
    vpcs: 10,
    subnets: 15,
    groups: 20,
    instances: 0,
};

/// 10,000 objects with ids.
pub const OBJECTS_10000: Size = Size {
    vpcs: 10,
    subnets: 150,
    groups: 248,
    instances: 450,
};

/// 100,000 objects with ids.
pub const OBJECTS_100000: Size = Size {
    vpcs: 100,
    ..OBJECTS_10000
};

impl Size {
    /// How many resources the spec declares: objects with ids.
    pub fn objects(self) -> usize {
        self.vpcs * (2 + 2 * self.subnets + self.groups + self.instances)
    }

    /// How many resources it is where routes, associations and rules are resources of their own.
    #[cfg(test)]
    fn fine_grained(self) -> usize {
        self.vpcs * (2 + 4 * self.subnets + 4 * self.groups + self.instances)
    }

    /// The spec.
    pub fn spec(self) -> String {
        let mut spec = String::new();
        // Writing into a string cannot fail.
        let _ = self.write(&mut spec);
        spec
    }

    /// What the spec means.
    pub fn topology(self) -> Result<Topology, Failure> {
        let options = trueup_spec::Options {
            region: None,
            files: &NoFiles,
        };
        let parsed = trueup_spec::parse("size.yaml", &self.spec(), &options);
        let error = || {
            let mut found = parsed.diagnostics.iter();
            found.find(|diagnostic| diagnostic.severity == Severity::Error)
        };
        let why = error().map_or_else(String::new, |error| error.message.clone());
        parsed
            .topology
            .ok_or_else(|| Failure::new(format!("{self:?}: {why}")))
    }

    fn write(self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "topology: measured-{}\nregion: us-west-2", self.objects())?;
        self.each(out, "vpc", 1, |out, vpc, _| {
            write!(out, "{vpc}: {{cidr_block: 10.{vpc}.0.0/16}}")
        })?;
        self.each(out, "internet_gateway", 1, |out, vpc, _| {
            write!(out, "{vpc}: {{vpc: \"{vpc}\"}}")
        })?;
        self.each(out, "route_table", self.subnets, |out, vpc, n| {
            write!(out, "{vpc}-{n}: {{vpc: \"{vpc}\", routes: [{{destination: 0.0.0.0/0, internet_gateway: \"{vpc}\"}}]}}")
        })?;
        self.each(out, "subnet", self.subnets, |out, vpc, n| {
            let zone = ["a", "b", "c"][n % 3];
            write!(
                out,
                "{vpc}-{n}: {{vpc: \"{vpc}\", cidr_block: 10.{vpc}.{n}.0/24, availability_zone: us-west-2{zone}, route_table: {vpc}-{n}}}"
            )
        })?;
        self.each(out, "security_group", self.groups, |out, vpc, n| {
            let before = n.checked_sub(1).unwrap_or(self.groups - 1);
            write!(
                out,
                "{vpc}-{n}:\n    vpc: \"{vpc}\"\n    description: Group {n} of {vpc}\n    ingress:\n      \
                 - {{protocol: tcp, port: 22, cidr: 10.{vpc}.0.0/16}}\n      \
                 - {{protocol: tcp, port: 443, cidr: 0.0.0.0/0, description: HTTPS}}\n      \
                 - {{protocol: tcp, port: 8080, security_group: {vpc}-{before}}}"
            )
        })?;
        self.each(out, "instance", self.instances, |out, vpc, n| {
            let (subnet, group) = (n % self.subnets, n % self.groups);
            write!(
                out,
                "{vpc}-{n}: {{image: ami-003634241a8fcdec0, instance_type: t2.micro, subnet: {vpc}-{subnet}, \
                 security_groups: [{vpc}-{group}]}}"
            )
        })
    }

    /// A kind's section: `count` resources in each VPC.
    fn each(
        self,
        out: &mut String,
        kind: &str,
        count: usize,
        mut resource: impl FnMut(&mut String, usize, usize) -> std::fmt::Result,
    ) -> std::fmt::Result {
        if count > 0 {
            writeln!(out, "{kind}:")?;
        }
        for vpc in 0..self.vpcs {
            for n in 0..count {
                out.push_str("  ");
                resource(out, vpc, n)?;
                out.push('\n');
            }
        }
        Ok(())
    }
}

struct NoFiles;

impl Files for NoFiles {
    fn text(&self, path: &str) -> Result<String, String> {
        Err(format!("{path}: there are no files here"))
    }

    fn public_key(&self, path: &str) -> Result<Option<String>, String> {
        Err(format!("{path}: there are no files here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_are_what_they_are_called() {
        assert_eq!(RESOURCES_134.fine_grained(), 134);
        assert_eq!(RESOURCES_1420.fine_grained(), 1_420);
        assert_eq!(OBJECTS_10000.objects(), 10_000);
        assert_eq!(OBJECTS_100000.objects(), 100_000);
    }

    #[test]
    fn every_size_is_a_right_spec_with_that_many_resources() {
        for size in [RESOURCES_134, RESOURCES_1420, OBJECTS_10000, OBJECTS_100000] {
            let topology = size.topology().unwrap();
            assert_eq!(topology.resources.len(), size.objects(), "{size:?}");
        }
    }
}
