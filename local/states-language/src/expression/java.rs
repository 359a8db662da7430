//! The order of a Java `HashMap`. AWS is written in Java, and its outputs show this order.

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
