//! How loud a recording is, and making it as loud as others (EBU R 128).

use ebur128::{EbuR128, Mode};

use crate::AudioError;

/// How loud a recording is made, in LUFS: as a voice on the telephone is.
pub const TARGET_LUFS: f64 = -16.0;
/// No sample becomes louder than this, in dB below the most.
pub const PEAK_DBFS: f64 = -1.0;
/// More would only raise the noise.
pub(crate) const GAIN_MOST_DB: f64 = 24.0;
/// What is softer than this is nothing.
const SILENT_LUFS: f64 = -60.0;
/// What is softer than this is no word.
const QUIET: f32 = 0.01;

/// How loud it is, in LUFS.
pub(crate) fn loudness(mono: &[f32], rate: u32) -> Result<f64, AudioError> {
    let measure = || {
        let mut meter = EbuR128::new(1, rate, Mode::I).ok()?;
        // Shorter than the meter's window, a recording is measured over and over.
        let window = usize::try_from(rate).ok()?;
        for _ in 0..window.div_ceil(mono.len().max(1)).clamp(1, 100) {
            meter.add_frames_f32(mono).ok()?;
        }
        meter.loudness_global().ok()
    };
    measure().filter(|lufs| *lufs > SILENT_LUFS).ok_or(AudioError::Silent)
}

/// Whether it was cut at the loudest value: several samples in a row are the same and the most.
pub(crate) fn is_clipped(mono: &[f32]) -> bool {
    let mut runs = 0;
    let mut length = 0;
    for sample in mono {
        length = if sample.abs() >= 0.999 { length + 1 } else { 0 };
        runs += usize::from(length == 4);
    }
    runs > 3
}

/// Makes it as loud as others, without a sample beyond [`PEAK_DBFS`]; returns the change in dB.
pub(crate) fn raise(mono: &mut [f32], lufs: f64) -> f64 {
    let peak = mono.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let room_db = PEAK_DBFS - 20.0 * f64::from(peak.max(f32::MIN_POSITIVE)).log10();
    let gain_db = (TARGET_LUFS - lufs).min(GAIN_MOST_DB).min(room_db);
    #[expect(clippy::cast_possible_truncation, reason = "between a hundredth and sixteen")]
    let factor = 10.0_f64.powf(gain_db / 20.0) as f32;
    mono.iter_mut().for_each(|sample| *sample *= factor);
    gain_db
}

/// Samples before the first sound and after the last.
pub(crate) fn silence(mono: &[f32], rate: u32) -> (usize, usize) {
    // A click is no word: a sound lasts a fiftieth of a second.
    let window = usize::try_from(rate / 50).unwrap_or(1).max(1);
    let is_sound = |part: &[f32]| part.iter().map(|sample| sample.abs()).sum::<f32>() / window as f32 > QUIET;
    let first = mono.chunks(window).position(is_sound).unwrap_or(0) * window;
    let last = mono.rchunks(window).position(is_sound).unwrap_or(0) * window;
    (first, last)
}
