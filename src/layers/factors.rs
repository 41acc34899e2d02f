//! How a long transform is cut into two short ones that matrices can be made for.

/// The longest sum that a matrix is made for.
pub(crate) const LONGEST: usize = 2048;

/// The two factors of a number that are nearest to each other, the smaller first.
pub(crate) fn nearest_factors(n: usize) -> [usize; 2] {
    let small = (1..=n.isqrt()).rev().find(|p| n.is_multiple_of(*p));
    let small = small.unwrap_or(1);
    [small, n / small]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_as_near_as_can_be() {
        for (n, factors) in [
            (1, [1, 1]),
            (23, [1, 23]),
            (36, [6, 6]),
            (40_000, [200, 200]),
            (4000, [50, 80]),
        ] {
            assert_eq!(nearest_factors(n), factors);
        }
    }
}
