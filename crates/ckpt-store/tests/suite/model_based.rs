//! A repository does what a small model of maps and lists does, whatever is asked of it in whatever
//! order, through several handles that are open at once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod content;
mod model;
mod op;
mod world;

use proptest::prelude::*;

use crate::{
    model_based::op::{Step, steps},
    model_based::world::World,
};

fn run(steps: &[Step]) {
    let mut world = World::new();
    for step in steps {
        world.step(step);
    }
    world.check();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn a_repository_does_what_its_model_does(steps in steps(24)) {
        run(&steps);
    }
}

#[cfg(feature = "long-tests")]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn a_repository_does_what_its_model_does_in_many_long_runs(steps in steps(60)) {
        run(&steps);
    }
}
