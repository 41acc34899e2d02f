//! The tiles of Winograd's algorithm: which there are, and which of them takes the least work.

/// Points and outputs of a tile, down and across.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Of the transform.
    pub points: [usize; 2],
    /// That a tile has.
    pub outputs: [usize; 2],
}

impl Scheme {
    const ALL: [Self; 6] = [
        // 3×3
        Self::new([6, 6], [4, 4]),
        Self::new([4, 4], [2, 2]),
        // 5×5, 2×5, 1×3, 3×1
        Self::new([6, 6], [2, 2]),
        Self::new([4, 6], [3, 2]),
        Self::new([1, 6], [1, 4]),
        Self::new([6, 1], [4, 1]),
    ];

    const fn new(points: [usize; 2], outputs: [usize; 2]) -> Self {
        Self { points, outputs }
    }

    /// The scheme with the least work for a stride-1 convolution, or none if the plain sum has less.
    pub fn best(kernel: [usize; 2], channels: [usize; 2], out: [usize; 2]) -> Option<Self> {
        let [ins, outs] = channels.map(|c| c as f64);
        let plain = (kernel[0] * kernel[1] * out[0] * out[1]) as f64 * ins * outs;
        let fits = |s: &Self| {
            [0, 1]
                .iter()
                .all(|a| s.points[*a] + 1 == s.outputs[*a] + kernel[*a])
        };
        let cost = |s: &Self| {
            let tiles = s.tiles(out).iter().product::<usize>() as f64;
            // A transform costs about as much as eight channels of the other side, and a weight takes as long to arrive
            // from memory as to be multiplied for eleven tiles.
            s.area() as f64 * (tiles.max(11.0) * ins * outs + 8.0 * tiles * (ins + outs))
        };
        Self::ALL
            .into_iter()
            .filter(|s| fits(s) && cost(s) < plain)
            .min_by(|a, b| cost(a).total_cmp(&cost(b)))
    }

    /// All schemes for a kernel.
    #[cfg(test)]
    pub fn fitting(kernel: [usize; 2]) -> Vec<Self> {
        let fits = |s: &Self| {
            [0, 1]
                .iter()
                .all(|a| s.points[*a] + 1 == s.outputs[*a] + kernel[*a])
        };
        Self::ALL.into_iter().filter(fits).collect()
    }

    /// How many tiles, down and across, cover an output of a size.
    pub fn tiles(&self, out: [usize; 2]) -> [usize; 2] {
        [0, 1].map(|a| out[a].div_ceil(self.outputs[a]))
    }

    /// Points of a tile.
    pub fn area(&self) -> usize {
        self.points[0] * self.points[1]
    }
}
