//! The stack machine. A pickle is a program for it, of which everything is carried out but the calls.

mod reading;
mod stack;

use super::text;
use super::value::{Call, Id, Pickle, Span, Value};
use std::collections::HashMap;

/// What a pickle may cost beside its own bytes: values, lists and the stack.
const MAX_MEMORY: usize = 512 << 20;

/// Runs a pickle to its end.
pub fn run(bytes: Vec<u8>) -> Result<Pickle, String> {
    let mut machine = Machine {
        at: 0,
        values: vec![],
        stack: vec![],
        marks: vec![],
        memo: HashMap::new(),
        cost: 0,
    };
    let root = loop {
        if let Some(root) = machine.step(&bytes)? {
            break root;
        }
    };
    Ok(Pickle {
        bytes,
        values: machine.values,
        root,
        end: machine.at,
    })
}

struct Machine {
    at: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    cost: usize,
}

fn cut() -> String {
    "The pickle is cut short, or this is none".into()
}

fn damaged(what: &str) -> String {
    format!("Damaged pickle: {what}")
}

impl Machine {
    /// Carries out one instruction; the last one gives the result.
    fn step(&mut self, file: &[u8]) -> Result<Option<Id>, String> {
        let code = self.take(file, 1)?[0];
        match code {
            b'.' => return self.pop().map(Some),
            0x80 => {
                let protocol = self.take(file, 1)?[0];
                if protocol > 5 {
                    return Err(format!(
                        "Pickle protocol {protocol} is not known (0 to 5 are), or this is no pickle"
                    ));
                }
            }
            // A frame is a hint for reading; it only has to fit.
            0x95 => {
                let length = self.length::<8>(file)?;
                if length > file.len() - self.at {
                    return Err(cut());
                }
            }
            // The stack.
            b'(' => {
                self.spend(16)?;
                self.marks.push(self.stack.len());
            }
            b'0' => {
                // POP takes a mark away where one is on top.
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                } else {
                    self.pop()?;
                }
            }
            b'1' => {
                self.pop_mark()?;
            }
            b'2' => {
                let top = self.top()?;
                self.push(top)?;
            }
            // The memo.
            b'p' => {
                let index = self.decimal(file)?;
                self.remember(index)?;
            }
            b'q' => {
                let index = self.length::<1>(file)?;
                self.remember(index)?;
            }
            b'r' => {
                let index = self.length::<4>(file)?;
                self.remember(index)?;
            }
            0x94 => self.remember(self.memo.len())?,
            b'g' => {
                let index = self.decimal(file)?;
                self.recall(index)?;
            }
            b'h' => {
                let index = self.length::<1>(file)?;
                self.recall(index)?;
            }
            b'j' => {
                let index = self.length::<4>(file)?;
                self.recall(index)?;
            }
            // Constants and numbers.
            b'N' => self.make(Value::None)?,
            0x88 => self.make(Value::Bool(true))?,
            0x89 => self.make(Value::Bool(false))?,
            b'J' => {
                let v = i32::from_le_bytes(self.array(file)?);
                self.make(Value::Integer(i64::from(v)))?;
            }
            b'K' => {
                let [v] = self.array(file)?;
                self.make(Value::Integer(i64::from(v)))?;
            }
            b'M' => {
                let v = u16::from_le_bytes(self.array(file)?);
                self.make(Value::Integer(i64::from(v)))?;
            }
            b'I' => {
                let line = self.line(file)?;
                let value = match line {
                    b"00" => Value::Bool(false),
                    b"01" => Value::Bool(true),
                    digits => whole(digits)?,
                };
                self.make(value)?;
            }
            b'L' => {
                let line = self.line(file)?;
                let value = whole(line.strip_suffix(b"L").unwrap_or(line))?;
                self.make(value)?;
            }
            0x8a => {
                let length = self.length::<1>(file)?;
                self.long(file, length)?;
            }
            0x8b => {
                let length = i32::from_le_bytes(self.array(file)?);
                self.long(file, usize::try_from(length).map_err(|_| cut())?)?;
            }
            b'F' => {
                let line = self.line(file)?;
                let value = std::str::from_utf8(line)
                    .ok()
                    .and_then(|t| t.trim().parse().ok());
                self.make(Value::Float(
                    value.ok_or_else(|| damaged("a number is none"))?,
                ))?;
            }
            b'G' => {
                let v = f64::from_be_bytes(self.array(file)?);
                self.make(Value::Float(v))?;
            }
            // Texts and bytes.
            b'S' => {
                let line = self.line(file)?;
                let own = text::string_literal(line).ok_or_else(|| damaged("a text"))?;
                self.own(own, Value::Bytes)?;
            }
            b'V' => {
                let line = self.line(file)?;
                let own = text::raw_unicode(line).ok_or_else(|| damaged("a text"))?;
                self.own(own.into_bytes(), Value::Text)?;
            }
            b'U' | b'C' => {
                let length = self.length::<1>(file)?;
                self.bytes(file, length)?;
            }
            b'T' => {
                let length = i32::from_le_bytes(self.array(file)?);
                self.bytes(file, usize::try_from(length).map_err(|_| cut())?)?;
            }
            b'B' => {
                let length = self.length::<4>(file)?;
                self.bytes(file, length)?;
            }
            0x8e | 0x96 => {
                let length = self.length::<8>(file)?;
                self.bytes(file, length)?;
            }
            0x8c => {
                let length = self.length::<1>(file)?;
                self.unicode(file, length)?;
            }
            b'X' => {
                let length = self.length::<4>(file)?;
                self.unicode(file, length)?;
            }
            0x8d => {
                let length = self.length::<8>(file)?;
                self.unicode(file, length)?;
            }
            // Containers.
            b']' => self.make(Value::List(vec![]))?,
            b'}' => self.make(Value::Dict(vec![]))?,
            b')' => self.make(Value::Tuple(vec![]))?,
            0x8f => self.make(Value::Set(vec![]))?,
            b'l' => {
                let items = self.pop_mark()?;
                self.make_of(Value::List, items)?;
            }
            b't' => {
                let items = self.pop_mark()?;
                self.make_of(Value::Tuple, items)?;
            }
            0x91 => {
                let items = self.pop_mark()?;
                self.make_of(Value::Set, items)?;
            }
            b'd' => {
                let items = self.pop_mark()?;
                self.spend(8 * items.len())?;
                let pairs = in_pairs(&items)?;
                self.make(Value::Dict(pairs))?;
            }
            0x85..=0x87 => {
                let first = self.below(usize::from(code - 0x84))?;
                let items = self.stack.split_off(first);
                self.make_of(Value::Tuple, items)?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_mark()?;
                self.append(&items)?;
            }
            b's' => {
                let first = self.below(2)?;
                let items = self.stack.split_off(first);
                self.set_items(&items)?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set_items(&items)?;
            }
            // What Python would look up and call.
            b'c' => {
                let (module, name) = (self.name(file)?, self.name(file)?);
                self.global(module, name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let text = |id| self.name_of(file, id);
                let (module, name) = (text(module)?, text(name)?);
                self.global(module, name)?;
            }
            b'R' | 0x81 => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                self.call(callable, arguments, None)?;
            }
            0x92 => {
                let (named, arguments, callable) = (self.pop()?, self.pop()?, self.pop()?);
                self.call(callable, arguments, Some(named))?;
            }
            b'o' => {
                let mut items = self.pop_mark()?;
                if items.is_empty() {
                    return Err(damaged("an object without a class"));
                }
                let class = items.remove(0);
                self.make_of(Value::Tuple, items)?;
                let arguments = self.pop()?;
                self.call(class, arguments, None)?;
            }
            b'i' => {
                let (module, name) = (self.name(file)?, self.name(file)?);
                let items = self.pop_mark()?;
                self.make_of(Value::Tuple, items)?;
                let arguments = self.pop()?;
                self.global(module, name)?;
                let class = self.pop()?;
                self.call(class, arguments, None)?;
            }
            b'b' => {
                let state = self.pop()?;
                let object = self.top()?;
                match &mut self.values[object.0 as usize] {
                    Value::Call(call) => call.state = Some(state),
                    _ => return Err(damaged("a state is given to something that has none")),
                }
            }
            b'P' => {
                let line = self.line(file)?.to_vec();
                self.own(line, Value::Bytes)?;
                let inner = self.pop()?;
                self.make(Value::Persistent(inner))?;
            }
            b'Q' => {
                let inner = self.pop()?;
                self.make(Value::Persistent(inner))?;
            }
            0x97 | 0x98 => {
                return Err(
                    "The pickle keeps its data in separate buffers, which are not here".into(),
                );
            }
            0x82..=0x84 => {
                return Err("The pickle uses a registry of extensions, which is not here".into());
            }
            other => {
                let at = self.at - 1;
                return Err(format!(
                    "Damaged pickle, or none: byte {other:#04x} at {at} is no instruction"
                ));
            }
        }
        Ok(None)
    }

    /// Counts memory; a file of a few bytes an instruction cannot make it grow without bound.
    fn spend(&mut self, bytes: usize) -> Result<(), String> {
        self.cost = self.cost.saturating_add(bytes);
        if self.cost > MAX_MEMORY {
            return Err(format!("Would need more than {} MB", MAX_MEMORY >> 20));
        }
        Ok(())
    }
}

fn in_pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, String> {
    let (pairs, rest) = items.as_chunks();
    if !rest.is_empty() {
        return Err(damaged("a key has no value"));
    }
    Ok(pairs.iter().map(|[k, v]| (*k, *v)).collect())
}

/// A whole number in digits.
fn whole(digits: &[u8]) -> Result<Value, String> {
    let digits = std::str::from_utf8(digits).unwrap_or_default().trim();
    if let Ok(v) = digits.parse() {
        return Ok(Value::Integer(v));
    }
    text::large(digits)
        .map(Value::Large)
        .ok_or_else(|| damaged("a number is none"))
}

#[cfg(test)]
mod tests {
    use super::super::decode;

    #[test]
    fn identity_is_kept_even_for_a_list_that_holds_itself() {
        // a = []; a.append(a)
        let p = decode(*b"\x80\x02]q\x00h\x00a.").unwrap();
        assert_eq!(p.items(p.root()).unwrap(), [p.root()]);
        // b = []; [b, b], with the list filled after it was remembered
        let p = decode(*b"\x80\x02(]q\x00K\x07ah\x00l.").unwrap();
        let items = p.items(p.root()).unwrap();
        assert_eq!(items[0], items[1]);
        assert_eq!(p.integer(p.items(items[1]).unwrap()[0]), Some(7));
    }

    #[test]
    fn nothing_is_called() {
        let p = decode(*b"cos\nsystem\n(S'echo'\ntR.").unwrap();
        let call = p.call(p.root()).unwrap();
        assert_eq!(p.global(call.callable), Some(("os", "system")));
        assert_eq!(p.text(p.items(call.arguments).unwrap()[0]), Some("echo"));
    }

    #[test]
    fn programs_that_make_no_sense_are_refused() {
        for bad in [
            &b""[..],
            b".",
            b"\x80\x06N.",
            b"(.",
            b"a.",
            b"Na.",
            b"]Ns.",
            b"h\x00.",
            b"0.",
            b"(K\x01ud.",
            b"\x97.",
            b"\x8a\xff\x00",
            b"T\xff\xff\xff\xff.",
            b"Nb.",
            b"}K\x01K\x02K\x03u.",
            b"\xff",
        ] {
            assert!(decode(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn memory_is_bounded_however_short_the_instructions() {
        for cheap in [b']', b'}', b'N', b'(', b')'] {
            let error = decode(vec![cheap; 80 << 20]).unwrap_err();
            assert!(error.contains("512 MB"), "{error}");
        }
    }
}
