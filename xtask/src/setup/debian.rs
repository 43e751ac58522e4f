//! Debian's packages: installed where apt-get and root are at hand, else named in a
//! line to type. Nothing else is assumed of the system.

use std::process::Command;

use anyhow::bail;

use crate::process;

/// Installs these packages, `purpose` being what they are for.
///
/// # Errors
/// apt-get fails, or may not be used: the sentence holds the line to run.
pub fn install(purpose: &str, packages: &[&str]) -> anyhow::Result<()> {
    let may_install = process::find_program(&["apt-get"]).is_some()
        && process::output(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !may_install {
        bail!("{}", line_to_run(purpose, packages));
    }
    // A fresh machine knows no packages, an old one may know versions that are gone.
    if apt_get(packages).is_err() {
        process::run(Command::new("apt-get").args(["update", "--quiet"]))?;
        apt_get(packages)?;
    }
    Ok(())
}

fn apt_get(packages: &[&str]) -> anyhow::Result<()> {
    process::run(
        Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "--yes", "--quiet", "--no-install-recommends"])
            .args(packages),
    )
}

fn line_to_run(purpose: &str, packages: &[&str]) -> String {
    format!("{purpose} is missing; run this and try again: sudo apt-get install {}", packages.join(" "))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_line_to_run_names_the_packages() {
        assert_eq!(
            super::line_to_run("a browser", &["chromium", "chromium-driver"]),
            "a browser is missing; run this and try again: sudo apt-get install chromium chromium-driver"
        );
    }
}
