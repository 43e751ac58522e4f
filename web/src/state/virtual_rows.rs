//! Which of very many rows of one height are in view, and where they are drawn. Only
//! these rows exist in the document.

/// Browsers cut elements off at some height (Firefox near 17.9 million pixels). Beyond this
/// height the scroll bar is a scale: one pixel stands for more than one.
pub const CANVAS_PX_MAX: f64 = 8_000_000.0;

/// Rows drawn beyond each edge, so that a quick scroll shows no gap.
const OVERSCAN_ROWS: usize = 8;

/// The part of a list that is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Index of the first row drawn.
    pub first: usize,
    /// How many are drawn.
    pub count: usize,
    /// Where the first one is drawn, in pixels from the top of the canvas.
    pub top_px: f64,
    /// How high the canvas is, in pixels.
    pub canvas_px: f64,
    /// In how many places rows are drawn, one after the other and then from the first again. The same for a short list that grows
    /// as for a long one, so that what is drawn of a row can be used for the next one in its place.
    pub places: usize,
}

/// The window of a list at a scroll position.
#[must_use]
pub fn window(rows: usize, row_px: f64, scroll_px: f64, viewport_px: f64) -> Window {
    let full_px = rows as f64 * row_px;
    let canvas_px = full_px.min(CANVAS_PX_MAX.max(viewport_px));
    let visible = (viewport_px / row_px).ceil().max(0.0) as usize + 1;
    let scroll_px = scroll_px.clamp(0.0, (canvas_px - viewport_px).max(0.0));
    // The last row must be reached exactly at the end of the scroll bar, whatever the scale.
    let scrollable_px = (canvas_px - viewport_px).max(1.0);
    let position_px = scroll_px / scrollable_px * (full_px - viewport_px).max(0.0);
    let first_visible = (position_px / row_px).floor().max(0.0) as usize;
    let first = first_visible.saturating_sub(OVERSCAN_ROWS).min(rows);
    let count = (first_visible + visible + OVERSCAN_ROWS).min(rows) - first;
    let top_px = scroll_px - (position_px - first as f64 * row_px);
    Window { first, count, top_px, canvas_px, places: count.max(visible + OVERSCAN_ROWS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_is_drawn_whole() {
        assert_eq!(
            window(3, 30.0, 0.0, 600.0),
            Window { first: 0, count: 3, top_px: 0.0, canvas_px: 90.0, places: 29 }
        );
        assert_eq!(window(1000, 30.0, 0.0, 600.0).places, 29, "as many as for a short list");
        assert_eq!(window(0, 30.0, 50.0, 600.0).count, 0);
    }

    #[test]
    fn a_long_list_is_drawn_around_the_view() {
        let window = window(10_000, 30.0, 3000.0, 600.0);
        assert_eq!((window.first, window.canvas_px), (92, 300_000.0));
        assert!((window.top_px - 2760.0).abs() < 0.01, "{window:?}");
        assert_eq!((window.count, window.places), (8 + 21 + 8, 8 + 21 + 8));
    }

    #[test]
    fn a_million_rows_fit_a_bounded_canvas_and_the_last_is_reached() {
        let rows = 1_000_000;
        let end = window(rows, 30.0, f64::MAX, 600.0);
        assert_eq!(end.canvas_px, CANVAS_PX_MAX);
        assert_eq!(end.first + end.count, rows);
        let bottom = end.top_px + end.count as f64 * 30.0;
        assert!((bottom - CANVAS_PX_MAX).abs() < 1.0, "the last row ends where the canvas ends: {bottom}");
    }

    #[test]
    fn every_row_in_view_is_drawn_at_every_position() {
        let (rows, row_px, viewport_px) = (700_000, 28.0, 333.0);
        for step in 0..1000 {
            let scroll_px = f64::from(step) * 8000.0;
            let window = window(rows, row_px, scroll_px, viewport_px);
            let bottom = window.top_px + window.count as f64 * row_px;
            let scroll_px = scroll_px.min(window.canvas_px - viewport_px);
            assert!(window.top_px <= scroll_px + 0.01 && bottom + 0.01 >= scroll_px + viewport_px, "{window:?}");
        }
    }
}
