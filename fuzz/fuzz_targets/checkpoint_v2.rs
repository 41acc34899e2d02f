#![no_main]
//! A V2 checkpoint of any bytes: the last two say where the index ends and the values begin.

use libfuzzer_sys::fuzz_target;
use metamer_studio_fuzz::{formats::tensorflow, mend};

fuzz_target!(|data: &[u8]| {
    let Some((data, length)) = data.split_last_chunk::<2>() else {
        return;
    };
    let length = usize::from(u16::from_le_bytes(*length)).min(data.len());
    let (index, values) = data.split_at(length);
    let mut mended = index.to_vec();
    mend(&mut mended);
    for index in [index, &mended] {
        if let Ok(tensors) = tensorflow::decode_v2(index, values) {
            for (name, array) in tensors {
                let count: usize = array.shape.iter().product();
                assert_eq!(count, array.values.len(), "{name}");
            }
        }
    }
});
