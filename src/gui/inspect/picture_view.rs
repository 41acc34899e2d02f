//! What part of a picture is in view: shared by all that is drawn of a pair of pictures, so that it zooms, moves and is
//! read together.

use super::Region;

/// Not fewer pixels than this are shown along the longer side.
const FEWEST: f64 = 8.0;

/// What a person did to the view. Places are shares of the whole picture, from the left and from the top.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PictureChange {
    /// Show this much of what is shown now (below 1 to come nearer), so that `at` stays where it is.
    Zoom {
        /// What stays in its place.
        at: [f64; 2],
        /// Factor for the extent in view.
        factor: f64,
    },
    /// Move on by so much, to the right and down.
    Move([f64; 2]),
    /// All of the picture.
    ShowAll,
    /// The place that is read out.
    Point(Option<[f64; 2]>),
    /// The place that is read out, moved by so many pixels; the view follows where it would go out of sight.
    Walk([i64; 2]),
}

/// The part of a picture in view, and the place that is read out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureView {
    pixels: [usize; 2],
    corner: [f64; 2],
    extent: f64,
    cursor: Option<[f64; 2]>,
}

impl PictureView {
    /// All of a picture of `[width, height]` pixels.
    pub fn new(pixels: [usize; 2]) -> Self {
        Self {
            pixels: pixels.map(|p| p.max(1)),
            corner: [0.0; 2],
            extent: 1.0,
            cursor: None,
        }
    }

    /// `[width, height]` in pixels.
    pub fn pixels(&self) -> [usize; 2] {
        self.pixels
    }

    /// The upper left corner in view, in shares of the picture.
    pub fn corner(&self) -> [f64; 2] {
        self.corner
    }

    /// The share of the picture in view along each side: 1 where all is.
    pub fn extent(&self) -> f64 {
        self.extent
    }

    /// The place that is read out, in shares of the picture.
    pub fn cursor(&self) -> Option<[f64; 2]> {
        self.cursor
    }

    /// The pixel at the cursor, counted from the upper left.
    pub fn pixel(&self) -> Option<[usize; 2]> {
        let cursor = self.cursor?;
        let at = |i: usize| {
            let place = cursor[i] * self.pixels[i] as f64;
            (place.max(0.0) as usize).min(self.pixels[i] - 1)
        };
        Some([at(0), at(1)])
    }

    /// The part in view, from the bottom as maps have it.
    pub fn region(&self) -> Region {
        let [x, y] = self.corner;
        Region {
            left: x,
            right: x + self.extent,
            bottom: 1.0 - y - self.extent,
            top: 1.0 - y,
        }
    }

    /// Does what a person did.
    pub fn apply(&mut self, change: PictureChange) {
        match change {
            PictureChange::Zoom { at, factor } => {
                let longer = self.pixels[0].max(self.pixels[1]) as f64;
                let least = (FEWEST / longer).min(1.0);
                let extent = (self.extent * factor).clamp(least, 1.0);
                let kept = extent / self.extent;
                self.corner = [0, 1].map(|i| at[i] - (at[i] - self.corner[i]) * kept);
                self.extent = extent;
            }
            PictureChange::Move(by) => self.corner = [0, 1].map(|i| self.corner[i] + by[i]),
            PictureChange::ShowAll => (self.corner, self.extent) = ([0.0; 2], 1.0),
            PictureChange::Point(place) => self.cursor = place,
            PictureChange::Walk(by) => {
                let start = self.cursor.unwrap_or(self.middle());
                let cursor = [0, 1].map(|i| {
                    let n = self.pixels[i] as f64;
                    let pixel = (start[i] * n).floor() + by[i] as f64;
                    (pixel.clamp(0.0, n - 1.0) + 0.5) / n
                });
                self.cursor = Some(cursor);
                self.corner =
                    [0, 1].map(|i| self.corner[i].clamp(cursor[i] - self.extent, cursor[i]));
            }
        }
        self.corner = self.corner.map(|c| c.clamp(0.0, 1.0 - self.extent));
    }

    /// The middle of what is in view.
    pub fn middle(&self) -> [f64; 2] {
        self.corner.map(|c| c + self.extent / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_the_place_under_the_pointer_and_stays_on_the_picture() {
        let mut view = PictureView::new([224, 224]);
        let at = [0.75, 0.25];
        for _ in 0..30 {
            let before = (at[0] - view.corner()[0]) / view.extent();
            view.apply(PictureChange::Zoom { at, factor: 0.8 });
            assert!(((at[0] - view.corner()[0]) / view.extent() - before).abs() < 1e-9);
        }
        // Down to eight pixels, which are then as large as they get.
        assert!((view.extent() * 224.0 - FEWEST).abs() < 1e-9);
        view.apply(PictureChange::Zoom { at, factor: 1e9 });
        assert_eq!(view, PictureView::new([224, 224]));
        view.apply(PictureChange::Zoom {
            at: [0.0; 2],
            factor: 0.5,
        });
        view.apply(PictureChange::Move([0.3, 9.0]));
        assert_eq!(view.corner(), [0.3, 0.5]);
        let region = view.region();
        assert_eq!(
            [region.left, region.right, region.bottom, region.top],
            [0.3, 0.8, 0.0, 0.5]
        );
        view.apply(PictureChange::ShowAll);
        assert_eq!((view.extent(), view.region()), (1.0, Region::ALL));
    }

    #[test]
    fn the_cursor_walks_from_pixel_to_pixel_and_takes_the_view_along() {
        let mut view = PictureView::new([100, 50]);
        view.apply(PictureChange::Zoom {
            at: [0.0; 2],
            factor: 0.2,
        });
        view.apply(PictureChange::Point(Some([0.055, 0.99])));
        assert_eq!(view.pixel(), Some([5, 49]));
        view.apply(PictureChange::Walk([1, 0]));
        assert_eq!(view.pixel(), Some([6, 49]));
        assert!((view.corner()[1] - (0.99 - 0.2)).abs() < 1e-9);
        view.apply(PictureChange::Walk([50, -100]));
        assert_eq!(view.pixel(), Some([56, 0]));
        assert!(view.corner()[0] > 0.3 && view.corner()[1] <= 0.01);
        view.apply(PictureChange::Walk([1000, 0]));
        assert_eq!(view.pixel(), Some([99, 0]));
        view.apply(PictureChange::Point(None));
        assert_eq!(view.pixel(), None);
    }
}
