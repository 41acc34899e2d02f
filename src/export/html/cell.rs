//! One picture or cochleagram of the page with what is said about it.

use super::super::media::{self, base64, data_uri};
use super::super::set::Group;
use super::super::sound_axes::{Span, ticks};
use super::super::{Run, Shading};
use super::text::escaped;
use crate::Result;
use crate::stimulus::excerpt::NETWORK_RATE;

/// The reference's cell, which all rows share.
pub fn reference(run: &Run, shading: &Shading, gain: f32, id: &str, rows: usize) -> Result<String> {
    let Some(values) = run.reference.as_ref().map(|r| &r.values) else {
        return Ok(format!(
            "<td class=\"reference\" rowspan=\"{rows}\"><p class=\"say\">No reference: made from a target activation</p></td>"
        ));
    };
    let seen = data_uri("image/png", &media::reference_seen(run, shading)?);
    let sound = sound(run, values, gain);
    let class = run.reference_class().map(|p| {
        format!(
            "<p class=\"say\">The model says <q>{}</q></p>",
            escaped(&p.label)
        )
    });
    let does = if run.is_sound() { "play" } else { "see large" };
    Ok(format!(
        "<td class=\"reference\" rowspan=\"{rows}\"><button type=\"button\" class=\"tile\" id=\"{id}\" data-name=\"Reference\" aria-label=\"Reference, {does}\"{sound}><img alt=\"\" src=\"{seen}\"><span class=\"head\"></span></button>{}</td>",
        class.unwrap_or_default()
    ))
}

/// A metamer's cell.
pub fn metamer(run: &Run, row: &str, shading: &Shading, gain: f32, id: &str) -> Result<String> {
    let seen = data_uri("image/png", &media::seen(run, shading)?);
    let sound = sound(run, &run.metamer, gain);
    let does = if run.is_sound() { "play" } else { "see large" };
    let word = run.verdict_word();
    let class = match word {
        "Pass" => "pass",
        "Fail" => "fail",
        _ => "unknown",
    };
    let layer = escaped(&run.spec.layer);
    Ok(format!(
        "<td><button type=\"button\" class=\"tile\" id=\"{id}\" tabindex=\"-1\" data-name=\"{layer}\" data-row=\"{row}\" data-verdict=\"{class}\" data-sentence=\"{sentence}\" data-spec=\"{spec}\" aria-label=\"{layer}, {row}, {word}, {does}\"{sound}><img alt=\"\" src=\"{seen}\"><span class=\"head\"></span></button><p class=\"say\"><b class=\"{class}\">{word}</b> {figures}</p></td>",
        row = escaped(row),
        sentence = escaped(&run.sentence()),
        spec = escaped(&run.spec.to_toml()?),
        figures = figures(run),
    ))
}

/// Rho and classes in a line or two.
fn figures(run: &Run) -> String {
    let mut text = String::new();
    if let Some(rho) = run.rho() {
        text += &format!("<span>ρ {rho:.4}</span>");
    }
    if let Some(largest) = run.null_max() {
        text += &format!("<span>null max {largest:.3}</span>");
    }
    if let Some(metamer) = run.metamer_class() {
        let changed = if run.answer_changed() {
            " class=\"changed\""
        } else {
            ""
        };
        text += &format!("<span{changed}><q>{}</q></span>", escaped(&metamer.label));
    }
    text
}

fn sound(run: &Run, values: &[f32], gain: f32) -> String {
    if run.is_sound() {
        format!(
            " data-sound=\"{}\"",
            base64(&media::wav16(values, gain, ""))
        )
    } else {
        String::new()
    }
}

/// What the tiles of a table show, and how large that is.
pub fn describe(run: &Run, group: &Group) -> String {
    match run.shape.as_slice() {
        [samples] => {
            let seconds = *samples as f64 / f64::from(NETWORK_RATE);
            let size = run.cochleagram.as_ref().map(|c| (c.rows(), c.columns()));
            let (channels, frames) = size.unwrap_or_default();
            let hertz = group.model.axes.as_ref().map_or_else(String::new, |axes| {
                let (low, high) = axes.limits();
                format!(
                    ", from {} at the bottom to {} at the top, evenly spaced on the ear's own scale (ERB)",
                    ticks::frequency(low),
                    ticks::frequency(high)
                )
            });
            format!(
                "Cochleagrams of {channels} channels{hertz}, and {frames} frames over {seconds} s from left to right. One range of colours for all."
            )
        }
        [_, height, width] => {
            format!("Pictures of {width} × {height} pixels, as the model is given them.")
        }
        _ => String::new(),
    }
}

/// The labels of a cochleagram's axes for the large view, as an attribute.
pub fn axes(run: &Run, group: &Group) -> String {
    let ([samples], Some(axes)) = (run.shape.as_slice(), &group.model.axes) else {
        return String::new();
    };
    let labels = |all: Vec<ticks::Tick>| -> Vec<(f64, String)> {
        all.into_iter().map(|t| (t.share, t.label)).collect()
    };
    let seconds = Span::new(0.0, *samples as f64 / f64::from(NETWORK_RATE));
    let hertz = ticks::hertz(axes, Span::new(0.0, axes.channels() as f64), 0.07);
    let frame = axes.part(seconds, Span::new(0.0, 1.0));
    let columns = run
        .cochleagram
        .as_ref()
        .map_or(1, super::super::Cells::columns) as f64;
    let all = serde_json::json!({
        "hertz": labels(hertz),
        "seconds": labels(ticks::seconds(seconds, 0.15)),
        // Where in the picture the sound begins and ends: a front end may keep whole windows only.
        "begins": -frame.left / columns + 0.0,
        "length": seconds.length(),
        "shown": (frame.right - frame.left) / columns,
    });
    format!(" data-axes=\"{}\"", escaped(&all.to_string()))
}
