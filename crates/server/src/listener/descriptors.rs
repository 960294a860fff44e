//! How many files and connections this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than this nobody here needs.
const WANTED: u64 = 65_536;
/// What systems allow where nothing is said.
const USUAL: u64 = 1_024;

/// Descriptors that this process may open.
pub fn available() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(WANTED)
}

/// Raises what this process may open to what the system lets it: the soft limit is 1,024 nearly everywhere, for the sake of programs
/// from the last century.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(WANTED, |most| most.min(WANTED));
    let now = limit.current.unwrap_or(WANTED);
    if now >= wanted {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum })
    {
        let kept = now.max(USUAL);
        tracing::warn!("this process may open {kept} files and connections, and no more: {error}");
    }
}
