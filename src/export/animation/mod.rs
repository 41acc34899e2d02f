//! How metamers came to be, as something to watch and listen to: animated GIFs, and for sounds a WAV in which the noise
//! becomes the metamer.
//!
//! Made of the history that runs keep since there is one; runs without it are named in the plan's refusal, or passed over
//! with a note in `README.txt` if others have one.

mod frames;
mod morph;

use super::names::Names;
use super::set::{Group, Row, Set, Stimulus};
use super::{Options, Plan, Run, about};
use crate::session::history::{FILE, History};
use crate::{Error, Result};
use std::path::Path;

/// A run that can be animated, and where it belongs.
pub(super) struct Member<'a> {
    pub stimulus: &'a Stimulus,
    pub group: &'a Group,
    pub row: &'a Row,
    pub run: &'a Run,
}

/// What will be written.
///
/// # Errors
/// When no run of the set has a history.
pub(super) fn plan<'a>(set: &'a Set, options: &Options, out: &Path) -> Result<Plan<'a>> {
    let names = Names::of(set);
    let mut plan = Plan::folder(out);
    let mut without: Vec<&Run> = vec![];
    for stimulus in &set.stimuli {
        for group in &stimulus.groups {
            for row in &group.rows {
                for index in row.cells.iter().flatten() {
                    let run = &set.runs[*index];
                    let path = run.folder.join(FILE);
                    let Ok(found) = std::fs::metadata(&path) else {
                        without.push(run);
                        continue;
                    };
                    let member = Member {
                        stimulus,
                        group,
                        row,
                        run,
                    };
                    add(
                        &mut plan,
                        member,
                        names.of_run(*index),
                        found.len(),
                        options,
                    );
                }
            }
        }
    }
    if plan.files().is_empty() {
        let first = without
            .first()
            .map(|r| r.folder.clone())
            .unwrap_or_default();
        return Err(Error::file(
            &first,
            format!(
                "Has no {FILE}, and no other run of the set has one: an older version made them. Make the run again to animate it"
            ),
        ));
    }
    let mut contents = String::from(
        "Each GIF shows a metamer from its noise to its end, beside its reference. Steps lie close together at the beginning, where most happens. Of sounds the GIF shows the cochleagram, and the WAV of the same name has the sound: three times through while it forms, in time with the GIF, and once as it is in the end.",
    );
    for run in without {
        contents += &format!(
            "\nNot animated, since the run kept no history: {}.",
            run.spec.folder_name()
        );
    }
    let text = about::read_me(set, &about::title(set), &contents);
    plan.add_bytes(
        "README.txt",
        "What this is, how it was made, whom to cite",
        text,
    );
    Ok(plan)
}

fn add<'a>(plan: &mut Plan<'a>, member: Member<'a>, name: &str, stored: u64, options: &Options) {
    let run = member.run;
    let sound = run.is_sound();
    let options = options.clone();
    let what = format!(
        "{}, {}, from noise to metamer",
        member.stimulus.title, run.spec.layer
    );
    // A GIF of noise is hardly smaller than its pixels, a byte each; the reference is a part of every frame too.
    let bytes = if sound { 5_000_000 } else { stored * 3 / 4 };
    if sound {
        let what = format!(
            "{}, {}, heard while it forms",
            member.stimulus.title, run.spec.layer
        );
        let samples = run.metamer.len() * (morph::TIMES + 1);
        plan.add(
            format!("{name}.wav"),
            (super::media::wav16_bytes(samples), false),
            what,
            1,
            move |work| {
                work.step()?;
                let history = History::read(&run.folder.join(FILE))?;
                Ok(morph::wav(&history, &run.metamer, &run.spec.to_toml()?))
            },
        );
    }
    plan.add(
        format!("{name}.gif"),
        (bytes, false),
        what,
        crate::session::history::MOST as usize,
        move |work| {
            let history = History::read(&run.folder.join(FILE))?;
            frames::gif(&member, &history, &options, work)
        },
    );
}
