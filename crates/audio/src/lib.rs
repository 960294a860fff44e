//! Recordings made fit for a telephone. [`convert`] takes what somebody uploaded or recorded (WAV, MP3, AAC in MP4, Ogg Vorbis) and makes the
//! one form of it that all providers of calls take: WAV, 8 kHz, mono, 16 bits. No file, no other program: bytes in, bytes out.

mod decode;
mod level;
mod resample;

use std::io::Cursor;

use serde::{Deserialize, Serialize};

pub use decode::{BYTES_MAX, LONGEST_S};
pub use level::{PEAK_DBFS, TARGET_LUFS};

/// Samples in a second of the result.
pub const RATE: u32 = 8_000;
/// The shortest recording that says anything, in milliseconds.
pub const SHORTEST_MS: i64 = 500;
/// Longer silence at an end is told, in milliseconds: people hang up.
pub const SILENCE_MS: i64 = 1_500;

/// A recording converted for the telephone.
#[derive(Clone, PartialEq)]
pub struct Converted {
    /// The bytes of the WAV file.
    pub wav: Vec<u8>,
    /// How long it is, in milliseconds.
    pub length_ms: i64,
    /// The sound as it was uploaded.
    pub was: OriginalSound,
    /// By how much it was made louder or softer, in dB.
    pub gain_db: f64,
    /// What whoever recorded it should know.
    pub findings: Vec<Finding>,
}

/// Not the sound.
impl std::fmt::Debug for Converted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Converted")
            .field("bytes", &self.wav.len())
            .field("length_ms", &self.length_ms)
            .field("was", &self.was)
            .field("gain_db", &self.gain_db)
            .field("findings", &self.findings)
            .finish()
    }
}

/// What an uploaded sound was like before it was converted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OriginalSound {
    /// The number of samples in a second.
    pub rate: u32,
    /// The number of channels.
    pub channels: usize,
    /// The loudness in LUFS (EBU R 128).
    pub loudness: f64,
}

/// Something about a recording that can be used as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Silence before the first word, in milliseconds.
    SilenceFirst(i64),
    /// Silence after the last word, in milliseconds.
    SilenceLast(i64),
    /// It was far too soft: what was behind it is louder now as well.
    Soft,
    /// It was cut at the loudest value a file can hold, and sounds so.
    Clipped,
}

/// Why a recording cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AudioError {
    /// More bytes than any such recording has.
    #[error("The file is larger than {} MB. Record at most {LONGEST_S} seconds.", BYTES_MAX / 1_048_576)]
    TooLarge,
    /// No form of sound that is read.
    #[error("This is no recording that can be read. Use WAV, MP3, M4A (AAC) or Ogg Vorbis.")]
    NotRead,
    /// The recording is longer than anybody listens.
    #[error("The recording is longer than {LONGEST_S} seconds. Nobody listens so long: shorten it.")]
    TooLong,
    /// Too short to say anything.
    #[error("The recording is only {ms} milliseconds long.")]
    TooShort {
        /// How long it is, in milliseconds.
        ms: i64,
    },
    /// Nothing is to be heard.
    #[error("Nothing can be heard in the recording. Was the microphone on?")]
    Silent,
}

/// Makes a recording fit for a telephone. The same bytes always give the same result.
///
/// # Errors
/// When it is none, too long, too short, or silent.
pub fn convert(bytes: &[u8]) -> Result<Converted, AudioError> {
    let sound = decode::decode(bytes)?;
    let loudness = level::loudness(&sound.mono, sound.rate)?;
    let was = OriginalSound { rate: sound.rate, channels: sound.channels, loudness };
    let clipped = level::is_clipped(&sound.mono);
    let mut mono = resample::to_telephone(&sound.mono, sound.rate).ok_or(AudioError::NotRead)?;
    // What a telephone does not carry is gone now: a whistle for dogs is silence there.
    let heard = level::loudness(&mono, RATE)?;
    let length_ms = milliseconds(mono.len());
    if length_ms < SHORTEST_MS {
        return Err(AudioError::TooShort { ms: length_ms });
    }
    let gain_db = level::raise(&mut mono, heard);
    let mut findings = ends(&mono);
    findings.extend((gain_db >= level::GAIN_MOST_DB).then_some(Finding::Soft));
    findings.extend(clipped.then_some(Finding::Clipped));
    let wav = written(&mono).ok_or(AudioError::NotRead)?;
    Ok(Converted { wav, length_ms, was, gain_db, findings })
}

/// Recordings that [`convert`] made, one after the other in one file: some providers play one file at a time. `None` when one of them is
/// no such file.
pub fn joined(wavs: &[&[u8]]) -> Option<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut file, SPEC).ok()?;
    for wav in wavs {
        let mut reader = hound::WavReader::new(*wav).ok().filter(|reader| reader.spec() == SPEC)?;
        for sample in reader.samples::<i16>() {
            writer.write_sample(sample.ok()?).ok()?;
        }
    }
    writer.finalize().ok()?;
    Some(file.into_inner())
}

fn milliseconds(samples: usize) -> i64 {
    i64::try_from(samples).unwrap_or(i64::MAX).saturating_mul(1_000) / i64::from(RATE)
}

/// Long silence before the first sound and after the last.
fn ends(mono: &[f32]) -> Vec<Finding> {
    let (first, last) = level::silence(mono, RATE);
    let long = |samples: usize| Some(milliseconds(samples)).filter(|ms| *ms >= SILENCE_MS);
    let findings = [long(first).map(Finding::SilenceFirst), long(last).map(Finding::SilenceLast)];
    findings.into_iter().flatten().collect()
}

/// The one form of every result.
const SPEC: hound::WavSpec = hound::WavSpec {
    channels: 1,
    sample_rate: RATE,
    bits_per_sample: 16,
    sample_format: hound::SampleFormat::Int,
};

/// The samples as a WAV file of 16 bits.
fn written(mono: &[f32]) -> Option<Vec<u8>> {
    let mut file = Cursor::new(Vec::with_capacity(mono.len() * 2 + 44));
    let mut writer = hound::WavWriter::new(&mut file, SPEC).ok()?;
    for sample in mono {
        let scaled = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round();
        // A whole number between -32767 and 32767.
        #[expect(clippy::cast_possible_truncation, reason = "clamped above")]
        writer.write_sample(scaled as i16).ok()?;
    }
    writer.finalize().ok()?;
    Some(file.into_inner())
}
