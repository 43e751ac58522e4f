//! Templates as the command line has them: those of every load, and what this machine says of itself.

use super::system::add_machine;
use irongate_messages::{TemplateError, Templates};

/// For the help of those commands that take templates.
pub(crate) const HELP: &str = "\
Templates: {{seq}} counts from 1, {{uuid}} is new for each message, {{now}} is the time (RFC 3339, UTC) and {{now_ms}}
the same in milliseconds since 1970; {{producer}} is the producer's name. {{random_int(1, 6)}}, {{random_float(0, 1)}},
{{random_choice(['a', 'b'])}}, {{random_bool()}}, {{random_hex(8)}} and {{random_text(100)}} are new at every use, and
the same again with the same --seed. {{cpu_percent()}}, {{memory_percent()}} and {{hostname()}} are of this machine. With --csv or --jsonl the fields of the row have their names: {{name}}, {{row.id}}.
Filters: upper, lower, tojson, default, round and the other ones of Jinja. --literal switches all of this off.";

/// The engine. `seed` decides every random value and every uuid.
pub(crate) fn templates(seed: u64) -> Templates {
    let mut templates = Templates::new(seed);
    add_machine(templates.engine_mut());
    templates
}

/// What is wrong with a template, and the way around it.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
pub(crate) fn told(error: TemplateError) -> anyhow::Error {
    anyhow::anyhow!("{error}; --literal sends the text as it is")
}
