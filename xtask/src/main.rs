//! `cargo xtask VERB`: everything a person or a build machine does with this
//! repository. One file per verb; no verb does part of another's work by itself.

mod bench;
mod build;
mod check;
mod console;
mod console_html;
mod console_split;
mod fuzz;
mod process;
mod run;
mod setup;
mod soak;
mod tally;
mod test;
mod test_programs;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask VERB

  run [-- ARGS]     install what is missing, build, and start irongate on ./irongate-data;
                    ARGS go to `irongate serve`
  build             leave the binary with the console inside in TARGET/release/irongate
  console [--dev]   build the console alone, into dist/
  test [PART ...]   install what is missing, and run every test, or only these parts:
                    native, wasm, system, foreign
  check             formatting, lints as errors, and the house rules
  fuzz [--minutes N] [TARGET ...]
                    run the schema crate's fuzz targets, or only these, 10 minutes each
  bench SECTION     measure against baselines and write that section of docs/benchmarks.md:
                    produce, broker, cli, pipeline, transforms, browser, schema; IRONGATE_BENCH_ROUNDS=1 makes
                    browser shorter
  soak [--minutes N]
                    load one host in every way for 30 minutes and fail unless its memory
                    stays flat; IRONGATE_BIN names a host that is built already";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match Workspace::find().and_then(|workspace| dispatch(&workspace, &words)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(workspace: &Workspace, words: &[&str]) -> anyhow::Result<ExitCode> {
    match words {
        ["run", arguments @ ..] => run::run(workspace, arguments.strip_prefix(&["--"]).unwrap_or(arguments))?,
        ["build"] => {
            let binary = build::build(workspace)?;
            println!("{}", binary.display());
        }
        ["console"] => build::console(workspace, console::Profile::Release)?,
        ["console", "--dev"] => build::console(workspace, console::Profile::Dev)?,
        ["test", parts @ ..] => return test::test(workspace, parts),
        ["check"] => check::check(workspace)?,
        ["fuzz", arguments @ ..] => return fuzz::fuzz(workspace, arguments),
        ["bench", section] if bench::SECTIONS.contains(section) => bench::bench(workspace, section)?,
        ["soak", arguments @ ..] => soak::soak(workspace, arguments)?,
        ["help" | "--help" | "-h"] => println!("{USAGE}"),
        _ => {
            eprintln!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}
