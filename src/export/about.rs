//! What every export says about itself: how it was made, whom to cite, whose the stimuli are.

use super::{Run, Set};
use crate::synthesis::spec::PROGRAM;
use crate::verify::Verdict;

/// The papers whose procedures these are.
pub const CITATIONS: [&str; 2] = [
    "Feather, J., Durango, A., Gonzalez, R. & McDermott, J. (2019). Metamers of neural networks reveal divergence from human perceptual systems. Advances in Neural Information Processing Systems 32.",
    "Feather, J., Leclerc, G., Mądry, A. & McDermott, J. H. (2023). Model metamers reveal divergent invariances between biological and artificial neural networks. Nature Neuroscience 26, 2017–2034. https://doi.org/10.1038/s41593-023-01442-0",
];

/// What a model metamer is, in a sentence.
pub const WHAT: &str = "A model metamer is a stimulus whose activations at one layer of a network match those of a reference. It was made from noise by changing the input until they did.";

/// The title of an export of these runs.
pub fn title(set: &Set) -> String {
    let models = set.models();
    let names: Vec<&str> = models.iter().map(|m| m.title.as_str()).collect();
    match names.as_slice() {
        [one] => format!("Model metamers of {one}"),
        [a, b] => format!("Model metamers of {a} and {b}"),
        _ => "Model metamers".into(),
    }
}

/// How many runs there are of each verdict, in words.
pub fn tally(set: &Set) -> String {
    let count = |verdict| set.runs.iter().filter(|r| r.verdict() == verdict).count();
    let counts = [
        (count(Verdict::Pass), "passed"),
        (count(Verdict::Fail), "failed"),
        (count(Verdict::Unknown), "could not be decided"),
    ];
    let said: Vec<String> = counts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    format!("Of {} metamers {}", set.runs.len(), said.join(", "))
}

/// How the runs were made, a sentence for each recipe.
pub fn procedures(set: &Set) -> Vec<String> {
    let mut all: Vec<String> = vec![];
    for run in &set.runs {
        let procedure = &run.spec.procedure;
        let sentence = format!(
            "Recipe {}: {} steps, judged by the checks of Feather et al. ({})",
            run.spec.recipe,
            procedure.steps,
            match procedure.criteria {
                crate::verify::Criteria::Feather2019 => "2019",
                crate::verify::Criteria::Feather2023 => "2023",
            }
        );
        if !all.contains(&sentence) {
            all.push(sentence);
        }
    }
    all
}

/// Who made the stimuli, where that is known.
pub fn credits(set: &Set) -> Vec<String> {
    set.stimuli
        .iter()
        .filter_map(|s| s.credit.clone())
        .collect()
}

/// The null distributions that verdicts rest on.
pub fn nulls(set: &Set) -> Vec<String> {
    let mut all: Vec<String> = vec![];
    let used = set
        .runs
        .iter()
        .filter_map(|r| r.verification.as_ref()?.null.as_ref());
    for null in used {
        if !all.contains(&null.description) {
            all.push(null.description.clone());
        }
    }
    all
}

/// The text of the file that tells people in a folder what it is.
pub fn read_me(set: &Set, title: &str, contents: &str) -> String {
    let mut text = format!(
        "{title}\n\n{WHAT}\n{}.\n\n{contents}\n\nHow they were made\n",
        tally(set)
    );
    for model in set.models() {
        text += &format!("  {}: {}\n", model.title, model.source);
    }
    for line in procedures(set) {
        text += &format!("  {line}\n");
    }
    for line in nulls(set) {
        text += &format!("  Null distribution: {line}\n");
    }
    text += &format!("  Made by {}\n", programs(&set.runs));
    let credits = credits(set);
    if !credits.is_empty() {
        text += "\nStimuli\n";
        credits.iter().for_each(|c| text += &format!("  {c}\n"));
    }
    text += "\nCite\n";
    CITATIONS.iter().for_each(|c| text += &format!("  {c}\n"));
    text
}

/// The programs that made the runs; this one wrote the export.
pub fn programs(runs: &[Run]) -> String {
    let mut all: Vec<&str> = vec![];
    for run in runs {
        if !all.contains(&run.spec.program.as_str()) {
            all.push(&run.spec.program);
        }
    }
    if all == [PROGRAM] {
        PROGRAM.into()
    } else {
        format!("{}; written by {PROGRAM}", all.join(", "))
    }
}
