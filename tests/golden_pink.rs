//! Pink noise against what the 2019 code makes of given spectra.

#[path = "support/golden.rs"]
mod golden;

use golden::uniform;
use metamer_studio::stimulus::pink;
use serde_json::Value;

/// Numbers on [-3, 3).
fn spectrum(seed: u64, n: usize) -> Vec<f64> {
    let values = uniform(seed, n);
    values.into_iter().map(|u| 3.0 * (2.0 * u - 1.0)).collect()
}

#[test]
fn given_spectra_become_the_stored_sounds() {
    let text = std::fs::read_to_string("tests/data/golden/cochleagram/pink.json").unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(cases.len(), 10);
    for case in cases {
        let n = case["T"].as_u64().unwrap() as usize;
        let [real, imaginary] =
            [0, 1].map(|i| spectrum(case["seeds"][i].as_u64().unwrap(), pink::bins(n)));
        let x = pink::coloured([&real, &imaginary], n, case["rms_arg"].as_f64());
        assert_eq!(x.len(), n);
        let number = |key: &str| case[key].as_f64().unwrap();
        let square = x.iter().map(|v| v * v).sum::<f64>();
        assert!(
            (x.iter().sum::<f64>() - number("sum")).abs() < 1e-10,
            "{n}: sum"
        );
        assert!(
            (square - number("sumsq")).abs() < 1e-12 * square.max(1.0),
            "{n}: sum of squares"
        );
        assert!(
            ((square / n as f64).sqrt() - number("rms_returned")).abs() < 1e-12,
            "{n}: level"
        );
        if let Some(stored) = case["x"].as_array() {
            assert_eq!(stored.len(), n);
            let worst = stored
                .iter()
                .zip(&x)
                .map(|(a, b)| (a.as_f64().unwrap() - b).abs())
                .fold(0.0, f64::max);
            assert!(worst < 1e-12, "{n}: {worst}");
        }
        // The start: mean taken off, then a tenth; single precision.
        let mean = x.iter().sum::<f64>() / n as f64;
        // Of long sounds 4096 samples are stored, evenly spaced.
        let place = |i: usize| if n > 4096 { i * n / 4096 } else { i };
        for (i, stored) in case["init"].as_array().unwrap().iter().enumerate() {
            let x = x[place(i)];
            let stored = stored.as_f64().unwrap();
            assert!(
                (stored - (x - mean) * 0.1).abs() <= 1e-7 * stored.abs() + 1e-12,
                "{n}: {stored}"
            );
        }
    }
}
