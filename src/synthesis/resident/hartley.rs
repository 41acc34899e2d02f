//! The orthonormal Hartley transform on a device, by products with matrices of cosines and sines: a few of them are nothing
//! beside a network, and every device multiplies matrices well.
//!
//! Spectra lie as those of the [other transform](super::super::optimisers::hartley) do.

use super::super::optimisers::hartley::sides;
use crate::layers::factors::{LONGEST, nearest_factors};
use crate::{Error, Result};
use candle_core::{Device, Tensor};

/// Transforms of one shape.
pub(super) struct Hartley {
    planes: usize,
    kind: Kind,
}

enum Kind {
    /// Of planes: along their heights and along their widths.
    Planes(Waves, Waves),
    /// Of lines, which are cut into `rows` of as many samples each as `along` is for.
    Lines {
        rows: Waves,
        along: Waves,
        /// How far sample t of row k turns meanwhile, 2π kt / length: its cosine and its sine, `[rows, samples]`.
        turns: [Tensor; 2],
    },
}

/// Cosines and sines of 2π kt / n, divided by √n: `[n, n]` each.
struct Waves {
    n: usize,
    cosines: Tensor,
    sines: Tensor,
}

impl Waves {
    fn new(n: usize, device: &Device) -> Result<Self> {
        let [cosines, sines] = turns([n, n], n, (n as f64).sqrt(), device)?;
        Ok(Self { n, cosines, sines })
    }
}

/// Cosines and sines of 2π kt / n for as many k and t as there are rows and columns, divided by `by`.
fn turns([rows, columns]: [usize; 2], n: usize, by: f64, device: &Device) -> Result<[Tensor; 2]> {
    let matrix = |wave: fn(f64) -> f64| {
        let entry = |k: usize, t: usize| {
            let turned = (k * t % n) as f64 / n as f64;
            (wave(std::f64::consts::TAU * turned) / by) as f32
        };
        let entries = (0..rows).flat_map(|k| (0..columns).map(move |t| entry(k, t)));
        Tensor::from_vec(entries.collect::<Vec<f32>>(), (rows, columns), device)
    };
    Ok([matrix(libm::cos)?, matrix(libm::sin)?])
}

impl Hartley {
    /// Whether matrices for stimuli of a shape are not too large.
    pub(super) fn fits(shape: &[usize]) -> bool {
        let [height, width] = sides(shape);
        let longest = match height.min(width) {
            1 => nearest_factors(height.max(width))[1],
            _ => height.max(width),
        };
        longest <= LONGEST
    }

    /// For stimuli of a shape that [fits](Self::fits).
    ///
    /// # Errors
    /// When it does not, or the device cannot hold the matrices.
    pub(super) fn new(shape: &[usize], device: &Device) -> Result<Self> {
        if !Self::fits(shape) {
            return Err(Error::Internal(format!(
                "the transform of a stimulus of shape {shape:?} is too large for matrices"
            )));
        }
        let [height, width] = sides(shape);
        let planes = shape.iter().product::<usize>() / (height * width);
        let kind = if height == 1 || width == 1 {
            let n = height * width;
            let [rows, along] = nearest_factors(n);
            Kind::Lines {
                turns: turns([rows, along], n, 1.0, device)?,
                rows: Waves::new(rows, device)?,
                along: Waves::new(along, device)?,
            }
        } else {
            Kind::Planes(Waves::new(height, device)?, Waves::new(width, device)?)
        };
        Ok(Self { planes, kind })
    }

    /// `[planes, width, height]`, or `[planes, length]` of lines.
    pub(super) fn spectrum_shape(&self) -> Vec<usize> {
        match &self.kind {
            Kind::Planes(height, width) => vec![self.planes, width.n, height.n],
            Kind::Lines { rows, along, .. } => vec![self.planes, rows.n * along.n],
        }
    }

    /// From stimulus, of whatever shape, to spectrum.
    ///
    /// # Errors
    /// When the stimulus has another number of values, or the device fails.
    pub(super) fn forward(&self, stimulus: &Tensor) -> Result<Tensor> {
        match &self.kind {
            Kind::Planes(height, width) => self.planes(stimulus, height, width),
            Kind::Lines { rows, along, turns } => self.lines(stimulus, rows, along, turns),
        }
    }

    /// From spectrum to stimulus, `[planes, height, width]` or `[planes, length]`.
    ///
    /// # Errors
    /// When the spectrum has another number of values, or the device fails.
    pub(super) fn back(&self, spectrum: &Tensor) -> Result<Tensor> {
        match &self.kind {
            Kind::Planes(height, width) => self.planes(spectrum, width, height),
            Kind::Lines { rows, along, turns } => self.lines(spectrum, rows, along, turns),
        }
    }

    /// With cas = cos + sin: cas(a + b) = cos a (cos b + sin b) + sin a (cos b − sin b).
    fn planes(&self, planes: &Tensor, height: &Waves, width: &Waves) -> Result<Tensor> {
        // As one matrix: a batch of products with the same matrix is not on every device a product.
        let rows = planes.reshape((self.planes * height.n, width.n))?;
        let (cosines, sines) = (rows.matmul(&width.cosines)?, rows.matmul(&width.sines)?);
        let turned = |rows: Tensor| {
            let planes = rows.reshape((self.planes, height.n, width.n))?;
            let planes = planes.transpose(1, 2)?.contiguous()?;
            planes.reshape((self.planes * width.n, height.n))
        };
        let sum = turned((&cosines + &sines)?)?.matmul(&height.cosines)?;
        let difference = turned((&cosines - &sines)?)?.matmul(&height.sines)?;
        Ok((sum + difference)?.reshape((self.planes, width.n, height.n))?)
    }

    /// Cooley and Tukey's step: with t = along · t₁ + t₂ and k = k₁ + rows · k₂ the transform along t₁ is turned by
    /// 2π k₁t₂ / length and transformed along t₂.
    fn lines(
        &self,
        lines: &Tensor,
        rows: &Waves,
        along: &Waves,
        [cosines, sines]: &[Tensor; 2],
    ) -> Result<Tensor> {
        // `[t₁, line and t₂]`
        let lines = lines.reshape((self.planes, rows.n, along.n))?;
        let columns = lines.transpose(0, 1)?.contiguous()?;
        let columns = columns.reshape((rows.n, self.planes * along.n))?;
        let transformed = |waves: &Tensor| {
            let columns = waves.matmul(&columns)?;
            columns.reshape((rows.n, self.planes, along.n))
        };
        let (re, im) = (transformed(&rows.cosines)?, transformed(&rows.sines)?);
        let (cosines, sines) = (cosines.unsqueeze(1)?, sines.unsqueeze(1)?);
        let turned = [
            (re.broadcast_mul(&cosines)? - im.broadcast_mul(&sines)?)?,
            (im.broadcast_mul(&cosines)? + re.broadcast_mul(&sines)?)?,
        ];
        let [re, im] = turned.map(|t| t.reshape((rows.n * self.planes, along.n)));
        let (sum, difference) = (
            (&along.cosines + &along.sines)?,
            (&along.cosines - &along.sines)?,
        );
        let spectrum = (re?.matmul(&sum)? + im?.matmul(&difference)?)?;
        // `[k₁, line, k₂]` to `[line, k₂, k₁]`
        let spectrum = spectrum.reshape((rows.n, self.planes, along.n))?;
        let spectrum = spectrum.permute((1, 2, 0))?.contiguous()?;
        Ok(spectrum.reshape((self.planes, rows.n * along.n))?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::optimisers::hartley;
    use super::*;
    use crate::stimulus::random::{Purpose, Random};

    #[test]
    fn it_is_the_other_transform_and_undoes_itself() {
        let shapes = [
            vec![3, 12, 10],
            vec![1, 5, 7],
            vec![2, 1, 30],
            vec![1, 24, 1],
            vec![4000],
            vec![7],
        ];
        for shape in shapes {
            let n = shape.iter().product();
            let x = Random::new(1, Purpose::Start).normals(n, 0.0, 1.0);
            let mut expected = vec![0.0; n];
            hartley::Hartley::new(&shape).forward(&x, &mut expected);
            let transform = Hartley::new(&shape, &Device::Cpu).unwrap();
            let spectrum = transform
                .forward(&Tensor::new(x.clone(), &Device::Cpu).unwrap())
                .unwrap();
            assert_eq!(spectrum.dims(), transform.spectrum_shape());
            let back = transform.back(&spectrum).unwrap();
            for (expected, found) in [(expected, spectrum), (x, back)] {
                let found = super::super::values(&found).unwrap();
                let worst = expected.iter().zip(&found).map(|(a, b)| (a - b).abs());
                let worst = worst.fold(0.0, f32::max);
                assert!(worst < 1e-5, "{shape:?}: {worst}");
            }
        }
    }

    #[test]
    fn a_stimulus_whose_matrices_would_be_too_large_is_known_as_such() {
        assert!(Hartley::fits(&[3, 224, 224]) && Hartley::fits(&[40_000]));
        // A prime, and a side.
        assert!(!Hartley::fits(&[40_009]) && !Hartley::fits(&[3, 20, 3000]));
        assert!(Hartley::new(&[40_009], &Device::Cpu).is_err());
    }
}
