//! One sentence that tells the state: a word, then the figures in words. Colour only repeats the word.

use super::View;
use crate::gui::action::Action;
use crate::gui::state::{Phase, Run, State};
use crate::gui::{format, layout, theme, widgets};
use crate::synthesis::words::plain;
use crate::verify::Verdict;
use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align, Color32, Layout, Rect, Ui};

struct Sentence {
    word: &'static str,
    colour: Color32,
    text: String,
    /// Where the threshold comes from, or what else to know.
    footnote: String,
}

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let t = theme::tokens(ui);
    let sentence = sentence(view.state, t);
    let offers = view.state.shown().is_none() && !view.state.unfinished.is_empty();
    widgets::card(ui, area, |ui| {
        if offers {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                widgets::labelled_button(ui, view, Action::LeaveUnfinished, "Not now");
                let several = view.state.unfinished.len();
                let label = if several == 1 {
                    "Resume run".to_owned()
                } else {
                    format!("Resume all {several}")
                };
                widgets::labelled_button(ui, view, Action::ResumeUnfinished, &label);
                ui.with_layout(Layout::left_to_right(Align::Min), |ui| words(ui, &sentence));
            });
        } else {
            words(ui, &sentence);
        }
    });
}

fn words(ui: &mut Ui, sentence: &Sentence) {
    let t = theme::tokens(ui);
    let width = ui.available_width();
    let wrap = TextWrapping {
        max_width: width,
        max_rows: 2,
        ..Default::default()
    };
    let mut job = LayoutJob {
        wrap,
        ..Default::default()
    };
    let format = |font, color| TextFormat {
        font_id: font,
        color,
        line_height: Some(18.0),
        ..Default::default()
    };
    job.append(
        sentence.word,
        0.0,
        format(theme::strong(theme::LEAD), sentence.colour),
    );
    job.append(
        &sentence.text,
        10.0,
        format(theme::regular(theme::BODY), t.text),
    );
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let text = format!("{} {}", sentence.word, sentence.text);
        let rows = ui.painter().layout_job(job.clone()).rows.len();
        let label = ui.label(job);
        label.on_hover_text(format!("{text}\n\n{}", sentence.footnote));
        // A short sentence leaves room for a second line here.
        let mut footnote = LayoutJob::simple(
            sentence.footnote.clone(),
            theme::regular(theme::SMALL),
            t.faint,
            width,
        );
        footnote.wrap.max_rows = if rows < 2 { 2 } else { 1 };
        let footnote = ui.painter().layout_job(footnote);
        let below = ui.max_rect().bottom() - footnote.size().y - 1.0 - ui.cursor().top();
        ui.add_space(below.max(0.0));
        ui.label(footnote).on_hover_text(&sentence.footnote);
    });
}

fn sentence(state: &State, t: &theme::Tokens) -> Sentence {
    match state.shown() {
        Some(run) => about_run(run, t),
        None => before(state, t),
    }
}

fn before(state: &State, t: &theme::Tokens) -> Sentence {
    if let Some(error) = &state.model_error {
        let text = "The model could not be loaded".to_owned();
        return Sentence {
            word: "Error",
            colour: t.fail,
            text,
            footnote: error.clone(),
        };
    }
    if let Some(first) = state.unfinished.first() {
        let more = match state.unfinished.len() - 1 {
            0 => String::new(),
            n => format!(", and {n} more"),
        };
        let text = format!(
            "{} at {}, {} of {} steps made{more}.",
            format::stimulus(&first.spec.stimulus),
            first.spec.layer,
            format::grouped(first.step),
            format::grouped(first.spec.procedure.steps)
        );
        let footnote = format!("Left in {}", first.folder.display());
        return Sentence {
            word: "Unfinished",
            colour: t.unknown,
            text,
            footnote,
        };
    }
    if state.model.is_none() {
        let footnote = state.recipe.summary.clone();
        return Sentence {
            word: "Loading",
            colour: t.muted,
            text: "The network is being read.".into(),
            footnote,
        };
    }
    let layers: Vec<&str> = state.chosen_layers().map(|l| l.name.as_str()).collect();
    let at = match layers.as_slice() {
        [] => "a layer".to_owned(),
        [one] => (*one).to_owned(),
        [first, .., last] => format!("{} layers from {first} to {last}", layers.len()),
    };
    let text = format!(
        "Press {} to make a {} different from {} and is the same to the network at {at}.",
        Action::Start.keys(state.hears()),
        if state.hears() {
            "sound that is"
        } else {
            "picture that looks"
        },
        format::stimulus(&state.choices.stimulus)
    );
    Sentence {
        word: "Ready",
        colour: t.accent,
        text,
        footnote: plain(&state.procedure),
    }
}

fn about_run(run: &Run, t: &theme::Tokens) -> Sentence {
    let footnote = match &run.null {
        Some((_, description)) => format!("Null distribution: {description}"),
        None => "There is no null distribution for this model and layer, so that a match cannot be confirmed".into(),
    };
    if let Phase::Failed(message) = &run.phase {
        let footnote = match &run.folder {
            Some(folder) => format!("The last good state is kept in {}", folder.display()),
            None => footnote,
        };
        return Sentence {
            word: "Stopped by an error",
            colour: t.fail,
            text: end(message),
            footnote,
        };
    }
    let Some((verdict, words)) = run.verdict() else {
        let text = "The first measures come after a few steps.".to_owned();
        return Sentence {
            word: "Beginning",
            colour: t.muted,
            text,
            footnote,
        };
    };
    let finished = run.phase == Phase::Finished;
    let (word, colour) = match (verdict, finished) {
        (Verdict::Pass, true) => ("Passed", t.pass),
        (Verdict::Pass, false) => ("Matches so far", t.pass),
        (Verdict::Fail, true) => ("Failed", t.fail),
        (Verdict::Fail, false) => ("Not yet", t.unknown),
        (Verdict::Unknown, _) => ("Unknown", t.unknown),
    };
    let mut text = end(words);
    if run.phase == Phase::Stopped {
        text.push_str(" Stopped before the last step.");
    }
    Sentence {
        word,
        colour,
        text,
        footnote,
    }
}

/// Messages of the engine have no full stop and may begin in lower case; sentences here have one and begin with a capital.
fn end(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    let first = letters
        .next()
        .map(|c| c.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

const _: () = assert!(layout::VERDICT >= 2.0 * 18.0 + 15.0 + 20.0);
