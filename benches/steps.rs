//! Whole steps of a synthesis.
//!
//! `cargo bench --bench steps` times them one by one. With `-- --serve` the program reads lines `threads conv workload`
//! and answers each with the wall time, the processor time and the peak memory of one step: `tools/compare_torch.py`
//! talks to it so, to measure PyTorch in between.

mod support;

use metamer_studio::cpu::Convolving;
use std::io::BufRead;
use support::clock::{peak_mb, spent};
use support::workload::{ALL, Workload};

fn main() {
    if std::env::args().any(|a| a == "--serve") {
        serve();
    } else {
        divan::main();
    }
}

#[divan::bench(args = ALL, sample_count = 10, sample_size = 1)]
fn fast(bencher: divan::Bencher, name: &str) {
    time(bencher, name, Convolving::Fast);
}

#[divan::bench(args = ALL, sample_count = 5, sample_size = 1)]
fn exact(bencher: divan::Bencher, name: &str) {
    time(bencher, name, Convolving::Exact);
}

fn time(bencher: divan::Bencher, name: &str, convolving: Convolving) {
    let mut workload = Workload::new(name, 0, convolving).expect("a workload of this name");
    workload.step();
    bencher.bench_local(|| workload.step());
}

fn serve() {
    let mut current: Option<(String, Workload)> = None;
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let mut words = line.splitn(3, ' ');
        let (threads, conv, name) = (words.next(), words.next(), words.next());
        if current
            .as_ref()
            .is_none_or(|(made_for, _)| *made_for != line)
        {
            // Before the new one is built, so that the two never share the memory's peak.
            current = None;
            let threads = threads.and_then(|t| t.parse().ok());
            let convolving = match conv {
                Some("exact") => Some(Convolving::Exact),
                Some("fast") => Some(Convolving::Fast),
                _ => None,
            };
            let made = threads
                .zip(convolving)
                .zip(name)
                .and_then(|((threads, convolving), name)| Workload::new(name, threads, convolving));
            let Some(mut workload) = made else {
                println!("error: '{line}' is not: threads, exact or fast, one of {ALL:?}");
                continue;
            };
            workload.step();
            current = Some((line, workload));
        }
        if let Some((_, workload)) = &mut current {
            let spent = spent(|| workload.step());
            println!("{:.3} {:.3} {:.1}", spent.wall_ms, spent.cpu_ms, peak_mb());
        }
    }
}
