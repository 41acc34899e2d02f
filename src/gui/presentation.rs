//! What is shown to an audience: for each stimulus and seed the reference and its metamers, taken out of run folders alone.

use super::library::verdict_word;
use super::shelf::{self, Made};
use super::state::Mark;
use crate::export::Cells;
use crate::network::imported::Library;
use crate::network::registry;
use crate::session::Kept;
use crate::stimulus::{Image, Sound};
use crate::verify::Verdict;
use crate::{Error, Result};
use std::path::Path;
use std::sync::Arc;

/// Sets of slides, and where in them one is.
#[derive(Clone, Debug)]
pub struct Presentation {
    /// The sets.
    pub sets: Vec<Set>,
    /// The set that is shown.
    pub set: usize,
    /// Its slide that is shown; 0 is the reference.
    pub at: usize,
    /// The slide to which one comes back from the reference.
    pub back: usize,
    /// Whether there is nothing but black.
    pub black: bool,
    /// Whether names stand below.
    pub names: bool,
}

/// A reference and its metamers.
#[derive(Clone, Debug)]
pub struct Set {
    /// What they have in common.
    pub title: String,
    /// The reference first, then the layers in the network's order.
    pub slides: Vec<Slide>,
}

/// One stimulus.
#[derive(Clone, Debug)]
pub struct Slide {
    /// "Reference", or the layer.
    pub name: String,
    /// How it was judged.
    pub mark: Option<Mark>,
    /// The same in a word or two.
    pub words: String,
    /// What is seen or heard.
    pub content: Content,
}

/// What is seen or heard.
#[derive(Clone, Debug)]
pub enum Content {
    /// A picture.
    Picture(Arc<Image>),
    /// A sound, with its cochleagram where there is one.
    Sound {
        /// The samples at the network's rate.
        samples: Arc<Vec<f32>>,
        /// The cochleagram.
        cells: Option<Arc<Cells>>,
    },
}

impl Presentation {
    /// Everything in a folder of finished runs, or in one run's folder. A model that can be loaded says in which order its
    /// layers stand; without it they stand by name.
    ///
    /// # Errors
    /// When there is no finished run, or one cannot be read.
    pub fn read(folder: &Path, library: &Library) -> Result<Self> {
        let runs = if folder.join("spec.toml").is_file() {
            vec![Kept::read(folder)?]
        } else {
            Kept::find(folder).runs
        };
        if runs.is_empty() {
            return Err(Error::file(folder, "Holds no finished run to present"));
        }
        Self::of(runs.into_iter().map(Arc::new).collect(), library)
    }

    /// These runs, the newest first.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn of(runs: Vec<Arc<Kept>>, library: &Library) -> Result<Self> {
        let same = |a: &Kept, b: &Kept| {
            let (a, b) = (&a.spec, &b.spec);
            (&a.stimulus, &a.model, &a.recipe, a.seed) == (&b.stimulus, &b.model, &b.recipe, b.seed)
        };
        let mut groups: Vec<Vec<Arc<Kept>>> = vec![];
        for run in runs {
            match groups.iter_mut().find(|g| same(&g[0], &run)) {
                // The newest of each layer.
                Some(group) if group.iter().any(|r| r.spec.layer == run.spec.layer) => {}
                Some(group) => group.push(run),
                None => groups.push(vec![run]),
            }
        }
        groups.sort_by(|a, b| {
            let key = |g: &[Arc<Kept>]| {
                (
                    g[0].spec.stimulus.clone(),
                    g[0].spec.model.clone(),
                    g[0].spec.seed,
                )
            };
            key(a).cmp(&key(b))
        });
        let sets = groups
            .into_iter()
            .map(|group| Set::of(group, library))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            sets,
            set: 0,
            at: 0,
            back: 1,
            black: false,
            names: true,
        })
    }

    /// The set that is shown.
    pub fn set(&self) -> Option<&Set> {
        self.sets.get(self.set)
    }

    /// The slide that is shown.
    pub fn slide(&self) -> Option<&Slide> {
        self.set()?.slides.get(self.at)
    }
}

impl Set {
    fn of(mut runs: Vec<Arc<Kept>>, library: &Library) -> Result<Self> {
        let spec = runs[0].spec.clone();
        let order: Vec<String> = registry::load_with(library, &spec.model)
            .map(|model| {
                let layers = model.metamer_layers.iter();
                layers
                    .map(|id| model.graph.node(*id).name.clone())
                    .collect()
            })
            .unwrap_or_default();
        let place = |r: &Kept| {
            order
                .iter()
                .position(|n| *n == r.spec.layer)
                .unwrap_or(usize::MAX)
        };
        runs.sort_by(|a, b| (place(a), &a.spec.layer).cmp(&(place(b), &b.spec.layer)));
        let mut slides = vec![Slide {
            name: "Reference".into(),
            mark: None,
            words: super::format::stimulus(&spec.stimulus),
            content: reference(&runs[0])?,
        }];
        for run in &runs {
            slides.push(Slide {
                name: run.spec.layer.clone(),
                mark: Some(run.verdict().into()),
                words: words(run),
                content: content(Made::read(run)?)?,
            });
        }
        Ok(Self {
            title: format!(
                "{}, {}, seed {}",
                super::format::stimulus(&spec.stimulus),
                spec.model,
                spec.seed
            ),
            slides,
        })
    }
}

fn words(run: &Kept) -> String {
    let class = run
        .prediction()
        .map_or_else(String::new, |p| format!(", {}", p.label));
    match (run.verdict(), run.rho()) {
        (Verdict::Unknown, None) => String::new(),
        (verdict, rho) => {
            let rho = rho.map_or_else(String::new, |r| format!(", rho {r:.3}"));
            format!("{}{rho}{class}", verdict_word(verdict))
        }
    }
}

fn content(made: Made) -> Result<Content> {
    Ok(match made.image() {
        Some(image) => Content::Picture(Arc::new(image)),
        None => Content::Sound {
            samples: made.values,
            cells: made.cells,
        },
    })
}

/// What a run kept of its reference.
fn reference(run: &Kept) -> Result<Content> {
    let wav = run.folder.join("reference.wav");
    if wav.is_file() {
        let samples = Sound::open(&wav)?.samples;
        let samples = samples.into_iter().map(|s| s as f32).collect();
        let cells = shelf::cochleagram(&run.folder.join("cochleagram_reference.npy"))?;
        return Ok(Content::Sound {
            samples: Arc::new(samples),
            cells,
        });
    }
    Image::open(&run.folder.join("reference.png")).map(|i| Content::Picture(Arc::new(i)))
}
