//! What happened at every step.

use crate::formats::Array;
use crate::formats::safetensors::Tensors;
use std::fmt::Write as _;

/// Measures that are taken at some steps only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Spearman's rho at the matched layer.
    pub spearman: f64,
    /// Pearson's r at the matched layer.
    pub pearson: f64,
    /// SNR at the matched layer in the papers' dB.
    pub snr_db: f64,
    /// Spearman's rho of the logits.
    pub spearman_logits: f64,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceRow {
    /// Updates made before this evaluation.
    pub step: u64,
    /// The loss, evaluated before the update.
    pub loss: f64,
    /// The step size.
    pub learning_rate: f32,
    /// L2 norm of the gradient.
    pub gradient_norm: f64,
    /// Seconds of optimisation since the start, pauses and interruptions left out. A step that several runs made together
    /// counts for each in equal parts.
    pub seconds: f64,
    /// Measures, where they were taken.
    pub sample: Option<Sample>,
}

/// All steps so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// In the order of steps, none left out.
    pub rows: Vec<TraceRow>,
}

const COLUMNS: [&str; 9] = [
    "step",
    "loss",
    "learning_rate",
    "gradient_norm",
    "seconds",
    "spearman",
    "pearson",
    "snr_db",
    "spearman_logits",
];

/// How often measures are taken: often at first, then every 25 and later every 50 steps. It depends on the step alone, so
/// that a repeated run has the same rows.
pub fn sampled(step: u64, last: bool) -> bool {
    last || step <= 5 || step == 10 || step.is_multiple_of(if step < 1000 { 25 } else { 50 })
}

impl Trace {
    /// The text of `trace.csv`. Numbers are written so that reading them gives the same bits.
    pub fn to_csv(&self) -> String {
        let mut csv = COLUMNS.join(",");
        csv.push('\n');
        for row in &self.rows {
            let TraceRow {
                step,
                loss,
                learning_rate,
                gradient_norm,
                seconds,
                sample,
            } = row;
            let _ = write!(
                csv,
                "{step},{loss},{learning_rate},{gradient_norm},{seconds:.3}"
            );
            match sample {
                Some(s) => {
                    let _ = writeln!(
                        csv,
                        ",{},{},{},{}",
                        s.spearman, s.pearson, s.snr_db, s.spearman_logits
                    );
                }
                None => csv.push_str(",,,,\n"),
            }
        }
        csv
    }

    /// Puts the trace into a checkpoint.
    ///
    /// Numbers are `f64` in memory and checkpoints hold `f32`, so each is kept as three parts whose sum it is, exactly.
    pub fn store(&self, tensors: &mut Tensors) {
        let columns: [fn(&TraceRow) -> f64; 8] = [
            |r| r.loss,
            |r| f64::from(r.learning_rate),
            |r| r.gradient_norm,
            |r| r.seconds,
            |r| r.sample.map_or(f64::NAN, |s| s.spearman),
            |r| r.sample.map_or(f64::NAN, |s| s.pearson),
            |r| r.sample.map_or(f64::NAN, |s| s.snr_db),
            |r| r.sample.map_or(f64::NAN, |s| s.spearman_logits),
        ];
        for (name, column) in COLUMNS[1..].iter().zip(columns) {
            let bits: Vec<u64> = self.rows.iter().map(|r| column(r).to_bits()).collect();
            // Sixteen bits at a time: whole numbers that f32 holds exactly.
            let parts = bits
                .iter()
                .flat_map(|b| [48, 32, 16, 0].map(|s| (b >> s & 0xffff) as f32))
                .collect();
            tensors.arrays.insert(
                format!("trace/{name}"),
                Array {
                    shape: vec![self.rows.len(), 4],
                    values: parts,
                },
            );
        }
        let sampled = self
            .rows
            .iter()
            .map(|r| f32::from(u8::from(r.sample.is_some())))
            .collect();
        tensors
            .arrays
            .insert("trace/sampled".into(), Array::vector(sampled));
    }

    /// Takes the trace out of a checkpoint; the error is a sentence about the content.
    pub fn load(tensors: &mut Tensors) -> Result<Self, String> {
        let sampled = tensors.take("trace/sampled")?.values;
        let mut column = |name: &str| -> Result<Vec<f64>, String> {
            let parts = tensors.take(&format!("trace/{name}"))?.values;
            if parts.len() != sampled.len() * 4 {
                return Err(format!("has a trace column '{name}' of the wrong length"));
            }
            let join = |p: &[f32; 4]| p.iter().fold(0u64, |bits, part| bits << 16 | *part as u64);
            Ok(parts
                .as_chunks::<4>()
                .0
                .iter()
                .map(|p| f64::from_bits(join(p)))
                .collect())
        };
        let columns = COLUMNS[1..]
            .iter()
            .map(|name| column(name))
            .collect::<Result<Vec<_>, _>>()?;
        let rows = (0..sampled.len()).map(|i| TraceRow {
            step: i as u64,
            loss: columns[0][i],
            learning_rate: columns[1][i] as f32,
            gradient_norm: columns[2][i],
            seconds: columns[3][i],
            sample: (sampled[i] == 1.0).then(|| Sample {
                spearman: columns[4][i],
                pearson: columns[5][i],
                snr_db: columns[6][i],
                spearman_logits: columns[7][i],
            }),
        });
        Ok(Self {
            rows: rows.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace() -> Trace {
        let row = |step: u64| TraceRow {
            step,
            loss: 1.0 / (step as f64 + 3.0),
            learning_rate: 0.1,
            gradient_norm: 1e-300 * step as f64,
            seconds: step as f64 * 0.03,
            sample: step.is_multiple_of(2).then_some(Sample {
                spearman: 0.1 + 0.2,
                pearson: -0.5,
                snr_db: f64::INFINITY,
                spearman_logits: 1.0,
            }),
        };
        Trace {
            rows: (0..5).map(row).collect(),
        }
    }

    #[test]
    fn a_checkpoint_keeps_every_bit() {
        let mut tensors = Tensors::default();
        trace().store(&mut tensors);
        assert_eq!(Trace::load(&mut tensors).unwrap(), trace());
    }

    #[test]
    fn the_csv_has_a_row_per_step_and_reads_back_exactly() {
        let csv = trace().to_csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(
            lines[0],
            "step,loss,learning_rate,gradient_norm,seconds,spearman,pearson,snr_db,spearman_logits"
        );
        assert_eq!(
            lines[1].split(',').nth(5).unwrap().parse::<f64>().unwrap(),
            0.1 + 0.2
        );
        assert_eq!(lines[2].split(',').count(), 9);
        assert_eq!(
            lines[4].split(',').nth(1).unwrap().parse::<f64>().unwrap(),
            1.0 / 6.0
        );
    }
}
