//! All pairs at once say what each pair says by itself, for every host of every class.

#[path = "common/world.rs"]
#[expect(dead_code, reason = "other tests use the addresses outside")]
mod world;

use fastrand::Rng;
use trueup_reach::{Engine, Matrix, Member, between, classes};
use world::network;

#[test]
fn the_matrix_says_what_each_pair_says() {
    let (mut compared, mut open, mut merged) = (0, 0, 0);
    for seed in 0..150 {
        let mut rng = Rng::with_seed(seed);
        let mut net = network(&mut rng);
        // More hosts that are alike: twins of what is there.
        for index in 0..net.interfaces.len() {
            let mut twin = net.interfaces[index].clone();
            let trueup_reach::network::Assigned::Known(std::net::IpAddr::V4(address)) = twin.addresses[0].private else { continue };
            let next = std::net::IpAddr::from(std::net::Ipv4Addr::from(u32::from(address) + 120));
            twin.addresses = vec![trueup_reach::Own { private: trueup_reach::network::Assigned::Known(next), public: None }];
            net.interfaces.push(twin);
        }
        // In some networks EC2 has yet to choose addresses.
        for interface in net.interfaces.iter_mut().filter(|_| seed % 3 == 0) {
            if rng.bool() {
                interface.addresses[0].private = trueup_reach::network::Assigned::Later;
            }
        }
        let engine = Engine::new(&net);
        let matrix = Matrix::new(&engine);
        assert_eq!(matrix.classes, classes(&engine));
        merged += net.interfaces.len() - matrix.classes.len();
        matrix.each(|from, to, cell| {
            let (sources, targets) = (&matrix.classes[from].hosts, &matrix.classes[to].hosts);
            for source in sources {
                for target in targets {
                    if from == to && (source == target) != (sources.len() == 1) {
                        continue;
                    }
                    let own = between(&engine, &Member::Interface(*source), &Member::Interface(*target));
                    let all = (own.allowed, own.partial, own.unknown);
                    assert_eq!(
                        all,
                        (cell.allowed(), cell.partial(), cell.unknown()),
                        "seed {seed}: {source} -> {target} {sources:?} {targets:?} {:?} {:?}",
                        own.assumptions,
                        own.via
                    );
                    compared += 1;
                }
            }
            open += usize::from(!cell.is_blocked());
        });
    }
    assert!(compared > 10_000 && open > 1000 && merged > 50, "{compared} {open} {merged}");
}
