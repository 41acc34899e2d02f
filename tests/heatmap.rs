//! Heat maps as the graphics card draws them, held against their definition in plain code, pixel by pixel.
//!
//! Both read one table of colours, so the table itself is not tested here; everything else is: range, gamma, sign, means
//! over cells, what lies beyond a map, and that a map partly out of sight is cropped.

use egui::{Color32, Id, Pos2, Rect, Ui, Vec2, pos2, vec2};
use egui_kittest::Harness;
use metamer_studio::export::{Cells, ColourMap, Part, Shading, heat_map};
use metamer_studio::gui::heatmap;
use std::sync::Arc;

/// No map contains it.
const BEHIND: Color32 = Color32::from_rgb(1, 250, 3);
/// A card may round otherwise than the processor.
const SLACK: u8 = 1;

#[derive(Clone)]
struct Map {
    rect: Rect,
    /// What of the window is open to it.
    clip: Rect,
    cells: Arc<Cells>,
    shading: Shading,
    part: Part,
}

struct Wall {
    maps: Vec<Map>,
}

impl eframe::App for Wall {
    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        ui.painter()
            .rect_filled(ui.ctx().viewport_rect(), 0.0, BEHIND);
        for (i, map) in self.maps.iter().enumerate() {
            ui.scope(|ui| {
                ui.set_clip_rect(map.clip);
                let id = Id::unique(("wall", i));
                heatmap::paint(ui, id, map.rect, &map.cells, &map.shading, map.part);
            });
        }
    }
}

struct Picture {
    width: usize,
    pixels: Vec<[u8; 4]>,
}

/// Draws maps in a window of `size` points, on the card or by the window's own fallback.
fn draw(maps: Vec<Map>, size: Vec2, scale: f32, on_card: bool) -> Picture {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_pixels_per_point(scale)
        .with_render_cursor(false)
        .wgpu()
        .build_eframe(|cc| {
            let render = cc
                .wgpu_render_state
                .as_ref()
                .expect("something to draw with");
            heatmap::install(&cc.egui_ctx, on_card.then_some(render));
            Wall { maps }
        });
    harness.run_steps(2);
    let image = harness.render().unwrap();
    Picture {
        width: image.width() as usize,
        pixels: image.pixels().map(|p| p.0).collect(),
    }
}

/// The window as the definition has it.
fn defined(maps: &[Map], size: Vec2, scale: f32) -> Picture {
    let [width, height] = [size.x, size.y].map(|v| (v * scale).round() as usize);
    let mut pixels = vec![BEHIND.to_array(); width * height];
    for map in maps {
        let pixel = |p: Pos2| [p.x, p.y].map(|v| (v * scale).round() as i64);
        let (min, max) = (pixel(map.rect.min), pixel(map.rect.max));
        let (open, shut) = (pixel(map.clip.min), pixel(map.clip.max));
        let size = [0, 1].map(|i| (max[i] - min[i]) as usize);
        let drawn = heat_map::draw(&map.cells, &map.shading, map.part, size);
        for (i, colour) in drawn.into_iter().enumerate() {
            let (x, y) = (min[0] + (i % size[0]) as i64, min[1] + (i / size[0]) as i64);
            let seen = (open[0].max(0)..shut[0].min(width as i64)).contains(&x)
                && (open[1].max(0)..shut[1].min(height as i64)).contains(&y);
            if seen && colour[3] > 0 {
                pixels[y as usize * width + x as usize] = colour;
            }
        }
    }
    Picture { width, pixels }
}

fn assert_same(drawn: &Picture, defined: &Picture, what: &str) {
    assert_eq!(drawn.width, defined.width, "{what}");
    assert_eq!(drawn.pixels.len(), defined.pixels.len(), "{what}");
    let mut worst = 0;
    for (i, (a, b)) in drawn.pixels.iter().zip(&defined.pixels).enumerate() {
        let off = (0..3).map(|c| a[c].abs_diff(b[c])).max().unwrap();
        let (x, y) = (i % drawn.width, i / drawn.width);
        assert!(off <= SLACK, "{what}: {a:?} for {b:?} at {x}, {y}");
        worst = worst.max(off);
    }
    println!("{what}: largest difference {worst}/255");
}

/// Values between -3 and 5 with structure at every scale, and some that are not numbers.
fn cells(rows: usize, columns: usize) -> Arc<Cells> {
    let value = |i: usize| {
        let (y, x) = ((i / columns) as f32, (i % columns) as f32);
        match i % 97 {
            13 => f32::NAN,
            14 => f32::NEG_INFINITY,
            _ => 1.0 + 2.0 * (x * 0.21).sin() * (y * 0.33).cos() + 2.0 * ((x * y) * 1.7).sin(),
        }
    };
    let values: Vec<f32> = (0..rows * columns).map(value).collect();
    Arc::new(Cells::new(rows, columns, values).unwrap())
}

/// A wall with every colour map under several ranges and gammas, smooth and not, enlarged, reduced and in part.
fn wall() -> (Vec<Map>, Vec2) {
    let cells = cells(21, 33);
    let whole = Part::whole(&cells);
    let parts = [
        (whole, vec2(66.0, 42.0)),
        (whole, vec2(100.0, 17.0)),
        (whole, vec2(14.0, 40.0)),
        (
            Part {
                left: 3.3,
                right: 11.7,
                bottom: -2.5,
                top: 24.25,
            },
            vec2(80.0, 60.0),
        ),
        (
            Part {
                left: -5.0,
                right: 40.0,
                bottom: 7.0,
                top: 7.5,
            },
            vec2(90.0, 20.0),
        ),
    ];
    let mut maps = vec![];
    let mut corner = pos2(4.0, 4.0);
    let mut line = 0.0f32;
    for map in ColourMap::ALL {
        for (low, high) in [(-3.0, 5.0), (0.0, 0.5), (-1.0, 1.0), (2.0, 2.0)] {
            for gamma in [0.4, 1.0, 2.2] {
                for smooth in [false, true] {
                    let (part, size) = parts[maps.len() % parts.len()];
                    if corner.x + size.x > 1196.0 {
                        corner = pos2(4.0, corner.y + line + 3.0);
                        line = 0.0;
                    }
                    maps.push(Map {
                        rect: Rect::from_min_size(corner, size),
                        clip: Rect::EVERYTHING,
                        cells: cells.clone(),
                        shading: Shading {
                            map,
                            low,
                            high,
                            gamma,
                            smooth,
                        },
                        part,
                    });
                    corner.x += size.x + 3.0;
                    line = line.max(size.y);
                }
            }
        }
    }
    (maps, vec2(1200.0, (corner.y + line + 4.0).round()))
}

#[test]
fn the_card_draws_every_map_range_and_gamma_as_defined() {
    let (maps, size) = wall();
    assert_eq!(maps.len(), 6 * 4 * 3 * 2);
    for scale in [1.0, 1.5] {
        let drawn = draw(maps.clone(), size, scale, true);
        assert_same(
            &drawn,
            &defined(&maps, size, scale),
            &format!("on the card at {scale}"),
        );
    }
}

#[test]
fn without_a_card_the_window_shows_the_definition_itself() {
    let (maps, size) = wall();
    let drawn = draw(maps.clone(), size, 1.0, false);
    assert_same(&drawn, &defined(&maps, size, 1.0), "without a card");
}

#[test]
fn a_map_partly_out_of_sight_is_cropped_not_squashed() {
    let cells = cells(40, 60);
    let size = vec2(300.0, 200.0);
    let map = |min: Pos2, max: Pos2, clip: Rect| Map {
        rect: Rect::from_min_max(min, max),
        clip,
        cells: cells.clone(),
        shading: Shading {
            smooth: false,
            ..Shading::shared(ColourMap::Viridis, [&*cells])
        },
        part: Part::whole(&cells),
    };
    let open = Rect::EVERYTHING;
    let cases = [
        (
            "over the upper left corner",
            map(pos2(-70.0, -30.0), pos2(120.0, 90.0), open),
        ),
        (
            "over the lower right corner",
            map(pos2(200.0, 150.0), pos2(420.0, 290.0), open),
        ),
        (
            "over all edges",
            map(pos2(-50.0, -40.0), pos2(390.0, 260.0), open),
        ),
        (
            "in a smaller opening",
            map(
                pos2(20.0, -60.0),
                pos2(280.0, 180.0),
                Rect::from_min_max(pos2(100.0, 50.0), pos2(190.0, 110.0)),
            ),
        ),
        (
            "wholly outside",
            map(pos2(310.0, 10.0), pos2(400.0, 90.0), open),
        ),
    ];
    for (what, map) in cases {
        let maps = vec![map];
        assert_same(
            &draw(maps.clone(), size, 1.0, true),
            &defined(&maps, size, 1.0),
            what,
        );
    }
}

#[test]
fn the_shader_is_valid_everywhere() {
    use naga::valid::{Capabilities, ValidationFlags, Validator};
    let module = naga::front::wgsl::parse_str(heatmap::SHADER)
        .unwrap_or_else(|e| panic!("{}", e.emit_to_string(heatmap::SHADER)));
    // Nothing beyond what every graphics card has.
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
    let info = validator
        .validate(&module)
        .unwrap_or_else(|e| panic!("{}", e.emit_to_string(heatmap::SHADER)));
    let names: Vec<&str> = module
        .entry_points
        .iter()
        .map(|e| e.name.as_str())
        .collect();
    assert_eq!(names, ["vs_main", "fs_main"]);
    // The uniform is as large as the one that the program fills in.
    let uniform = module
        .global_variables
        .iter()
        .find(|(_, v)| v.space == naga::AddressSpace::Uniform)
        .unwrap()
        .1;
    assert_eq!(module.types[uniform.ty].inner.size(module.to_ctx()), 64);
    drop(info);
}
