//! Numbers and text for a JSON Schema, within their bounds. What the bounds leave empty is made near to them, for the
//! validator to say which one is broken.

use serde_json::{Map, Number, Value};

use super::parts::Parts;
use crate::{
    limits::SAMPLE_TEXT_CHARS_MAX,
    sample::{pattern, source::Source},
};

/// How far from a bound numbers are taken.
const SPAN: f64 = 1_000.0;

/// Tries at a text that matches a pattern within the lengths.
const PATTERN_TRIES_MAX: usize = 20;

/// Decimal places that a step between numbers may have.
const DECIMAL_PLACES_MAX: i32 = 9;

pub(super) fn number(parts: &Parts<'_>, is_integer: bool, source: &mut Source) -> Option<Value> {
    let steps: Vec<f64> = parts.all("multipleOf").filter_map(Value::as_f64).filter(|step| *step > 0.0).collect();
    let mut step =
        steps.iter().copied().reduce(|one, other| if (one / other).fract() == 0.0 { one } else { one * other });
    if is_integer {
        step = Some(whole_multiple(step.unwrap_or(1.0)));
    }
    let lower = parts.all.iter().filter_map(|members| bound(members, "minimum", "exclusiveMinimum"));
    let lower = lower.reduce(|one, other| if other.0 > one.0 || (other.0 == one.0 && other.1) { other } else { one });
    let upper = parts.all.iter().filter_map(|members| bound(members, "maximum", "exclusiveMaximum"));
    let upper = upper.reduce(|one, other| if other.0 < one.0 || (other.0 == one.0 && other.1) { other } else { one });
    let least = lower.map_or_else(|| upper.map_or(0.0, |(limit, _)| (limit - SPAN).min(0.0)), |(limit, _)| limit);
    let most = upper.map_or(least.max(0.0) + SPAN, |(limit, _)| limit).max(least);
    let excluded = |number: f64| {
        lower.is_some_and(|(limit, excluded)| excluded && number <= limit)
            || upper.is_some_and(|(limit, excluded)| excluded && number >= limit)
    };
    // A quarter is short to write; narrow bounds get smaller steps.
    let fine = if most - least > 2.0 { 0.25 } else { (most - least) / 8.0 };
    let step = step.unwrap_or(if fine > 0.0 { fine } else { 1.0 });
    let (mut first, mut last) = ((least / step).ceil(), (most / step).floor());
    if excluded(multiple(first, step)) {
        first += 1.0;
    }
    if excluded(multiple(last, step)) {
        last -= 1.0;
    }
    let count = source.number(0..=((last - first).clamp(0.0, 1e9) as i64)) as f64;
    let mut made = multiple(first + count, step);
    if first > last || (steps.is_empty() && !is_integer && (made < least || made > most)) {
        made = if excluded(least) { f64::midpoint(least, most) } else { least };
    }
    if made.fract() == 0.0 && made.abs() < 9e15 {
        return Some((made as i64).into());
    }
    Number::from_f64(made).map(Value::Number)
}

/// `count` steps, without the error that binary fractions add up to.
fn multiple(count: f64, step: f64) -> f64 {
    match (0..=DECIMAL_PLACES_MAX).map(|places| 10_f64.powi(places)).find(|scale| (step * scale).fract() == 0.0) {
        Some(scale) => count * (step * scale) / scale,
        None => count * step,
    }
}

/// The smallest multiple of a step that is a whole number.
fn whole_multiple(step: f64) -> f64 {
    let scale = (0..=DECIMAL_PLACES_MAX).map(|places| 10_f64.powi(places)).find(|scale| (step * scale).fract() == 0.0);
    let Some(scale) = scale else { return step };
    let (mut a, mut b) = (step * scale, scale);
    while b != 0.0 {
        (a, b) = (b, a % b);
    }
    step * scale / a
}

/// A bound and whether it is itself excluded; in draft 4 the exclusion is a flag beside it.
fn bound(members: &Map<String, Value>, keyword: &str, exclusive: &str) -> Option<(f64, bool)> {
    let inclusive = members.get(keyword).and_then(Value::as_f64);
    match (inclusive, members.get(exclusive)) {
        (Some(limit), Some(Value::Bool(flag))) => Some((limit, *flag)),
        (None, Some(limit)) => limit.as_f64().map(|limit| (limit, true)),
        (Some(limit), Some(other)) => match other.as_f64() {
            Some(stricter) if (keyword == "minimum") == (stricter >= limit) => Some((stricter, true)),
            _ => Some((limit, false)),
        },
        (Some(limit), None) => Some((limit, false)),
        (None, None) => None,
    }
}

pub(super) fn string(parts: &Parts<'_>, source: &mut Source) -> String {
    let least = parts.largest("minLength").unwrap_or(0).min(SAMPLE_TEXT_CHARS_MAX);
    let most = parts.smallest("maxLength").unwrap_or(usize::MAX);
    let fits = |text: &str| (least..=most).contains(&text.chars().count());
    let patterns: Vec<&str> = parts.all("pattern").filter_map(Value::as_str).collect();
    if let Some(wanted) = source.one_of(&patterns) {
        let tries = (0..PATTERN_TRIES_MAX).filter_map(|_| pattern::text(wanted, least, source));
        let mut last = None;
        for text in tries {
            let fitting = fits(&text);
            last = Some(text);
            if fitting {
                break;
            }
        }
        return last.unwrap_or_default();
    }
    let format = parts.all("format").filter_map(Value::as_str).next();
    if let Some(text) = format.and_then(|format| of_format(format, source)) {
        return text;
    }
    let mut text = source.words(2);
    while text.chars().count() < least {
        text.push(' ');
        text.push_str(source.word());
    }
    // Words are ASCII, so a character is a byte.
    text.truncate(most.max(least));
    text
}

/// Text of a format that JSON Schema names.
fn of_format(format: &str, source: &mut Source) -> Option<String> {
    let word = source.word();
    Some(match format {
        "date-time" => format!("{}T{}Z", source.date(), source.time()),
        "date" => source.date(),
        "time" => format!("{}Z", source.time()),
        "duration" => format!("P{}DT{}H", source.size(1..=30), source.size(1..=23)),
        "email" | "idn-email" => format!("{word}@example.com"),
        "hostname" | "idn-hostname" => format!("{word}.example.com"),
        "ipv4" => format!("192.0.2.{}", source.size(1..=254)),
        "ipv6" => format!("2001:db8::{}", source.hex(4)),
        "uri" | "uri-reference" | "iri" | "iri-reference" | "uri-template" => {
            format!("https://example.com/{word}/{}", source.size(1..=999))
        }
        "uuid" => source.uuid(),
        "json-pointer" => format!("/{word}/{}", source.size(0..=9)),
        "relative-json-pointer" => format!("{}/{word}", source.size(0..=9)),
        "regex" => format!("^{word}$"),
        _ => return None,
    })
}
