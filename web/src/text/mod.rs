//! Pure functions over text and bytes: what the editor underlines and the tail shows.
//! No browser, no network, no schema knowledge.

pub mod hex;
pub mod json_edit;
pub mod json_format;
pub mod json_scan;
pub mod json_tokens;
pub mod json_tree;
pub mod line_diff;
pub mod lines;
pub mod marks;
pub mod rows;

pub mod size;
pub mod time;
