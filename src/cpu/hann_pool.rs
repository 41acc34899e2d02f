//! Hann pooling: a depthwise convolution with the same smooth kernel for every channel.

use super::kernels::depthwise::Depthwise;
use super::kernels::finish::Finish;
use super::kernels::lanes::Lane;
use super::kernels::sweep::Sweep;
use super::operation::{Machine, Needs};
use super::target::Target;
use crate::layers::HannPool;

/// A Hann pooling layer, both ways.
pub struct HannPooling {
    forward: Depthwise,
    pullback: Depthwise,
}

impl HannPooling {
    /// For an input and an output of so many channels, rows and columns.
    pub fn pack(layer: &HannPool, input: [usize; 3], output: [usize; 3]) -> Self {
        let window = layer.window;
        let [rows, columns] = layer.weights();
        let weight = |[i, j]: [usize; 2], _| (rows[i] * columns[j]) as f32;
        let before = [window.padding.top, window.padding.left];
        let [from, to] = [input, output].map(|s| [s[1], s[2]]);
        let side = |a: usize| (window.kernel[a], window.stride[a], before[a]);
        let ways = [0, 1].map(|a| {
            let (kernel, stride, before) = side(a);
            vec![Sweep::forward(kernel, stride, before, to[a])]
        });
        let back = [0, 1].map(|a| {
            let (kernel, stride, before) = side(a);
            Sweep::pullback(kernel, stride, before, from[a])
        });
        Self {
            forward: Depthwise::pack(input[0], from, to, ways, weight),
            pullback: Depthwise::pack(input[0], to, from, back, weight),
        }
    }

    /// Scratch for any number of items.
    pub fn needs(&self) -> Needs {
        Needs {
            thread: self.forward.workspace().max(self.pullback.workspace()),
            stage: 0,
        }
    }

    pub fn forward(&self, machine: &Machine<'_>, x: &[Lane], out: &mut [Lane]) {
        let Machine {
            isa,
            items,
            workspaces,
            ..
        } = machine;
        let finish = Finish::default();
        self.forward.run(*isa, *items, x, out, finish, workspaces);
    }

    pub fn pullback(&self, machine: &Machine<'_>, g: &[Lane], target: &mut Target<'_>) {
        let Machine {
            isa,
            items,
            workspaces,
            ..
        } = machine;
        let finish = target.finish();
        self.pullback
            .run(*isa, *items, g, target.buffer, finish, workspaces);
    }
}
