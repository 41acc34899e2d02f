//! Sounds as a person or a script uses them: files of every kind in, run folders out, through the real program.

#[path = "support/golden.rs"]
mod golden;
#[path = "support/program.rs"]
mod program;

use golden::uniform;
use metamer_studio::formats::{Array, npy, npz};
use metamer_studio::session::run_folder;
use metamer_studio::stimulus::{Part, Sound, embedded, excerpt};
use program::Place;
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/golden/cochleagram");
const SOUNDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sounds");

/// A WAV with the given format tag, bits and interleaved data.
fn wav(tag: u16, bits: u16, channels: u16, rate: u32, data: &[u8]) -> Vec<u8> {
    let frame = channels * bits / 8;
    let mut out = b"RIFF".to_vec();
    out.extend((38 + data.len() as u32).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(18u32.to_le_bytes());
    [tag, channels]
        .iter()
        .for_each(|v| out.extend(v.to_le_bytes()));
    [rate, rate * u32::from(frame)]
        .iter()
        .for_each(|v| out.extend(v.to_le_bytes()));
    [frame, bits, 0]
        .iter()
        .for_each(|v| out.extend(v.to_le_bytes()));
    out.extend(b"data");
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out
}

fn float_wav(samples: &[f32]) -> Vec<u8> {
    wav(
        3,
        32,
        1,
        20_000,
        &samples
            .iter()
            .flat_map(|s| s.to_le_bytes())
            .collect::<Vec<_>>(),
    )
}

/// How far one signal is from another, relative to the other.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |f: fn((&f64, &f64)) -> f64| a.iter().zip(b).map(f).sum::<f64>().sqrt();
    square(|(a, b)| (a - b) * (a - b)) / square(|(_, b)| b * b)
}

#[test]
fn every_sample_type_of_wav_is_read() {
    let signal: Vec<f64> = (0..300)
        .map(|i| ((i * 37 % 101) as f64 - 50.0) / 64.0)
        .collect();
    let bytes =
        |one: &dyn Fn(f64) -> Vec<u8>| signal.iter().flat_map(|s| one(*s)).collect::<Vec<u8>>();
    let whole = |s: f64, bits: i32| (s * 2f64.powi(bits - 1)) as i32;
    let cases = [
        (
            "8-bit",
            1,
            8,
            1,
            bytes(&|s| vec![(whole(s, 8) + 128) as u8]),
            0.01,
        ),
        (
            "16-bit",
            1,
            16,
            1,
            bytes(&|s| (whole(s, 16) as i16).to_le_bytes().to_vec()),
            1e-4,
        ),
        (
            "24-bit",
            1,
            24,
            1,
            bytes(&|s| whole(s, 24).to_le_bytes()[..3].to_vec()),
            1e-6,
        ),
        (
            "32-bit",
            1,
            32,
            1,
            bytes(&|s| whole(s, 32).to_le_bytes().to_vec()),
            1e-8,
        ),
        (
            "float32",
            3,
            32,
            1,
            bytes(&|s| (s as f32).to_le_bytes().to_vec()),
            1e-7,
        ),
        (
            "float64",
            3,
            64,
            1,
            bytes(&|s| s.to_le_bytes().to_vec()),
            0.0,
        ),
        (
            "8 channels",
            1,
            16,
            8,
            // A little more on every other channel, as much less on the rest.
            bytes(&|s| {
                let channel = |c| (whole(s, 16) + if c % 2 == 0 { 100 } else { -100 }) as i16;
                (0..8).flat_map(|c| channel(c).to_le_bytes()).collect()
            }),
            1e-4,
        ),
        // Twice as loud on the left, silent on the right: the mean is the signal.
        (
            "stereo",
            3,
            64,
            2,
            bytes(&|s| [(2.0 * s).to_le_bytes(), [0; 8]].concat()),
            0.0,
        ),
    ];
    for (what, tag, bits, channels, data, tolerance) in cases {
        let sound = Sound::decode(wav(tag, bits, channels, 44_100, &data))
            .unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(sound.rate, 44_100);
        let error = distance(&sound.samples, &signal);
        assert!(error <= tolerance, "{what}: {error}");
    }
}

#[test]
fn unusual_sounds_are_made_ready_like_any_other() {
    let rms = |x: &[f32]| (x.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / 4e4).sqrt();
    let ready = |sound: &Sound| excerpt::prepare(sound, Part::Loudest, 40_000).unwrap();
    // 192 kHz: a tone stays where it is, and what no network hears is gone.
    let at = |i: u32, hertz: f64| (std::f64::consts::TAU * hertz * f64::from(i) / 192e3).sin();
    let data = (0..384_000).flat_map(|i| {
        let sample = at(i, 1000.0) / 4.0 + at(i, 40e3) / 2.0;
        ((sample * 32767.0) as i16).to_le_bytes()
    });
    let x = ready(&Sound::decode(wav(1, 16, 1, 192_000, &data.collect::<Vec<_>>())).unwrap());
    assert!((rms(&x) - 0.1).abs() < 1e-6);
    let expected = |i: u32| 0.1 * 2f64.sqrt() * (std::f64::consts::TAU * f64::from(i) / 20.0).sin();
    let worst = (2000..38_000u32).map(|i| (f64::from(x[i as usize]) - expected(i)).abs());
    assert!(worst.fold(0.0, f64::max) < 1e-3);
    // A sound that was clipped, or goes beyond full scale, is only scaled.
    let loud: Vec<f32> = (0..40_000u32)
        .map(|i| (9.0 * (f64::from(i) / 7.0).sin()).clamp(-4.0, 4.0) as f32)
        .collect();
    let sound = Sound::decode(float_wav(&loud)).unwrap();
    let x = ready(&sound);
    assert!((rms(&x) - 0.1).abs() < 1e-6);
    let largest = x.iter().fold(0f32, |m, s| m.max(s.abs()));
    assert!(x.iter().filter(|s| s.abs() > 0.999 * largest).count() > 10_000);
    // A single click is a sound; numbers that no level can be given are not.
    let mut click = vec![0.0; 4000];
    click[17] = 1e-20;
    assert!((rms(&ready(&Sound::new(20_000, click).unwrap())) - 0.1).abs() < 1e-6);
    let huge = Sound::new(20_000, vec![1e300, -1e300, 1e300]).unwrap();
    let refused = excerpt::prepare(&huge, Part::Loudest, 3).unwrap_err();
    assert!(refused.contains("too large"), "{refused}");
}

/// An hour of noise at 16 kHz, 8 bits, with three seconds that are louder, written piece by piece.
fn hour(path: &Path) {
    use std::io::Write;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let samples = 3600 * 16_000u32;
    let mut header = wav(1, 8, 1, 16_000, &[]);
    header[4..8].copy_from_slice(&(38 + samples).to_le_bytes());
    header[42..46].copy_from_slice(&samples.to_le_bytes());
    file.write_all(&header).unwrap();
    for second in 0..3600u32 {
        let gain = if (2000..2003).contains(&second) { 2 } else { 1 };
        let piece: Vec<u8> = (0..16_000u32)
            .map(|i| {
                let noise = (second * 16_000 + i).wrapping_mul(2_654_435_761) >> 24;
                (128 + (noise as i32 - 128) / 4 * gain) as u8
            })
            .collect();
        file.write_all(&piece).unwrap();
    }
    file.flush().unwrap();
}

#[test]
fn of_an_hour_only_the_excerpt_is_held() {
    let place = Place::new();
    hour(&place.path("hour.wav"));
    // As 64-bit samples the hour takes 460 MB, and more at 20 kHz: it does not fit into what is allowed here.
    let made = |part: &str, out: &str| {
        let program = env!("CARGO_BIN_EXE_metamer-studio");
        let ask = format!(
            "ulimit -d 400000 && exec {program} cochleagram hour.wav --front-end feather2019 --threads 1 {part} --out {out}"
        );
        let output = std::process::Command::new("sh")
            .args(["-c", &ask])
            .env("RAYON_NUM_THREADS", "1")
            .current_dir(place.path("."))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{part}: {said}");
        npy::read(&place.path(out)).unwrap().values
    };
    let loudest = made("", "loudest.npy");
    assert_eq!(loudest.len(), 211 * 400);
    assert_ne!(loudest, made("--part 100", "elsewhere.npy"));
    let late = made("--part 3599.5", "late.npy");
    let frames = |x: &[f32], from: usize| (0..211).map(|c| x[c * 400 + from]).sum::<f32>();
    assert!(
        frames(&late, 300) < 0.5 * frames(&late, 50),
        "silence follows the end"
    );
    place
        .run("cochleagram hour.wav --front-end feather2019 --part 3600 --out c.npy")
        .exits(1)
        .says("3600.000 s long");
}

#[test]
fn the_level_rule_of_the_papers_gives_the_stored_input() {
    // The stored sound, made louder and with an offset, in the 64-bit floats that the 2019 stimuli have.
    let expected = npz::read(&Path::new(GOLDEN).join("tf2019.npz")).unwrap()["wav"]
        .values
        .clone();
    let data: Vec<u8> = expected
        .iter()
        .flat_map(|s| (f64::from(*s) * 3.0 + 0.0168).to_le_bytes())
        .collect();
    let sound = Sound::decode(wav(3, 64, 1, 20_000, &data)).unwrap();
    let found = excerpt::prepare(&sound, Part::Loudest, 40_000).unwrap();
    let worst = found
        .iter()
        .zip(&expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(worst < 1e-7, "{worst}");
}

#[test]
fn compressed_files_sound_as_they_should() {
    let tone: Vec<f64> = (0..11_025)
        .map(|i| 0.4 * (std::f64::consts::TAU * 440.0 * f64::from(i) / 22_050.0).sin())
        .collect();
    for (file, gain, tolerance) in [
        ("tone.flac", 0.5, 2e-4),
        ("tone.ogg", 1.0, 0.05),
        ("tone.mp3", 1.0, 0.05),
    ] {
        let sound = Sound::open(&Path::new(SOUNDS).join(file)).unwrap();
        assert_eq!(sound.rate, 22_050, "{file}");
        // MP3 may come out with the encoder's delay in front and padding behind.
        let delays = if file.ends_with("mp3") { 0..2500 } else { 0..1 };
        let middle = 3000..8000;
        let expected: Vec<f64> = tone[middle.clone()].iter().map(|s| s * gain).collect();
        let best = delays
            .filter_map(|d| {
                Some(distance(
                    sound.samples.get(middle.start + d..middle.end + d)?,
                    &expected,
                ))
            })
            .fold(f64::INFINITY, f64::min);
        assert!(best < tolerance, "{file}: {best}");
        assert!(
            sound.samples.len().abs_diff(11_025) < 2500,
            "{file}: {} samples",
            sound.samples.len()
        );
    }
}

#[test]
fn bad_sounds_are_told_apart() {
    let place = Place::new();
    let good: Vec<f32> = (0..5000)
        .map(|i| ((i * 31 % 97) as f32 - 48.0) / 100.0)
        .collect();
    let whole = float_wav(&good);
    place.write("good.wav", &whole);
    place.write("cut.wav", &whole[..9000]);
    place.write("stub.wav", &whole[..20]);
    place.write("empty.wav", b"");
    place.write(
        "text.wav",
        b"This is no sound at all, only a text under a wrong name.",
    );
    place.write("none.wav", &float_wav(&[]));
    place.write("silence.wav", &float_wav(&[0.0; 5000]));
    place.write("constant.wav", &float_wav(&[0.25; 5000]));
    place.write("one.wav", &float_wav(&[0.5]));
    let mut broken = good.clone();
    broken[77] = f32::NAN;
    place.write("nan.wav", &float_wav(&broken));
    // The header promises a thousand samples more than there are, or nearly four gigabytes of them.
    let lie = |claimed: u32| {
        let mut bytes = whole.clone();
        bytes[42..46].copy_from_slice(&claimed.to_le_bytes());
        bytes
    };
    place.write("liar.wav", &lie(4 * 6000));
    place.write("great_liar.wav", &lie(u32::MAX - 100));
    let video = [
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec(),
        vec![0; 5000],
    ]
    .concat();
    place.write("film.mp4", &video);
    place.write("film.wav", &video);
    place.write(
        "film.avi.wav",
        &[b"RIFF\0\x10\0\0AVI LIST".to_vec(), vec![0; 4080]].concat(),
    );
    std::fs::create_dir(place.path("folder.wav")).unwrap();
    // The content counts, not the name.
    place.write("really_a_sound.png", &whole);
    let ask = |file: &str| {
        place.run(&format!(
            "cochleagram {file} --front-end feather2019 --out c.npy --overwrite"
        ))
    };
    ask("cut.wav").exits(1).says("cut.wav").says("cut short");
    ask("stub.wav").exits(1).says("cut short");
    ask("empty.wav").exits(1).says("empty");
    ask("text.wav")
        .exits(1)
        .says("neither WAV, FLAC, OGG nor MP3");
    ask("none.wav").exits(1).says("none.wav");
    ask("silence.wav").exits(1).says("silent");
    ask("constant.wav").exits(1).says("silent");
    ask("one.wav").exits(1).says("silent");
    ask("nan.wav").exits(1).says("NaN").says("finite");
    ask("liar.wav").exits(1).says("liar.wav").says("cut short");
    ask("great_liar.wav").exits(1).says("cut short");
    ask("film.wav")
        .exits(1)
        .says("neither WAV, FLAC, OGG nor MP3");
    ask("film.avi.wav").exits(1).says("neither WAV");
    ask("film.mp4").exits(1).says("film.mp4");
    ask("folder.wav").exits(1).says("folder");
    ask("missing.wav").exits(1).says("Cannot read");
    ask("austin").exits(1).says("did you mean 'austen'");
    ask("chelsea").exits(1).says("picture");
    place
        .run("cochleagram austen --front-end feather2019 --out c.tiff")
        .exits(1)
        .says(".npy or .png");
    let picture = |more: &str| {
        place.run(&format!(
            "cochleagram austen --front-end feather2019 {more}"
        ))
    };
    picture("--out c.npy --range 0:1").exits(1).says("--range");
    picture("--out c.png --range 1:0").exits(2).says("LOW:HIGH");
    picture("--out c.png --colour-map magna")
        .exits(2)
        .says("magma");
    place
        .run("cochleagram austen --front-end feather2019 --part 2.5 --out c.npy")
        .exits(1)
        .says("2.000 s long");
    place
        .run("activations efficientnet-lite0 --stimulus austen --layer stem --out a.npz")
        .exits(1)
        .says("Is a sound");
    place
        .run("null cochleagram-1 --stimuli chelsea coffee --pairs 2 --out n")
        .exits(1)
        .says("Is no sound, but this model hears");
    place
        .run("null cochleagram-1 --stimuli austen --pairs 2 --out n")
        .exits(1)
        .says("at least 2 sounds, found 1");
    assert!(!place.path("c.npy").exists());
    for file in ["good.wav", "really_a_sound.png"] {
        ask(file).exits(0).says("211 channels by 400 frames");
    }
    // Every way of cutting a file short, or of damaging its header, is survived.
    for n in (0..200).chain((200..whole.len()).step_by(997)) {
        assert!(
            Sound::decode(whole[..n].to_vec()).is_err(),
            "{n} bytes were accepted"
        );
    }
    for bit in 0..58 * 8 {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let _ = Sound::decode(damaged);
    }
}

#[test]
fn lists_name_what_hears_and_what_is_heard() {
    let place = Place::new();
    let models = place.run("models --json").exits(0).json_lines();
    let sound: Vec<&Value> = models
        .iter()
        .filter(|m| m["modality"] == "sound")
        .map(|m| &m["name"])
        .collect();
    assert_eq!(
        sound,
        [
            "word-aliased",
            "word-reduced-aliasing",
            "cochleagram-feather2019",
            "cochleagram-1"
        ]
    );
    for (model, frames) in [("cochleagram-feather2019", 400), ("cochleagram-1", 390)] {
        let layers = place
            .run(&format!("layers {model} --json"))
            .exits(0)
            .json_lines();
        assert_eq!(
            (layers.len(), &layers[0]["name"]),
            (1, &"cochleagram".into())
        );
        assert_eq!(layers[0]["shape"], serde_json::json!([1, 211, frames]));
    }
    let sounds = place
        .run("stimuli --modality sound --json")
        .exits(0)
        .json_lines();
    assert!(
        sounds
            .iter()
            .any(|s| s["name"] == "austen" && s["modality"] == "sound" && s["licence"].is_string())
    );
}

#[test]
fn the_commands_reproduce_the_stored_cochleagrams_and_gradients() {
    let place = Place::new();
    let speech = npz::read(&Path::new(GOLDEN).join("tf2019.npz")).unwrap()["wav"].clone();
    npy::write(&place.path("wav.npy"), &speech).unwrap();
    let wide = |values: &[f32]| values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
    for (file, front_end, model, limit) in [
        ("tf2019", "feather2019", "cochleagram-feather2019", 5e-3),
        ("ch1", "cochleagram_1", "cochleagram-1", 1e-2),
    ] {
        let stored = npz::read(&Path::new(GOLDEN).join(format!("{file}.npz"))).unwrap();
        place
            .run(&format!(
                "cochleagram wav.npy --front-end {front_end} --out {file}.npy"
            ))
            .exits(0);
        let found = npy::read(&place.path(&format!("{file}.npy"))).unwrap();
        assert_eq!(found.shape, stored["coch"].shape);
        assert!(distance(&wide(&found.values), &wide(&stored["coch"].values)) < 5e-5);
        // The stored gradient is that of half the squared distance to this target.
        let targets: Value = serde_json::from_str(
            &std::fs::read_to_string(Path::new(GOLDEN).join("targets.json")).unwrap(),
        )
        .unwrap();
        let (seed, scale) = (
            targets[file]["seed"].as_u64().unwrap(),
            targets[file]["scale"].as_f64().unwrap(),
        );
        let target = uniform(seed, found.values.len())
            .into_iter()
            .map(|u| (u * scale) as f32)
            .collect();
        npy::write(
            &place.path("target.npy"),
            &Array::new(found.shape.clone(), target).unwrap(),
        )
        .unwrap();
        let ask = format!(
            "gradient {model} --target target.npy --layer cochleagram --init wav.npy --out {file}.npz"
        );
        place.run(&ask).exits(0);
        let found = npz::read(&place.path(&format!("{file}.npz"))).unwrap();
        let loss = f64::from(found["loss"].values[0]) / f64::from(stored["loss"].values[0]);
        assert!((loss - 1.0).abs() < 1e-6, "{loss}");
        let error = distance(
            &wide(&found["gradient"].values),
            &wide(&stored["grad"].values),
        );
        assert!(error < limit, "{file}: {error}");
    }
}

#[test]
fn a_cochleagram_is_inverted_and_the_run_folder_can_be_listened_to() {
    let place = Place::new();
    for (recipe, model, frames, lowest) in [
        ("quick", "cochleagram-feather2019", 400, 0.7),
        ("feather2019", "cochleagram-1", 390, 0.995),
    ] {
        let ask = format!(
            "generate {model} --stimulus austen --layer all --recipe {recipe} --steps 24 --seed 2 --json"
        );
        let lines = place
            .run(&format!("{ask} --out runs"))
            .exits(0)
            .json_lines();
        let losses: Vec<f64> = lines
            .iter()
            .filter(|l| l["event"] == "step")
            .map(|l| l["loss"].as_f64().unwrap())
            .collect();
        assert_eq!(losses.len(), 25);
        assert!(
            losses[24] < lowest * losses[0],
            "{recipe}: {} to {}",
            losses[0],
            losses[24]
        );
        let finished = lines.iter().find(|l| l["event"] == "finished").unwrap();
        assert_eq!(finished["verdict"], "Unknown");
        let folder = format!("runs/austen__{model}__cochleagram__s2");
        let run = place.path(&folder);
        let mut names: Vec<String> = std::fs::read_dir(&run)
            .unwrap()
            .map(|f| f.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let expected = [
            "cochleagram_metamer.npy",
            "cochleagram_reference.npy",
            "history.npz",
            "metamer.npy",
            "metamer.wav",
            "reference.wav",
            "spec.toml",
            "trace.csv",
            "verdict.json",
        ];
        assert_eq!(names, expected);
        let text = std::fs::read_to_string(run.join("verdict.json")).unwrap();
        assert!(text.contains("the model has no classes"), "{text}");
        let metamer = npy::read(&run.join("metamer.npy")).unwrap();
        assert_eq!(metamer.shape, [40_000]);
        for name in ["metamer", "reference"] {
            let bytes = std::fs::read(run.join(format!("{name}.wav"))).unwrap();
            // One channel of 32-bit floats at 20 kHz, as any program reads it.
            assert_eq!(bytes[20..24], [3, 0, 1, 0]);
            assert_eq!(
                u32::from_le_bytes(bytes[24..28].try_into().unwrap()),
                20_000
            );
            assert_eq!(bytes[34..36], [32, 0]);
            assert_eq!(
                u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize,
                bytes.len() - 8
            );
            let sound = Sound::decode(bytes).unwrap();
            assert_eq!((sound.rate, sound.samples.len()), (20_000, 40_000));
            let rms = (sound.samples.iter().map(|s| s * s).sum::<f64>() / 40_000.0).sqrt();
            if name == "reference" {
                assert!((rms - 0.1).abs() < 1e-6, "{rms}");
            } else {
                assert!(
                    sound
                        .samples
                        .iter()
                        .zip(&metamer.values)
                        .all(|(a, b)| *a == f64::from(*b))
                );
            }
            let shape = npy::read(&run.join(format!("cochleagram_{name}.npy")))
                .unwrap()
                .shape;
            assert_eq!(shape, [211, frames]);
            let spec = run_folder::spec_in_wav(&run.join(format!("{name}.wav"))).unwrap();
            assert_eq!((spec.model.as_str(), spec.procedure.steps), (model, 24));
        }
        // On request also for players that know nothing but 48 kHz and 16 bits.
        place
            .run(&format!("{ask} --out runs --resume --listening-copy"))
            .exits(0);
        for name in ["metamer", "reference"] {
            let path = run.join(format!("{name}_48k.wav"));
            let spec = hound::WavReader::open(&path).unwrap().spec();
            assert_eq!(
                (spec.channels, spec.sample_rate, spec.bits_per_sample),
                (1, 48_000, 16)
            );
            let copy = Sound::open(&path).unwrap().samples;
            let exact = Sound::open(&run.join(format!("{name}.wav"))).unwrap();
            let exact = exact.resampled(48_000).unwrap().samples;
            assert_eq!(copy.len(), exact.len());
            let worst = copy.iter().zip(&exact).map(|(a, b)| (a - b).abs());
            let worst = worst.fold(0.0, f64::max) * 32768.0;
            assert!(worst < 0.6, "{name}: {worst} units of 16 bits");
            assert_eq!(run_folder::spec_in_wav(&path).unwrap().model, model);
        }
        place
            .run(&format!("reproduce {folder}"))
            .exits(0)
            .says("reproduced to the bit");
        place
            .run(&format!("reproduce {folder}/metamer.wav"))
            .exits(0)
            .says("reproduced to the bit");
        place
            .run(&format!("verify {folder}"))
            .exits(0)
            .says("Unknown:")
            .says("matched");
    }
}

/// A place whose only sound devices are those of this configuration of ALSA.
fn with_devices(place: &Place, configuration: &str, arguments: &str) -> program::Ran {
    place.write("asound.conf", configuration.as_bytes());
    let mut command = place.command(arguments);
    command.env("ALSA_CONFIG_PATH", place.path("asound.conf"));
    program::Ran::of(arguments, command)
}

#[test]
fn sounds_are_played_without_a_window() {
    let place = Place::new();
    let file = place.path("heard.wav");
    let devices = format!(
        "pcm.file {{ type file slave.pcm {{ type null }} file \"{}\" format wav }}\n\
         pcm.!default {{ type plug slave {{ pcm file format S16_LE channels 2 rate 48000 }} }}\n\
         pcm.nothing {{ type null hint {{ show on description \"Nowhere\" }} }}\n",
        file.display()
    );
    with_devices(&place, &devices, "play crow")
        .exits(0)
        .says("crow");
    let crow = embedded::find_sound("crow").unwrap();
    let crow = Sound::decode(crow.bytes.to_vec())
        .unwrap()
        .resampled(48_000)
        .unwrap();
    let mut reader = hound::WavReader::open(&file).unwrap();
    let heard: Vec<f64> = reader
        .samples::<i16>()
        .step_by(2)
        .map(|s| f64::from(s.unwrap()) / 32768.0)
        .collect();
    let n = crow.samples.len();
    let worst = crow
        .samples
        .iter()
        .zip(&heard)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max);
    assert!(
        worst < 1.01 / 32768.0 && heard[n..].iter().all(|s| *s == 0.0),
        "{worst}"
    );
    with_devices(&place, &devices, "play --devices")
        .exits(0)
        .says("nothing")
        .says("Nowhere");
    with_devices(&place, &devices, "play crow bell --device nothing")
        .exits(0)
        .says("bell");
    with_devices(&place, &devices, "play crow --device elsewhere")
        .exits(1)
        .says("Audio unavailable: there is no sound device 'elsewhere'");
    // No device at all, and a configuration that is none.
    with_devices(&place, "\n", "play crow")
        .exits(1)
        .says("Audio unavailable: ");
    with_devices(&place, "pcm.!default { type", "play crow")
        .exits(1)
        .says("Audio unavailable: ");
    with_devices(&place, &devices, "play missing.wav")
        .exits(1)
        .says("missing.wav");
    place
        .run("generate efficientnet-lite0 --stimulus chelsea --layer stem --listening-copy")
        .exits(1)
        .says("nothing to listen to");
}

#[test]
fn a_sound_whose_file_is_gone_is_taken_from_the_run_folder() {
    let place = Place::new();
    let samples: Vec<f32> = (0..50_000u64)
        .map(|i| ((i * i * 31 % 997) as f32 - 498.0) / 1000.0)
        .collect();
    place.write("mine.wav", &float_wav(&samples));
    let ask = "generate cochleagram-1 --stimulus mine.wav --layer cochleagram --recipe feather2023 --steps 8";
    place
        .run(&format!("{ask} --set part=0.3 --out runs"))
        .exits(0);
    std::fs::remove_file(place.path("mine.wav")).unwrap();
    place
        .run("reproduce runs/mine__cochleagram-1__cochleagram__s1")
        .exits(0)
        .says("reproduced to the bit");
}

fn start(place: &Place, out: &str, more: &str) -> Child {
    place
        .command(&format!(
            "generate cochleagram-feather2019 --stimulus austen --layer cochleagram --recipe feather2019 --steps 60 --seed 5 --threads 2 --checkpoint-every 3 --out {out} {more}"
        ))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_run_that_was_killed_resumes_to_the_same_bytes() {
    let place = Place::new();
    const RUN: &str = "austen__cochleagram-feather2019__cochleagram__s5";
    assert_eq!(start(&place, "whole", "").wait().unwrap().code(), Some(0));
    let checkpoint = place.path(&format!(
        "killed/{RUN}.partial/checkpoint/state.safetensors"
    ));
    let mut child = start(&place, "killed", "");
    let deadline = Instant::now() + Duration::from_secs(120);
    while !checkpoint.exists() {
        assert!(
            Instant::now() < deadline && child.try_wait().unwrap().is_none(),
            "no checkpoint appeared"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        !place.path("killed").join(RUN).exists(),
        "a killed run must not look complete"
    );
    assert_eq!(
        start(&place, "killed", "--resume").wait().unwrap().code(),
        Some(0)
    );
    for file in [
        "spec.toml",
        "metamer.npy",
        "metamer.wav",
        "reference.wav",
        "history.npz",
        "cochleagram_metamer.npy",
        "verdict.json",
    ] {
        let read = |out: &str| std::fs::read(place.path(out).join(RUN).join(file)).unwrap();
        assert!(read("whole") == read("killed"), "{file} differs");
    }
}
