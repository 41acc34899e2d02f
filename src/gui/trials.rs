//! Trials on oneself: telling a metamer from its reference (ABX), and saying what a metamer is (guessing).

use super::presentation::{Content, Set};
use crate::stimulus::random::{Purpose, Random};
use crate::verify::discrimination::{self, Abx};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

/// Trials of each metamer.
const EACH: usize = 4;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Which of A and B is X?
    Abx,
    /// What is it?
    Guess,
}

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The metamer's slide in the set.
    pub slide: usize,
    /// Whether A is the reference.
    pub a_is_reference: bool,
    /// Whether X is A.
    pub x_is_a: bool,
}

/// What was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// To which question.
    pub trial: Trial,
    /// "A", "B", or the class.
    pub said: String,
    /// Whether that was right.
    pub right: bool,
    /// Seconds from the question to the answer.
    pub seconds: f64,
}

/// What is presented in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
    /// The one in question.
    X,
}

/// A sequence of trials, as far as it has got.
#[derive(Clone, Debug)]
pub struct Trials {
    /// What is asked.
    pub kind: Kind,
    /// The reference and its metamers.
    pub set: Set,
    /// The questions, in an order drawn by [`Self::seed`].
    pub plan: Vec<Trial>,
    /// What selected the order.
    pub seed: u64,
    /// What was said so far.
    pub answers: Vec<Answer>,
    /// What was presented in this trial; an answer is taken when all that is asked about was.
    pub presented: Vec<Side>,
    /// What is presented now.
    pub now: Option<Side>,
    /// The classes that can be said.
    pub classes: Vec<String>,
    /// What is being typed.
    pub typed: String,
    /// What the network takes the reference for: the right answer.
    pub class: String,
    /// When this trial began.
    pub begun: Instant,
    /// Where the answers are kept.
    pub file: PathBuf,
}

impl Trials {
    /// Trials of every metamer in a set, in random order.
    pub fn new(
        kind: Kind,
        set: Set,
        (classes, class): (Vec<String>, String),
        seed: u64,
        file: PathBuf,
    ) -> Self {
        let mut random = Random::new(seed, Purpose::Trials);
        let mut plan: Vec<Trial> = vec![];
        let each = if kind == Kind::Abx { EACH } else { 1 };
        for slide in 1..set.slides.len() {
            for number in 0..each {
                // Each order of A, B and X as often as any other.
                plan.push(Trial {
                    slide,
                    a_is_reference: number % 2 == 0,
                    x_is_a: number % 4 < 2,
                });
            }
        }
        for i in (1..plan.len()).rev() {
            let other = random.below(i as u64 + 1) as usize;
            plan.swap(i, other);
        }
        Self {
            kind,
            set,
            plan,
            seed,
            answers: vec![],
            presented: vec![],
            now: None,
            classes,
            typed: String::new(),
            class,
            begun: Instant::now(),
            file,
        }
    }

    /// The question that is asked now; none when all were answered.
    pub fn trial(&self) -> Option<Trial> {
        self.plan.get(self.answers.len()).copied()
    }

    /// What a side is in this trial.
    pub fn content(&self, side: Side) -> Option<&Content> {
        let trial = self.trial()?;
        let is_reference = match (self.kind, side) {
            (Kind::Guess, _) => false,
            (Kind::Abx, Side::A) => trial.a_is_reference,
            (Kind::Abx, Side::B) => !trial.a_is_reference,
            (Kind::Abx, Side::X) => trial.x_is_a == trial.a_is_reference,
        };
        let slide = if is_reference { 0 } else { trial.slide };
        self.set.slides.get(slide).map(|s| &s.content)
    }

    /// Whether everything was presented that is asked about.
    pub fn can_answer(&self) -> bool {
        let needed: &[Side] = match self.kind {
            Kind::Abx => &[Side::A, Side::B, Side::X],
            Kind::Guess => &[Side::X],
        };
        needed.iter().all(|s| self.presented.contains(s))
    }

    /// Notes that a side is presented.
    pub fn present(&mut self, side: Side) {
        self.now = Some(side);
        if !self.presented.contains(&side) {
            self.presented.push(side);
        }
    }

    /// Takes an answer, if it can be taken, and goes on to the next question.
    pub fn answer(&mut self, said: &str) -> bool {
        let Some(trial) = self.trial().filter(|_| self.can_answer()) else {
            return false;
        };
        let right = match self.kind {
            Kind::Abx => (said == "A") == trial.x_is_a,
            Kind::Guess => said == self.class,
        };
        self.answers.push(Answer {
            trial,
            said: said.to_owned(),
            right,
            seconds: self.begun.elapsed().as_secs_f64(),
        });
        self.presented.clear();
        self.now = None;
        self.typed.clear();
        self.begun = Instant::now();
        true
    }

    /// The classes that contain what was typed.
    pub fn fitting(&self) -> Vec<&String> {
        let typed = self.typed.trim().to_lowercase();
        let begins = |c: &&String| c.to_lowercase().starts_with(&typed);
        let contains = |c: &&String| c.to_lowercase().contains(&typed);
        let first = self.classes.iter().filter(begins);
        let rest = self.classes.iter().filter(|c| contains(c) && !begins(c));
        first.chain(rest).collect()
    }

    /// Right answers by metamer, in the set's order.
    pub fn results(&self) -> Vec<(&str, Abx)> {
        let slides = self.set.slides.iter().enumerate().skip(1);
        slides
            .map(|(slide, s)| {
                let here = self.answers.iter().filter(|a| a.trial.slide == slide);
                let result = Abx {
                    trials: here.clone().count(),
                    right: here.filter(|a| a.right).count(),
                };
                (&s.name[..], result)
            })
            .filter(|(_, result)| result.trials > 0)
            .collect()
    }

    /// Every answer, then a line for each metamer with its figures, as CSV.
    pub fn csv(&self) -> String {
        let kind = match self.kind {
            Kind::Abx => "abx",
            Kind::Guess => "guess",
        };
        let mut text = format!(
            "# {kind} trials; {}; order drawn with seed {}\nkind,trial,layer,a,b,x,answer,right,seconds\n",
            self.set.title, self.seed
        );
        for (number, answer) in self.answers.iter().enumerate() {
            let Trial {
                slide,
                a_is_reference,
                x_is_a,
            } = answer.trial;
            let layer = self.set.slides.get(slide).map_or("", |s| &s.name);
            let name = |reference| if reference { "reference" } else { "metamer" };
            let [a, b, x] = match self.kind {
                Kind::Abx => [
                    name(a_is_reference),
                    name(!a_is_reference),
                    name(x_is_a == a_is_reference),
                ],
                Kind::Guess => ["", "", "metamer"],
            };
            let said = quoted(&answer.said);
            let _ = writeln!(
                text,
                "{kind},{},{layer},{a},{b},{x},{said},{},{:.3}",
                number + 1,
                u8::from(answer.right),
                answer.seconds
            );
        }
        match self.kind {
            Kind::Abx => {
                let _ = writeln!(
                    text,
                    "# d' by the model: {}; from (right + 0.5) / (trials + 1)\n# layer,trials,right,proportion,low_95,high_95,d_prime,p_by_chance",
                    discrimination::MODEL
                );
                for (layer, result) in self.results() {
                    let [low, high] = result.interval();
                    let _ = writeln!(
                        text,
                        "# {layer},{},{},{:.4},{low:.4},{high:.4},{:.4},{:.4e}",
                        result.trials,
                        result.right,
                        result.proportion(),
                        result.d_prime(),
                        result.by_chance()
                    );
                }
            }
            Kind::Guess => {
                let _ = writeln!(
                    text,
                    "# right is what the network takes the reference for: {}\n# layer,trials,right",
                    quoted(&self.class)
                );
                for (layer, result) in self.results() {
                    let _ = writeln!(text, "# {layer},{},{}", result.trials, result.right);
                }
            }
        }
        text
    }
}

/// A field of a CSV file.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::presentation::Slide;
    use crate::stimulus::Image;
    use std::sync::Arc;

    fn set() -> Set {
        let slide = |name: &str, grey: u8| Slide {
            name: name.into(),
            mark: None,
            words: String::new(),
            content: Content::Picture(Arc::new(Image {
                width: 1,
                height: 1,
                rgb: vec![grey; 3],
            })),
        };
        Set {
            title: "chelsea".into(),
            slides: vec![slide("Reference", 0), slide("stem", 1), slide("block9", 2)],
        }
    }

    fn grey(content: Option<&Content>) -> u8 {
        match content {
            Some(Content::Picture(image)) => image.rgb[0],
            _ => panic!("a picture"),
        }
    }

    fn trials(kind: Kind) -> Trials {
        let classes = vec!["cat".into(), "tiger cat".into(), "cup, mug".into()];
        Trials::new(kind, set(), (classes, "cat".into()), 5, PathBuf::new())
    }

    #[test]
    fn x_is_a_or_b_as_often_and_answers_are_judged_by_what_was_presented() {
        let mut trials = trials(Kind::Abx);
        assert_eq!(trials.plan.len(), 2 * EACH);
        for slide in [1, 2] {
            let here = || trials.plan.iter().filter(move |t| t.slide == slide);
            assert_eq!(here().filter(|t| t.x_is_a).count(), EACH / 2);
            assert_eq!(here().filter(|t| t.a_is_reference).count(), EACH / 2);
        }
        assert!(!trials.answer("A"), "before anything was presented");
        while trials.trial().is_some() {
            for side in [Side::A, Side::B, Side::X] {
                assert!(!trials.can_answer());
                trials.present(side);
            }
            let [a, b, x] = [Side::A, Side::B, Side::X].map(|s| grey(trials.content(s)));
            assert!(a != b && (x == a || x == b) && (a == 0 || b == 0));
            // An observer who sees the pixels is always right.
            assert!(trials.answer(if x == a { "A" } else { "B" }));
        }
        assert!(trials.answers.iter().all(|a| a.right));
        let results = trials.results();
        assert_eq!(results.len(), 2);
        assert_eq!((results[1].0, results[1].1.right), ("block9", EACH));
        let csv = trials.csv();
        assert!(csv.contains("abx,1,") && csv.contains("# block9,4,4,1.0000"));
        assert_eq!(
            csv.lines().filter(|l| l.starts_with("abx,")).count(),
            2 * EACH
        );
    }

    #[test]
    fn a_guess_is_right_if_it_is_what_the_reference_is() {
        let mut trials = trials(Kind::Guess);
        trials.typed = "ca".into();
        assert_eq!(trials.fitting(), ["cat", "tiger cat"]);
        trials.present(Side::X);
        assert!(trials.answer("cat"));
        trials.present(Side::X);
        assert!(trials.answer("cup, mug"));
        assert!(trials.trial().is_none());
        assert_eq!(trials.answers.iter().filter(|a| a.right).count(), 1);
        assert!(trials.csv().contains("\"cup, mug\",0"));
    }

    #[test]
    fn the_order_is_the_seeds() {
        let plan = |seed| {
            let file = PathBuf::new();
            Trials::new(Kind::Abx, set(), (vec![], String::new()), seed, file).plan
        };
        assert_eq!(plan(1), plan(1));
        assert!((2..10).any(|seed| plan(seed) != plan(1)));
    }
}
