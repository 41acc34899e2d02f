//! Sizes that several panels share, in points. Space comes in steps of four.

/// Height of the top bar.
pub const TOP: f32 = 44.0;
/// Height of the status bar.
pub const STATUS: f32 = 32.0;
/// Width of the left panel.
pub const LEFT: f32 = 288.0;
/// Space around the work area and between its parts.
pub const GAP: f32 = 14.0;
/// Space inside cards.
pub const INSIDE: f32 = 12.0;
/// Height of the card with the verdict.
pub const VERDICT: f32 = 76.0;
/// Height of the line above a picture.
pub const CAPTION: f32 = 24.0;
/// Height of a row in the list of layers.
pub const ROW: f32 = 23.0;
/// The least height of the list of layers, in rows.
pub const MIN_ROWS: f32 = 6.0;
/// Side of a thumbnail.
pub const TILE: f32 = 38.0;
/// Thumbnails in a row.
pub const TILES: usize = 6;
/// The smallest window in which everything can be reached.
pub const MIN_WINDOW: [f32; 2] = [980.0, 600.0];
/// The window when it is first opened.
pub const WINDOW: [f32; 2] = [1440.0, 900.0];

/// Height of the cards at the bottom, given the height of the work area: the pair gets the rest.
pub fn cards_height(work: f32) -> f32 {
    (work * 0.22).clamp(132.0, 184.0)
}
