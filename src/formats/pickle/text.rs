//! What the textual protocols write: numbers as digits, strings with escapes.

/// The bytes of a Python 2 string literal, quotes included.
pub fn string_literal(line: &[u8]) -> Option<Vec<u8>> {
    let (quote, rest) = line.split_first()?;
    let inner = rest.strip_suffix(&[*quote])?;
    if !matches!(quote, b'\'' | b'"') {
        return None;
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let (escape, tail) = rest.split_first()?;
        rest = tail;
        match escape {
            b'\\' | b'\'' | b'"' => out.push(*escape),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'v' => out.push(11),
            b'x' => {
                let (digits, tail) = rest.split_at_checked(2)?;
                out.push(number(digits, 16).and_then(|n| u8::try_from(n).ok())?);
                rest = tail;
            }
            b'0'..=b'7' => {
                let more = rest
                    .iter()
                    .take(2)
                    .take_while(|b| matches!(b, b'0'..=b'7'))
                    .count();
                let mut value = u32::from(escape - b'0');
                for digit in &rest[..more] {
                    value = value * 8 + u32::from(digit - b'0');
                }
                out.push(value as u8);
                rest = &rest[more..];
            }
            // Python leaves unknown escapes as they are.
            other => out.extend([b'\\', *other]),
        }
    }
    Some(out)
}

/// A text in Python's "raw unicode escape": latin-1, with `\u` and `\U` for what that lacks.
pub fn raw_unicode(line: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((first, tail)) = rest.split_first() {
        let length = match tail.first() {
            Some(b'u') if *first == b'\\' => 4,
            Some(b'U') if *first == b'\\' => 8,
            _ => {
                out.push(char::from(*first));
                rest = tail;
                continue;
            }
        };
        let digits = tail.get(1..=length)?;
        out.push(char::from_u32(number(digits, 16)?)?);
        rest = &tail[length + 1..];
    }
    Some(out)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

/// Digits in two's complement, little-endian; Python's own limit of 4300 digits applies.
pub fn large(digits: &str) -> Option<Box<[u8]>> {
    let (negative, digits) = digits
        .strip_prefix('-')
        .map_or((false, digits), |rest| (true, rest));
    if digits.is_empty() || digits.len() > 4300 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut bytes = vec![0u8];
    for digit in digits.bytes() {
        let mut carry = u32::from(digit - b'0');
        for byte in &mut bytes {
            carry += u32::from(*byte) * 10;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            bytes.push(carry as u8);
        }
    }
    // Room for the sign.
    bytes.push(0);
    if negative {
        let mut carry = true;
        for byte in &mut bytes {
            let (sum, more) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (sum, more);
        }
    }
    Some(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_unescaped_as_python_does() {
        let cases: [(&[u8], Option<&[u8]>); 7] = [
            (b"'plain'", Some(b"plain")),
            (br"'a\n\x41\\\''", Some(b"a\nA\\'")),
            (br#""\1012\q""#, Some(b"A2\\q")),
            (b"'open", None),
            (b"x'", None),
            (br"'\x4'", None),
            (b"'", None),
        ];
        for (literal, expected) in cases {
            assert_eq!(string_literal(literal).as_deref(), expected);
        }
        assert_eq!(raw_unicode(br"caf\u00e9 \U0001F600").unwrap(), "café 😀");
        assert_eq!(raw_unicode(b"\xe9").unwrap(), "é");
        assert!(raw_unicode(br"\ud800").is_none());
        assert!(raw_unicode(br"\u12").is_none());
    }

    #[test]
    fn large_numbers_are_in_twos_complement() {
        assert_eq!(*large("256").unwrap(), [0, 1, 0]);
        assert_eq!(*large("-1").unwrap(), [0xff, 0xff]);
        assert_eq!(
            large("18446744073709551616").unwrap()[..9],
            [0, 0, 0, 0, 0, 0, 0, 0, 1]
        );
        assert!(large("12x").is_none() && large("").is_none() && large("-").is_none());
    }
}
