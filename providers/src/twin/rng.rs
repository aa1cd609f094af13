//! Randomness that is the same on every machine and in every version: what a seed gave once it gives for ever.

/// A generator of numbers: SplitMix64 (Steele, Lea, Flood 2014). Not for secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng(u64);

impl Rng {
    /// The generator that a seed stands for.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// Another generator of its own, by name: what one draws does not move the other.
    pub fn fork(&self, name: &str) -> Rng {
        let mixed = name.bytes().fold(self.0 ^ 0x51_7c_c1_b7_27_22_0a_95, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mut fork = Rng(mixed);
        fork.next();
        fork
    }

    /// The next 64 bits.
    #[allow(clippy::should_implement_trait)] // it never ends, so it is no iterator
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `below`; 0 where that is 0.
    pub fn below(&mut self, below: usize) -> usize {
        if below == 0 { 0 } else { (self.next() % below as u64) as usize }
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(0) as u64;
        low.saturating_add((self.next() % width.saturating_add(1)) as i64)
    }

    /// Whether something that happens in `rate` of all cases happens now.
    pub fn chance(&mut self, rate: f64) -> bool {
        // 53 bits are what a float holds.
        rate > 0.0 && ((self.next() >> 11) as f64) < rate * (1u64 << 53) as f64
    }

    /// One of them; none where there is none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_what_it_always_gave() {
        let mut rng = Rng::new(7);
        assert_eq!([rng.next(), rng.next()], [7_191_089_600_892_374_487, 309_689_372_594_955_804]);
        let hits = (0..10_000).filter(|_| rng.chance(0.1)).count();
        assert!((900..1_100).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| (3..=5).contains(&rng.between(3, 5))));
        assert_ne!(Rng::new(7).fork("a"), Rng::new(7).fork("b"));
        assert!(!rng.chance(0.0) && rng.chance(1.0));
    }
}
