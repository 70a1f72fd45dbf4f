//! One run of a program: how long it took, and what it needed at most.
//!
//! The kernel's own account is read from `/proc`: the peak of the resident memory while the process runs, and
//! its CPU time when it has ended and is not yet reaped.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;

/// What a run needed.
#[derive(Clone, Copy, Debug)]
pub struct Needed {
    /// From start to end.
    pub time: Duration,
    /// CPU time in user and kernel, all threads; a hundredth of a second is the finest that the kernel tells.
    pub cpu: Duration,
    /// The most memory that was resident at a time, in bytes.
    pub memory: u64,
}

/// How often the kernel is asked. A peak that grows and ends within this may be missed.
const EVERY: Duration = Duration::from_micros(500);

/// `/proc` counts CPU time in ticks of this length on every architecture that Linux runs on today.
const TICK: Duration = Duration::from_millis(10);

/// Runs a command to its end; it must succeed.
pub fn measure(command: &mut Command) -> Result<Needed, Failure> {
    let shown = command
        .get_args()
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ");
    let fail = |why: String| Failure::new(format!("`trueup {shown}` {why}"));
    // A pipe that nobody reads would stop the process: what it says goes into a file.
    let said =
        tempfile::NamedTempFile::new().map_err(|error| fail(format!("has nowhere to speak to: {error}")))?;
    let errors = said
        .reopen()
        .map_err(|error| fail(format!("has nowhere to speak to: {error}")))?;
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(errors)
        .spawn()
        .map_err(|error| fail(format!("does not start: {error}")))?;
    let folder = format!("/proc/{}", child.id());
    let mut memory = 0;
    let cpu = loop {
        let stat = fs::read_to_string(format!("{folder}/stat"))
            .map_err(|error| fail(format!("cannot be watched: {error}")))?;
        let (state, cpu) =
            read_stat(&stat).ok_or_else(|| fail("cannot be watched: /proc is of another form".to_owned()))?;
        if state == 'Z' {
            break cpu;
        }
        if let Some(peak) = fs::read_to_string(format!("{folder}/status"))
            .ok()
            .as_deref()
            .and_then(read_peak)
        {
            memory = peak;
        }
        std::thread::sleep(EVERY);
    };
    let time = start.elapsed();
    let status = child
        .wait()
        .map_err(|error| fail(format!("cannot be waited for: {error}")))?;
    if !status.success() {
        let said = fs::read_to_string(said.path()).unwrap_or_default();
        return Err(fail(format!("ended with {status}:\n{said}")));
    }
    Ok(Needed { time, cpu, memory })
}

/// The run whose value is in the middle of several.
pub fn middle(runs: &[Needed], value: impl Fn(&Needed) -> Duration) -> Duration {
    let mut values: Vec<Duration> = runs.iter().map(value).collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// State and CPU time from the text of `/proc/PID/stat`. The second field is the program's name and may hold
/// anything.
fn read_stat(stat: &str) -> Option<(char, Duration)> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    // utime and stime are the 14th and 15th field; the state is the third.
    let user: u32 = fields.nth(10)?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some((state, TICK * (user + system)))
}

/// The peak of the resident memory in bytes from the text of `/proc/PID/status`.
fn read_peak(status: &str) -> Option<u64> {
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_measured() {
        let needed =
            measure(Command::new("sh").args(["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"]))
                .unwrap();
        assert!(
            needed.time >= needed.cpu / 2 && needed.cpu >= TICK && needed.memory > 100_000,
            "{needed:?}"
        );
    }

    #[test]
    fn a_process_that_fails_is_told_with_what_it_said() {
        let failure = measure(Command::new("sh").args(["-c", "echo because >&2; exit 3"])).unwrap_err();
        assert!(failure.to_string().contains("because"), "{failure}");
    }

    #[test]
    fn the_kernels_account_is_read_whatever_the_program_is_called() {
        let stat = "7 (a ) b) Z 1 7 7 0 -1 4 5 6 7 8 150 25 0 0 20 0 1 0 9 0 0";
        assert_eq!(read_stat(stat), Some(('Z', Duration::from_millis(1_750))));
        assert_eq!(read_peak("Name:\ta\nVmHWM:\t    1024 kB\n"), Some(1_048_576));
        assert_eq!(read_peak("Name:\ta\n"), None);
    }
}
