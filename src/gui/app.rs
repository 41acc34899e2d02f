//! The window as eframe sees it: collects news, draws the panels, applies what they say.

use super::action::Action;
use super::frame_times::FrameTimes;
use super::message::Message;
use super::order::Order;
use super::pictures::Pictures;
use super::published::Published;
use super::repaint::Throttle;
use super::settings::Choices;
use super::state::{State, StimulusEntry};
use super::tasks::{Arrival, Tasks};
use super::update::{Effect, Studio};
use super::{
    GuiOptions, MeasureFrames, clipboard, dialogs, heatmap, keys, native_dialog, panels, theme,
};
use crate::playback::Player;
use crate::session::{Session, SessionOptions};
use crate::stimulus::Image;
use egui::{ColorImage, Context, ViewportCommand};
use std::time::{Duration, Instant};

/// The program's window.
pub struct App {
    studio: Studio,
    tasks: Tasks,
    pictures: Pictures,
    throttle: Throttle,
    order: Order,
    native: bool,
    measuring: Option<Measuring>,
    /// Time that the present frame has taken so far, and when the one before was drawn.
    spent: Duration,
    messages: Vec<Message>,
}

/// A measurement of frame times that is going on.
struct Measuring {
    what: MeasureFrames,
    begun: Option<Instant>,
    times: FrameTimes,
    reported: bool,
}

/// What the frame-time measurement runs: the layer with the most work per step and per plot.
const MEASURED: (&str, &str) = ("feather2023", "block0");
/// What it runs where many steps are waited for: the same kind of work, but of the layer that is fastest.
const MEASURED_LATE: &str = "stem";

impl App {
    /// Loads the choices and starts the worker.
    ///
    /// # Errors
    /// When the operating system refuses the worker's thread.
    pub fn new(cc: &eframe::CreationContext<'_>, options: GuiOptions) -> anyhow::Result<Self> {
        theme::install(&cc.egui_ctx);
        heatmap::install(&cc.egui_ctx, cc.wgpu_render_state.as_ref());
        heatmap::install(&cc.egui_ctx, cc.wgpu_render_state.as_ref());
        let software = cc.wgpu_render_state.as_ref().is_some_and(|render| {
            let info = render.adapter.get_info();
            tracing::info!(
                "drawing with {} ({:?}, {:?})",
                info.name,
                info.backend,
                info.device_type
            );
            info.device_type == wgpu::DeviceType::Cpu
        });
        let throttle = Throttle::new(software);
        let tasks = {
            let ctx = cc.egui_ctx.clone();
            // "After", since a plain request paints twice.
            Tasks::new(move || ctx.request_repaint_after(Duration::from_millis(10)))
        };
        let session = {
            let (ctx, interval) = (cc.egui_ctx.clone(), throttle.interval());
            Session::start(SessionOptions::default(), move || {
                ctx.request_repaint_after(interval.get());
            })?
        };

        let places = options.places();
        let read = places
            .settings
            .as_deref()
            .map_or_else(|| Ok(Choices::default()), Choices::read);
        let (mut choices, unreadable) = match read {
            Ok(choices) => (choices, None),
            Err(error) => (Choices::default(), Some(error.to_string())),
        };
        if options.results.is_some() {
            choices.results = None;
        }
        let ladder = options.measure_frames.is_some()
            && options.results.as_ref().is_some_and(|r| r.exists());
        if let Some(what) = options.measure_frames {
            let layer = if what.after > 0 {
                MEASURED_LATE
            } else {
                MEASURED.1
            };
            (choices.recipe, choices.layers) = (MEASURED.0.into(), vec![layer.into()]);
            choices.procedure = None;
        }
        if ladder {
            // The runs of the ladder are of this recipe; the one that goes on meanwhile is as long as it takes.
            let quick = crate::synthesis::recipe::find("quick")?;
            choices.recipe = "quick".into();
            choices.procedure = Some(quick.procedure.with_steps(100_000));
            choices.ladder.seeds = 3;
            let every = crate::network::registry::load(&choices.model)?;
            let names = every
                .metamer_layers
                .iter()
                .map(|id| every.graph.node(*id).name.clone());
            choices
                .ladder
                .layers
                .insert(choices.model.clone(), names.collect());
        }
        cc.egui_ctx
            .set_theme(egui::ThemePreference::from(choices.theme));
        let mut state = State::new(choices, places)?;
        state.hide_machine = options.hide_machine;
        state.published = Published::new(options.published, &state.places.data);
        let player = {
            let (ctx, interval) = (cc.egui_ctx.clone(), throttle.interval());
            Player::new(move || ctx.request_repaint_after(interval.get()))
        };
        let player = player
            .inspect_err(|e| tracing::warn!("no sound will be heard: {e}"))
            .ok();
        let mut studio = Studio::new(state, session, tasks.clone(), options.nulls, player);
        if let Some(error) = unreadable {
            studio.update(Message::Arrived(Arrival::Written(Err(format!(
                "Your remembered choices could not be read, so the usual ones are used. {error}"
            )))));
        }
        studio.update(Message::OpenPaths(options.files));
        if options.tour && options.remember && !studio.state.choices.toured {
            studio.update(Message::Do(Action::Tour));
        }
        if let Some(folder) = options.present {
            studio.present_folder(folder);
        }
        if options.measure_frames.is_some() {
            studio.start_at_once();
        }
        let measuring = options.measure_frames.map(|what| Measuring {
            what,
            begun: None,
            times: FrameTimes::default(),
            reported: false,
        });
        Ok(Self {
            studio,
            tasks,
            pictures: Pictures::default(),
            throttle,
            order: Order::default(),
            native: options.native,
            measuring,
            spent: Duration::ZERO,
            messages: vec![],
        })
    }

    /// What the window shows.
    pub fn state(&self) -> &State {
        &self.studio.state
    }

    /// Says something to the window as if a person had.
    pub fn send(&mut self, message: Message) {
        self.studio.update(message);
    }

    /// The stimuli on offer.
    pub fn stimuli(&self) -> &[StimulusEntry] {
        &self.studio.state.stimuli
    }

    fn window_news(&mut self, ctx: &Context) {
        let (close, size, dropped, minimised) = ctx.input(|i| {
            let viewport = i.viewport();
            let dropped: Vec<_> = i
                .raw
                .dropped_files
                .iter()
                .map(|f| f.path().to_owned())
                .collect();
            (
                viewport.close_requested(),
                viewport.inner_rect.map(|r| r.size()),
                dropped,
                viewport.minimized,
            )
        });
        if !dropped.is_empty() {
            self.studio.update(Message::OpenPaths(dropped));
        }
        if close {
            self.studio.update(Message::CloseRequested);
        }
        if let Some(size) = size
            && minimised != Some(true)
            && size.min_elem() > 1.0
        {
            let size = [size.x.round(), size.y.round()];
            if self.studio.state.choices.window != Some(size) {
                self.studio.update(Message::Resized(size));
            }
        }
    }

    fn perform(&mut self, ctx: &Context, frame: &eframe::Frame) {
        for effect in self.studio.take_effects() {
            match effect {
                Effect::CopyText(text) => ctx.copy_text(text),
                Effect::CopyPicture(image) => ctx.copy_image(color_image(&image)),
                Effect::Paste if self.native => {
                    clipboard::read_picture(&self.tasks, self.studio.state.places.data.clone());
                }
                Effect::Theme => {
                    ctx.set_theme(egui::ThemePreference::from(self.studio.state.choices.theme));
                }
                Effect::Browse(purpose, text) if self.native => {
                    native_dialog::ask(&self.tasks, frame, purpose, &text);
                }
                Effect::Browse(..) => self.studio.update(Message::Arrived(Arrival::Picked(None))),
                Effect::Paste => {}
                Effect::FullScreen(on) => {
                    ctx.send_viewport_cmd(ViewportCommand::Fullscreen(on));
                }
                Effect::CancelClose => ctx.send_viewport_cmd(ViewportCommand::CancelClose),
                Effect::Close => ctx.send_viewport_cmd(ViewportCommand::Close),
            }
        }
    }

    fn measure(&mut self, ctx: &Context, own: Duration, whole: Option<f32>) {
        let run = self.studio.state.active();
        let steps = run.map_or(0, |r| r.step);
        let running = run.is_some();
        let Some(measuring) = &mut self.measuring else {
            return;
        };
        if !running || measuring.reported || steps < measuring.what.after {
            return;
        }
        // What there is to look into is known only now.
        let page = measuring.what.page;
        if measuring.begun.is_none() && self.studio.state.page != page {
            self.studio.update(Message::Do(page.action()));
            return ctx.request_repaint();
        }
        let begun = *measuring.begun.get_or_insert_with(Instant::now);
        measuring
            .times
            .push(own, whole.map(Duration::from_secs_f32));
        if begun.elapsed() >= measuring.what.length {
            measuring.reported = true;
            println!("{}; {steps} steps at the end", measuring.times.report());
            self.studio
                .update(Message::Close(super::Closing::StopAndClose));
            ctx.request_repaint();
        }
    }
}

/// A picture as egui wants it.
pub(super) fn color_image(image: &Image) -> ColorImage {
    ColorImage::from_rgb([image.width, image.height], &image.rgb)
}

impl eframe::App for App {
    fn raw_input_hook(&mut self, ctx: &Context, input: &mut egui::RawInput) {
        if self.order.keep(input) {
            ctx.request_repaint();
        }
    }

    /// Also called while the window is hidden or minimised, so that news never backs up.
    fn logic(&mut self, ctx: &Context, frame: &mut eframe::Frame) {
        let begun = Instant::now();
        self.studio.collect();
        self.window_news(ctx);
        self.studio.update(Message::Tick);
        self.perform(ctx, frame);
        self.spent = begun.elapsed();
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        let begun = Instant::now();
        let ctx = ui.ctx().clone();
        let mut messages = std::mem::take(&mut self.messages);
        keys::read(&ctx, &self.studio.state, &mut messages);
        // Keys show their effect in the very frame in which they are pressed.
        for message in messages.drain(..) {
            self.studio.update(message);
        }
        self.pictures.refresh(&ctx, &self.studio.state);
        let mut view = panels::View {
            state: &self.studio.state,
            pictures: &self.pictures,
            drawing: &self.throttle,
            out: &mut messages,
        };
        if view.state.presentation.is_some() {
            panels::present(ui, &view);
        } else if view.state.trials.is_some() {
            panels::trials(ui, &mut view);
        } else {
            panels::show(ui, &mut view);
            dialogs::show(&ctx, &mut view);
        }
        let changed = !messages.is_empty();
        for message in messages.drain(..) {
            self.studio.update(message);
        }
        self.messages = messages;
        self.perform(&ctx, frame);
        if changed {
            // What was just pressed shows its effect at once.
            ctx.request_repaint_after(Duration::from_millis(1));
        }
        if let Some(wait) = self.studio.next_tick() {
            ctx.request_repaint_after(wait);
        }
        let whole = frame.info().cpu_usage;
        let pixels = ctx.viewport_rect().size() * ctx.pixels_per_point();
        self.throttle.frame(
            f64::from(whole.unwrap_or(0.0)),
            f64::from(pixels.x * pixels.y),
        );
        let own = self.spent + begun.elapsed();
        self.measure(&ctx, own, whole);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn on_exit(&mut self) {
        self.studio.remember_now();
    }
}
