//! Line charts as inline SVG. Knows numbers and labels, not what they mean.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;
/// Points drawn of one line; of more, the highest of each group is drawn.
const POINTS_MAX: usize = 720;

/// One line of a chart; its class gives it its colour.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) class: &'static str,
    pub(super) values: Vec<f64>,
}

/// How the places along the bottom are called.
pub(super) enum Bottom<'a> {
    /// Seconds, counted from 1.
    Seconds,
    /// These names at equal distances.
    Names(&'a [&'a str]),
}

/// A chart with lines from zero up. `label` writes a value of the left axis.
pub(super) fn lines(title: &str, lines: &[Line], bottom: &Bottom, label: impl Fn(f64) -> String) -> String {
    let highest = lines.iter().flat_map(|line| &line.values).copied().fold(0.0, f64::max);
    let top = round_up(highest);
    let y = |value: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - value / top);
    let mut svg = format!(
        "<figure><figcaption>{title}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{title}\">"
    );
    for step in 0..=4 {
        let value = top * f64::from(step) / 4.0;
        let place = y(value);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{place:.1}\" y2=\"{place:.1}\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            place + 4.0,
            label(value)
        );
    }
    svg += &names_below(lines, bottom);
    for line in lines {
        let values = thinned(&line.values);
        let mut points = String::new();
        for (index, value) in values.iter().enumerate() {
            let _ = write!(points, "{:.1},{:.1} ", x(index, values.len()), y(*value));
        }
        if let [only] = values[..] {
            let (x, y) = (x(0, 1), y(only));
            let _ = write!(svg, "<circle class=\"{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>", line.class);
        }
        let _ = write!(svg, "<polyline class=\"{}\" points=\"{}\"/>", line.class, points.trim_end());
    }
    svg += "</svg><ul>";
    for line in lines {
        let _ = write!(svg, "<li><span class=\"{}\"></span>{}</li>", line.class, line.name);
    }
    svg + "</ul></figure>"
}

fn names_below(lines: &[Line], bottom: &Bottom) -> String {
    let seconds = lines.iter().map(|line| line.values.len()).max().unwrap_or(0);
    let name = |place: f64, anchor: &str, name: &str| {
        format!("<text x=\"{place:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{name}</text>", HEIGHT - 12.0)
    };
    match bottom {
        Bottom::Seconds => name(x(0, 2), "start", "1 s") + &name(x(1, 2), "end", &format!("{seconds} s")),
        Bottom::Names(names) => names
            .iter()
            .enumerate()
            .map(|(index, text)| {
                let anchor = if index + 1 == names.len() { "end" } else { "middle" };
                name(x(index, names.len()), anchor, text)
            })
            .collect(),
    }
}

fn x(index: usize, count: usize) -> f64 {
    let share = if count > 1 { index as f64 / (count - 1) as f64 } else { 0.5 };
    LEFT + (WIDTH - LEFT - RIGHT) * share
}

/// The highest value of each of at most so many groups: a peak must not vanish.
fn thinned(values: &[f64]) -> Vec<f64> {
    let group = values.len().div_ceil(POINTS_MAX).max(1);
    values.chunks(group).map(|group| group.iter().copied().fold(0.0, f64::max)).collect()
}

/// The next of 1, 2 and 5 with zeros behind.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|step| step * power).into_iter().find(|step| *step >= value).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!(
            [0.0, 0.7, 1.0, 1_300.0, 4_999.0, 7_000.0].map(round_up),
            [1.0, 1.0, 1.0, 2_000.0, 5_000.0, 10_000.0]
        );
    }

    #[test]
    fn a_peak_does_not_vanish() {
        let mut values = vec![1.0; 10_000];
        values[7_777] = 99.0;
        let thinned = thinned(&values);
        assert!(thinned.len() <= POINTS_MAX && thinned.contains(&99.0), "{}", thinned.len());
    }

    #[test]
    fn a_line_has_all_its_points_and_one_value_is_seen() {
        let line = |values: Vec<f64>| [Line { name: "n", class: "a", values }];
        let svg = lines("t", &line(vec![0.0, 50.0, 100.0]), &Bottom::Seconds, |value| format!("{value}"));
        assert!(svg.contains("points=\"70.0,226.0 389.0,119.0 708.0,12.0\""), "{svg}");
        assert!(lines("t", &line(vec![3.0]), &Bottom::Seconds, |value| format!("{value}")).contains("<circle"));
    }
}
