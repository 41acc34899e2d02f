//! A heat map without a graphics card: its definition, kept as a texture until something about it changes.

use crate::export::{Cells, Part, Shading, heat_map};
use egui::{Color32, ColorImage, Id, Rect, TextureHandle, TextureOptions, Ui, pos2};

#[derive(Clone)]
struct Drawn {
    of: (u64, Shading, Part, [usize; 2]),
    texture: TextureHandle,
}

pub fn paint(ui: &Ui, id: Id, rect: Rect, cells: &Cells, shading: &Shading, part: Part) {
    let size = rect.size() * ui.pixels_per_point();
    let size = [size.x, size.y].map(|v| (v.round() as usize).max(1));
    let of = (cells.generation(), *shading, part, size);
    let known = ui.data(|d| d.get_temp::<Drawn>(id)).filter(|d| d.of == of);
    let drawn = known.unwrap_or_else(|| {
        let pixels = heat_map::draw(cells, shading, part, size);
        let image = ColorImage::from_rgba_unmultiplied(size, pixels.as_flattened());
        let drawn = Drawn {
            of,
            texture: ui
                .ctx()
                .load_texture("heat map", image, TextureOptions::NEAREST),
        };
        ui.data_mut(|d| d.insert_temp(id, drawn.clone()));
        drawn
    });
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    ui.painter()
        .image(drawn.texture.id(), rect, whole, Color32::WHITE);
}
