//! What lies on the graphics card: the pipeline, one table with all colour maps, and the values of each map on show.

use super::SHADER;
use crate::export::{Cells, ColourMap, Part, Shading, colour_map};
use bytemuck::{Pod, Zeroable};
use eframe::egui_wgpu::{CallbackResources, CallbackTrait, ScreenDescriptor};
use egui::{Id, PaintCallbackInfo, Rect};
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::Arc;
use wgpu::{ShaderStages, TextureFormat};

/// The uniform of the shader, field by field.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Params {
    origin: [f32; 2],
    first: [f32; 2],
    per_pixel: [f32; 2],
    size: [u32; 2],
    low: f32,
    high: f32,
    gamma: f32,
    colour_map: u32,
    smooth_cells: u32,
    has_sign: u32,
    srgb_target: u32,
    unused: u32,
}

/// A map that was not drawn for so many frames gives its memory back.
const FRAMES_KEPT: u64 = 600;

/// Everything that maps share, and each map by its place. The renderer keeps one value of a type, hence one for all.
pub struct Maps {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    colours: wgpu::TextureView,
    srgb_target: bool,
    places: HashMap<Id, Place>,
    /// How often values went to the card.
    uploads: u64,
}

/// The values shown at one place.
struct Place {
    values: wgpu::Texture,
    params: wgpu::Buffer,
    bindings: wgpu::BindGroup,
    size: [u32; 2],
    generation: u64,
    frame: u64,
}

impl Maps {
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue, target: TextureFormat) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("heat map"),
            source: wgpu::ShaderSource::Wgsl(SHADER.into()),
        });
        let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: ShaderStages::FRAGMENT,
            ty,
            count: None,
        };
        let uniform = wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: false,
            min_binding_size: NonZeroU64::new(size_of::<Params>() as u64),
        };
        let texture = wgpu::BindingType::Texture {
            multisampled: false,
            view_dimension: wgpu::TextureViewDimension::D2,
            sample_type: wgpu::TextureSampleType::Float { filterable: false },
        };
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("heat map"),
            entries: &[entry(0, uniform), entry(1, texture), entry(2, texture)],
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("heat map"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("heat map"),
            layout: Some(&pipeline_layout),
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("vs_main"),
                buffers: &[],
                compilation_options: Default::default(),
            },
            primitive: Default::default(),
            depth_stencil: None,
            multisample: Default::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("fs_main"),
                targets: &[Some(target.into())],
                compilation_options: Default::default(),
            }),
            multiview_mask: None,
            cache: None,
        });
        Self {
            pipeline,
            layout,
            colours: colours(device, queue),
            srgb_target: target.is_srgb(),
            places: HashMap::new(),
            uploads: 0,
        }
    }

    fn place(&self, device: &wgpu::Device, size: [u32; 2]) -> Place {
        let values = texture(device, TextureFormat::R32Float, size);
        let params = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("heat map"),
            size: size_of::<Params>() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let view = values.create_view(&Default::default());
        let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
        let bindings = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("heat map"),
            layout: &self.layout,
            entries: &[
                entry(0, params.as_entire_binding()),
                entry(1, wgpu::BindingResource::TextureView(&view)),
                entry(2, wgpu::BindingResource::TextureView(&self.colours)),
            ],
        });
        Place {
            values,
            params,
            bindings,
            size,
            generation: 0,
            frame: 0,
        }
    }
}

/// The table of colours: a row for each map.
fn colours(device: &wgpu::Device, queue: &wgpu::Queue) -> wgpu::TextureView {
    let size = [colour_map::COLOURS as u32, ColourMap::ALL.len() as u32];
    // What the table holds is what the window shows: gamma-space bytes, not to be decoded.
    let table = texture(device, TextureFormat::Rgba8Unorm, size);
    let bytes: Vec<u8> = ColourMap::ALL
        .iter()
        .flat_map(|m| m.table().chunks(3))
        .flat_map(|c| [c[0], c[1], c[2], 255])
        .collect();
    upload(queue, &table, &bytes, size);
    table.create_view(&Default::default())
}

fn texture(device: &wgpu::Device, format: TextureFormat, [w, h]: [u32; 2]) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some("heat map"),
        size: wgpu::Extent3d {
            width: w,
            height: h,
            depth_or_array_layers: 1,
        },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}

/// Both formats have four bytes a texel.
fn upload(queue: &wgpu::Queue, texture: &wgpu::Texture, bytes: &[u8], [w, h]: [u32; 2]) {
    let layout = wgpu::TexelCopyBufferLayout {
        offset: 0,
        bytes_per_row: Some(4 * w),
        rows_per_image: Some(h),
    };
    queue.write_texture(texture.as_image_copy(), bytes, layout, texture.size());
}

/// One map as it is drawn in one frame.
pub struct Picture {
    pub id: Id,
    pub frame: u64,
    pub rect: Rect,
    pub cells: Arc<Cells>,
    pub shading: Shading,
    pub part: Part,
}

impl Picture {
    fn params(&self, pixels_per_point: f32, srgb_target: bool) -> Params {
        let Part {
            left,
            right,
            bottom,
            top,
        } = self.part;
        let rect = self.rect * pixels_per_point;
        Params {
            origin: rect.min.into(),
            first: [left as f32, top as f32],
            per_pixel: [
                ((right - left) / f64::from(rect.width())) as f32,
                ((top - bottom) / f64::from(rect.height())) as f32,
            ],
            size: self.size(),
            low: self.shading.low,
            high: self.shading.high,
            gamma: self.shading.gamma,
            colour_map: self.shading.map as u32,
            smooth_cells: u32::from(self.shading.smooth),
            has_sign: u32::from(self.shading.map.has_sign()),
            srgb_target: u32::from(srgb_target),
            unused: 0,
        }
    }

    fn size(&self) -> [u32; 2] {
        [self.cells.columns() as u32, self.cells.rows() as u32]
    }
}

impl CallbackTrait for Picture {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        screen: &ScreenDescriptor,
        _: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let Some(maps) = resources.get_mut::<Maps>() else {
            return vec![];
        };
        let oldest = self.frame.saturating_sub(FRAMES_KEPT);
        let (size, id) = (self.size(), self.id);
        maps.places
            .retain(|i, place| place.frame >= oldest && (*i != id || place.size == size));
        if !maps.places.contains_key(&id) {
            let place = maps.place(device, size);
            maps.places.insert(id, place);
        }
        let params = self.params(screen.pixels_per_point, maps.srgb_target);
        let Some(place) = maps.places.get_mut(&id) else {
            return vec![];
        };
        place.frame = self.frame;
        if place.generation != self.cells.generation() {
            place.generation = self.cells.generation();
            let bytes = bytemuck::cast_slice(self.cells.values());
            upload(queue, &place.values, bytes, size);
            maps.uploads += 1;
        }
        queue.write_buffer(&place.params, 0, bytemuck::bytes_of(&params));
        vec![]
    }

    fn paint(
        &self,
        _: PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        let Some(maps) = resources.get::<Maps>() else {
            return;
        };
        let Some(place) = maps.places.get(&self.id) else {
            return;
        };
        pass.set_pipeline(&maps.pipeline);
        pass.set_bind_group(0, &place.bindings, &[]);
        pass.draw(0..3, 0..1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui_wgpu::{RenderState, RendererOptions};
    use egui_kittest::wgpu::{create_render_state, default_wgpu_setup};

    struct Card {
        render: RenderState,
        resources: CallbackResources,
    }

    impl Card {
        fn new() -> Self {
            let render = create_render_state(default_wgpu_setup(), RendererOptions::PREDICTABLE);
            let mut resources = CallbackResources::default();
            let maps = Maps::new(&render.device, &render.queue, render.target_format);
            resources.insert(maps);
            Self { render, resources }
        }

        /// Prepares a map for a frame; the number of uploads so far, and of maps kept.
        fn prepare(&mut self, place: &str, frame: u64, cells: &Arc<Cells>) -> (u64, usize) {
            let picture = Picture {
                id: Id::unique(place),
                frame,
                rect: Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(10.0, 10.0)),
                cells: cells.clone(),
                shading: Shading::shared(ColourMap::Magma, [&**cells]),
                part: Part::whole(cells),
            };
            let screen = ScreenDescriptor {
                size_in_pixels: [100, 100],
                pixels_per_point: 1.0,
            };
            let (device, queue) = (&self.render.device, &self.render.queue);
            let mut encoder = device.create_command_encoder(&Default::default());
            picture.prepare(device, queue, &screen, &mut encoder, &mut self.resources);
            let maps: &Maps = self.resources.get().unwrap();
            (maps.uploads, maps.places.len())
        }
    }

    fn cells(rows: usize, columns: usize) -> Arc<Cells> {
        Arc::new(Cells::new(rows, columns, vec![1.0; rows * columns]).unwrap())
    }

    #[test]
    fn values_go_to_the_card_only_when_they_are_new_there() {
        let mut card = Card::new();
        let (first, second) = (cells(3, 5), cells(3, 5));
        assert_eq!(card.prepare("a", 1, &first), (1, 1));
        assert_eq!(card.prepare("a", 2, &first), (1, 1));
        assert_eq!(card.prepare("b", 2, &first), (2, 2));
        assert_eq!(card.prepare("a", 3, &second), (3, 2));
        assert_eq!(card.prepare("a", 4, &second), (3, 2));
        // A map of another size takes the place of the old one.
        assert_eq!(card.prepare("a", 5, &cells(7, 2)), (4, 2));
    }

    #[test]
    fn a_map_that_is_no_longer_drawn_gives_its_memory_back() {
        let mut card = Card::new();
        let map = cells(3, 5);
        card.prepare("a", 1, &map);
        assert_eq!(card.prepare("b", 1 + FRAMES_KEPT, &map).1, 2);
        assert_eq!(card.prepare("b", 2 + FRAMES_KEPT, &map).1, 1);
    }
}
