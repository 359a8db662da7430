//! What shows that AWS is written in Java: the order of a `HashMap`, and the numbers of a `Random`.

/// Sorts as Java's `HashMap` would give its entries, which is the order in which AWS hands on what it evaluates.
pub(crate) fn sort_as_hash_map<T>(entries: &mut [T], key: impl Fn(&T) -> &str) {
    let mut capacity: u32 = 16;
    while entries.len() * 4 > capacity as usize * 3 {
        capacity *= 2;
    }
    entries.sort_by_cached_key(|entry| {
        let hash = key(entry)
            .encode_utf16()
            .fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
        (hash ^ (hash >> 16)) & (capacity - 1)
    });
}

/// The first `nextDouble()` of a `java.util.Random` with this seed.
#[cfg(feature = "jsonata")]
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact in a float")]
pub(crate) fn first_random(seed: i64) -> f64 {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let mut state = (seed.cast_unsigned() ^ MULTIPLIER) & MASK;
    let mut next = |bits: u32| {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        state >> (48 - bits)
    };
    let (high, low) = (next(26), next(27));
    ((high << 27) + low) as f64 / (1_u64 << 53) as f64
}
