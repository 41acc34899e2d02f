// A heat map: raw values to colours. src/export/heat_map.rs is its definition in plain code; a test compares the two.
//
// Where a fragment lies in the map follows from its place in the window, not from the viewport: egui cuts viewports off at
// the window's edge, and a map that follows them would be squashed where it should be cropped.

struct Params {
    origin: vec2<f32>,      // the upper left corner of the map's rectangle, in pixels of the window
    first: vec2<f32>,       // column and row at that corner, in cells
    per_pixel: vec2<f32>,   // cells for a pixel to the right, and for a pixel up
    size: vec2<u32>,        // columns, rows
    low: f32,
    high: f32,
    gamma: f32,
    colour_map: u32,        // row of the table of colours
    smooth_cells: u32,      // 1: cells larger than a pixel run into one another
    has_sign: u32,          // 1: the middle of the colour map stands for zero
    srgb_target: u32,       // 1: the target encodes what it is given
    unused: u32,
};

@group(0) @binding(0) var<uniform> p: Params;
// 32-bit floats cannot be filtered by every graphics card: cells are read one by one.
@group(0) @binding(1) var values: texture_2d<f32>;
@group(0) @binding(2) var colours: texture_2d<f32>;

const TOUCHING: f32 = 1e-3;
const LAST_COLOUR: f32 = 255.0;
const NOT_A_NUMBER: vec3<f32> = vec3<f32>(255.0, 0.0, 128.0) / 255.0;

// One triangle that covers the viewport.
@vertex
fn vs_main(@builtin(vertex_index) i: u32) -> @builtin(position) vec4<f32> {
    let corner = vec2<f32>(f32((i << 1u) & 2u), f32(i & 2u));
    return vec4<f32>(corner * 2.0 - 1.0, 0.0, 1.0);
}

// How far a pixel reaches to each side of its middle, in cells.
fn reach(per_pixel: f32) -> f32 {
    if (p.smooth_cells == 1u) {
        return max(per_pixel, 1.0);
    }
    return per_pixel / 2.0;
}

// The weight of cell k for a pixel whose middle is at `at`; none if it only touches the pixel.
fn weight(k: i32, at: f32, reach: f32) -> f32 {
    let cell = f32(k);
    var w = min(at + reach, cell + 1.0) - max(at - reach, cell);
    if (p.smooth_cells == 1u) {
        w = 1.0 - abs(cell + 0.5 - at) / reach;
    }
    return select(0.0, w, w > TOUCHING * min(2.0 * reach, 1.0));
}

// By bits, since a compiler may assume that there is nothing that is not a number.
fn is_finite(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

fn place(value: f32) -> f32 {
    let span = max(p.high - p.low, 1.17549435e-38);
    let t = clamp((value - p.low) / span, 0.0, 1.0);
    if (p.has_sign == 1u) {
        let signed = 2.0 * t - 1.0;
        return (1.0 + sign(signed) * pow(abs(signed), p.gamma)) / 2.0;
    }
    return pow(t, p.gamma);
}

fn colour(t: f32) -> vec3<f32> {
    let x = clamp(t, 0.0, 1.0) * LAST_COLOUR;
    let low = i32(x);
    let high = min(low + 1, i32(LAST_COLOUR));
    let row = i32(p.colour_map);
    let a = textureLoad(colours, vec2<i32>(low, row), 0).rgb;
    let b = textureLoad(colours, vec2<i32>(high, row), 0).rgb;
    return mix(a, b, x - f32(low));
}

fn srgb_to_linear(c: vec3<f32>) -> vec3<f32> {
    let low = c / 12.92;
    let high = pow((c + vec3<f32>(0.055)) / 1.055, vec3<f32>(2.4));
    return select(high, low, c <= vec3<f32>(0.04045));
}

@fragment
fn fs_main(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let steps = vec2<f32>(p.per_pixel.x, -p.per_pixel.y);
    let at = p.first + (position.xy - p.origin) * steps;
    let size = vec2<f32>(p.size);
    if (any(at < vec2<f32>(0.0)) || any(at >= size)) {
        discard;
    }
    let sides = vec2<f32>(reach(p.per_pixel.x), reach(p.per_pixel.y));
    let first = vec2<i32>(max(floor(at - sides), vec2<f32>(0.0)));
    let last = vec2<i32>(min(ceil(at + sides), size));
    var sum = 0.0;
    var total = 0.0;
    var finite = true;
    for (var row = first.y; row < last.y; row++) {
        let in_row = weight(row, at.y, sides.y);
        for (var column = first.x; column < last.x; column++) {
            let w = in_row * weight(column, at.x, sides.x);
            if (w > 0.0) {
                let value = textureLoad(values, vec2<i32>(column, row), 0).r;
                finite = finite && is_finite(value);
                sum += w * value;
                total += w;
            }
        }
    }
    var rgb = NOT_A_NUMBER;
    if (finite) {
        rgb = colour(place(sum / total));
    }
    if (p.srgb_target == 1u) {
        rgb = srgb_to_linear(rgb);
    }
    return vec4<f32>(rgb, 1.0);
}
