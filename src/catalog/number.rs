//! Reads numbers of JSON texts without loss.

use serde_json::Number;

/// Returns the number in `text` (a JSON number); `None` if it cannot be kept exactly: it is too large, too small, or
/// has more digits than a double.
///
/// Equal numbers are written in the same way: `10`, `10.0` and `1e1` are all `10`.
pub(super) fn exact(text: &str) -> Option<Number> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    let decimal = Decimal::parse(text)?;
    if let Some(whole) = decimal.whole() {
        return Some(whole);
    }
    let float = text.parse::<f64>().ok()?;
    let number = Number::from_f64(float)?;
    (Decimal::parse(&number.to_string())? == decimal).then_some(number)
}

/// Returns the number in `text`, or for one that is too large a placeholder, larger than any ceiling. A placeholder
/// must not be sent; see [`is_huge`].
pub(super) fn exact_or_huge(text: &str) -> Option<Number> {
    exact(text).or_else(|| {
        let float = text.parse::<f64>().ok().filter(|float| float.abs() >= 2_f64.powi(64))?;
        Number::from_f64(f64::MAX.copysign(float))
    })
}

/// Returns whether a number is such a placeholder.
pub(super) fn is_huge(number: &Number) -> bool {
    number.as_f64().is_some_and(|float| float.abs() >= f64::MAX)
}

/// A decimal number `digits · 10^exponent`, without zeros at either end of the digits.
#[derive(PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let kept = all.trim_end_matches('0');
        let exponent = i64::from(exponent) - fraction.len() as i64 + (all.len() - kept.len()) as i64;
        let digits = kept.trim_start_matches('0').to_owned();
        // All forms of zero are equal.
        let nothing = digits.is_empty();
        Some(Self { negative: negative && !nothing, digits, exponent: if nothing { 0 } else { exponent } })
    }

    /// Returns the number as an integer of 64 bits.
    fn whole(&self) -> Option<Number> {
        if self.digits.is_empty() {
            return Some(0.into());
        }
        let zeros = usize::try_from(self.exponent).ok().filter(|zeros| *zeros < 20)?;
        let text = format!("{}{}{}", if self.negative { "-" } else { "" }, self.digits, "0".repeat(zeros));
        text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_are_written_alike() {
        for (texts, written) in [
            (&["10", "10.0", "1e1", "100E-1", "1.00e+1"][..], "10"),
            (&["0", "-0", "0.0", "-0.0e5", "0e999"], "0"),
            (&["0.5", "5e-1", "0.50"], "0.5"),
            (&["18446744073709551615"], "18446744073709551615"),
            (&["-9223372036854775808"], "-9223372036854775808"),
            (&["100000000000000000", "1e17"], "100000000000000000"),
            (&["1e300", "10e299"], &serde_json::json!(1e300).to_string()),
        ] {
            for text in texts {
                assert_eq!(exact(text).map(|number| number.to_string()).as_deref(), Some(written), "{text}");
            }
        }
    }

    #[test]
    fn what_is_beyond_all_bounds_is_huge() {
        for (text, huge) in [
            ("1e400", true),
            ("-1e400", true),
            ("1e99999999999", true),
            ("18446744073709551617", true),
            ("123456789012345678901234567890", true),
            ("18446744073709551615", false),
            ("1e300", false),
            ("0", false),
        ] {
            let number = exact_or_huge(text).unwrap();
            assert_eq!((is_huge(&number), number.as_f64() < Some(0.0)), (huge, text.starts_with('-')), "{text}");
        }
        for text in ["1e-400", "0.12345678901234567891", "10.000000000000000000001"] {
            assert_eq!(exact_or_huge(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_double_would_change_is_refused() {
        for text in ["1e400", "-1e400", "1e-400", "12345678901234567890123", "0.12345678901234567891", "1e99999999999"]
        {
            assert_eq!(exact(text), None, "{text}");
        }
    }
}
