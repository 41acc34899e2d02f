//! A page to show metamers on: one file that contains everything, needs no network, and opens from wherever it lies.
//!
//! In the manner of the demonstration pages of the laboratory that the procedures are from: a section for each stimulus, a
//! row for each seed, a column for each layer; a click on a cochleagram is heard.

mod cell;
mod text;

use super::names::counted;
use super::plan::{Stop, Work};
use super::set::{Group, Set, Stimulus};
use super::{Options, Plan, about, media};
use cell::{metamer, reference};
use std::path::Path;
pub(super) use text::escaped;
use text::paragraph;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What will be written.
pub(super) fn plan<'a>(set: &'a Set, options: &Options, out: &Path) -> Plan<'a> {
    let mut plan = Plan::beside(out);
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    let options = options.clone();
    let pieces = set.runs.len() + set.stimuli.iter().map(|s| s.groups.len()).sum::<usize>();
    let what = format!(
        "A page with {}, complete in itself; opens in any browser",
        counted(set.runs.len(), "metamer")
    );
    plan.add(name, (estimate(set), false), what, pieces, move |work| {
        page(set, &options, work).map(String::into_bytes)
    });
    plan
}

/// The page's length in bytes: of the pictures and sounds as text, which are nearly all of it.
fn estimate(set: &Set) -> u64 {
    let shown = |run: &super::Run| {
        let picture = if run.is_sound() {
            media::wav16_bytes(run.metamer.len())
                + run
                    .cochleagram
                    .as_ref()
                    .map_or(0, |c| c.values().len() as u64 * 2 / 3)
        } else {
            run.metamer.len() as u64 * 19 / 20
        };
        picture * 4 / 3 + 4000
    };
    let runs: u64 = set.runs.iter().map(shown).sum();
    let references = set.stimuli.iter().flat_map(|s| &s.groups);
    let references: u64 = references.filter_map(|g| set.example(g)).map(shown).sum();
    runs + references + (STYLE.len() + SCRIPT.len()) as u64
}

fn page(set: &Set, options: &Options, work: &mut Work<'_>) -> Result<String, Stop> {
    let title = options.title.clone().unwrap_or_else(|| about::title(set));
    let mut body = String::new();
    for (place, stimulus) in set.stimuli.iter().enumerate() {
        section(&mut body, set, stimulus, place, options, work)?;
    }
    let hears = set.runs.iter().any(super::Run::is_sound);
    let sees = set.runs.iter().any(|r| !r.is_sound());
    let mut contents = String::new();
    for (place, stimulus) in set.stimuli.iter().enumerate() {
        contents += &format!(
            "<a href=\"#stimulus-{place}\">{}</a>",
            escaped(&stimulus.title)
        );
    }
    let what_to_do = match (hears, sees) {
        (true, true) => "Click a picture to see it large, a cochleagram to hear it.",
        (true, false) => "Click a cochleagram to hear the sound that it is of.",
        _ => "Click a picture to see it large.",
    };
    Ok(format!(
        concat!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
            "<meta name=\"color-scheme\" content=\"light dark\">\n",
            "<meta name=\"generator\" content=\"{program}\">\n",
            "<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n",
            "<header class=\"top\">\n<h1>{title}</h1>\n<p class=\"lead\">{what}</p>\n",
            "<p class=\"do\"><strong>{what_to_do}</strong> <span class=\"keys\">{keys}</span></p>\n",
            "<nav aria-label=\"Stimuli\">{contents}</nav>\n</header>\n<main>\n{body}</main>\n",
            "{footer}{viewer}<script>\n{script}</script>\n</body>\n</html>\n"
        ),
        program = crate::synthesis::spec::PROGRAM,
        title = escaped(&title),
        style = STYLE,
        what = escaped(about::WHAT),
        what_to_do = what_to_do,
        keys = keys(),
        contents = contents,
        body = body,
        footer = footer(set),
        viewer = include_str!("viewer.html"),
        script = SCRIPT,
    ))
}

fn keys() -> String {
    [
        (&["0"][..], "reference"),
        (&["1", "…", "9"], "layers"),
        (&["←", "→", "↑", "↓"], "move"),
        (&["Space"], "play or look"),
        (&["A"], "reference and metamer in turn"),
        (&["E"], "large"),
        (&["Esc"], "stop"),
    ]
    .map(|(keys, does)| {
        let keys: String = keys.iter().map(|k| format!("<kbd>{k}</kbd>")).collect();
        format!("<span class=\"key\">{keys} {does}</span>")
    })
    .join(" ")
}

fn section(
    body: &mut String,
    set: &Set,
    stimulus: &Stimulus,
    place: usize,
    options: &Options,
    work: &mut Work<'_>,
) -> Result<(), Stop> {
    *body += &format!(
        "<section id=\"stimulus-{place}\" aria-labelledby=\"title-{place}\">\n<h2 id=\"title-{place}\">{}</h2>\n",
        escaped(&stimulus.title)
    );
    let gain = media::gain(set, stimulus);
    for (number, group) in stimulus.groups.iter().enumerate() {
        table(
            body,
            set,
            stimulus,
            group,
            &format!("s{place}g{number}"),
            options,
            gain,
            work,
        )?;
    }
    if gain < 1.0 {
        let decibels = -20.0 * f64::from(gain).log10();
        *body += &paragraph(
            "note",
            &format!(
                "All sounds of this section are {decibels:.1} dB lower than the model heard them, so that none is clipped."
            ),
        );
    }
    *body += "</section>\n";
    Ok(())
}

#[allow(clippy::too_many_arguments)]
fn table(
    body: &mut String,
    set: &Set,
    stimulus: &Stimulus,
    group: &Group,
    id: &str,
    options: &Options,
    gain: f32,
    work: &mut Work<'_>,
) -> Result<(), Stop> {
    let Some(example) = set.example(group) else {
        return Ok(());
    };
    let sound = example.is_sound();
    let shading = media::shading(set, group, options.colour_map);
    let axes = cell::axes(example, group);
    *body += &format!(
        "<div class=\"group {}\" data-title=\"{}\" data-model=\"{}\"{axes}>\n<h3>{}</h3>\n{}<div class=\"scroll\" tabindex=\"-1\">\n<table>\n<caption class=\"unseen\">{} for {}: a row for each seed, a column for each layer</caption>\n<thead><tr><th scope=\"col\" class=\"seed\">Run</th><th scope=\"col\" class=\"reference\">Reference <kbd>0</kbd></th>",
        if sound { "sounds" } else { "pictures" },
        escaped(&stimulus.title),
        escaped(&group.model.title),
        escaped(&group.model.title),
        paragraph("note", &cell::describe(example, group)),
        escaped(&stimulus.title),
        escaped(&group.model.title),
    );
    for (i, layer) in group.layers.iter().enumerate() {
        let key = if i < 9 {
            format!(" <kbd>{}</kbd>", i + 1)
        } else {
            String::new()
        };
        *body += &format!("<th scope=\"col\">{}{key}</th>", escaped(layer));
    }
    *body += "</tr></thead>\n<tbody>\n";
    for (number, row) in group.rows.iter().enumerate() {
        *body += &format!(
            "<tr><th scope=\"row\" class=\"seed\">{}</th>",
            escaped(&row.label)
        );
        if number == 0 {
            work.step()?;
            *body += &reference(
                example,
                &shading,
                gain,
                &format!("{id}c0"),
                group.rows.len(),
            )?;
        }
        for (column, run) in row.cells.iter().enumerate() {
            let Some(run) = run.map(|i| &set.runs[i]) else {
                *body += "<td class=\"none\"><span class=\"unseen\">Not made</span></td>";
                continue;
            };
            work.step()?;
            let id = format!("{id}r{number}c{}", column + 1);
            *body += &metamer(run, &row.label, &shading, gain, &id)?;
        }
        *body += "</tr>\n";
    }
    *body += "</tbody></table></div></div>\n";
    Ok(())
}

fn footer(set: &Set) -> String {
    let list = |lines: Vec<String>| -> String {
        lines
            .iter()
            .map(|l| format!("<li>{}</li>", escaped(l)))
            .collect()
    };
    let models = set
        .models()
        .iter()
        .map(|m| format!("{}: {}", m.title, m.source))
        .collect();
    let mut made = list(models) + &list(about::procedures(set));
    for null in about::nulls(set) {
        made += &format!("<li>Null distribution: {}</li>", escaped(&null));
    }
    made += &format!(
        "<li>Made by {}. The large view of each metamer has its full description, from which the program makes it again.</li>",
        escaped(&about::programs(&set.runs))
    );
    let credits = about::credits(set);
    let credits = if credits.is_empty() {
        String::new()
    } else {
        format!("<div><h2>Stimuli</h2><ul>{}</ul></div>", list(credits))
    };
    format!(
        "<footer>\n<div><h2>What the words mean</h2><ul><li><b class=\"pass\">Pass</b>: the activations at the layer are more alike than those of any pair in the null distribution, and the model answers the same. <b class=\"fail\">Fail</b>: one of these is not so. <b class=\"unknown\">Unknown</b>: none failed, but one could not be checked.</li><li>ρ is Spearman's rank correlation of the two activations; the null maximum is the largest ρ among pairs of unrelated stimuli.</li><li>{}.</li></ul></div>\n<div><h2>How they were made</h2><ul>{made}</ul></div>\n{credits}\n<div class=\"cite\"><h2>Cite</h2><ul>{}</ul></div>\n</footer>\n",
        escaped(&about::tally(set)),
        list(about::CITATIONS.map(str::to_owned).to_vec()),
    )
}
