#![no_main]
//! A pickle of any bytes, every value of it looked at in every way.

use libfuzzer_sys::fuzz_target;
use metamer_studio_fuzz::formats::pickle::{self, Id, Pickle, numpy};

fuzz_target!(|data: &[u8]| {
    let _ = pickle::is_one(data);
    if let Ok(pickle) = pickle::decode(data) {
        look(&pickle, pickle.root(), 4);
    }
});

fn look(pickle: &Pickle, id: Id, depth: usize) {
    let _ = (pickle.text(id), pickle.bytes(id), pickle.integer(id));
    let _ = (pickle.number(id), pickle.boolean(id), pickle.partial(id));
    let _ = pickle.get(id, "graph_architecture");
    if let Ok(numbers) = numpy::numbers(pickle, id) {
        let count: usize = numbers.shape.iter().product();
        assert_eq!(count, numbers.values.len());
    }
    if depth == 0 {
        return;
    }
    for inner in pickle.items(id).unwrap_or_default().iter().take(16) {
        look(pickle, *inner, depth - 1);
    }
    for (key, value) in pickle.pairs(id).unwrap_or_default().iter().take(16) {
        look(pickle, *key, depth - 1);
        look(pickle, *value, depth - 1);
    }
    if let Some(call) = pickle.call(id) {
        look(pickle, call.callable, depth - 1);
        look(pickle, call.arguments, depth - 1);
    }
}
