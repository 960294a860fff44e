//! What a telephone plays of a recording: its length, its tones and its loudness; and which recordings cannot be
//! used.

#![expect(clippy::unwrap_used, reason = "a set-up that fails should end the test")]

use std::io::Cursor;

use munadi_audio::{AudioError, Converted, Finding, RATE, TARGET_LUFS, convert};
use proptest::prelude::*;

/// A tone of that frequency as samples from -1 to 1.
fn tone(hertz: f64, rate: u32, seconds: f64, loud: f64) -> Vec<f64> {
    let count = (f64::from(rate) * seconds).round() as usize;
    (0..count).map(|n| (n as f64 * hertz * std::f64::consts::TAU / f64::from(rate)).sin() * loud).collect()
}

/// A WAV file of these channels.
fn wav(channels: &[&[f64]], rate: u32, bits: u16) -> Vec<u8> {
    let format = if bits == 32 { hound::SampleFormat::Float } else { hound::SampleFormat::Int };
    let spec = hound::WavSpec {
        channels: channels.len() as u16,
        sample_rate: rate,
        bits_per_sample: bits,
        sample_format: format,
    };
    let mut file = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
    for at in 0..channels[0].len() {
        for channel in channels {
            let sample = channel[at];
            match bits {
                32 => writer.write_sample(sample as f32).unwrap(),
                bits => {
                    let most = f64::from((1_i32 << (bits - 1)) - 1);
                    writer.write_sample((sample * most).round() as i32).unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
    file.into_inner()
}

/// The samples of a result, after a check that it is what it says it is.
fn samples(converted: &Converted) -> Vec<f64> {
    let mut reader = hound::WavReader::new(converted.wav.as_slice()).unwrap();
    let spec = reader.spec();
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, RATE, 16));
    assert_eq!(spec.sample_format, hound::SampleFormat::Int);
    reader.samples::<i16>().map(|sample| f64::from(sample.unwrap()) / 32_767.0).collect()
}

/// How strong a frequency is, from 0 to 1: Goertzel's sum.
fn strength(samples: &[f64], hertz: f64) -> f64 {
    let step = hertz * std::f64::consts::TAU / f64::from(RATE);
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        real += sample * (n as f64 * step).cos();
        imaginary += sample * (n as f64 * step).sin();
    }
    2.0 * (real * real + imaginary * imaginary).sqrt() / samples.len() as f64
}

#[test]
fn every_rate_and_depth_becomes_the_same_tone_and_length() {
    for rate in [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000] {
        for bits in [16, 24, 32] {
            let tone = tone(440.0, rate, 2.0, 0.2);
            let converted = convert(&wav(&[&tone, &tone], rate, bits)).unwrap();
            let heard = samples(&converted);
            assert!((1_995..=2_005).contains(&converted.length_ms), "{rate} {bits}: {converted:?}");
            assert_eq!((converted.was.rate, converted.was.channels), (rate, 2));
            let (whole, there, elsewhere) = (level(&heard), strength(&heard, 440.0), strength(&heard, 700.0));
            assert!(
                there > whole * 1.3 && elsewhere < there / 100.0,
                "{rate} {bits}: {there} {elsewhere} of {whole}"
            );
        }
    }
}

/// The root of the mean square.
fn level(samples: &[f64]) -> f64 {
    (samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len() as f64).sqrt()
}

#[test]
fn what_a_telephone_cannot_carry_does_not_come_back_as_another_tone() {
    // A tone of 6 kHz would be heard as one of 2 kHz if samples were only left out.
    let mixed: Vec<f64> = tone(6_000.0, 48_000, 2.0, 0.3)
        .iter()
        .zip(tone(500.0, 48_000, 2.0, 0.3))
        .map(|(a, b)| a + b)
        .collect();
    let heard = samples(&convert(&wav(&[&mixed], 48_000, 16)).unwrap());
    let (kept, folded) = (strength(&heard, 500.0), strength(&heard, 2_000.0));
    assert!(folded < kept / 1_000.0, "{folded} of {kept}: sixty decibels down");
    let dogs = wav(&[&tone(12_000.0, 48_000, 2.0, 0.5)], 48_000, 16);
    assert_eq!(convert(&dogs), Err(AudioError::Silent));
}

#[test]
fn soft_and_loud_recordings_become_equally_loud_and_none_is_cut() {
    let mut levels = Vec::new();
    for loud in [0.02, 0.1, 0.5, 0.9] {
        let converted = convert(&wav(&[&tone(700.0, 16_000, 3.0, loud)], 16_000, 16)).unwrap();
        let heard = samples(&converted);
        let peak = heard.iter().fold(0.0_f64, |peak, sample| peak.max(sample.abs()));
        assert!(peak <= 0.8913, "{loud}: {peak} is a decibel below the most");
        levels.push(20.0 * level(&heard).log10());
        assert_eq!(converted.findings.contains(&Finding::Soft), loud < 0.01, "{loud} {converted:?}");
    }
    let (least, most) =
        (levels.iter().copied().fold(0.0, f64::min), levels.iter().copied().fold(-99.0, f64::max));
    assert!(most - least < 0.5, "{levels:?}");
    // A tone of 700 Hz is nearly as loud as its level says: LUFS weighs it by less than a decibel.
    assert!((most - TARGET_LUFS).abs() < 1.5, "{levels:?}");
    let whisper = convert(&wav(&[&tone(700.0, 16_000, 3.0, 0.004)], 16_000, 24)).unwrap();
    assert!(whisper.findings.contains(&Finding::Soft), "{whisper:?}");
}

#[test]
fn a_bang_in_a_soft_recording_is_not_cut() {
    let mut soft = tone(700.0, 8_000, 3.0, 0.05);
    soft.iter_mut().skip(12_000).take(20).for_each(|sample| *sample = 0.7);
    let converted = convert(&wav(&[&soft], 8_000, 16)).unwrap();
    let peak = samples(&converted).iter().fold(0.0_f64, |peak, sample| peak.max(sample.abs()));
    // The peak stays a decibel below the highest level, as near to that as possible.
    assert!((0.88..=0.8913).contains(&peak), "{peak} {converted:?}");
}

#[test]
fn a_voice_in_one_ear_is_heard() {
    let left = tone(440.0, 44_100, 1.0, 0.3);
    let right = vec![0.0; left.len()];
    let heard = samples(&convert(&wav(&[&left, &right], 44_100, 16)).unwrap());
    assert!(strength(&heard, 440.0) > 0.1);
}

#[test]
fn long_silence_at_either_end_and_a_cut_sound_are_told() {
    let silence = |seconds: f64| vec![0.0; (16_000.0 * seconds) as usize];
    let speech = tone(440.0, 16_000, 2.0, 0.3);
    let late = [silence(2.0), speech.clone(), silence(3.0)].concat();
    let converted = convert(&wav(&[&late], 16_000, 16)).unwrap();
    let told = |wanted: fn(&Finding) -> Option<i64>| converted.findings.iter().find_map(wanted).unwrap();
    let first = told(|one| if let Finding::SilenceFirst(ms) = one { Some(*ms) } else { None });
    let last = told(|one| if let Finding::SilenceLast(ms) = one { Some(*ms) } else { None });
    assert!((1_900..=2_050).contains(&first) && (2_900..=3_050).contains(&last), "{first} {last}");
    assert_eq!(convert(&wav(&[&speech], 16_000, 16)).unwrap().findings, []);
    let cut: Vec<f64> = tone(440.0, 16_000, 2.0, 3.0).iter().map(|sample| sample.clamp(-1.0, 1.0)).collect();
    assert_eq!(convert(&wav(&[&cut], 16_000, 16)).unwrap().findings, [Finding::Clipped]);
}

#[test]
fn what_cannot_be_used_is_said() {
    let tone_of = |seconds: f64| wav(&[&tone(440.0, 8_000, seconds, 0.3)], 8_000, 16);
    assert!(matches!(convert(&tone_of(0.2)), Err(AudioError::TooShort { ms: 200 })));
    assert_eq!(convert(&tone_of(60.5)), Err(AudioError::TooLong));
    assert!(convert(&tone_of(59.5)).is_ok());
    assert_eq!(convert(&wav(&[&vec![0.0; 16_000]], 8_000, 16)), Err(AudioError::Silent));
    for nothing in [&b""[..], b"RIFF", b"not a sound at all, just words", &[0xff; 5_000], &[0; 5_000]] {
        assert_eq!(convert(nothing), Err(AudioError::NotRead), "{} bytes", nothing.len());
    }
    assert_eq!(convert(&vec![0; munadi_audio::BYTES_MAX + 1]), Err(AudioError::TooLarge));
}

/// The fixtures hold a tone of 440 Hz and 1.5 seconds, made with another program in each form.
#[test]
fn each_form_that_people_upload_is_read() {
    for (name, bytes) in [
        ("mp3", &include_bytes!("../../fixtures/tone.mp3")[..]),
        ("m4a", include_bytes!("../../fixtures/tone.m4a")),
        ("ogg", include_bytes!("../../fixtures/tone.ogg")),
    ] {
        let converted = convert(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let heard = samples(&converted);
        assert!((1_450..=1_650).contains(&converted.length_ms), "{name}: {converted:?}");
        let (there, elsewhere) = (strength(&heard, 440.0), strength(&heard, 900.0));
        assert!(there > 0.1 && elsewhere < there / 30.0, "{name}: {there} {elsewhere}");
        // A file that is cut off is read up to there or refused, and never makes the converter panic.
        for part in [1, 2, 3] {
            let _ = convert(&bytes[..bytes.len() * part / 4]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn damaged_files_never_panic_and_a_result_is_always_fit_to_play(at in any::<prop::sample::Index>(), with in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut bytes = wav(&[&tone(440.0, 8_000, 1.0, 0.3)], 8_000, 16);
        let place = at.index(bytes.len());
        bytes[place] = with;
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Ok(converted) = convert(&bytes) {
            prop_assert!(!samples(&converted).is_empty());
        }
    }
}
