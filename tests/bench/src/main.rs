//! Measures next to baselines in the same run: the built binary's messages per second,
//! latency of producing and resident memory; and validation, which is a library, next to
//! the plain libraries; and transforms, next to the same functions natively; and the console, in a browser; and, over a long time, whether memory stays flat. Measures nothing
//! inside the host, and judges only against the goals that it prints.

mod broker;
mod browser;
mod cli;
mod commits;
mod echo;
mod load;
mod memory;
mod page;
mod pipeline;
mod plain_file;
mod produce;
mod schema;
mod soak;
mod transforms;

use std::path::Path;

use anyhow::{Context, bail};

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [echo::VERB] => runtime.block_on(echo::serve()),
        ["produce", page] => {
            let text = produce::markdown(&runtime.block_on(produce::measure())?);
            write(page, "Producing", &text)
        }
        ["broker", page] => {
            let text = broker::markdown(&runtime.block_on(broker::measure())?);
            write(page, "The embedded broker", &text)
        }
        ["cli", page] => {
            let text = cli::markdown(&runtime.block_on(cli::measure())?);
            write(page, "The command next to Danube's client", &text)
        }
        ["pipeline", page] => {
            let text = pipeline::markdown(&runtime.block_on(pipeline::measure())?);
            write(page, "Pipelines", &text)
        }
        ["transforms", page] => write(page, "Transforms", &transforms::markdown(&transforms::measure()?)),
        ["browser", page] => {
            let text = browser::markdown(&runtime.block_on(browser::measure())?);
            write(page, "The console in a browser", &text)
        }
        ["schema", page] => write(page, "Validating", &schema::markdown(&schema::measure()?)),
        ["soak", minutes] => {
            runtime.block_on(soak::run(minutes.parse().context("soak takes a whole number of minutes")?))
        }
        _ => {
            bail!(
                "usage: irongate-tests-bench produce|broker|cli|pipeline|transforms|browser|schema PAGE.md, or irongate-tests-bench soak MINUTES"
            )
        }
    }
}

fn write(page: &str, title: &str, text: &str) -> anyhow::Result<()> {
    println!("{text}");
    page::put(Path::new(page), title, text)?;
    Ok(())
}
