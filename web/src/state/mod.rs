//! What the pages know, as plain values and `Reducible` types. No browser, no network:
//! everything here compiles and is tested natively.

pub mod backoff;
pub mod bulk;
pub mod check;
pub mod compared;
pub mod copy_as;
pub mod dead_letters;
pub mod draft;
pub mod dry_run;
pub mod encoding;
pub mod evolution;
pub mod example;
pub mod explain;
pub mod filling;
pub mod form;
pub mod form_value;
pub mod gate;
pub mod history;
pub mod load_chart;
pub mod load_form;
pub mod load_run;
pub mod message_file;
pub mod outcomes;
pub mod pipeline_chart;
pub mod pipeline_watch;
pub mod pipeline_words;
pub mod plugins;
pub mod redrive;
pub mod schema_choice;
pub mod tail_buffer;
pub mod tail_query;
pub mod template;
pub mod topic_facts;
pub mod topic_name;
pub mod verdict;
pub mod virtual_rows;
