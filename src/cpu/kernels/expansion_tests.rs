//! Joined convolutions against the two that they join, which have their own definitions to agree with.

use super::convolution_tests::{CEILING, Case, ITEMS, to_lanes, to_planes};
use super::dense::Dense;
use super::depthwise::Depthwise;
use super::expansion::{Contraction, Expansion};
use super::finish::{Finish, Gate, Open, Rectify};
use super::lanes::{Isa, LANES, Lane, lanes_for};
use super::sweep::Sweep;
use super::workspace::Workspaces;
use crate::stimulus::random::{Purpose, Random};

/// Computed together, a 1×1 convolution and a depthwise one give what they give one after the other, to the bit.
#[test]
fn expansions_are_the_two_convolutions_that_they_join() {
    let mut random = Random::new(36, Purpose::Start);
    let mut complete = 0;
    for trial in 0..24 {
        let [width, stride] = [[3, 1], [5, 1], [3, 2], [5, 2]][trial % 4];
        let mut second = Case::depthwise(&mut random, Some([width, stride]), true);
        // High enough for several bands, and for tasks that begin in the middle.
        second.ins[1] += [0, 40][trial % 2];
        // Wide enough to be read where it lies, both ways.
        second.ins[2] += 30;
        second.outs[2] =
            (second.ins[2] + second.before[1] - second.kernel[1]) / second.stride[1] + 1;
        second.outs[1] =
            (second.ins[1] + second.before[0] - second.kernel[0]) / second.stride[0] + 1;
        let ins = 1 + random.below(40) as usize;
        let (from, middle, to) = ([ins, second.ins[1], second.ins[2]], second.ins, second.outs);
        let [ins_plane, outs_plane] = [middle, to].map(|s| [s[1], s[2]]);
        let weights = random.normals(ins * middle[0], 0.0, 0.3);
        let n = |s: [usize; 3]| ITEMS * s.iter().product::<usize>();
        let lanes = |s: [usize; 3]| ITEMS * lanes_for(s[0]) * s[1] * s[2];
        let open =
            |s: [usize; 3]| -> Vec<Open> { (0..lanes(s)).map(|_| Open::default()).collect() };
        let bits = |open: &[Open]| -> Vec<u16> { open.iter().map(Open::bits).collect() };
        let bias =
            [middle, to].map(|s| to_lanes(&random.normals(s[0], 0.1, 0.3), [s[0], 1, 1], 0.0));
        let x = to_lanes(&random.normals(n(from), 0.2, 0.5), from, f32::NAN);
        let g = to_lanes(&random.normals(n(to), 0.0, 0.5), to, f32::NAN);
        let point = |size: usize| vec![Sweep::forward(1, 1, 0, size)];
        let plane = || [point(middle[1]), point(middle[2])];
        let depthwise = |back: bool| {
            let (from, to, sweeps) = if back {
                (outs_plane, ins_plane, second.pullback_sweeps())
            } else {
                (ins_plane, outs_plane, second.forward_sweeps())
            };
            Depthwise::pack(middle[0], from, to, sweeps, |tap, c| {
                second.weight(tap, c, c)
            })
        };
        let weight = |i: usize, o: usize| weights[o * ins + i];
        let dense = Dense::pack(from, middle, plane(), |_, i, o| weight(i, o));
        let dense_back = Dense::pack(middle, from, plane(), |_, o, i| weight(i, o));
        let (deep, deep_back) = (depthwise(false), depthwise(true));
        let expansion = Expansion {
            panels: dense.panels_in_place().unwrap(),
            depthwise: &deep,
        };
        let contraction = Contraction {
            depthwise: &deep_back,
            panels: dense_back.panels_in_place().unwrap(),
        };
        for isa in Isa::all() {
            let what = format!("{} of {ins} {}", isa.name(), second.what());
            let room = [
                dense.workspace(),
                dense_back.workspace(),
                deep.workspace(),
                deep_back.workspace(),
                expansion.workspace(),
                contraction.workspace(),
            ];
            let room = room.into_iter().max().unwrap();
            let workspaces = Workspaces::new(rayon::current_num_threads(), room);
            let [mut between, mut apart, mut joined] =
                [middle, to, to].map(|s| vec![Lane::ZERO; lanes(s)]);
            let opens = [open(middle), open(to), open(middle), open(to)];
            let finish = |which: usize| Finish {
                bias: Some(&bias[which % 2]),
                rectify: Some(Rectify {
                    ceiling: CEILING,
                    open: &opens[which],
                }),
                ..Finish::default()
            };
            dense.run(isa, ITEMS, &x, &mut between, finish(0), &workspaces);
            deep.run(isa, ITEMS, &between, &mut apart, finish(1), &workspaces);
            expansion.run(
                isa,
                ITEMS,
                &x,
                finish(2),
                &mut joined,
                finish(3),
                &workspaces,
            );
            assert!(to_planes(&apart, to) == to_planes(&joined, to), "{what}");
            assert!(bits(&opens[1]) == bits(&opens[3]), "{what}");
            // Rows that no output sees are not computed.
            let last = (to[1] - 1) * second.stride[0] + second.kernel[0];
            if second.kernel[0] >= second.stride[0] && last >= middle[1] + second.before[0] {
                assert!(bits(&opens[0]) == bits(&opens[2]), "{what}");
                complete += 1;
            }

            for (add, leak) in [(false, 0.0), (true, 0.0), (false, 0.25)] {
                let gate = Finish {
                    gate: Some(Gate {
                        open: &opens[0],
                        leak,
                    }),
                    ..Finish::default()
                };
                let finish = Finish {
                    add,
                    ..Finish::default()
                };
                let [mut apart, mut joined] =
                    [from, from].map(|s| vec![Lane([0.5; LANES]); lanes(s)]);
                deep_back.run(isa, ITEMS, &g, &mut between, gate, &workspaces);
                dense_back.run(isa, ITEMS, &between, &mut apart, finish, &workspaces);
                contraction.run(isa, ITEMS, &g, gate, &mut joined, finish, &workspaces);
                assert!(
                    to_planes(&apart, from) == to_planes(&joined, from),
                    "back, {what}"
                );
            }
        }
    }
    assert!(
        complete > 10,
        "only {complete} cases in which every row is seen"
    );
}
