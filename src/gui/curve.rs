//! A curve that stays small however long the run: the least and greatest value of each stretch of steps.

use egui_plot::PlotPoint;

/// More stretches than this are joined in pairs.
const MOST_STRETCHES: usize = 1000;

/// A curve with at most about two thousand points, kept up to date in constant time per value.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Steps in a stretch; a power of two.
    width: u64,
    stretches: Vec<Stretch>,
    /// Two points a stretch, in the order in which they came.
    points: Vec<PlotPoint>,
    last: Option<(u64, f64)>,
    range: Option<(f64, f64)>,
}

#[derive(Clone, Copy, Debug)]
struct Stretch {
    index: u64,
    least: (u64, f64),
    greatest: (u64, f64),
}

impl Default for Curve {
    fn default() -> Self {
        Self {
            width: 1,
            stretches: vec![],
            points: vec![],
            last: None,
            range: None,
        }
    }
}

impl Curve {
    /// Adds the value at a step; steps ascend. What is not finite is left out.
    pub fn push(&mut self, step: u64, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.last = Some((step, value));
        self.range = Some(
            self.range
                .map_or((value, value), |(a, b)| (a.min(value), b.max(value))),
        );
        let new = Stretch {
            index: step / self.width,
            least: (step, value),
            greatest: (step, value),
        };
        match self.stretches.last_mut() {
            Some(open) if open.index == new.index => {
                open.join(&new);
                let open = *open;
                self.points.truncate(2 * (self.stretches.len() - 1));
                self.points.extend(open.points());
            }
            _ => {
                self.stretches.push(new);
                self.points.extend(new.points());
            }
        }
        if self.stretches.len() > MOST_STRETCHES {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        self.width *= 2;
        let mut joined: Vec<Stretch> = Vec::with_capacity(self.stretches.len() / 2 + 1);
        for s in &self.stretches {
            let s = Stretch {
                index: s.index / 2,
                ..*s
            };
            match joined.last_mut() {
                Some(open) if open.index == s.index => open.join(&s),
                _ => joined.push(s),
            }
        }
        self.points = joined.iter().flat_map(Stretch::points).collect();
        self.stretches = joined;
    }

    /// What is drawn.
    pub fn points(&self) -> &[PlotPoint] {
        &self.points
    }

    /// The newest step and value.
    pub fn last(&self) -> Option<(u64, f64)> {
        self.last
    }

    /// The least and greatest value.
    pub fn range(&self) -> Option<(f64, f64)> {
        self.range
    }
}

impl Stretch {
    fn join(&mut self, other: &Self) {
        if other.least.1 < self.least.1 {
            self.least = other.least;
        }
        if other.greatest.1 > self.greatest.1 {
            self.greatest = other.greatest;
        }
    }

    fn points(&self) -> [PlotPoint; 2] {
        let (a, b) = if self.least.0 <= self.greatest.0 {
            (self.least, self.greatest)
        } else {
            (self.greatest, self.least)
        };
        [a, b].map(|(x, y)| PlotPoint::new(x as f64, y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_stays_small_and_keeps_its_extremes_and_its_end() {
        let mut curve = Curve::default();
        for step in 0..100_000u64 {
            let value = if step == 54_321 {
                9.0
            } else {
                (step as f64 * 0.01).sin()
            };
            curve.push(step, value);
        }
        assert!(
            curve.points().len() <= 2 * MOST_STRETCHES,
            "{}",
            curve.points().len()
        );
        assert!(curve.points().iter().any(|p| p.y == 9.0 && p.x == 54_321.0));
        assert!(curve.points().windows(2).all(|w| w[0].x <= w[1].x));
        assert_eq!(curve.last().map(|l| l.0), Some(99_999));
        assert_eq!(curve.range().map(|r| r.1), Some(9.0));
    }

    #[test]
    fn what_is_not_finite_is_left_out() {
        let mut curve = Curve::default();
        curve.push(0, f64::NAN);
        curve.push(1, f64::NEG_INFINITY);
        assert!(curve.points().is_empty());
    }
}
