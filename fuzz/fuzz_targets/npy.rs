#![no_main]
//! A `.npy` of any bytes.

use libfuzzer_sys::fuzz_target;
use metamer_studio_fuzz::formats::npy;

fuzz_target!(|data: &[u8]| {
    if let Ok(array) = npy::decode(data) {
        let count: usize = array.shape.iter().product();
        assert_eq!(count, array.values.len());
    }
});
