//! Numbers that may be infinite or undefined, in JSON, which has no word for either.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number; NaN and the infinities are written as the strings `"nan"`, `"inf"` and `"-inf"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(pub f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            v if v.is_finite() => serializer.serialize_f64(v),
            v if v.is_nan() => serializer.serialize_str("nan"),
            v if v > 0.0 => serializer.serialize_str("inf"),
            _ => serializer.serialize_str("-inf"),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(f64),
            Text(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Number(v) => Ok(Self(v)),
            Either::Text(t) => match t.as_str() {
                "nan" => Ok(Self(f64::NAN)),
                "inf" => Ok(Self(f64::INFINITY)),
                "-inf" => Ok(Self(f64::NEG_INFINITY)),
                _ => Err(de::Error::custom(format!("'{t}' is no number"))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives_json() {
        for v in [0.25, -1e300, f64::INFINITY, f64::NEG_INFINITY] {
            let text = serde_json::to_string(&Number(v)).unwrap();
            assert_eq!(serde_json::from_str::<Number>(&text).unwrap().0, v);
        }
        let nan: Number =
            serde_json::from_str(&serde_json::to_string(&Number(f64::NAN)).unwrap()).unwrap();
        assert!(nan.0.is_nan());
        assert!(serde_json::from_str::<Number>("\"seven\"").is_err());
    }
}
