//! From any rate to that of a telephone, without what a telephone cannot carry.

use rubato::{Fft, FixedSync, Resampler, audioadapter_buffers::direct::InterleavedSlice};

use crate::RATE;

/// Frames that are transformed at once.
const CHUNK: usize = 1_024;

/// The samples at 8 kHz; `None` where the two rates have no common measure.
pub(crate) fn to_telephone(mono: &[f32], rate: u32) -> Option<Vec<f32>> {
    if rate == RATE {
        return Some(mono.to_vec());
    }
    let (from, to) = (usize::try_from(rate).ok()?, usize::try_from(RATE).ok()?);
    let mut resampler = Fft::<f32>::new(from, to, CHUNK, 1, FixedSync::Both).ok()?;
    let input = InterleavedSlice::new(mono, 1, mono.len()).ok()?;
    let output = resampler.process_all(&input, mono.len(), None).ok()?;
    let mut samples = output.take_data();
    samples.truncate((mono.len() * to).div_ceil(from));
    Some(samples)
}
