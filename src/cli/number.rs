//! Numbers, sizes and times on the command line.

use std::time::Duration;

/// A number of things: suffixes are decimal.
pub(super) fn parse_count(text: &str) -> Result<u64, String> {
    parse_number(text, 1000)
}

/// A number of bytes: suffixes are binary.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    parse_number(text, 1024)
}

pub(super) fn parse_stack_size(text: &str) -> Result<u64, String> {
    match parse_size(text)? {
        size @ STACK_MIN_BYTES..=STACK_MAX_BYTES => Ok(size),
        _ => Err("a stack has from 4K to 4G".into()),
    }
}

fn parse_number(text: &str, kilo: u64) -> Result<u64, String> {
    let (digits, factor) = match text.char_indices().last() {
        Some((end, 'k' | 'K')) => (&text[..end], kilo),
        Some((end, 'M')) => (&text[..end], kilo * kilo),
        Some((end, 'G')) => (&text[..end], kilo * kilo * kilo),
        _ => (text, 1),
    };
    let plain = digits.replace('_', "");
    if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("not a number like 1_000_000, 64K, 256M or 2G".into());
    }
    let number: Option<u64> = plain.parse().ok();
    number.and_then(|number| number.checked_mul(factor)).ok_or("the number is too large".into())
}

/// A time: `200ms`, `1.5s`, `2m`, `1h`; seconds without a unit.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("the unit of a time is ms, s, m or h".into()),
    };
    let plain = number.replace('_', "");
    let digits = plain.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: Option<f64> = if digits { plain.parse().ok() } else { None };
    let time = number.and_then(|number| Duration::try_from_secs_f64(number * seconds).ok());
    time.ok_or("not a time like 200ms, 1.5s or 2m".into())
}

const STACK_MIN_BYTES: u64 = 4 << 10;
const STACK_MAX_BYTES: u64 = 4 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(parse_size("1_024"), Ok(1024));
        assert_eq!(parse_size("256M"), Ok(256 << 20));
        assert_eq!(parse_count("10M"), Ok(10_000_000));
        assert_eq!(parse_size("64k"), Ok(64 << 10));
        for wrong in
            ["", "M", "-1", "+1", "1T", "1.5M", "0x10", "99999999999999999999", "99999999999G"]
        {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_stack_size("1M"), Ok(1 << 20));
        assert!(parse_stack_size("4G").is_ok() && parse_stack_size("1K").is_err());
    }

    #[test]
    fn times() {
        for (text, millis) in
            [("200ms", 200), ("2s", 2000), ("1.5", 1500), ("2m", 120_000), ("1h", 3_600_000)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for wrong in
            ["", "s", "-1s", "1e3s", "inf", "1d", "1 s", "1.2.3", "1e999", "99999999999999999999h"]
        {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
