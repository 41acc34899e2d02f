//! Antialiased resampling of 8-bit pictures, exact to Pillow's fixed-point arithmetic.
//!
//! Both papers resized with Pillow, so a published stimulus depends on its rounding: weights are rounded to 22
//! fractional bits, rows are resampled first, and the intermediate picture is 8-bit again.

use super::Image;

/// The interpolation kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// A triangle of half-width 1 (2019 procedure).
    Bilinear,
    /// Keys' cubic with a = -1/2, half-width 2 (2023 procedure).
    Bicubic,
}

impl Filter {
    fn half_width(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn at(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let x = x.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            _ => 0.0,
        }
    }
}

/// Fractional bits of a weight: 32, less 8 for the sample, less 2 for the overshoot of the cubic.
const FRACTION: u32 = 22;

/// The input samples that make one output sample.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

/// Resamples to `width` × `height`.
pub fn resize(image: &Image, width: usize, height: usize, filter: Filter) -> Image {
    let mut rows = image.clone();
    if width != image.width {
        let taps = taps(image.width, width, filter);
        let mut rgb = Vec::with_capacity(width * image.height * 3);
        for row in image.rgb.chunks(image.width * 3) {
            for t in &taps {
                for c in 0..3 {
                    rgb.push(weigh(t, |k| row[(t.first + k) * 3 + c]));
                }
            }
        }
        rows = Image {
            width,
            height: image.height,
            rgb,
        };
    }
    if height == image.height {
        return rows;
    }
    let taps = taps(image.height, height, filter);
    let stride = width * 3;
    let mut rgb = Vec::with_capacity(stride * height);
    for t in &taps {
        for i in 0..stride {
            rgb.push(weigh(t, |k| rows.rgb[(t.first + k) * stride + i]));
        }
    }
    Image { width, height, rgb }
}

fn weigh(taps: &Taps, sample: impl Fn(usize) -> u8) -> u8 {
    let half = 1i32 << (FRACTION - 1);
    let sum = taps
        .weights
        .iter()
        .enumerate()
        .fold(half, |sum, (k, w)| sum + i32::from(sample(k)) * w);
    (sum >> FRACTION).clamp(0, 255) as u8
}

fn taps(input: usize, output: usize, filter: Filter) -> Vec<Taps> {
    let scale = input as f64 / output as f64;
    // When shrinking, the kernel is stretched to cover what one output sample stands for; enlarging interpolates.
    let stretch = scale.max(1.0);
    let support = filter.half_width() * stretch;
    (0..output)
        .map(|i| {
            let centre = (i as f64 + 0.5) * scale;
            let first = (centre - support + 0.5).max(0.0) as usize;
            let end = ((centre + support + 0.5) as usize).min(input);
            let raw: Vec<f64> = (first..end)
                .map(|k| filter.at((k as f64 - centre + 0.5) * (1.0 / stretch)))
                .collect();
            let total: f64 = raw.iter().sum();
            let fixed = |w: &f64| {
                let w = (w / total) * f64::from(1 << FRACTION);
                (if w < 0.0 { w - 0.5 } else { w + 0.5 }) as i32
            };
            Taps {
                first,
                weights: raw.iter().map(fixed).collect(),
            }
        })
        .collect()
}
