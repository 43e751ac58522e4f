//! What a page's frames came to.

use irongate_tests::browser::Page;
use serde_json::Value;

/// A frame that comes later than this after the one before missed a refresh, at 60 in a second.
const LATE_GAP_MS: f64 = 25.0;

/// What a frame's work may take.
pub const WORK_MS_MAX: f64 = 16.0;

/// Frames in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frames {
    /// How many there were.
    pub count: usize,
    /// The share that came with the next refresh.
    pub on_time: f64,
    /// The share whose work was within [`WORK_MS_MAX`].
    pub quick: f64,
    /// The work that 95 in a hundred stayed within.
    pub p95_ms: f64,
    /// The longest work.
    pub longest_ms: f64,
}

/// Begins to watch.
pub async fn watch(page: &Page) {
    page.script("window.probe.watchFrames()").await;
}

/// What came since then.
pub async fn taken(page: &Page) -> Frames {
    summary(&page.script("return window.probe.takeFrames()").await)
}

fn summary(frames: &Value) -> Frames {
    let read = |frame: &Value, at: usize| frame[at].as_f64().unwrap_or(f64::INFINITY);
    let frames: Vec<(f64, f64)> =
        frames.as_array().into_iter().flatten().map(|frame| (read(frame, 0), read(frame, 1))).collect();
    let count = frames.len();
    let share = |good: &dyn Fn(&(f64, f64)) -> bool| {
        frames.iter().filter(|frame| good(frame)).count() as f64 / count.max(1) as f64
    };
    let mut works: Vec<f64> = frames.iter().map(|frame| frame.1).collect();
    works.sort_by(f64::total_cmp);
    Frames {
        count,
        on_time: share(&|frame| frame.0 < LATE_GAP_MS),
        quick: share(&|frame| frame.1 < WORK_MS_MAX),
        p95_ms: works.get(count * 95 / 100).copied().unwrap_or(f64::NAN),
        longest_ms: works.last().copied().unwrap_or(f64::NAN),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn late_and_slow_frames_are_told_apart() {
        let frames = summary(&json!([[16.6, 3.0], [16.7, 20.0], [33.3, 4.0], [16.6, 5.0]]));
        assert_eq!((frames.count, frames.on_time, frames.quick, frames.longest_ms), (4, 0.75, 0.75, 20.0));
        assert_eq!(frames.p95_ms, 20.0);
    }
}
