//! Many threads that begin at the same moment, and a dice that always falls the same way.

use std::sync::Barrier;
use std::thread::{Builder, ScopedJoinHandle, scope};

/// Enough for a request in a debug build; two thousand of them fit in memory.
const STACK_BYTES: usize = 256 * 1024;

/// Runs `work` in so many threads, which all begin together; the answers are in the order of their numbers.
pub fn at_once<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(count);
    let run = |number: usize| {
        barrier.wait();
        work(number)
    };
    scope(|scope| {
        let run = &run;
        let threads: Vec<ScopedJoinHandle<T>> = (0..count)
            .map(|number| {
                Builder::new()
                    .stack_size(STACK_BYTES)
                    .spawn_scoped(scope, move || run(number))
                    .unwrap()
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

/// Marsaglia's xorshift64.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: usize) -> Dice {
        Dice(0x9e37_79b9_7f4a_7c15 ^ ((seed as u64 + 1) << 20))
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }
}
