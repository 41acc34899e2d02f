//! Spearman, Pearson and SNR against the numbers that the original programs and SciPy gave.

#[path = "support/golden.rs"]
mod golden;

use golden::uniform;
use metamer_studio::formats::npz;
use metamer_studio::verify::statistics::{Comparison, norms};
use serde_json::Value;
use std::path::Path;

const FOLDER: &str = "tests/data/golden/statistics";

fn pair(kind: &str, seed: u64, n: usize) -> (Vec<f32>, Vec<f32>) {
    let signed = |seed| {
        uniform(seed, n)
            .into_iter()
            .map(|u| 2.0 * u - 1.0)
            .collect::<Vec<_>>()
    };
    let (u, v) = (signed(seed), signed(seed + 1));
    let make = |f: fn(f64, f64) -> f64| {
        u.iter()
            .zip(&v)
            .map(|(u, v)| f(*u, *v) as f32)
            .collect::<Vec<f32>>()
    };
    match kind {
        "relu" => (
            make(|u, _| u.max(0.0)),
            make(|u, v| (0.8 * u + 0.6 * v).max(0.0)),
        ),
        "relu_sparse" => (
            make(|u, _| (u - 0.9).max(0.0)),
            make(|u, v| (0.5 * u + 0.5 * v - 0.7).max(0.0)),
        ),
        "relu_indep" => (make(|u, _| u.max(0.0)), make(|_, v| v.max(0.0))),
        "quant8" => (
            make(|u, _| (8.0 * u).floor() / 8.0),
            make(|u, v| (8.0 * (0.3 * u + 0.7 * v)).floor() / 8.0),
        ),
        "cont" => (make(|u, _| u), make(|u, v| 0.6 * u - 0.8 * v)),
        "anti" => (make(|u, _| u), make(|u, _| -u * u * u)),
        "scaled" => (
            make(|u, _| 1e6 * u.max(0.0)),
            make(|u, v| 1e6 * (0.999 * u + 0.03 * v).max(0.0)),
        ),
        other => panic!("unknown kind {other}"),
    }
}

fn number(v: &Value) -> f64 {
    match v.as_str() {
        Some("nan") => f64::NAN,
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        Some(other) => panic!("{other}"),
        None => v.as_f64().unwrap(),
    }
}

fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    let same = found == expected
        || (found.is_nan() && expected.is_nan())
        || (found - expected).abs() <= tolerance;
    assert!(same, "{what}: {found}, expected {expected}");
}

fn check(what: &str, x: &[f32], y: &[f32], expected: &Value) {
    let c = Comparison::new(x, y);
    close(
        &format!("{what} spearman"),
        c.spearman.0,
        number(&expected["spearman"]),
        1e-12,
    );
    close(
        &format!("{what} pearson"),
        c.pearson.0,
        number(&expected["pearson_f64"]),
        1e-12,
    );
    close(
        &format!("{what} snr"),
        c.snr_db.0,
        number(&expected["snr_db_f64"]),
        1e-9,
    );
    // The original works with f32 norms, which underflow where ours, in f64, do not.
    if number(&expected["norm_signal"]) > 0.0 || c.snr_db.0.is_infinite() {
        close(
            &format!("{what} snr native"),
            c.snr_db.0,
            number(&expected["snr_db"]),
            1e-5,
        );
    }
    close(
        &format!("{what} conventional"),
        c.snr_conventional_db.0,
        2.0 * number(&expected["snr_db_f64"]),
        1e-9,
    );
    let native = number(&expected["norm_signal"]);
    close(
        &format!("{what} norm"),
        norms(x, y)[0],
        native,
        1e-6 * native.abs() + 1e-38,
    );
}

#[test]
fn forty_cases_of_every_size_and_kind_agree() {
    let text = std::fs::read_to_string(format!("{FOLDER}/cases.json")).unwrap();
    let cases: Value = serde_json::from_str(&text).unwrap();
    let vectors = npz::read(Path::new(&format!("{FOLDER}/vectors.npz"))).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 40);
    for case in cases {
        let (kind, n) = (
            case["kind"].as_str().unwrap(),
            case["n"].as_u64().unwrap() as usize,
        );
        let (x, y) = pair(kind, case["seed"].as_u64().unwrap(), n);
        if let Some(stored) = vectors.get(&format!("{kind}_{n}_x")) {
            assert_eq!(
                (&stored.values, &vectors[&format!("{kind}_{n}_y")].values),
                (&x, &y),
                "{kind} {n}: the test's own formula"
            );
        }
        check(&format!("{kind} {n}"), &x, &y, case);
    }
}

#[test]
fn edge_cases_agree() {
    let text = std::fs::read_to_string(format!("{FOLDER}/edge_cases.json")).unwrap();
    let cases: Value = serde_json::from_str(&text).unwrap();
    for case in cases.as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        // SciPy refuses vectors of fewer than two elements; here they have no correlation.
        if case["pearson_f64"]
            .as_str()
            .is_some_and(|t| t.starts_with("EXC"))
        {
            continue;
        }
        let vector = |key: &str| {
            case[key]
                .as_array()
                .unwrap()
                .iter()
                .map(|v| number(v) as f32)
                .collect::<Vec<_>>()
        };
        check(name, &vector("x"), &vector("y"), case);
    }
}
