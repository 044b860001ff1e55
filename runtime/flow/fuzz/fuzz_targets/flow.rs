//! Requests to the flows: whatever the action string and the body are, the answer is one of the contract's
//! (`spec/flow-login-registration.md` §1.3 to §1.8), and no session comes without the state `success`.
//!
//! `make fuzz` runs it. An input is a script, see `script`; `seeds/flow` holds some that lead far into the flows. Called with the
//! name of a file it repeats that input; with `SHOW=1` it says what every request came to.

#![no_main]

mod answer;
mod script;
mod world;

use libfuzzer_sys::fuzz_target;

use crate::{script::Script, world::World};

fuzz_target!(|data: &[u8]| {
    let script = Script::parse(data);
    world::runtime().block_on(async {
        let mut world = World::open(script.project).await;
        for step in &script.steps {
            world.perform(step).await;
        }
        world.close().await;
    });
});
