//! Every choice that makes up a way of making metamers.

use super::loss::Loss;
use super::optimisers::{Adam, LappedAdam, Normalised, Optimiser, Pace, SpectralAdam};
use super::schedule::Schedule;
use super::start::Start;
use crate::network::Leak;
use crate::stimulus::{Crop, Part};
use crate::verify::Criteria;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The update rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// TensorFlow's Adam (2019).
    Adam,
    /// Steps of fixed length along the gradient (2023).
    Normalised,
    /// Adam on the stimulus's frequencies, the low ones in larger steps; not published.
    SpectralAdam,
    /// Adam on how much of each frequency a sound has at each moment, in larger steps where there is more and at low
    /// frequencies; not published, and for sounds only.
    LappedAdam,
}

/// A procedure, with every field spelt out. Fields that the chosen rule or start does not use are kept all the same, so
/// that changing one field never needs another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// Number of updates. Losses are evaluated before each and once after the last.
    pub steps: u64,
    /// What is minimised.
    pub loss: Loss,
    /// Whether the gradient passes the matched layer's own rectifier unchanged.
    pub straight_through: bool,
    /// The share of the gradient that other rectifiers let through where they are shut, at the first step; from there it
    /// falls to 0 at the last. The published procedures have none. Absent from files written before there was one.
    #[serde(default)]
    pub leak: f64,
    /// How that share falls off from rectifier to rectifier: the first lets through `leak`, that which comes n-th from the
    /// stimulus on `leak` / n^`leak_falloff`. Absent from files written before there was one.
    #[serde(default)]
    pub leak_falloff: f64,
    /// Whether the stimulus is clipped to the input's range after every update.
    pub clip: bool,
    /// The update rule.
    pub optimiser: Rule,
    /// Adam's learning rate, or the length of a normalised step (L2 norm over all input values).
    pub learning_rate: f64,
    /// Adam's decay of the first moment.
    pub beta1: f64,
    /// Adam's decay of the second moment.
    pub beta2: f64,
    /// How many times as long as at first Adam remembers at the end: in equal steps 1 − `beta1` and 1 − `beta2` fall to
    /// that part. 1 in the published procedures. Absent from files written before there was one.
    #[serde(default = "unchanged")]
    pub memory: f64,
    /// Adam's epsilon, added to the square root of the uncorrected second moment.
    pub epsilon: f64,
    /// How much smaller spectral and lapped Adam's steps are at higher frequencies: proportional to 1 / f^tilt. Absent from
    /// files written before there were those rules.
    #[serde(default = "natural_tilt")]
    pub tilt: f64,
    /// How the step size changes.
    pub schedule: Schedule,
    /// The part of the steps over which the step size rises first, in equal steps from nothing; a cosine falls from there
    /// on. The published procedures have none. Absent from files written before there was one.
    #[serde(default)]
    pub warm_up: f64,
    /// Factor per `decay_steps` (exponential, halving).
    pub decay: f64,
    /// Steps per factor (exponential) or block (halving).
    pub decay_steps: u64,
    /// The noise to start from.
    pub start: Start,
    /// Lower end of a uniform start.
    pub start_low: f64,
    /// Upper end of a uniform start.
    pub start_high: f64,
    /// Mean of a normal or pink start.
    pub start_mean: f64,
    /// Standard deviation of a normal start; root mean square of a pink one.
    pub start_sd: f64,
    /// How a picture becomes the network's square input.
    pub crop: Crop,
    /// Which part of a sound is used. Absent from files written before sounds were supported.
    #[serde(default)]
    pub part: Part,
    /// Whose acceptance checks are applied.
    pub criteria: Criteria,
    /// Changes of the step size that a person made while the run went on, in the order of their steps: with them the run
    /// can be repeated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rate_changes: Vec<RateChange>,
}

/// From a step on, the schedule's rate is multiplied by a factor, in place of any factor before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateChange {
    /// The number of updates made before the first with this factor.
    pub step: u64,
    /// The factor.
    pub factor: f64,
}

/// The tilt at which steps have the spectrum of natural pictures.
fn natural_tilt() -> f64 {
    1.0
}

/// A memory as long at the end as at first.
fn unchanged() -> f64 {
    1.0
}

/// The longest memory: some ten thousand steps with a beta of 0.9.
const MAX_MEMORY: f64 = 1000.0;

/// The largest tilt; with more, all but the lowest frequencies would stand still.
const MAX_TILT: f64 = 4.0;

/// The largest fall-off of a leak; with more, all but the first rectifier would let nothing through.
const MAX_FALLOFF: f64 = 4.0;

/// The most steps that a run may have.
const MAX_STEPS: u64 = 10_000_000;

fn positive(field: &str, v: f64) -> Result<()> {
    if v.is_finite() && v > 0.0 {
        Ok(())
    } else {
        Err(Error::value(
            field,
            format!("must be a positive number, found {v}"),
        ))
    }
}

impl Procedure {
    /// Checks every field.
    ///
    /// # Errors
    /// Names the first field that is out of bounds, and its bounds.
    pub fn validate(&self) -> Result<()> {
        let fraction = |field: &str, v: f64| {
            if (0.0..1.0).contains(&v) {
                Ok(())
            } else {
                Err(Error::value(
                    field,
                    format!("must lie in [0, 1), found {v}"),
                ))
            }
        };
        if !(1..=MAX_STEPS).contains(&self.steps) {
            return Err(Error::value(
                "steps",
                format!("must lie between 1 and {MAX_STEPS}, found {}", self.steps),
            ));
        }
        if self.decay_steps == 0 {
            return Err(Error::value("decay_steps", "must be at least 1"));
        }
        for change in &self.rate_changes {
            positive("rate_changes.factor", change.factor)?;
        }
        if self.rate_changes.windows(2).any(|w| w[0].step >= w[1].step) {
            return Err(Error::value(
                "rate_changes.step",
                "each has to come after the one before",
            ));
        }
        positive("learning_rate", self.learning_rate)?;
        positive("epsilon", self.epsilon)?;
        positive("decay", self.decay)?;
        fraction("leak", self.leak)?;
        fraction("warm_up", self.warm_up)?;
        fraction("beta1", self.beta1)?;
        fraction("beta2", self.beta2)?;
        if !(1.0..=MAX_MEMORY).contains(&self.memory) {
            return Err(Error::value(
                "memory",
                format!("must lie in [1, {MAX_MEMORY}], found {}", self.memory),
            ));
        }
        if !(0.0..=MAX_FALLOFF).contains(&self.leak_falloff) {
            return Err(Error::value(
                "leak_falloff",
                format!(
                    "must lie in [0, {MAX_FALLOFF}], found {}",
                    self.leak_falloff
                ),
            ));
        }
        if !(0.0..=MAX_TILT).contains(&self.tilt) {
            return Err(Error::value(
                "tilt",
                format!("must lie in [0, {MAX_TILT}], found {}", self.tilt),
            ));
        }
        if !(self.start_low.is_finite()
            && self.start_high.is_finite()
            && self.start_low <= self.start_high)
        {
            return Err(Error::value(
                "start_low",
                format!(
                    "must not exceed start_high, found {} and {}",
                    self.start_low, self.start_high
                ),
            ));
        }
        if !(self.start_mean.is_finite() && self.start_sd.is_finite() && self.start_sd >= 0.0) {
            return Err(Error::value(
                "start_sd",
                "start_mean and start_sd must be finite and start_sd not negative",
            ));
        }
        Ok(())
    }

    /// The same procedure with another number of steps. A schedule of blocks keeps its number of blocks: eight blocks of
    /// 3000 become eight of 100 when 24 000 steps become 800.
    pub fn with_steps(mut self, steps: u64) -> Self {
        if self.schedule == Schedule::Halving {
            let blocks = self.steps.div_ceil(self.decay_steps.max(1)).max(1);
            self.decay_steps = steps.div_ceil(blocks).max(1);
        }
        self.steps = steps;
        self
    }

    /// Sets one field from text, as given on a command line.
    ///
    /// # Errors
    /// When no field is called that (the nearest are suggested) or the value does not fit it.
    pub fn set(&mut self, field: &str, text: &str) -> Result<()> {
        let mut table =
            toml::Table::try_from(&*self).map_err(|e| Error::Internal(e.to_string()))?;
        let Some(old) = table.get(field) else {
            return Err(Error::unknown(
                "field",
                field,
                table.keys().map(String::as_str),
            ));
        };
        let wrong = |wanted: &str| Error::value(field, format!("must be {wanted}, found '{text}'"));
        let new = match old {
            toml::Value::Integer(_) => {
                // None of them counts anything of which there can be less than nothing.
                let number = text.parse().ok().filter(|n: &i64| *n >= 0);
                toml::Value::Integer(number.ok_or_else(|| wrong("a whole number, 0 or more"))?)
            }
            toml::Value::Float(_) => {
                toml::Value::Float(text.parse().map_err(|_| wrong("a number"))?)
            }
            toml::Value::Boolean(_) => {
                toml::Value::Boolean(text.parse().map_err(|_| wrong("true or false"))?)
            }
            _ => toml::Value::String(text.to_owned()),
        };
        table.insert(field.to_owned(), new);
        let changed: Self = table
            .try_into()
            .map_err(|e: toml::de::Error| Error::value(field, e.message().to_owned()))?;
        changed.validate()?;
        *self = changed;
        Ok(())
    }

    /// The step size for the update after `step` updates.
    pub fn rate(&self, step: u64) -> f32 {
        let rate = self.schedule.rate(
            self.learning_rate as f32,
            self.decay as f32,
            self.decay_steps,
            self.warm_up,
            step,
            self.steps,
        );
        // Without changes nothing is multiplied: a published procedure is computed as it was published.
        self.rate_changes
            .iter()
            .rev()
            .find(|c| c.step <= step)
            .map_or(rate, |c| rate * c.factor as f32)
    }

    /// Multiplies the schedule's rate by a factor from a step on.
    ///
    /// # Errors
    /// When the factor is not positive and finite.
    pub fn change_rate(&mut self, step: u64, factor: f64) -> Result<()> {
        positive("rate_changes.factor", factor)?;
        self.rate_changes.retain(|c| c.step < step);
        self.rate_changes.push(RateChange { step, factor });
        Ok(())
    }

    /// What shut rectifiers let through of a gradient after `step` updates.
    pub fn leak(&self, step: u64) -> Leak {
        let left = self.steps.saturating_sub(step) as f64 / self.steps as f64;
        Leak {
            first: (self.leak * left) as f32,
            falloff: self.leak_falloff as f32,
        }
    }

    /// How the update after `step` updates moves.
    pub fn pace(&self, step: u64) -> Pace {
        let done = step as f64 / self.steps as f64;
        Pace {
            rate: self.rate(step),
            forgetting: (1.0 - (1.0 - 1.0 / self.memory) * done) as f32,
            block_begins: self.block_begins(step),
        }
    }

    /// Whether the update after `step` updates is the first of a block.
    pub fn block_begins(&self, step: u64) -> bool {
        match self.schedule {
            Schedule::Halving => step.is_multiple_of(self.decay_steps),
            _ => step == 0,
        }
    }

    /// A fresh optimiser for a stimulus of a shape that starts at `x`.
    pub fn new_optimiser(&self, x: &[f32], shape: &[usize]) -> Box<dyn Optimiser> {
        let adam = |n| Adam::new(n, self.beta1 as f32, self.beta2 as f32, self.epsilon as f32);
        match self.optimiser {
            Rule::Adam => Box::new(adam(x.len())),
            Rule::Normalised => Box::new(Normalised::new(x)),
            Rule::LappedAdam => Box::new(LappedAdam::new(x.len(), adam, self.tilt as f32)),
            Rule::SpectralAdam => {
                Box::new(SpectralAdam::new(shape, adam(x.len()), self.tilt as f32))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recipe;
    use super::*;

    #[test]
    fn fields_are_set_from_text_and_checked() {
        let mut p = recipe::find("feather2023").unwrap().procedure;
        p.set("learning_rate", "0.25").unwrap();
        p.set("learning_rate", "2").unwrap();
        p.set("loss", "l1").unwrap();
        p.set("clip", "false").unwrap();
        assert_eq!((p.learning_rate, p.loss, p.clip), (2.0, Loss::L1, false));
        let before = p.clone();
        let message = |p: &mut Procedure, k, v| p.set(k, v).unwrap_err().to_string();
        assert!(message(&mut p, "learning_rat", "1").contains("did you mean 'learning_rate'"));
        assert!(
            message(&mut p, "steps", "-5").contains("steps: must be a whole number, 0 or more")
        );
        assert!(message(&mut p, "steps", "many").contains("whole number"));
        assert!(message(&mut p, "loss", "l3").contains("loss"));
        assert!(message(&mut p, "decay_steps", "0").contains("at least 1"));
        assert!(message(&mut p, "start_sd", "nan").contains("start_sd"));
        assert!(message(&mut p, "tilt", "-1").contains("[0, 4]"));
        assert!(message(&mut p, "leak", "1").contains("[0, 1)"));
        assert!(message(&mut p, "leak_falloff", "-0.5").contains("[0, 4]"));
        assert!(message(&mut p, "warm_up", "1").contains("[0, 1)"));
        assert!(message(&mut p, "memory", "0.5").contains("[1, 1000]"));
        assert_eq!(p, before, "a refused change must change nothing");
    }

    #[test]
    fn a_changed_rate_holds_from_its_step_on_and_is_written_down() {
        let mut p = recipe::find("feather2019").unwrap().procedure;
        let text = toml::to_string(&p).unwrap();
        assert!(
            !text.contains("rate_changes"),
            "unchanged files stay as they are"
        );
        let before = [p.rate(10), p.rate(20)];
        p.change_rate(10, 0.5).unwrap();
        p.change_rate(20, 4.0).unwrap();
        assert_eq!(
            p.rate(9),
            recipe::find("feather2019").unwrap().procedure.rate(9)
        );
        let after = [p.rate(10), p.rate(20)];
        assert_eq!(after, [before[0] * 0.5, before[1] * 4.0]);
        // Changed again before a step was made: the last one counts.
        p.change_rate(20, 2.0).unwrap();
        assert_eq!(p.rate_changes.len(), 2);
        let again: Procedure = toml::from_str(&toml::to_string(&p).unwrap()).unwrap();
        assert_eq!(again, p);
        assert!(p.change_rate(30, 0.0).is_err() && p.change_rate(30, f64::NAN).is_err());
        p.rate_changes.swap(0, 1);
        assert!(p.validate().is_err());
    }

    #[test]
    fn files_of_before_there_were_tilts_leaks_memories_or_warm_ups_are_read() {
        let text = toml::to_string(&recipe::find("fast").unwrap().procedure).unwrap();
        let old: String = text
            .lines()
            .filter(|l| {
                // "leak" is both the leak and its fall-off.
                !["tilt", "leak", "memory", "warm_up"]
                    .iter()
                    .any(|new| l.starts_with(new))
            })
            .map(|l| format!("{l}\n"))
            .collect();
        assert_eq!(old.lines().count() + 5, text.lines().count());
        let read: Procedure = toml::from_str(&old).unwrap();
        assert_eq!((read.tilt, read.leak, read.memory), (1.0, 0.0, 1.0));
        assert_eq!((read.leak_falloff, read.warm_up), (0.0, 0.0));
    }

    #[test]
    fn adam_remembers_longer_and_longer() {
        let mut p = recipe::find("feather2019").unwrap().procedure;
        assert_eq!(p.pace(9_000).forgetting, 1.0, "as published");
        (p.steps, p.memory) = (8, 5.0);
        let found: Vec<f32> = (0..=8).map(|step| p.pace(step).forgetting).collect();
        let tenths = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
        assert!(
            found.iter().zip(tenths).all(|(f, t)| (f - t).abs() < 1e-6),
            "{found:?}"
        );
    }

    #[test]
    fn a_leak_is_gone_at_the_last_evaluation() {
        let mut p = recipe::find("feather2019").unwrap().procedure;
        assert_eq!(p.leak(0), Leak::NONE, "no published procedure has one");
        (p.steps, p.leak) = (8, 0.5);
        let leaks: Vec<f32> = (0..=9).map(|step| p.leak(step).first).collect();
        let sixteenths = [8, 7, 6, 5, 4, 3, 2, 1, 0, 0].map(|n| n as f32 / 16.0);
        assert_eq!(leaks, sixteenths);
    }

    #[test]
    fn fewer_steps_keep_the_number_of_blocks() {
        let p = recipe::find("feather2023")
            .unwrap()
            .procedure
            .with_steps(800);
        assert_eq!((p.steps, p.decay_steps), (800, 100));
        assert_eq!(p.rate(799), 1.0 / 128.0);
        let p = recipe::find("feather2019")
            .unwrap()
            .procedure
            .with_steps(800);
        assert_eq!((p.steps, p.decay_steps), (800, 1000));
    }
}
