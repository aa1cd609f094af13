//! Numbers that look random and are the same every time.

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from 0 to below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// From 0 to below `end`, small ones far more often: a few large departments, many small ones.
    pub fn long_tail(&mut self, end: usize) -> usize {
        let even = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        // Density falls as 1 / (n + 1).
        (((end as f64 + 1.0).ln() * even).exp() - 1.0) as usize % end.max(1)
    }
}
