//! The test that every layer kind passes: its pullback against central differences in `f64`.

use super::{Layer, Parameter};
use candle_core::{DType, Device, Tensor};

/// A parameter of deterministic, irregular numbers in about [-1, 1].
pub fn parameter(shape: &[usize], seed: u64) -> Parameter {
    Parameter::new(
        shape,
        irregular(shape.iter().product(), seed)
            .into_iter()
            .map(|v| v as f32)
            .collect(),
    )
    .unwrap()
}

/// Irregular numbers without ties, so that no maximum or threshold is met exactly.
pub fn irregular(n: usize, seed: u64) -> Vec<f64> {
    (0..n)
        .map(|i| {
            ((i as f64 + 1.37) * (0.917 + seed as f64 * 0.0531)).sin()
                + 1e-3 * ((i * 7 + 3) % 11) as f64
        })
        .collect()
}

/// Compares the layer's pullback with central differences of `Σ cotangent · forward`, for every input element.
/// Item shapes are given; the check runs on a batch of two so that items cannot leak into each other.
pub fn check(layer: &Layer, shapes: &[&[usize]]) {
    let device = Device::Cpu;
    let layer = layer.to(&device, DType::F64).unwrap();
    let behaviour = layer.behaviour().unwrap();
    let tensor = |values: Vec<f64>, item: &[usize]| {
        let shape: Vec<usize> = std::iter::once(2).chain(item.iter().copied()).collect();
        Tensor::from_vec(values, shape, &device).unwrap()
    };
    let values: Vec<Vec<f64>> = shapes
        .iter()
        .enumerate()
        .map(|(k, s)| irregular(2 * s.iter().product::<usize>(), 11 + k as u64))
        .collect();
    let forward = |values: &[Vec<f64>]| {
        let inputs: Vec<Tensor> = values
            .iter()
            .zip(shapes)
            .map(|(v, s)| tensor(v.clone(), s))
            .collect();
        let refs: Vec<&Tensor> = inputs.iter().collect();
        (behaviour.forward(&refs).unwrap(), inputs)
    };
    let (output, inputs) = forward(&values);
    let item = behaviour.output_shape(shapes).unwrap();
    assert_eq!(
        &output.dims()[1..],
        &item[..],
        "{}: output_shape disagrees with forward",
        layer.kind()
    );
    let weights = irregular(output.elem_count(), 23);
    let cotangent = Tensor::from_vec(weights.clone(), output.shape(), &device).unwrap();
    let refs: Vec<&Tensor> = inputs.iter().collect();
    let gradients = behaviour.pullback(&refs, &output, &cotangent).unwrap();
    let objective = |values: &[Vec<f64>]| -> f64 {
        let y = forward(values)
            .0
            .flatten_all()
            .unwrap()
            .to_vec1::<f64>()
            .unwrap();
        y.iter().zip(&weights).map(|(a, b)| a * b).sum()
    };
    let step = 1e-5;
    for (k, gradient) in gradients.iter().enumerate() {
        assert_eq!(
            gradient.dims(),
            inputs[k].dims(),
            "{}: gradient shape",
            layer.kind()
        );
        let gradient = gradient.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        for i in 0..values[k].len() {
            let moved = |by: f64| {
                let mut moved = values.clone();
                moved[k][i] += by;
                objective(&moved)
            };
            let difference = (moved(step) - moved(-step)) / (2.0 * step);
            let error = (difference - gradient[i]).abs();
            assert!(
                error < 1e-6 * (1.0 + difference.abs()),
                "{} {shapes:?}: input {k} element {i}: pullback {} but central difference {difference}",
                layer.kind(),
                gradient[i]
            );
        }
    }
}
