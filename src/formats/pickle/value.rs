//! The values of a pickle, in one arena. A value that is referred to twice is one value with one [`Id`], as in Python.

use std::borrow::Cow;
use std::ops::Range;

/// The place of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub(super) u32);

/// A value. Texts and bytes lie in the file itself wherever they can.
#[derive(Clone, Debug)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number that fits.
    Integer(i64),
    /// A whole number that does not: two's complement, little-endian.
    Large(Box<[u8]>),
    /// A float.
    Float(f64),
    /// A unicode text.
    Text(Span),
    /// Bytes, or a text of Python 2, which is bytes.
    Bytes(Span),
    /// A list.
    List(Vec<Id>),
    /// A tuple.
    Tuple(Vec<Id>),
    /// A dict, in the order of the file; a key that comes twice is in it twice.
    Dict(Vec<(Id, Id)>),
    /// A set or frozenset.
    Set(Vec<Id>),
    /// A class or function by module and name.
    Global(Box<(String, String)>),
    /// Something that Python would have made by calling something.
    Call(Box<Call>),
    /// A reference to something outside the pickle.
    Persistent(Id),
}

/// A call that was not carried out, and what Python would have done with its result.
#[derive(Clone, Debug)]
pub struct Call {
    /// What would have been called; usually a [`Value::Global`].
    pub callable: Id,
    /// A tuple.
    pub arguments: Id,
    /// Arguments by name, a dict.
    pub named: Option<Id>,
    /// What would have been given to `__setstate__`.
    pub state: Option<Id>,
    /// What would have been appended.
    pub items: Vec<Id>,
    /// What would have been set by key.
    pub pairs: Vec<(Id, Id)>,
}

/// Bytes of the file, or bytes that had to be put together.
#[derive(Clone, Debug)]
pub enum Span {
    /// A part of the file.
    File(Range<usize>),
    /// Own bytes.
    Own(Box<[u8]>),
}

/// A whole pickle.
#[derive(Debug)]
pub struct Pickle {
    pub(super) bytes: Vec<u8>,
    pub(super) values: Vec<Value>,
    pub(super) root: Id,
    /// Where the pickle ended in the bytes that it was read from.
    pub(super) end: usize,
}

impl Pickle {
    /// The value that was pickled.
    pub fn root(&self) -> Id {
        self.root
    }

    /// Number of bytes that the pickle took; files may hold several, one after the other.
    pub fn length(&self) -> usize {
        self.end
    }

    /// A value.
    pub fn value(&self, id: Id) -> &Value {
        &self.values[id.0 as usize]
    }

    /// A text, or the bytes of a Python 2 text where they are valid UTF-8.
    pub fn text(&self, id: Id) -> Option<&str> {
        match self.value(id) {
            Value::Text(span) | Value::Bytes(span) => std::str::from_utf8(self.span(span)).ok(),
            _ => None,
        }
    }

    /// Bytes: as such, or as protocol 2 of Python 3 writes them, a call of `_codecs.encode` on a text.
    pub fn bytes(&self, id: Id) -> Option<Cow<'_, [u8]>> {
        match self.value(id) {
            Value::Bytes(span) => Some(Cow::Borrowed(self.span(span))),
            // Python 2 texts that were read and written again by Python 3 with encoding='latin1'.
            Value::Text(span) => latin1(self.span(span)).map(Cow::Owned),
            Value::Call(call) => match (self.global(call.callable)?, self.items(call.arguments)?) {
                (("_codecs", "encode"), [text, encoding])
                    if matches!(self.text(*encoding)?, "latin1" | "latin-1" | "iso-8859-1") =>
                {
                    let Value::Text(span) = self.value(*text) else {
                        return None;
                    };
                    latin1(self.span(span)).map(Cow::Owned)
                }
                // b'' is pickled as bytes().
                (("builtins" | "__builtin__", "bytes"), []) => Some(Cow::Borrowed(&[])),
                (("builtins" | "__builtin__", "bytearray"), [inner]) => match self.value(*inner) {
                    Value::Bytes(span) => Some(Cow::Borrowed(self.span(span))),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// A whole number: as such, as a bool, or as a numpy scalar.
    pub fn integer(&self, id: Id) -> Option<i64> {
        match self.value(id) {
            Value::Integer(v) => Some(*v),
            Value::Bool(v) => Some(i64::from(*v)),
            Value::Call(_) => {
                let v = super::numpy::scalar(self, id)?;
                (v.fract() == 0.0 && v.abs() < 9e15).then_some(v as i64)
            }
            _ => None,
        }
    }

    /// A number of any kind.
    pub fn number(&self, id: Id) -> Option<f64> {
        match self.value(id) {
            Value::Integer(v) => Some(*v as f64),
            Value::Float(v) => Some(*v),
            Value::Bool(v) => Some(f64::from(u8::from(*v))),
            Value::Call(_) => super::numpy::scalar(self, id),
            _ => None,
        }
    }

    /// `True` or `False`, also as 1 or 0.
    pub fn boolean(&self, id: Id) -> Option<bool> {
        match self.value(id) {
            Value::Bool(v) => Some(*v),
            Value::Integer(v @ (0 | 1)) => Some(*v == 1),
            Value::Call(_) => super::numpy::scalar(self, id).map(|v| v != 0.0),
            _ => None,
        }
    }

    /// The members of a list, tuple or set, or what was appended to a subclass of one.
    pub fn items(&self, id: Id) -> Option<&[Id]> {
        match self.value(id) {
            Value::List(items) | Value::Tuple(items) | Value::Set(items) => Some(items),
            Value::Call(call) if !call.items.is_empty() => Some(&call.items),
            _ => None,
        }
    }

    /// Keys and values of a dict, or of a subclass of one such as `OrderedDict`.
    pub fn pairs(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.value(id) {
            Value::Dict(pairs) => Some(pairs),
            Value::Call(call) => {
                let made = matches!(
                    self.global(call.callable)?,
                    ("collections", "OrderedDict" | "defaultdict" | "Counter")
                );
                (made || !call.pairs.is_empty()).then_some(&call.pairs)
            }
            _ => None,
        }
    }

    /// What a dict has under a text; the last one, as Python would.
    pub fn get(&self, dict: Id, key: &str) -> Option<Id> {
        let pairs = self.pairs(dict)?.iter().rev();
        pairs
            .into_iter()
            .find(|(k, _)| self.text(*k) == Some(key))
            .map(|(_, v)| *v)
    }

    /// Module and name of a class or function.
    pub fn global(&self, id: Id) -> Option<(&str, &str)> {
        match self.value(id) {
            Value::Global(global) => Some((&global.0, &global.1)),
            _ => None,
        }
    }

    /// A call that was not carried out.
    pub fn call(&self, id: Id) -> Option<&Call> {
        match self.value(id) {
            Value::Call(call) => Some(call),
            _ => None,
        }
    }

    /// What a `functools.partial` would call, and with which arguments by name.
    pub fn partial(&self, id: Id) -> Option<(Id, Option<Id>)> {
        let call = self.call(id)?;
        if self.global(call.callable)? != ("functools", "partial") {
            return None;
        }
        // Its state is (function, arguments, named arguments, attributes).
        let function = *self.items(call.arguments)?.first()?;
        let named = call
            .state
            .and_then(|s| self.items(s)?.get(2).copied())
            .or(call.named);
        Some((function, named))
    }

    pub(super) fn span<'s>(&'s self, span: &'s Span) -> &'s [u8] {
        match span {
            Span::File(range) => &self.bytes[range.clone()],
            Span::Own(bytes) => bytes,
        }
    }
}

/// The bytes that a text of characters up to 255 stands for.
fn latin1(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect()
}
