//! The convolution kernels against their definition in `f64`, on random shapes, with every instruction set that the
//! machine has, every way to finish a sum, and several items.

use super::dense::Dense;
use super::depthwise::Depthwise;
use super::finish::{Finish, Gate, Mark, Open, Rectify};
use super::lanes::{Isa, LANES, Lane, flat_mut, lanes_for};
use super::narrow::{NARROW, Narrow, Widen};
use super::scheme::Scheme;
use super::sweep::Sweep;
use super::winograd::Winograd;
use super::workspace::Workspaces;
use crate::stimulus::random::{Purpose, Random};

pub(super) const ITEMS: usize = 2;
pub(super) const CEILING: f32 = 0.7;

/// A convolution of random shape, one group or one for every channel.
pub(super) struct Case {
    pub ins: [usize; 3],
    pub outs: [usize; 3],
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub before: [usize; 2],
    pub depthwise: bool,
    pub weight: Vec<f32>,
    /// The share of what is read that is zero.
    pub zeros: f64,
}

impl Case {
    fn draw(random: &mut Random, channels: u64, kernel: Option<[usize; 2]>) -> Self {
        let mut up_to = |n: u64| 1 + random.below(n) as usize;
        loop {
            let shape = kernel.unwrap_or_else(|| [up_to(4), up_to(5)]);
            let stride = if kernel.is_some() {
                [1, 1]
            } else {
                [up_to(3), up_to(3)]
            };
            let size = [up_to(19), up_to(30)];
            let before = [up_to(3) - 1, up_to(3) - 1];
            let after = [up_to(3) - 1, up_to(3) - 1];
            let ins = [up_to(channels), size[0], size[1]];
            let out = up_to(80);
            let room = [0, 1].map(|a| (size[a] + before[a] + after[a]).checked_sub(shape[a]));
            let [Some(down), Some(across)] = room else {
                continue;
            };
            let outs = [out, down / stride[0] + 1, across / stride[1] + 1];
            let n = ins[0] * outs[0] * shape[0] * shape[1];
            let weight = random.normals(n, 0.0, 0.3);
            let (kernel, depthwise) = (shape, false);
            return Self {
                ins,
                outs,
                kernel,
                stride,
                before,
                depthwise,
                weight,
                zeros: 0.0,
            };
        }
    }

    /// One kernel for every channel; `across` is the width of the kernel and its stride along a row, if that matters.
    pub fn depthwise(random: &mut Random, across: Option<[usize; 2]>, wide: bool) -> Self {
        let mut case = Self::draw(random, 50, None);
        if let Some([width, stride]) = across {
            (case.kernel[1], case.stride[1]) = (width, stride);
        }
        // Narrower than a tile and a kernel, or wider than several.
        case.ins[2] += if wide { 40 } else { 5 };
        case.outs[2] = (case.ins[2] + case.before[1] - case.kernel[1]) / case.stride[1] + 1;
        case.outs[0] = case.ins[0];
        case.depthwise = true;
        let n = case.ins[0] * case.ins[0] * case.kernel[0] * case.kernel[1];
        case.weight = random.normals(n, 0.0, 0.3);
        case
    }

    pub fn what(&self) -> String {
        let Self {
            ins,
            outs,
            kernel,
            stride,
            before,
            ..
        } = self;
        format!("{ins:?} -> {outs:?}, kernel {kernel:?}, stride {stride:?}, padding {before:?}")
    }

    pub fn weight(&self, [r, q]: [usize; 2], i: usize, o: usize) -> f32 {
        let i = if self.depthwise { 0 } else { i };
        self.weight[((o * self.ins[0] + i) * self.kernel[0] + r) * self.kernel[1] + q]
    }

    pub fn forward_sweeps(&self) -> [Vec<Sweep>; 2] {
        [0, 1].map(|a| {
            let outputs = self.outs[1 + a];
            vec![Sweep::forward(
                self.kernel[a],
                self.stride[a],
                self.before[a],
                outputs,
            )]
        })
    }

    pub fn pullback_sweeps(&self) -> [Vec<Sweep>; 2] {
        [0, 1].map(|a| {
            Sweep::pullback(
                self.kernel[a],
                self.stride[a],
                self.before[a],
                self.ins[1 + a],
            )
        })
    }

    /// Visits every product of the definition: input place, output place, weight.
    fn products(&self, mut visit: impl FnMut(usize, usize, f64)) {
        let ([ins, h, w], [outs, oh, ow]) = (self.ins, self.outs);
        for o in 0..outs {
            for i in if self.depthwise { o..o + 1 } else { 0..ins } {
                for r in 0..self.kernel[0] {
                    for q in 0..self.kernel[1] {
                        let weight = f64::from(self.weight([r, q], i, o));
                        for y in 0..oh {
                            for x in 0..ow {
                                let row = (y * self.stride[0] + r).checked_sub(self.before[0]);
                                let column = (x * self.stride[1] + q).checked_sub(self.before[1]);
                                if let (Some(row), Some(column)) = (row, column)
                                    && row < h
                                    && column < w
                                {
                                    visit(
                                        (i * h + row) * w + column,
                                        (o * oh + y) * ow + x,
                                        weight,
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn definition(&self, x: &[f32], back: bool) -> Vec<f64> {
        let size = |s: [usize; 3]| s.iter().product::<usize>();
        let (from, to) = if back {
            (self.outs, self.ins)
        } else {
            (self.ins, self.outs)
        };
        let mut out = vec![0.0; ITEMS * size(to)];
        for item in 0..ITEMS {
            let (x, out) = (&x[item * size(from)..], &mut out[item * size(to)..]);
            self.products(|i, o, weight| {
                let (from, to) = if back { (o, i) } else { (i, o) };
                out[to] += weight * f64::from(x[from]);
            });
        }
        out
    }
}

/// Planes `[item][channel][place]` in lanes; the unused channels hold `fill`.
pub(super) fn to_lanes(planes: &[f32], [channels, h, w]: [usize; 3], fill: f32) -> Vec<Lane> {
    let area = h * w;
    let mut lanes = vec![Lane([fill; LANES]); planes.len() / channels * lanes_for(channels)];
    for (plane, values) in planes.chunks(area).enumerate() {
        let (item, c) = (plane / channels, plane % channels);
        for (i, v) in values.iter().enumerate() {
            lanes[(item * lanes_for(channels) + c / LANES) * area + i].0[c % LANES] = *v;
        }
    }
    lanes
}

pub(super) fn to_planes(lanes: &[Lane], [channels, h, w]: [usize; 3]) -> Vec<f32> {
    let area = h * w;
    let mut planes = Vec::new();
    for item in lanes.chunks(lanes_for(channels) * area) {
        for c in 0..channels {
            planes.extend((0..area).map(|i| item[c / LANES * area + i].0[c % LANES]));
        }
    }
    planes
}

fn agree(found: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f64::from(*f) - e).abs() < tolerance,
            "{what}: place {i} is {f}, not {e}"
        );
    }
}

/// Runs one direction with every instruction set and every way to finish, and compares with the definition.
fn check(
    case: &Case,
    back: bool,
    random: &mut Random,
    tolerance: f64,
    run: impl Fn(Isa, &[Lane], &mut [Lane], Finish<'_>),
) {
    let (from, to) = if back {
        (case.outs, case.ins)
    } else {
        (case.ins, case.outs)
    };
    let n = |s: [usize; 3]| ITEMS * s.iter().product::<usize>();
    let mut draw = |n: usize| random.normals(n, 0.2, 0.5);
    let (mut x, bias) = (draw(n(from)), draw(to[0]));
    let [also, old, gate] = [draw(n(to)), draw(n(to)), draw(n(to))];
    for x in &mut x {
        if random.uniform() < case.zeros {
            *x = 0.0;
        }
    }
    let plain = case.definition(&x, back);
    let bias_lanes = to_lanes(&bias, [to[0], 1, 1], 0.0);
    let [also_lanes, old_lanes, gate_lanes] = [&also, &old, &gate].map(|v| to_lanes(v, to, 9.0));
    let bits = |lane: &Lane| {
        let open = Open::default();
        Isa::best().run(Mark {
            output: std::slice::from_ref(lane),
            rectify: Rectify {
                ceiling: CEILING,
                open: std::slice::from_ref(&open),
            },
        });
        open
    };
    let gate_open: Vec<Open> = gate_lanes.iter().map(bits).collect();
    let open: Vec<Open> = gate_lanes.iter().map(|_| Open::default()).collect();
    // What lies in unused channels must not matter.
    let source = to_lanes(&x, from, f32::NAN);
    for isa in Isa::all() {
        for way in [
            0b0000, 0b10001, 0b00110, 0b01011, 0b11111, 0b01100, 0b110000, 0b111101,
        ] {
            let has = |bit: usize| way >> bit & 1 == 1;
            let leak = if has(5) { 0.25 } else { 0.0 };
            let finish = Finish {
                bias: has(0).then_some(&bias_lanes[..]),
                also: has(1).then_some(&also_lanes[..]),
                add: has(2),
                rectify: has(3).then_some(Rectify {
                    ceiling: CEILING,
                    open: &open,
                }),
                gate: has(4).then_some(Gate {
                    open: &gate_open,
                    leak,
                }),
            };
            let mut out = old_lanes.clone();
            run(isa, &source, &mut out, finish);
            let area = to[1] * to[2];
            let expected: Vec<f64> = plain
                .iter()
                .enumerate()
                .map(|(i, sum)| {
                    let mut v = *sum;
                    let wide = |has: bool, v: f32| if has { f64::from(v) } else { 0.0 };
                    v += wide(has(0), bias[i / area % to[0]]);
                    v += wide(has(1), also[i]);
                    if has(3) {
                        v = v.clamp(0.0, f64::from(CEILING));
                    }
                    if has(4) && !(gate[i] > 0.0 && gate[i] < CEILING) {
                        v *= f64::from(leak);
                    }
                    v + wide(has(2), old[i])
                })
                .collect();
            let what = format!("{} way {way:b} back {back} {}", isa.name(), case.what());
            if has(3) && !has(4) && !has(2) {
                for (open, lane) in open.iter().zip(&out) {
                    for (l, v) in lane.0.iter().enumerate() {
                        let expected = *v > 0.0 && *v < CEILING;
                        assert_eq!(open.bits() >> l & 1 == 1, expected, "{what}");
                    }
                }
            }
            agree(&to_planes(&out, to), &expected, tolerance, &what);
        }
    }
}

#[test]
fn dense_convolutions_agree_with_their_definition() {
    let mut random = Random::new(31, Purpose::Start);
    for trial in 0..50 {
        let pointwise = (trial % 5 == 0).then_some([1, 1]);
        let mut case = Case::draw(&mut random, 40, pointwise);
        case.zeros = [0.0, 0.5, 0.9][trial % 3];
        let directions = [
            (false, case.ins, case.outs, case.forward_sweeps()),
            (true, case.outs, case.ins, case.pullback_sweeps()),
        ];
        for (back, from, to, sweeps) in directions {
            let dense = Dense::pack(from, to, sweeps, |tap, from, to| {
                let (i, o) = if back { (to, from) } else { (from, to) };
                case.weight(tap, i, o)
            });
            let workspaces = Workspaces::new(rayon::current_num_threads(), dense.workspace());
            check(&case, back, &mut random, 2e-4, |isa, x, out, finish| {
                dense.run(isa, ITEMS, x, out, finish, &workspaces);
            });
        }
    }
}

#[test]
fn winograd_agrees_with_the_definition_in_every_scheme() {
    let mut random = Random::new(32, Purpose::Start);
    for kernel in [[3, 3], [2, 5], [5, 5], [1, 3], [3, 1]] {
        for scheme in Scheme::fitting(kernel) {
            for _ in 0..6 {
                let case = Case::draw(&mut random, 40, Some(kernel));
                let padding = [0, 1].map(|a| case.before[a] as isize);
                let mirrored = [0, 1].map(|a| kernel[a] as isize - 1 - padding[a]);
                for back in [false, true] {
                    let winograd = if back {
                        Winograd::pack(scheme, case.outs, case.ins, mirrored, |[r, q], o, i| {
                            case.weight([kernel[0] - 1 - r, kernel[1] - 1 - q], i, o)
                        })
                    } else {
                        Winograd::pack(scheme, case.ins, case.outs, padding, |tap, i, o| {
                            case.weight(tap, i, o)
                        })
                    };
                    let [own, all] = winograd.workspace(ITEMS);
                    let workspaces = Workspaces::new(rayon::current_num_threads(), own);
                    check(&case, back, &mut random, 1e-3, |isa, x, out, finish| {
                        let mut stage = vec![Lane([f32::NAN; LANES]); all];
                        winograd.run(isa, ITEMS, x, out, finish, &workspaces, &mut stage);
                    });
                }
            }
        }
    }
}

/// Enough tiles for tasks of their own, which the small shapes above never have.
#[test]
fn winograd_in_tasks_agrees_with_the_definition() {
    let mut random = Random::new(33, Purpose::Start);
    for scheme in Scheme::fitting([3, 3]) {
        let mut case = Case::draw(&mut random, 20, Some([3, 3]));
        case.ins = [19, 41, 90];
        case.outs = [34, 41, 90];
        case.before = [1, 1];
        case.weight = random.normals(19 * 34 * 9, 0.0, 0.3);
        let winograd = Winograd::pack(scheme, case.ins, case.outs, [1, 1], |tap, i, o| {
            case.weight(tap, i, o)
        });
        let [own, all] = winograd.workspace(ITEMS);
        assert!(
            own > 0 && all == 0,
            "this shape does not test what it is for"
        );
        let workspaces = Workspaces::new(rayon::current_num_threads(), own);
        check(&case, false, &mut random, 1e-3, |isa, x, out, finish| {
            winograd.run(isa, ITEMS, x, out, finish, &workspaces, &mut []);
        });
    }
}

#[test]
fn depthwise_convolutions_agree_with_their_definition() {
    let mut random = Random::new(34, Purpose::Start);
    // Every kind of row that a tile is compiled for, and others.
    let compiled = [[1, 1], [2, 1], [3, 1], [5, 1], [3, 2], [5, 2]].map(Some);
    let kinds = compiled.into_iter().chain([None; 12]);
    for (across, wide) in kinds.flat_map(|kind| [(kind, false), (kind, true)]) {
        let case = Case::depthwise(&mut random, across, wide);
        let [from, to] = [case.ins, case.outs].map(|s| [s[1], s[2]]);
        let directions = [
            (false, from, to, case.forward_sweeps()),
            (true, to, from, case.pullback_sweeps()),
        ];
        for (back, from, to, sweeps) in directions {
            let weight = |tap, channel| case.weight(tap, channel, channel);
            let depthwise = Depthwise::pack(case.ins[0], from, to, sweeps, weight);
            let workspaces = Workspaces::new(rayon::current_num_threads(), depthwise.workspace());
            check(&case, back, &mut random, 1e-4, |isa, x, out, finish| {
                depthwise.run(isa, ITEMS, x, out, finish, &workspaces);
            });
        }
    }
}

#[test]
fn narrow_convolutions_agree_with_their_definition() {
    let mut random = Random::new(35, Purpose::Start);
    for _ in 0..50 {
        let case = Case::draw(&mut random, NARROW as u64, None);
        let (planes, channels) = (case.ins[0], case.outs[0]);
        let [small, large] = [case.ins, case.outs].map(|s| [s[1], s[2]]);
        let item = case.ins.iter().product::<usize>();
        let sweeps = case.forward_sweeps().map(|mut s| s.remove(0));
        let weight = |tap, i, o| case.weight(tap, i, o);
        let widen = Widen::pack(planes, channels, small, large, sweeps, weight);
        check(&case, false, &mut random, 1e-4, |isa, x, out, finish| {
            let x = to_planes(x, case.ins);
            let mut padded = vec![0.0; widen.padded()];
            widen.run(isa, ITEMS, &x, item, &mut padded, out, finish);
        });
        let narrow = Narrow::pack(
            planes,
            channels,
            large,
            small,
            case.pullback_sweeps(),
            weight,
        );
        let g = random.normals(ITEMS * case.outs.iter().product::<usize>(), 0.0, 0.5);
        let lanes = to_lanes(&g, case.outs, 0.0);
        let plain = case.definition(&g, true);
        for isa in Isa::all() {
            for add in [false, true] {
                let old = random.normals(ITEMS * item, 0.0, 1.0);
                let mut out = old.clone();
                narrow.run(isa, ITEMS, &lanes, &mut out, item, add);
                let share = |o: &f32| if add { f64::from(*o) } else { 0.0 };
                let expected: Vec<f64> =
                    plain.iter().zip(&old).map(|(p, o)| p + share(o)).collect();
                agree(
                    &out,
                    &expected,
                    2e-4,
                    &format!("{} {}", isa.name(), case.what()),
                );
            }
        }
    }
}

#[test]
fn flattened_lanes_are_their_numbers_in_order() {
    let mut lanes = vec![Lane::ZERO; 3];
    for (i, v) in flat_mut(&mut lanes).iter_mut().enumerate() {
        *v = i as f32;
    }
    assert_eq!(lanes[2].0[5], 37.0);
}
