//! Ctrl-C and termination: one polite request, then the default.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that Ctrl-C raises, with something to do at that moment.
///
/// # Errors
/// When the operating system refuses the handler.
pub fn watch(then: impl Fn() + Send + 'static) -> anyhow::Result<Arc<AtomicBool>> {
    let raised = Arc::new(AtomicBool::new(false));
    let flag = raised.clone();
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::SeqCst) {
            // Asked twice: the person does not want to wait for a checkpoint.
            std::process::exit(130);
        }
        then();
    })?;
    Ok(raised)
}
