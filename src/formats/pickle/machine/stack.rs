//! What instructions do to the stack, its marks and the memo.

use super::*;

impl Machine {
    pub(super) fn push(&mut self, id: Id) -> Result<(), String> {
        self.spend(8)?;
        self.stack.push(id);
        Ok(())
    }

    pub(super) fn make(&mut self, value: Value) -> Result<(), String> {
        // Room grows by doubling: twice the size is what may be held.
        self.spend(2 * size_of::<Value>())?;
        let id = Id(u32::try_from(self.values.len()).map_err(|_| damaged("too many values"))?);
        self.values.push(value);
        self.push(id)
    }

    pub(super) fn make_of(
        &mut self,
        kind: fn(Vec<Id>) -> Value,
        items: Vec<Id>,
    ) -> Result<(), String> {
        self.spend(4 * items.len())?;
        self.make(kind(items))
    }

    pub(super) fn own(&mut self, own: Vec<u8>, kind: fn(Span) -> Value) -> Result<(), String> {
        self.spend(own.len())?;
        self.make(kind(Span::Own(own.into())))
    }

    pub(super) fn bytes(&mut self, file: &[u8], length: usize) -> Result<(), String> {
        self.take(file, length)?;
        self.make(Value::Bytes(Span::File(self.at - length..self.at)))
    }

    pub(super) fn unicode(&mut self, file: &[u8], length: usize) -> Result<(), String> {
        let bytes = self.take(file, length)?;
        // Python lets lone surrogates through; nothing that is read here has any.
        std::str::from_utf8(bytes).map_err(|_| damaged("a text is not UTF-8"))?;
        self.make(Value::Text(Span::File(self.at - length..self.at)))
    }

    pub(super) fn long(&mut self, file: &[u8], length: usize) -> Result<(), String> {
        let bytes = self.take(file, length)?;
        let value = if length <= 8 {
            let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
            let mut wide = [if negative { 0xff } else { 0 }; 8];
            wide[..length].copy_from_slice(bytes);
            Value::Integer(i64::from_le_bytes(wide))
        } else {
            self.spend(length)?;
            Value::Large(bytes.into())
        };
        self.make(value)
    }

    /// Below the last mark nothing may be taken.
    pub(super) fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn pop(&mut self) -> Result<Id, String> {
        if self.stack.len() <= self.floor() {
            return Err(damaged("it takes a value that is not there"));
        }
        self.stack.pop().ok_or_else(cut)
    }

    pub(super) fn top(&self) -> Result<Id, String> {
        let top = self
            .stack
            .last()
            .filter(|_| self.stack.len() > self.floor());
        top.copied()
            .ok_or_else(|| damaged("it takes a value that is not there"))
    }

    /// The place of the `n`-th value from the top.
    pub(super) fn below(&self, n: usize) -> Result<usize, String> {
        let first = self.stack.len().checked_sub(n);
        first
            .filter(|f| *f >= self.floor())
            .ok_or_else(|| damaged("it takes a value that is not there"))
    }

    pub(super) fn pop_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self
            .marks
            .pop()
            .ok_or_else(|| damaged("a mark is missing"))?;
        Ok(self.stack.split_off(mark))
    }

    pub(super) fn remember(&mut self, index: usize) -> Result<(), String> {
        let top = self.top()?;
        let index = u32::try_from(index).map_err(|_| damaged("a place in the memo is absurd"))?;
        self.spend(24)?;
        self.memo.insert(index, top);
        Ok(())
    }

    pub(super) fn recall(&mut self, index: usize) -> Result<(), String> {
        let found = u32::try_from(index)
            .ok()
            .and_then(|i| self.memo.get(&i))
            .copied();
        self.push(found.ok_or_else(|| damaged("it recalls what was never remembered"))?)
    }

    pub(super) fn global(&mut self, module: String, name: String) -> Result<(), String> {
        self.spend(module.len() + name.len() + 64)?;
        self.make(Value::Global(Box::new((module, name))))
    }

    pub(super) fn call(
        &mut self,
        callable: Id,
        arguments: Id,
        named: Option<Id>,
    ) -> Result<(), String> {
        self.spend(size_of::<Call>())?;
        self.make(Value::Call(Box::new(Call {
            callable,
            arguments,
            named,
            state: None,
            items: vec![],
            pairs: vec![],
        })))
    }

    pub(super) fn append(&mut self, new: &[Id]) -> Result<(), String> {
        let list = self.top()?;
        self.spend(8 * new.len())?;
        match &mut self.values[list.0 as usize] {
            Value::List(items) | Value::Set(items) => items.extend_from_slice(new),
            Value::Call(call) => call.items.extend_from_slice(new),
            _ => return Err(damaged("it appends to what is no list")),
        }
        Ok(())
    }

    pub(super) fn set_items(&mut self, new: &[Id]) -> Result<(), String> {
        let new = in_pairs(new)?;
        let dict = self.top()?;
        self.spend(16 * new.len())?;
        match &mut self.values[dict.0 as usize] {
            Value::Dict(pairs) => pairs.extend(new),
            Value::Call(call) => call.pairs.extend(new),
            _ => return Err(damaged("it sets a key of what is no dict")),
        }
        Ok(())
    }
}
