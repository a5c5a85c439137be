//! Numbers and bytes by chance that are the same each time (Marsaglia 2003, xorshift64).

/// What the next number follows from; never 0.
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub fn of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }
}

/// Bytes that no compressor makes smaller.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut dice = Dice(seed);
    std::iter::repeat_with(|| dice.next().to_le_bytes()).take(length / 8 + 1).flatten().take(length).collect()
}
