//! A stretch of an axis.

/// From one number to a greater one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The lesser end.
    pub from: f64,
    /// The greater end.
    pub to: f64,
}

impl Span {
    /// The stretch between two numbers.
    pub fn new(from: f64, to: f64) -> Self {
        Self { from, to }
    }

    /// How long it is.
    pub fn length(self) -> f64 {
        self.to - self.from
    }

    /// Half way.
    pub fn middle(self) -> f64 {
        (self.from + self.to) / 2.0
    }

    /// Whether it contains a number.
    pub fn contains(self, value: f64) -> bool {
        (self.from..=self.to).contains(&value)
    }

    /// How far along it a number lies, 0 at the lesser end and 1 at the greater.
    pub fn share(self, value: f64) -> f64 {
        (value - self.from) / self.length()
    }

    /// The number that lies so far along it.
    pub fn at(self, share: f64) -> f64 {
        self.from + share * self.length()
    }

    /// So many times as long, but not below `shortest`, with `fixed` as far along it as before.
    pub fn zoomed(self, fixed: f64, factor: f64, shortest: f64) -> Self {
        let length = (self.length() * factor).max(shortest);
        let from = fixed - self.share(fixed) * length;
        Self::new(from, from + length)
    }

    /// The same length further on.
    pub fn moved(self, by: f64) -> Self {
        Self::new(self.from + by, self.to + by)
    }

    /// Moved as little as needed to lie inside `all`; all of it, if it is longer.
    pub fn within(self, all: Self) -> Self {
        if self.length() >= all.length() {
            return all;
        }
        let moved = self.moved((all.from - self.from).max(0.0));
        // Not by arithmetic on the end, so that the end is met exactly.
        if moved.to > all.to {
            Self::new(all.to - moved.length(), all.to)
        } else {
            moved
        }
    }

    /// Moved as little as needed to contain `value`.
    pub fn reaching(self, value: f64) -> Self {
        self.moved((value - self.to).max(0.0) + (value - self.from).min(0.0))
    }
}
