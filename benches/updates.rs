//! The recipes' updates of a picture by themselves, on one thread: what a step takes beside the network.
//!
//! `cargo bench --bench updates`

use metamer_studio::stimulus::random::{Purpose, Random};
use metamer_studio::synthesis::recipe;

fn main() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1);
    one.use_current_thread()
        .build_global()
        .expect("this thread");
    divan::main();
}

#[divan::bench(args = ["feather2019", "feather2023", "fast"])]
fn update(bencher: divan::Bencher, name: &str) {
    const SHAPE: [usize; 3] = [3, 224, 224];
    let n = SHAPE.iter().product();
    let procedure = recipe::find(name).expect("a recipe of this name").procedure;
    let mut x = vec![0.5; n];
    let gradient = Random::new(1, Purpose::Start).normals(n, 0.0, 1.0);
    let mut optimiser = procedure.new_optimiser(&x, &SHAPE);
    let (pace, range) = (procedure.pace(1), Some([0.0, 1.0]));
    bencher.bench_local(|| optimiser.update(&mut x, &gradient, pace, range));
}
