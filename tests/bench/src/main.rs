//! Measures next to baselines in the same run: the built binary's messages per second,
//! latency of producing and resident memory; and validation, which is a library, next to
//! the plain libraries. Measures nothing inside the host, and judges only against the
//! goals that it prints.

mod echo;
mod load;
mod memory;
mod plain_file;
mod produce;
mod report;
mod schema;

use std::path::Path;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [echo::VERB] => runtime.block_on(echo::serve()),
        ["produce", page] => {
            let text = report::markdown(&runtime.block_on(produce::measure())?);
            println!("{text}");
            std::fs::write(Path::new(page), text)?;
            Ok(())
        }
        ["schema"] => {
            println!("{}", schema::markdown(&schema::measure()?));
            Ok(())
        }
        _ => bail!("usage: irongate-tests-bench produce PAGE.md | schema"),
    }
}
