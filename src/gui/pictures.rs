//! Pictures on the graphics card, renewed only when what they show has changed.

use super::app::color_image;
use super::page::Page;
use super::presentation;
use super::state::State;
use crate::network::Input;
use crate::session::run_folder::to_image;
use crate::stimulus::Image;
use egui::{ColorImage, Context, TextureHandle, TextureOptions};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A texture with the values that it shows.
type Drawn = (Arc<Vec<f32>>, TextureHandle);

/// All textures.
#[derive(Default)]
pub struct Pictures {
    /// The reference that is shown.
    pub reference: Option<TextureHandle>,
    /// The metamer that is shown, or the noise that it would begin from.
    pub metamer: Option<TextureHandle>,
    /// Metamer minus reference about a middle grey, while a pair is looked into.
    pub difference: Option<TextureHandle>,
    /// How often each pair of activations occurs.
    pub scatter: Option<TextureHandle>,
    thumbnails: HashMap<String, (usize, TextureHandle)>,
    /// Small pictures of finished runs, by folder.
    small: HashMap<PathBuf, (Arc<Image>, TextureHandle)>,
    /// The picture that is presented.
    slide: Option<(Arc<Image>, TextureHandle)>,
    /// Metamers of the ladder, by layer and row.
    rungs: HashMap<(String, usize), Drawn>,
    shown: [Content; 2],
    /// What the difference is of.
    subtracted: [Content; 2],
    counted: Option<Arc<Vec<[f32; 2]>>>,
    /// What the scatter's axes run over.
    pub scatter_range: Option<(f32, f32)>,
}

/// Identity of what a texture shows: where its values lie in memory. They are kept alive, so the place is not used anew.
type Content = Option<Arc<Vec<f32>>>;

/// Sharp pixels when enlarged: what the network sees is not smooth.
const SHARP: TextureOptions = TextureOptions {
    magnification: egui::TextureFilter::Nearest,
    ..TextureOptions::LINEAR
};
/// Pictures of the ladder that are renewed in one frame, at most.
const RENEWED: usize = 4;
/// Cells of the activation histogram along each side.
const CELLS: usize = 96;

impl Pictures {
    /// Brings every texture up to date.
    pub fn refresh(&mut self, ctx: &Context, state: &State) {
        self.refresh_thumbnails(ctx, state);
        self.refresh_small(ctx, state);
        self.refresh_slide(ctx, state);
        let Some(model) = &state.model else { return };
        let pairs = match state.page {
            Page::Inspect => state.inspect.look.as_ref().map(|l| &l.pairs),
            _ => state.shown().and_then(|r| Some(&r.live.as_ref()?.scatter)),
        };
        self.refresh_scatter(ctx, pairs);
        if model.input.is_sound() {
            self.rungs.clear();
            return;
        }
        self.refresh_rungs(ctx, state, &model.input);
        let [reference, metamer] = state.pair();
        let both = [reference.clone(), metamer.clone()];
        self.refresh_difference(ctx, state.page, both, &model.input);
        let [shown_reference, shown_metamer] = &mut self.shown;
        renew(
            ctx,
            "reference",
            shown_reference,
            reference,
            &mut self.reference,
            &model.input,
        );
        renew(
            ctx,
            "metamer",
            shown_metamer,
            metamer,
            &mut self.metamer,
            &model.input,
        );
    }

    fn refresh_thumbnails(&mut self, ctx: &Context, state: &State) {
        for entry in &state.stimuli {
            let Some(image) = &entry.thumbnail else {
                continue;
            };
            let place = Arc::as_ptr(image) as usize;
            if self
                .thumbnails
                .get(&entry.name)
                .is_none_or(|(p, _)| *p != place)
            {
                let texture =
                    ctx.load_texture(&entry.name, color_image(image), TextureOptions::LINEAR);
                self.thumbnails.insert(entry.name.clone(), (place, texture));
            }
        }
    }

    fn refresh_small(&mut self, ctx: &Context, state: &State) {
        if state.page != Page::Library {
            return;
        }
        let known = &state.shelf.thumbnails;
        self.small.retain(|folder, _| known.contains_key(folder));
        for (folder, image) in known {
            let drawn = self.small.get(folder);
            if drawn.is_none_or(|(of, _)| !Arc::ptr_eq(of, image)) {
                let texture = ctx.load_texture("run", color_image(image), TextureOptions::LINEAR);
                self.small.insert(folder.clone(), (image.clone(), texture));
            }
        }
    }

    /// The small picture of a finished run.
    pub fn small(&self, folder: &Path) -> Option<&TextureHandle> {
        self.small.get(folder).map(|(_, t)| t)
    }

    fn refresh_slide(&mut self, ctx: &Context, state: &State) {
        let presented = state.presentation.as_ref().and_then(|p| p.slide());
        let presented = presented.map(|slide| &slide.content);
        let tried = state.trials.as_ref().and_then(|t| t.content(t.now?));
        let image = presented.or(tried).and_then(|content| match content {
            presentation::Content::Picture(image) => Some(image.clone()),
            presentation::Content::Sound { .. } => None,
        });
        let Some(image) = image else {
            return self.slide = None;
        };
        if self
            .slide
            .as_ref()
            .is_none_or(|(of, _)| !Arc::ptr_eq(of, &image))
        {
            let texture = ctx.load_texture("slide", color_image(&image), SHARP);
            self.slide = Some((image, texture));
        }
    }

    /// The picture that is presented.
    pub fn slide(&self) -> Option<&TextureHandle> {
        self.slide.as_ref().map(|(_, t)| t)
    }

    /// Brings the ladder's pictures up to date, a few in a frame.
    fn refresh_rungs(&mut self, ctx: &Context, state: &State, input: &Input) {
        if state.page != Page::Ladder {
            return;
        }
        let ladder = state.ladder();
        let mut present = HashSet::new();
        let mut left = RENEWED;
        for (row, rungs) in ladder.rungs.iter().enumerate() {
            for (layer, rung) in ladder.layers.iter().zip(rungs) {
                let Some(values) = state.values_of(rung) else {
                    continue;
                };
                let key = (layer.name.clone(), row);
                present.insert(key.clone());
                let known = self.rungs.get_mut(&key);
                if known.as_ref().is_some_and(|(v, _)| Arc::ptr_eq(v, &values)) {
                    continue;
                }
                if left == 0 {
                    // The others have their turn in the next frame.
                    ctx.request_repaint_after(Duration::from_millis(5));
                    continue;
                }
                left -= 1;
                let image = color_image(&to_image(&values, input));
                match known {
                    Some((of, texture)) => {
                        texture.set(image, SHARP);
                        *of = values;
                    }
                    None => {
                        let texture = ctx.load_texture("rung", image, SHARP);
                        self.rungs.insert(key, (values, texture));
                    }
                }
            }
        }
        self.rungs.retain(|key, _| present.contains(key));
    }

    /// The metamer in the ladder at a layer, in a row.
    pub fn rung(&self, layer: &str, row: usize) -> Option<&TextureHandle> {
        self.rungs.get(&(layer.to_owned(), row)).map(|(_, t)| t)
    }

    /// The small picture of a stimulus.
    pub fn thumbnail(&self, name: &str) -> Option<&TextureHandle> {
        self.thumbnails.get(name).map(|(_, t)| t)
    }

    fn refresh_scatter(&mut self, ctx: &Context, pairs: Option<&Arc<Vec<[f32; 2]>>>) {
        let same = match (&self.counted, pairs) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        if same {
            return;
        }
        self.counted = pairs.cloned();
        let Some(pairs) = pairs else {
            (self.scatter, self.scatter_range) = (None, None);
            return;
        };
        let (image, range) = density(pairs);
        self.scatter_range = Some(range);
        match &mut self.scatter {
            Some(texture) => texture.set(image, SHARP),
            None => self.scatter = Some(ctx.load_texture("scatter", image, SHARP)),
        }
    }

    fn refresh_difference(&mut self, ctx: &Context, page: Page, pair: [Content; 2], input: &Input) {
        let wanted = if page == Page::Inspect {
            pair
        } else {
            [None, None]
        };
        let same = |(a, b): (&Content, &Content)| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        if self.subtracted.iter().zip(&wanted).all(same) {
            return;
        }
        match &wanted {
            [Some(reference), Some(metamer)] => {
                // The whole range of a difference, which is twice that of a picture, about the middle.
                let [low, high] = input.range;
                let middle = (low + high) / 2.0;
                let both = reference.iter().zip(metamer.iter());
                let values: Vec<f32> = both.map(|(r, m)| middle + (m - r) / 2.0).collect();
                let image = color_image(&to_image(&values, input));
                match &mut self.difference {
                    Some(texture) => texture.set(image, SHARP),
                    None => self.difference = Some(ctx.load_texture("difference", image, SHARP)),
                }
            }
            _ => self.difference = None,
        }
        self.subtracted = wanted;
    }
}

fn renew(
    ctx: &Context,
    name: &str,
    shown: &mut Content,
    wanted: Content,
    texture: &mut Option<TextureHandle>,
    input: &Input,
) {
    let same = match (&*shown, &wanted) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    };
    if same {
        return;
    }
    match &wanted {
        Some(values) => {
            let image = color_image(&to_image(values, input));
            match texture {
                Some(texture) => texture.set(image, SHARP),
                None => *texture = Some(ctx.load_texture(name, image, SHARP)),
            }
        }
        None => *texture = None,
    }
    *shown = wanted;
}

/// How often pairs fall into each cell, as white with an opacity that grows with the logarithm of the count, and the range
/// of both axes.
fn density(pairs: &[[f32; 2]]) -> (ColorImage, (f32, f32)) {
    let finite = || pairs.iter().filter(|p| p.iter().all(|v| v.is_finite()));
    let (mut low, mut high) = (f32::MAX, f32::MIN);
    for v in finite().flatten() {
        (low, high) = (low.min(*v), high.max(*v));
    }
    if low > high {
        (low, high) = (0.0, 1.0);
    }
    let span = (high - low).max(f32::MIN_POSITIVE);
    let cell = |v: f32| (((v - low) / span * CELLS as f32) as usize).min(CELLS - 1);
    let mut counts = vec![0u32; CELLS * CELLS];
    for [reference, metamer] in finite() {
        counts[(CELLS - 1 - cell(*metamer)) * CELLS + cell(*reference)] += 1;
    }
    // The zeros of a rectifier pile up in one cell; shades go by the second most crowded one.
    let mut sorted: Vec<u32> = counts.iter().copied().filter(|c| *c > 0).collect();
    sorted.sort_unstable();
    let most = sorted.iter().rev().nth(1).copied().unwrap_or(1) as f32;
    let shade = |count: u32| match count {
        0 => 0.0,
        c => 0.35 + 0.65 * ((1.0 + c as f32).ln() / (1.0 + most).ln()).min(1.0),
    };
    let pixels = counts
        .iter()
        .map(|c| egui::Color32::from_white_alpha((shade(*c) * 255.0) as u8))
        .collect();
    (ColorImage::new([CELLS, CELLS], pixels), (low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_activations_lie_on_the_diagonal() {
        let pairs: Vec<[f32; 2]> = (0..1000).map(|i| [i as f32, i as f32]).collect();
        let (image, range) = density(&pairs);
        assert_eq!(range, (0.0, 999.0));
        for (i, pixel) in image.pixels.iter().enumerate() {
            let on = i % CELLS == CELLS - 1 - i / CELLS;
            assert_eq!(pixel.a() > 0, on);
        }
        assert!(
            density(&[[f32::NAN, 0.0]])
                .0
                .pixels
                .iter()
                .all(|p| p.a() == 0)
        );
    }
}
