//! The papers' checks, on figures whose outcome is known.

use super::*;
use crate::verify::null::Origin;

fn null(largest: f32) -> NullDistribution {
    let origin = Origin {
        model: "m".into(),
        weights_sha256: "w".into(),
        seed: 1,
        kind: "pictures".into(),
        stimuli: 2,
        stimuli_sha256: String::new(),
        sources: "test".into(),
    };
    let values = || vec![largest, largest - 0.1];
    let layers = BTreeMap::from([("a".to_owned(), [values(), values(), values()])]);
    NullDistribution {
        origin,
        pairs: vec![0, 1],
        layers,
    }
}

fn measured(rho: f64) -> Comparison {
    let n = Number(rho);
    Comparison {
        spearman: n,
        pearson: n,
        snr_db: n,
        snr_conventional_db: n,
    }
}

fn predicted(a: &str, b: &str) -> Predictions {
    let one = |label: &str| {
        vec![Prediction {
            class: 0,
            label: label.into(),
            probability: 1.0,
        }]
    };
    Predictions {
        reference: one(a),
        metamer: one(b),
        reference_category: Some(a.into()),
        metamer_category: Some(b.into()),
    }
}

fn outcome(
    criteria: Criteria,
    rho: f64,
    classes: [&str; 2],
    null: Option<&NullDistribution>,
) -> Verdict {
    let sameness = match criteria {
        Criteria::Feather2019 => Sameness::Class,
        Criteria::Feather2023 => Sameness::Category,
    };
    let all = apply(
        criteria,
        sameness,
        "a",
        &measured(rho),
        &predicted(classes[0], classes[1]),
        null,
    );
    Verdict::all(all.values().map(|c| c.verdict))
}

#[test]
fn each_paper_has_its_own_comparison_with_the_largest_null() {
    let n = null(0.5);
    for criteria in [Criteria::Feather2019, Criteria::Feather2023] {
        assert_eq!(
            outcome(criteria, 0.6, ["cat", "cat"], Some(&n)),
            Verdict::Pass
        );
        assert_eq!(
            outcome(criteria, 0.4, ["cat", "cat"], Some(&n)),
            Verdict::Fail
        );
        assert_eq!(
            outcome(criteria, 0.6, ["cat", "dog"], Some(&n)),
            Verdict::Fail
        );
        assert_eq!(
            outcome(criteria, f64::NAN, ["cat", "cat"], Some(&n)),
            Verdict::Unknown
        );
    }
    // Exactly at the largest: not above it (2019), not below it (2023).
    assert_eq!(
        outcome(Criteria::Feather2019, 0.5, ["cat", "cat"], Some(&n)),
        Verdict::Fail
    );
    assert_eq!(
        outcome(Criteria::Feather2023, 0.5, ["cat", "cat"], Some(&n)),
        Verdict::Pass
    );
}

#[test]
fn without_a_null_the_verdict_is_unknown_unless_the_class_already_fails() {
    assert_eq!(
        outcome(Criteria::Feather2019, 0.99, ["cat", "cat"], None),
        Verdict::Unknown
    );
    assert_eq!(
        outcome(Criteria::Feather2019, 0.99, ["cat", "dog"], None),
        Verdict::Fail
    );
}

#[test]
fn the_sentence_begins_with_what_matters() {
    let all = apply(
        Criteria::Feather2019,
        Sameness::Class,
        "a",
        &measured(0.4),
        &predicted("cat", "cat"),
        Some(&null(0.5)),
    );
    let text = sentence(Verdict::Fail, &all);
    assert!(
        text.starts_with(
            "Fail: Spearman rho 0.4000, not above all 2 null pairs (largest 0.5000); same class"
        ),
        "{text}"
    );
}
