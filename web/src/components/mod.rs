//! Markup: what the pages are made of. Components take values and callbacks; they fetch
//! nothing and keep no more state than what is open and what is scrolled.

pub mod attributes;
pub mod bulk_sheet;
pub mod confirm;
pub mod copy_sheet;
pub mod definition_view;
pub mod dialog;
pub mod editor;
pub mod evolution;
pub mod failure;
pub mod field;
pub mod help;
pub mod history_sheet;
pub mod icons;
pub mod json_view;
pub mod later;
pub mod message_detail;
pub mod outcome_list;
pub mod page_link;
pub mod payload;
pub mod register_panel;
pub mod schema_picker;
pub mod send_bar;
pub mod shell;
pub mod subject_detail;
pub mod tail_controls;
pub mod tail_rows;
pub mod tail_status;
pub mod target;
pub mod topic_create;
pub mod topic_danger;
pub mod topic_detail;
pub mod verdict_card;
pub mod violation_list;
pub mod wire_view;
