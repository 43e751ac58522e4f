//! Hooks: what joins state, network and browser for the pages. No markup.

pub mod use_action;
pub mod use_address;
pub mod use_bulk;
pub mod use_check;
pub mod use_console;
pub mod use_dead_letters;
pub mod use_draft;
pub mod use_dry_run;
pub mod use_evolution;
pub mod use_fill;
pub mod use_load;
pub mod use_message_file;
pub mod use_permalink;
pub mod use_pipelines;
pub mod use_produce;
pub mod use_redrive;
pub mod use_remote;
pub mod use_sample;
pub mod use_sender;
pub mod use_shortcuts;
pub mod use_tail;
pub mod use_theme;
pub mod use_token;
pub mod use_topic_facts;
pub mod use_visible;
pub mod use_watch;
