//! Heat maps on the graphics card: raw values go up once, colours are made there.
//!
//! [`install`] is called once when the window opens. [`paint`] then draws a map anywhere. Where there is no wgpu to draw
//! with (the window's tests without a graphics card), or a map is larger than the card allows, it shows the map's
//! definition, [`export::heat_map::draw`](crate::export::heat_map::draw), as an ordinary texture: the same picture, made
//! on the processor.

mod card;
mod texture;

use crate::export::{Cells, Part, Shading};
use eframe::egui_wgpu::{self, RenderState};
use egui::emath::GuiRounding as _;
use egui::{Context, Id, Rect, Ui};
use std::sync::Arc;

/// What maps are coloured by; `tests/heatmap.rs` has it validated.
pub const SHADER: &str = include_str!("../../../shaders/heatmap.wgsl");

/// How large a map the installed card takes along each side.
#[derive(Clone, Copy)]
struct Limit(usize);

/// Makes the graphics card ready for [`paint`]. Without a render state, maps are drawn by the processor.
pub fn install(ctx: &Context, render: Option<&RenderState>) {
    let Some(render) = render else { return };
    let maps = card::Maps::new(&render.device, &render.queue, render.target_format);
    render.renderer.write().callback_resources.insert(maps);
    let limit = Limit(render.device.limits().max_texture_dimension_2d as usize);
    ctx.data_mut(|d| d.insert_temp(Id::NULL, limit));
}

/// Draws a part of a map into `rect` (to the nearest pixels), which may be partly or wholly out of sight. Nothing is drawn where the part reaches
/// beyond the map. `id` is the place's own; a map's values go to the card when they differ from those last drawn there.
pub fn paint(ui: &Ui, id: Id, rect: Rect, cells: &Arc<Cells>, shading: &Shading, part: Part) {
    let rect = rect.round_to_pixels(ui.pixels_per_point());
    if !ui.is_rect_visible(rect) || !rect.is_positive() {
        return;
    }
    let limit = ui.data(|d| d.get_temp::<Limit>(Id::NULL));
    if limit.is_some_and(|l| cells.rows().max(cells.columns()) <= l.0) {
        let picture = card::Picture {
            id,
            frame: ui.ctx().cumulative_frame_nr(),
            rect,
            cells: cells.clone(),
            shading: *shading,
            part,
        };
        ui.painter()
            .add(egui_wgpu::Callback::new_paint_callback(rect, picture));
    } else {
        texture::paint(ui, id, rect, cells, shading, part);
    }
}
