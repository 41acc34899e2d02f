//! Plain loops, compiled for the widest instruction set that the machine has.

/// Runs a body so compiled. It must be `#[inline(always)]`, and so must all that it calls.
///
/// Numbers are rounded as everywhere: nothing is contracted or reordered, only done side by side. What the body captures,
/// the compiler takes for things that may lie in one another's memory; given to a function as slices they are told apart.
#[inline(always)]
pub fn wide<R>(body: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(body)
}
