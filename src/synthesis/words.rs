//! A procedure in plain language, with the fields that each sentence speaks of.

use super::loss::Loss;
use super::procedure::{Procedure, Rule};
use super::schedule::Schedule;
use super::start::Start;
use crate::verify::Criteria;

/// A sentence about a procedure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The words.
    pub text: String,
    /// The fields that it tells the values of.
    pub fields: &'static [&'static str],
}

/// All sentences, one after the other.
pub fn plain(p: &Procedure) -> String {
    let texts: Vec<String> = sentences(p).into_iter().map(|s| s.text).collect();
    texts.join(" ")
}

/// The procedure, from the noise it begins with to the checks at its end.
pub fn sentences(p: &Procedure) -> Vec<Sentence> {
    let sentence = |text, fields| Sentence { text, fields };
    let begin = match p.start {
        Start::Uniform => format!(
            "Begins from uniform noise between {} and {}.",
            p.start_low, p.start_high
        ),
        Start::Normal => format!(
            "Begins from normal noise around {} (deviation {}).",
            p.start_mean, p.start_sd
        ),
        Start::File => "Begins from a file.".to_owned(),
        Start::Pink => format!(
            "Begins from pink noise with a root mean square of {}.",
            p.start_sd
        ),
    };
    let loss = match p.loss {
        Loss::HalfSquared => {
            "Makes the layer's activations alike: half the sum of squared differences falls."
        }
        Loss::RelativeL2 => {
            "Makes the layer's activations alike: their distance, relative to the reference's length, falls."
        }
        Loss::L1 => "Makes the layer's activations alike: the sum of absolute differences falls.",
    };
    let leak = match (p.leak, p.leak_falloff) {
        (0.0, _) => String::new(),
        (leak, 0.0) => format!(
            " At first {leak} of its gradient passes rectifiers that are shut, at the end nothing."
        ),
        (leak, falloff) => format!(
            " At first {leak} n^-{falloff} of its gradient passes the n-th rectifier where that is shut, at the end nothing."
        ),
    };
    let rule = match p.optimiser {
        Rule::Adam => format!("Takes {} steps of Adam", p.steps),
        Rule::SpectralAdam => format!(
            "Takes {} steps of Adam on the stimulus's frequencies f, proportional to f^-{},",
            p.steps, p.tilt
        ),
        Rule::LappedAdam => format!(
            "Takes {} steps of Adam on the sound's frequencies f at each moment, proportional to f^-{} and to the root of the amplitude there,",
            p.steps, p.tilt
        ),
        Rule::Normalised => format!("Takes {} steps along the gradient,", p.steps),
    };
    let rate = match (p.schedule, p.optimiser) {
        (Schedule::Constant, _) => format!("at a rate of {}", p.learning_rate),
        (Schedule::Exponential, _) => format!(
            "at a rate of {}, times {} every {} steps",
            p.learning_rate, p.decay, p.decay_steps
        ),
        (Schedule::Halving, Rule::Normalised) => format!(
            "{} long at first, times {} after each {}",
            p.learning_rate, p.decay, p.decay_steps
        ),
        (Schedule::Halving, _) => format!(
            "at a rate of {}, times {} after each {}",
            p.learning_rate, p.decay, p.decay_steps
        ),
        (Schedule::Cosine, _) => {
            format!(
                "at a rate of {} that falls to zero along a cosine",
                p.learning_rate
            )
        }
    };
    let warm_up = match p.warm_up {
        0.0 => String::new(),
        part => format!(" Over the first {part} of the steps that rises from zero."),
    };
    let memory = match (p.optimiser, p.memory) {
        (Rule::Normalised, _) | (_, 1.0) => String::new(),
        (_, times) => {
            format!(" At the end it remembers gradients {times} times as long as at first.")
        }
    };
    let clip = if p.clip {
        "Keeps every value in the input's range."
    } else {
        "Lets values leave the input's range."
    };
    let checks = match p.criteria {
        Criteria::Feather2019 => {
            "Checked as in Feather et al. 2019: Spearman's rho above every random pair's, and the same class."
        }
        Criteria::Feather2023 => {
            "Checked as in Feather et al. 2023: rho, r and SNR not below any random pair's, and the same category."
        }
    };
    vec![
        sentence(
            begin,
            &["start", "start_low", "start_high", "start_mean", "start_sd"],
        ),
        sentence(
            format!("{loss}{leak}"),
            &["loss", "straight_through", "leak", "leak_falloff"],
        ),
        sentence(
            format!("{rule} {rate}.{warm_up}{memory}"),
            &[
                "steps",
                "optimiser",
                "learning_rate",
                "schedule",
                "warm_up",
                "decay",
                "decay_steps",
                "beta1",
                "beta2",
                "memory",
                "epsilon",
                "tilt",
            ],
        ),
        sentence(clip.to_owned(), &["clip"]),
        sentence(checks.to_owned(), &["criteria"]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthesis::recipe;

    #[test]
    fn every_recipe_can_be_told_and_every_field_has_its_sentence() {
        for name in recipe::names() {
            let procedure = recipe::find(name).unwrap().procedure;
            let told = sentences(&procedure);
            let fields: Vec<_> = told.iter().flat_map(|s| s.fields).copied().collect();
            let table = toml::Table::try_from(&procedure).unwrap();
            for field in table.keys() {
                // What a stimulus is prepared by is told where stimuli are chosen.
                let prepared = ["crop", "part"].contains(&&field[..]);
                assert_eq!(fields.contains(&&field[..]), !prepared, "{name}: {field}");
            }
        }
        let told = sentences(&recipe::find("feather2023").unwrap().procedure);
        assert_eq!(
            told[2].text,
            "Takes 24000 steps along the gradient, 1 long at first, times 0.5 after each 3000."
        );
        let mut spectral = recipe::find("fast").unwrap().procedure;
        spectral.optimiser = Rule::SpectralAdam;
        (spectral.steps, spectral.tilt, spectral.learning_rate) = (10, 1.5, 0.25);
        (spectral.memory, spectral.warm_up) = (4.0, 0.5);
        (spectral.leak, spectral.leak_falloff) = (0.25, 0.0);
        assert_eq!(
            sentences(&spectral)[1].text,
            "Makes the layer's activations alike: their distance, relative to the reference's length, falls. At first 0.25 of its gradient passes rectifiers that are shut, at the end nothing."
        );
        spectral.leak_falloff = 0.5;
        assert_eq!(
            sentences(&spectral)[1].text,
            "Makes the layer's activations alike: their distance, relative to the reference's length, falls. At first 0.25 n^-0.5 of its gradient passes the n-th rectifier where that is shut, at the end nothing."
        );
        assert_eq!(
            sentences(&spectral)[2].text,
            "Takes 10 steps of Adam on the stimulus's frequencies f, proportional to f^-1.5, at a rate of 0.25 that falls to zero along a cosine. Over the first 0.5 of the steps that rises from zero. At the end it remembers gradients 4 times as long as at first."
        );
        (spectral.optimiser, spectral.memory, spectral.warm_up) = (Rule::LappedAdam, 1.0, 0.0);
        assert_eq!(
            sentences(&spectral)[2].text,
            "Takes 10 steps of Adam on the sound's frequencies f at each moment, proportional to f^-1.5 and to the root of the amplitude there, at a rate of 0.25 that falls to zero along a cosine."
        );
    }
}
