//! Numpy's arrays and scalars inside pickles: recognised by what would be called, never called.
//!
//! Python 2 and 3, numpy 1 and 2 write them in a few ways: `_reconstruct` with the content as state, `_frombuffer` since
//! protocol 5, `scalar` for single numbers.

use super::value::{Id, Pickle, Value};
use crate::formats::npy;
use std::borrow::Cow;

/// An array of numbers as `f64`, C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// The values.
    pub values: Vec<f64>,
}

/// The array, scalar, or list of numbers at `id`.
///
/// # Errors
/// When it is something else, or its parts do not fit together; a sentence.
pub fn numbers(pickle: &Pickle, id: Id) -> Result<Numbers, String> {
    if let Some(value) = pickle.number(id) {
        return Ok(Numbers {
            shape: vec![],
            values: vec![value],
        });
    }
    if let Some(items) = pickle.items(id) {
        let values: Option<Vec<f64>> = items.iter().map(|i| pickle.number(*i)).collect();
        let values = values.ok_or("A list holds something that is no number")?;
        return Ok(Numbers {
            shape: vec![values.len()],
            values,
        });
    }
    array(pickle, id)
}

fn array(pickle: &Pickle, id: Id) -> Result<Numbers, String> {
    let unknown = || "Is no array of numbers".to_owned();
    let call = pickle.call(id).ok_or_else(unknown)?;
    let (module, name) = pickle.global(call.callable).ok_or_else(unknown)?;
    if !is_numpy(module) {
        return Err(unknown());
    }
    let incomplete = || "An array is incomplete".to_owned();
    let (shape, dtype, fortran, content) = match name {
        "_reconstruct" => {
            // (version, shape, dtype, is Fortran order, content)
            let state = call.state.and_then(|s| pickle.items(s));
            let Some([_, shape, dtype, fortran, content]) = state else {
                return Err(incomplete());
            };
            let fortran = pickle.boolean(*fortran).ok_or_else(incomplete)?;
            (*shape, *dtype, fortran, *content)
        }
        "_frombuffer" => {
            let Some([content, dtype, shape, order]) = pickle.items(call.arguments) else {
                return Err(incomplete());
            };
            let fortran = pickle.text(*order) == Some("F");
            (*shape, *dtype, fortran, *content)
        }
        _ => return Err(unknown()),
    };
    let lengths = pickle.items(shape).ok_or_else(incomplete)?.iter();
    let shape: Option<Vec<usize>> = lengths
        .map(|n| pickle.integer(*n).and_then(|n| usize::try_from(n).ok()))
        .collect();
    let shape = shape.ok_or("An array has a shape that is none")?;
    let dtype = dtype_name(pickle, dtype)?;
    let content = match pickle.value(content) {
        Value::List(_) => return Err("An array holds objects, not numbers".into()),
        _ => pickle.bytes(content).ok_or_else(incomplete)?,
    };
    let (values, left) = decode(&dtype, &shape, &content)?;
    if left > 0 {
        return Err(format!("An array has {left} bytes too many"));
    }
    let values = if fortran {
        npy::c_order(&shape, &values)
    } else {
        values
    };
    Ok(Numbers { shape, values })
}

/// The values, and how many bytes are left over.
fn decode(dtype: &str, shape: &[usize], content: &[u8]) -> Result<(Vec<f64>, usize), String> {
    let count = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
    let count = count.ok_or("An array's shape overflows")?;
    let values = npy::values_f64(dtype, content, count)?;
    let used = content.len().checked_div(count).map_or(0, |_| {
        count * dtype[2..].parse::<usize>().unwrap_or_default()
    });
    Ok((values, content.len().saturating_sub(used)))
}

/// A numpy scalar as a number.
pub(super) fn scalar(pickle: &Pickle, id: Id) -> Option<f64> {
    let call = pickle.call(id)?;
    let (module, name) = pickle.global(call.callable)?;
    if !is_numpy(module) || name != "scalar" {
        return None;
    }
    let [dtype, content] = pickle.items(call.arguments)? else {
        return None;
    };
    let content: Cow<'_, [u8]> = pickle.bytes(*content)?;
    let dtype = dtype_name(pickle, *dtype).ok()?;
    let (values, left) = decode(&dtype, &[], &content).ok()?;
    (left == 0).then(|| values.first().copied()).flatten()
}

fn is_numpy(module: &str) -> bool {
    matches!(
        module,
        "numpy.core.multiarray"
            | "numpy._core.multiarray"
            | "numpy.core.numeric"
            | "numpy._core.numeric"
            | "numpy"
    )
}

/// A dtype as in the header of a `.npy`: byte order, kind and size, such as `<f8`.
fn dtype_name(pickle: &Pickle, id: Id) -> Result<String, String> {
    let unknown = || "An array's element type is not understood".to_owned();
    let call = pickle.call(id).ok_or_else(unknown)?;
    if pickle.global(call.callable).map(|g| g.1) != Some("dtype") {
        return Err(unknown());
    }
    let kind = pickle
        .items(call.arguments)
        .and_then(|a| pickle.text(*a.first()?))
        .filter(|k| k.is_ascii() && k.len() >= 2)
        .ok_or_else(unknown)?;
    // The state's second member is the byte order; types of one byte have '|'.
    let order = call.state.and_then(|s| pickle.items(s)?.get(1).copied());
    let order = order.and_then(|o| pickle.text(o)).unwrap_or("<");
    if !matches!(order, "<" | ">" | "|" | "=") {
        return Err(unknown());
    }
    Ok(format!("{order}{kind}"))
}
