//! What the system tells of the process, under the names that every client library of Prometheus uses. Read from `/proc`; where
//! there is none the figures stay away.

use std::fs::read_to_string;

use prometheus::{Counter, Gauge, IntGauge, Opts, Registry};

use super::keep;

/// What times in `/proc` are counted in, on every architecture we build for (`USER_HZ`).
const TICKS: f64 = 100.0;

pub(super) struct Process {
    cpu: Counter,
    started: Gauge,
    resident: IntGauge,
    virtually: IntGauge,
    threads: IntGauge,
    open: IntGauge,
    most_open: IntGauge,
}

impl Process {
    pub(super) fn new(registry: &Registry) -> Self {
        let gauge = |name, help| keep(registry, IntGauge::new(name, help));
        Self {
            cpu: keep(
                registry,
                Counter::with_opts(Opts::new("process_cpu_seconds_total", "Time of processors used, in seconds.")),
            ),
            started: keep(
                registry,
                Gauge::new("process_start_time_seconds", "When the process started, in seconds since 1970."),
            ),
            resident: gauge("process_resident_memory_bytes", "Memory that is in use."),
            virtually: gauge("process_virtual_memory_bytes", "Memory that is addressed."),
            threads: gauge("process_threads", "Threads."),
            open: gauge("process_open_fds", "Open files and connections."),
            most_open: gauge("process_max_fds", "Files and connections that may be open."),
        }
    }

    pub(super) fn read(&self) {
        if let Some((cpu, started)) = times() {
            self.cpu.inc_by((cpu - self.cpu.get()).max(0.0));
            self.started.set(started);
        }
        if let Ok(status) = read_to_string("/proc/self/status") {
            for (field, gauge, unit) in
                [("VmRSS:", &self.resident, 1024), ("VmSize:", &self.virtually, 1024), ("Threads:", &self.threads, 1)]
            {
                if let Some(value) = number_after(&status, field) {
                    gauge.set(value * unit);
                }
            }
        }
        if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
            // Without the folder itself, which is open while it is read.
            self.open.set(i64::try_from(open.count()).unwrap_or(i64::MAX) - 1);
        }
        if let Some(most) = read_to_string("/proc/self/limits")
            .ok()
            .as_deref()
            .and_then(|limits| number_after(limits, "Max open files"))
        {
            self.most_open.set(most);
        }
    }
}

/// The first number behind a word at the start of a line.
fn number_after(text: &str, word: &str) -> Option<i64> {
    text.lines().find_map(|line| line.strip_prefix(word)?.split_whitespace().next()?.parse().ok())
}

/// Seconds of processors, and the second of the start.
fn times() -> Option<(f64, f64)> {
    let stat = read_to_string("/proc/self/stat").ok()?;
    // The name may hold anything; what follows its bracket is the third field (proc(5)).
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
    let booted = number_after(&read_to_string("/proc/stat").ok()?, "btime")?;
    // Seconds since 1970 are far below 2^53.
    #[allow(clippy::cast_precision_loss)]
    let booted = booted as f64;
    Some(((ticks(14)? + ticks(15)?) / TICKS, booted + ticks(22)? / TICKS))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_seen_as_it_is() {
        let process = Process::new(&Registry::new());
        process.read();
        let mut filled = vec![1_u8; 64 * 1024 * 1024];
        std::hint::black_box(&mut filled);
        let before = process.resident.get();
        process.read();
        assert!(process.resident.get() - before > 32 * 1024 * 1024);
        assert!(process.virtually.get() > process.resident.get());
        assert!(process.open.get() > 2 && process.most_open.get() > process.open.get());
        assert!(process.threads.get() > 1 && process.cpu.get() >= 0.0);
        let (_, started) = times().unwrap();
        let now = read_to_string("/proc/uptime").unwrap();
        let up: f64 = now.split(' ').next().unwrap().parse().unwrap();
        let booted = number_after(&read_to_string("/proc/stat").unwrap(), "btime").unwrap();
        assert!(started > booted as f64 && started <= booted as f64 + up + 1.0);
    }
}
