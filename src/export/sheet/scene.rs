//! A drawing as a list of simple things, which every format draws in its own way.
//!
//! Lengths are in points, 72 to an inch, from the upper left corner.

use super::font::Weight;
use crate::stimulus::Image;
use std::sync::Arc;

/// Red, green, blue (sRGB).
pub type Colour = [u8; 3];

/// Which side of a text its place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// It has its middle there.
    Middle,
    /// It ends there.
    End,
}

/// A line of text.
#[derive(Clone, Debug)]
pub struct Text {
    /// Where, along the line.
    pub x: f32,
    /// The line that letters stand on.
    pub y: f32,
    /// The size of the type.
    pub size: f32,
    /// How bold it is.
    pub weight: Weight,
    /// Which side of it `x` is.
    pub anchor: Anchor,
    /// Its colour.
    pub colour: Colour,
    /// What is written.
    pub text: String,
}

/// A rectangle.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    /// The left edge.
    pub x: f32,
    /// The upper edge.
    pub y: f32,
    /// From left to right.
    pub width: f32,
    /// From top to bottom.
    pub height: f32,
}

/// One thing in a drawing.
#[derive(Clone, Debug)]
pub enum Item {
    /// A filled rectangle; lines are thin ones.
    Fill(Area, Colour),
    /// A line of text.
    Text(Text),
    /// A picture that fills a rectangle, with its name for those who cannot see it.
    Picture(Area, Arc<Image>, String),
}

/// A drawing.
#[derive(Clone, Debug)]
pub struct Scene {
    /// From left to right.
    pub width: f32,
    /// From top to bottom.
    pub height: f32,
    /// What it is called.
    pub title: String,
    /// What there is, from back to front.
    pub items: Vec<Item>,
}

impl Scene {
    /// Adds a filled rectangle.
    pub fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Colour) {
        let area = Area {
            x,
            y,
            width,
            height,
        };
        self.items.push(Item::Fill(area, colour));
    }
}
