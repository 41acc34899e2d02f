//! Numbers and durations as people read them.

use std::path::Path;

/// A whole number with a thin space between thousands.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(c);
    }
    out
}

/// A layer's shape: `80×14×14`.
pub fn shape(shape: &[usize]) -> String {
    shape
        .iter()
        .map(usize::to_string)
        .collect::<Vec<_>>()
        .join("×")
}

/// A loss with four significant digits.
pub fn loss(v: f64) -> String {
    match v.abs() {
        a if !a.is_finite() => v.to_string(),
        0.0 => "0".into(),
        a if !(1e-4..1e6).contains(&a) => format!("{v:.3e}"),
        a => format!("{v:.*}", (3 - a.log10().floor() as i32).max(0) as usize),
    }
}

/// A value with three significant digits, whole from 100 on, with a true minus sign.
pub fn figure(v: f32) -> String {
    let text = match v.abs() {
        a if !a.is_finite() => v.to_string(),
        0.0 => "0".into(),
        a if !(1e-3..1e6).contains(&a) => format!("{v:.2e}"),
        a => format!("{v:.*}", (2 - a.log10().floor() as i32).max(0) as usize),
    };
    text.replace('-', "−")
}

/// A power of ten for the loss's axis.
pub fn power_of_ten(exponent: i32) -> String {
    match exponent {
        0..=4 => grouped(10u64.pow(exponent as u32)),
        -4..=-1 => format!("{:.*}", -exponent as usize, 10f64.powi(exponent)),
        _ => format!("1e{exponent}"),
    }
}

/// A duration in the two largest units that matter.
pub fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s / 60 % 60),
    }
}

/// Steps per second, or seconds per step where that is the better figure.
pub fn rate(steps_per_second: f64) -> String {
    match steps_per_second {
        r if r <= 0.0 => String::new(),
        r if r >= 10.0 => format!("{r:.0} steps/s"),
        r if r >= 1.0 => format!("{r:.1} steps/s"),
        r => format!("{:.1} s/step", 1.0 / r),
    }
}

/// Bytes in megabytes.
pub fn megabytes(bytes: u64) -> String {
    format!("{} MB", grouped(bytes / 1_000_000))
}

/// The last two parts of a path, for where there is no room for all of it.
pub fn short_path(path: &Path) -> String {
    let parts: Vec<_> = path
        .components()
        .map(|c| c.as_os_str().to_string_lossy())
        .collect();
    match parts.as_slice() {
        [.., a, b] if parts.len() > 3 => format!("…/{a}/{b}"),
        _ => path.display().to_string(),
    }
}

/// A stimulus's name as people know it: an embedded name as it is, a file's name without its folder.
pub fn stimulus(name: &str) -> String {
    Path::new(name)
        .file_stem()
        .map_or_else(|| name.to_owned(), |s| s.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(24_000), "24\u{2009}000");
        assert_eq!(grouped(1_234_567), "1\u{2009}234\u{2009}567");
        assert_eq!(
            [1.0, 0.041_23, 0.5, 123.456, 1e-9].map(loss),
            ["1.000", "0.04123", "0.5000", "123.5", "1.000e-9"]
        );
        assert_eq!(
            [0.0, 3.214, -0.05, 123.4, 5e-9, f32::NAN].map(figure),
            ["0", "3.21", "−0.0500", "123", "5.00e−9", "NaN"]
        );
        assert_eq!(
            [-2, 0, 3, 7].map(power_of_ten),
            ["0.01", "1", "1\u{2009}000", "1e7"]
        );
        assert_eq!(
            [5.4, 380.0, 7260.0].map(duration),
            ["5 s", "6 min 20 s", "2 h 01 min"]
        );
        assert_eq!(
            [41.2, 3.21, 0.5].map(rate),
            ["41 steps/s", "3.2 steps/s", "2.0 s/step"]
        );
        assert_eq!(
            short_path(Path::new("/home/someone/Documents/runs")),
            "…/Documents/runs"
        );
        assert_eq!(stimulus("/a/my cat.png"), "my cat");
    }
}
