//! Arrays whose elements stay in fewer bits than `f32`: eight for pictures to look at, sixteen for sounds to listen to.

use half::f16;

/// The type of an array's elements, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 0 to 255.
    U8,
    /// IEEE 754 half precision.
    F16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

impl Element {
    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::F16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// NumPy's name of it.
    pub fn descr(self) -> &'static str {
        match self {
            Self::U8 => "|u1",
            Self::F16 => "<f2",
            Self::F32 => "<f4",
            Self::F64 => "<f8",
        }
    }

    /// The type that NumPy calls so, if it is one of these.
    pub fn from_descr(descr: &str) -> Option<Self> {
        [Self::U8, Self::F16, Self::F32, Self::F64]
            .into_iter()
            .find(|e| e.descr() == descr)
    }
}

/// A dense array in C order, as its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    /// The elements' type.
    pub element: Element,
    /// Length of each axis, outermost first.
    pub shape: Vec<usize>,
    /// The elements, last axis fastest; as many as `shape` and `element` ask for.
    pub bytes: Vec<u8>,
}

impl Packed {
    /// An array of bytes.
    pub fn bytes(shape: Vec<usize>, bytes: Vec<u8>) -> Self {
        Self {
            element: Element::U8,
            shape,
            bytes,
        }
    }

    /// Values rounded to half precision; beyond 65,504 they become infinite.
    pub fn halves(shape: Vec<usize>, values: &[f32]) -> Self {
        Self {
            element: Element::F16,
            shape,
            bytes: values
                .iter()
                .flat_map(|v| f16::from_f32(*v).to_le_bytes())
                .collect(),
        }
    }

    /// Values as they are.
    pub fn floats(shape: Vec<usize>, values: &[f32]) -> Self {
        Self {
            element: Element::F32,
            shape,
            bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }
    }

    /// Values as they are.
    pub fn doubles(shape: Vec<usize>, values: &[f64]) -> Self {
        Self {
            element: Element::F64,
            shape,
            bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }
    }

    /// The elements as `f32`; bytes are 0 to 255.
    pub fn values(&self) -> Vec<f32> {
        self.values_f64().into_iter().map(|v| v as f32).collect()
    }

    /// The elements as `f64`, exactly.
    pub fn values_f64(&self) -> Vec<f64> {
        fn each<const N: usize>(bytes: &[u8], one: impl Fn([u8; N]) -> f64) -> Vec<f64> {
            bytes.as_chunks::<N>().0.iter().map(|b| one(*b)).collect()
        }
        match self.element {
            Element::U8 => self.bytes.iter().map(|b| f64::from(*b)).collect(),
            Element::F16 => each(&self.bytes, |b| f16::from_le_bytes(b).to_f64()),
            Element::F32 => each(&self.bytes, |b| f64::from(f32::from_le_bytes(b))),
            Element::F64 => each(&self.bytes, f64::from_le_bytes),
        }
    }
}
