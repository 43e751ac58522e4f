//! The command as a person runs it: processes, exit codes, stdout and stderr.

mod backup;
mod connection;
mod consume;
mod consume_forms;
mod danube_cli;
mod flood;
mod harness;
mod interruption;
mod load;
mod mirror;
mod pipeline;
mod pipeline_deploy;
mod pipeline_doctor;
mod pipeline_run;
mod pipeline_tap;
mod plugin;
mod produce;
mod produce_transform;
mod rate;
mod schema;
mod schema_offline;
mod security;
mod serve;
mod topics;
mod upstream;
