//! The sixteen everyday categories that the 2023 paper asked people to choose from, and the ImageNet classes in each.

/// Category names with their class indices (torchvision's order) as inclusive ranges.
///
/// The 2023 code maps names to WordNet identifiers through a dictionary, so that a class listed twice counts once; these
/// are the effective indices.
const CATEGORIES: [(&str, &[(usize, usize)]); 16] = [
    ("airplane", &[(404, 404)]),
    ("bear", &[(294, 297)]),
    ("bicycle", &[(444, 444), (671, 671)]),
    (
        "bird",
        &[
            (8, 8),
            (10, 16),
            (18, 20),
            (22, 24),
            (80, 83),
            (87, 96),
            (98, 100),
            (127, 133),
            (135, 145),
        ],
    ),
    (
        "boat",
        &[(472, 472), (554, 554), (625, 625), (814, 814), (914, 914)],
    ),
    (
        "bottle",
        &[
            (440, 440),
            (720, 720),
            (737, 737),
            (898, 899),
            (901, 901),
            (907, 907),
        ],
    ),
    ("car", &[(436, 436), (511, 511), (817, 817)]),
    ("cat", &[(281, 286)]),
    ("chair", &[(423, 423), (559, 559), (765, 765), (857, 857)]),
    ("clock", &[(409, 409), (530, 530), (892, 892)]),
    (
        "dog",
        &[
            (152, 191),
            (193, 203),
            (205, 226),
            (228, 241),
            (243, 250),
            (252, 257),
            (259, 259),
            (261, 263),
            (265, 268),
        ],
    ),
    ("elephant", &[(385, 386)]),
    ("keyboard", &[(508, 508), (878, 878)]),
    ("knife", &[(499, 499)]),
    ("oven", &[(544, 544), (766, 766)]),
    (
        "truck",
        &[
            (555, 555),
            (569, 569),
            (656, 656),
            (675, 675),
            (717, 717),
            (734, 734),
            (864, 864),
            (867, 867),
        ],
    ),
];

/// The category of an ImageNet class, if it belongs to one.
pub fn of_class(class: usize) -> Option<&'static str> {
    CATEGORIES
        .iter()
        .find(|(_, ranges)| ranges.iter().any(|(a, b)| (*a..=*b).contains(&class)))
        .map(|(name, _)| *name)
}

/// The category predicted by ImageNet logits: that of the highest class that belongs to one (the 2023 rule).
pub fn predicted(logits: &[f32]) -> Option<&'static str> {
    let classes = (0..logits.len()).filter(|c| of_class(*c).is_some() && !logits[*c].is_nan());
    let top = classes.reduce(|best, c| if logits[c] > logits[best] { c } else { best })?;
    of_class(top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mapping_covers_208_classes_each_once() {
        let owners = |c| {
            CATEGORIES
                .iter()
                .filter(|(_, r)| r.iter().any(|(a, b)| (*a..=*b).contains(&c)))
                .count()
        };
        assert!((0..1000).all(|c| owners(c) <= 1));
        assert_eq!((0..1000).filter(|c| of_class(*c).is_some()).count(), 208);
    }

    #[test]
    fn classes_outside_all_categories_are_passed_over() {
        let mut logits = vec![0.0; 1000];
        logits[967] = 9.0; // espresso: none of the sixteen
        logits[285] = 5.0; // Egyptian cat
        logits[555] = 4.0;
        assert_eq!(predicted(&logits), Some("cat"));
        assert_eq!(of_class(967), None);
    }
}
