//! The 2019 front end on one thread: a step (forward and pullback of two seconds) beside what it is measured by, a
//! Fourier transform of 40 000 complex points and its inverse for each of its 211 channels.

use metamer_studio::cpu::{Convolving, Cpu};
use metamer_studio::layers::FrontEnd;
use metamer_studio::network::architectures::front_end::{SAMPLES, front_end};
use metamer_studio::network::{Executor, Leak, Tap};
use metamer_studio::stimulus::random::{Purpose, Random};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;
use std::sync::Arc;

const CHANNELS: usize = 211;

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn step(bencher: divan::Bencher) {
    let (graph, node, _) = front_end(FrontEnd::FEATHER2019).expect("the published front end");
    let mut random = Random::new(1, Purpose::Start);
    let sound = random.normals(SAMPLES, 0.0, 0.1);
    let cotangent = random.normals(graph.node(node).elements(), 0.0, 1.0);
    let mut cpu = Cpu::new(Arc::new(graph), 1, Convolving::Exact).expect("a thread");
    let tap = Tap {
        node,
        straight_through: false,
        leak: Leak::NONE,
    };
    let mut gradient = vec![0.0; SAMPLES];
    let mut step = move || {
        cpu.forward(&sound, node).expect("a cochleagram");
        cpu.pullback(tap, &cotangent, &mut gradient)
            .expect("a gradient");
        gradient[0]
    };
    step();
    bencher.bench_local(step);
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn transforms(bencher: divan::Bencher) {
    let mut planner = FftPlanner::<f32>::new();
    let (forward, inverse) = (
        planner.plan_fft_forward(SAMPLES),
        planner.plan_fft_inverse(SAMPLES),
    );
    let mut random = Random::new(2, Purpose::Start);
    let mut signal: Vec<Complex<f32>> = random
        .normals(2 * SAMPLES, 0.0, 1e-3)
        .chunks(2)
        .map(|c| Complex::new(c[0], c[1]))
        .collect();
    let scratch = forward
        .get_inplace_scratch_len()
        .max(inverse.get_inplace_scratch_len());
    let mut scratch = vec![Complex::default(); scratch];
    bencher.bench_local(move || {
        for _ in 0..CHANNELS {
            forward.process_with_scratch(&mut signal, &mut scratch);
            inverse.process_with_scratch(&mut signal, &mut scratch);
            // Neither transform divides by the length.
            signal.iter_mut().for_each(|v| *v /= SAMPLES as f32);
        }
        signal[0]
    });
}
