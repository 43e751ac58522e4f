//! What templates may say about this machine: processor, memory and name. Read when asked, kept nowhere.

use minijinja::{Environment, Error, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use sysinfo::{MINIMUM_CPU_UPDATE_INTERVAL, System};

/// The machine, and when its processors were looked at last.
struct Machine {
    /// Absent where the machine does not say.
    system: Option<System>,
    looked: Option<Instant>,
}

impl Machine {
    /// The load of all processors together since the last look, in percent. The first look takes a moment, because a
    /// load is a difference.
    fn cpu_percent(&mut self) -> Result<f64, Error> {
        let system = self.system.as_mut().ok_or_else(silent)?;
        let is_first = self.looked.is_none();
        let looked = *self.looked.get_or_insert_with(Instant::now);
        if is_first {
            system.refresh_cpu_usage();
            std::thread::sleep(MINIMUM_CPU_UPDATE_INTERVAL);
        }
        if is_first || looked.elapsed() >= MINIMUM_CPU_UPDATE_INTERVAL {
            system.refresh_cpu_usage();
            self.looked = Some(Instant::now());
        }
        Ok(rounded(f64::from(system.global_cpu_usage())))
    }

    fn memory_percent(&mut self) -> Result<f64, Error> {
        let system = self.system.as_mut().ok_or_else(silent)?;
        system.refresh_memory();
        let (used, total) = (system.used_memory() as f64, system.total_memory() as f64);
        if total > 0.0 { Ok(rounded(used / total * 100.0)) } else { Err(silent()) }
    }
}

fn silent() -> Error {
    Error::new(ErrorKind::InvalidOperation, "this machine does not say how busy it is")
}

/// To a tenth: more would pretend to an accuracy that is not there.
fn rounded(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}

/// Adds `cpu_percent()`, `memory_percent()` and `hostname()`.
pub(super) fn add_machine(environment: &mut Environment<'static>) {
    let machine = Arc::new(Mutex::new(Machine { system: System::new().ok(), looked: None }));
    let own = machine.clone();
    environment.add_function("cpu_percent", move || own.lock().unwrap_or_else(PoisonError::into_inner).cpu_percent());
    environment.add_function("memory_percent", move || {
        machine.lock().unwrap_or_else(PoisonError::into_inner).memory_percent()
    });
    environment.add_function("hostname", || System::host_name().unwrap_or_else(|_| "unknown".to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_are_percentages_and_the_machine_has_a_name() {
        let mut environment = irongate_messages::engine();
        add_machine(&mut environment);
        let filled = |text: &str| environment.render_str(text, ()).expect("filled in");
        let memory: f64 = filled("{{memory_percent()}}").parse().expect("a number");
        assert!(memory > 0.0 && memory <= 100.0, "{memory}");
        let cpu: f64 = filled("{{cpu_percent()}}").parse().expect("a number");
        assert!((0.0..=100.0).contains(&cpu), "{cpu}");
        assert!(!filled("{{hostname()}}").is_empty());
    }
}
