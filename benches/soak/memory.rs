//! The memory of the server, as the operating system reports it.

use std::fs;
use std::time::Duration;

use super::model::Model;

/// The maximum growth of the server's memory after the warm-up, in bytes. The allocator does not return all freed
/// memory, and the amount varies. In two minutes, this allows about ten bytes for each response, and in an hour less
/// than one byte.
const MOST: u64 = 4 << 20;

/// The memory of the server, second by second.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    samples: Vec<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    second: u64,
    resident: u64,
    responses: u64,
}

impl Memory {
    pub(crate) fn measure(&mut self, process: u32, after: Duration, model: &Model) -> Result<(), String> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).map_err(|error| error.to_string())?;
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
            .ok_or("the server has ended")?;
        self.samples.push(Sample { second: after.as_secs(), resident: resident << 10, responses: model.responses() });
        Ok(())
    }

    pub(crate) fn print(&self) {
        println!("\n{:>8}{:>14}{:>14}", "second", "responses", "server, KiB");
        let step = self.samples.len().div_ceil(10).max(1);
        for Sample { second, resident, responses } in self.samples.iter().step_by(step).chain(self.samples.last()) {
            println!("{second:>8}{responses:>14}{:>14}", resident >> 10);
        }
    }

    /// Compares the maximum in the second fifth of the time with the maximum in the last fifth.
    pub(crate) fn is_flat(&self) -> Result<(), String> {
        let fifth = self.samples.len() / 5;
        let most = |samples: &[Sample]| samples.iter().map(|sample| sample.resident).max().unwrap_or(0);
        let (warm, end) = (most(&self.samples[fifth..2 * fifth]), most(&self.samples[4 * fifth..]));
        let responses = self.samples.last().unwrap().responses - self.samples[fifth].responses;
        let grown = end.saturating_sub(warm);
        println!(
            "warm {} KiB, at the end {} KiB: {:.2} bytes for each of {responses} responses",
            warm >> 10,
            end >> 10,
            grown as f64 / responses.max(1) as f64
        );
        if grown > MOST {
            return Err(format!("the server's memory grew by {} KiB, and {} are allowed", grown >> 10, MOST >> 10));
        }
        Ok(())
    }
}
