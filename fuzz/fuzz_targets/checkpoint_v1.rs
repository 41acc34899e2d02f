#![no_main]
//! A V1 checkpoint of any bytes: an error or tensors of the shapes that they say.

use libfuzzer_sys::fuzz_target;
use metamer_studio_fuzz::{formats::tensorflow, mend};

fuzz_target!(|data: &[u8]| {
    let mut mended = data.to_vec();
    mend(&mut mended);
    for bytes in [data, &mended] {
        if let Ok(tensors) = tensorflow::decode_v1(bytes) {
            for (name, array) in tensors {
                let count: usize = array.shape.iter().product();
                assert_eq!(count, array.values.len(), "{name}");
            }
        }
    }
});
