//! Any form of sound that is read, as one channel of samples.

use std::io::Cursor;

use symphonia::core::{
    codecs::audio::AudioDecoderOptions,
    errors::Error,
    formats::{FormatOptions, TrackType, probe::Hint},
    io::MediaSourceStream,
    meta::MetadataOptions,
};

use crate::AudioError;

/// Most bytes of an upload: two minutes of a studio's WAV.
pub const BYTES_MAX: usize = 40 * 1_048_576;
/// Longest recording, in seconds: one pulse of a call.
pub const LONGEST_S: usize = 60;
/// The rates that recordings have.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;
/// More channels than any recording of one voice has.
const CHANNELS_MAX: usize = 8;

/// A recording as samples from -1 to 1.
pub(crate) struct Sound {
    pub(crate) mono: Vec<f32>,
    pub(crate) rate: u32,
    pub(crate) channels: usize,
}

/// Reads all of it. What is damaged inside is left out; a file in which nothing can be read is none.
pub(crate) fn decode(bytes: &[u8]) -> Result<Sound, AudioError> {
    if bytes.len() > BYTES_MAX {
        return Err(AudioError::TooLarge);
    }
    let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes.to_vec())), Default::default());
    let options = (FormatOptions::default(), MetadataOptions::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, options.0, options.1)
        .map_err(|_| AudioError::NotRead)?;
    let track = format.default_track(TrackType::Audio).ok_or(AudioError::NotRead)?;
    let track_id = track.id;
    let parameters = track.codec_params.as_ref().and_then(|all| all.audio()).ok_or(AudioError::NotRead)?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(|_| AudioError::NotRead)?;
    let mut sound = Sound { mono: Vec::new(), rate: 0, channels: 0 };
    let mut interleaved = Vec::new();
    // An error of the container ends the sound: what came before it stands.
    while let Ok(Some(packet)) = format.next_packet() {
        if packet.track_id != track_id {
            continue;
        }
        match decoder.decode(&packet) {
            Ok(buffer) => {
                let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
                interleaved.resize(buffer.samples_interleaved(), 0.0_f32);
                buffer.copy_to_slice_interleaved(&mut interleaved);
                sound.add(&interleaved, rate, channels)?;
            }
            Err(Error::DecodeError(_)) => {}
            Err(_) => break,
        }
    }
    if sound.mono.is_empty() { Err(AudioError::NotRead) } else { Ok(sound) }
}

impl Sound {
    /// Puts all channels into one: a voice in the left ear alone is heard as well.
    fn add(&mut self, interleaved: &[f32], rate: u32, channels: usize) -> Result<(), AudioError> {
        if !RATES.contains(&rate) || channels == 0 || channels > CHANNELS_MAX {
            return Err(AudioError::NotRead);
        }
        if self.rate == 0 {
            (self.rate, self.channels) = (rate, channels);
        }
        // A file that changes its own form in the middle is broken.
        if (self.rate, self.channels) != (rate, channels) {
            return Err(AudioError::NotRead);
        }
        let most = LONGEST_S * usize::try_from(rate).unwrap_or(usize::MAX);
        for frame in interleaved.chunks_exact(channels) {
            if self.mono.len() >= most {
                return Err(AudioError::TooLong);
            }
            let sum: f32 = frame.iter().copied().filter(|sample| sample.is_finite()).sum();
            #[expect(clippy::cast_precision_loss, reason = "at most eight channels")]
            self.mono.push(sum / channels as f32);
        }
        Ok(())
    }
}
