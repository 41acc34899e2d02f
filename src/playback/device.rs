//! The operating system's sound devices, by cpal. What is said here about its behaviour was seen with cpal 0.18 on ALSA.

use super::output::{Device, Opened, Output, Stream, Troubles};
use super::renderer::Renderer;
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, FromSample, SampleFormat, SizedSample, StreamConfig};
use cpal::{SupportedBufferSize, SupportedStreamConfig};
use std::time::{Duration, Instant};

/// The operating system's sound devices.
#[derive(Debug, Default)]
pub struct Devices;

impl Output for Devices {
    fn devices(&mut self) -> Result<Vec<Device>, String> {
        let devices = host()?.output_devices().map_err(|e| e.to_string())?;
        Ok(devices.filter_map(|d| described(&d)).collect())
    }

    fn open(
        &mut self,
        name: Option<&str>,
        renderer: &mut dyn FnMut(u32) -> Renderer,
        troubles: Troubles,
    ) -> Result<Opened, String> {
        let device = find(name)?;
        let title = described(&device).map_or_else(|| "the default device".into(), |d| d.title);
        // On ALSA a default device always seems to exist; this is the first call that touches it.
        let format = device
            .default_output_config()
            .map_err(|e| format!("{title} cannot be used: {e}"))?;
        let mut config = format.config();
        config.buffer_size = buffer(&format);
        let mut build =
            |config| build(&device, format.sample_format(), config, renderer, &troubles);
        let stream = match build(config) {
            // The range of sizes that a device states need not hold in combination with all else.
            Err(_) if config.buffer_size != BufferSize::Default => {
                config.buffer_size = BufferSize::Default;
                build(config)
            }
            built => built,
        };
        let stream = stream.map_err(|e| format!("{title} cannot be opened: {e}"))?;
        Ok(Opened {
            title,
            rate: config.sample_rate,
            period: stream.buffer_size().ok(),
            stream: Box::new(stream),
        })
    }
}

impl Stream for cpal::Stream {
    fn start(&mut self) -> Result<(), String> {
        self.play().map_err(|e| e.to_string())
    }
}

/// The system's first host. (`cpal::default_host` panics where the sound system's configuration is malformed.)
fn host() -> Result<cpal::Host, String> {
    let id = cpal::available_hosts().into_iter().next();
    let id = id.ok_or("this system has no sound")?;
    cpal::host_from_id(id).map_err(|e| e.to_string())
}

fn find(name: Option<&str>) -> Result<cpal::Device, String> {
    let host = host()?;
    let Some(name) = name else {
        return host
            .default_output_device()
            .ok_or_else(|| "there is no sound device".into());
    };
    let mut devices = host.output_devices().map_err(|e| e.to_string())?;
    let called = |d: &cpal::Device| described(d).is_some_and(|d| d.name == name || d.title == name);
    devices
        .find(called)
        .ok_or_else(|| format!("there is no sound device '{name}'"))
}

fn described(device: &cpal::Device) -> Option<Device> {
    Some(Device {
        name: device.id().ok()?.id().to_owned(),
        title: device.description().ok()?.name().to_owned(),
    })
}

/// Some 40 ms at a time: short enough for a switch to seem immediate, long enough for a processor that is busy with a
/// metamer on all cores. Left to itself, ALSA's null device takes one frame at a time.
fn buffer(format: &SupportedStreamConfig) -> BufferSize {
    match *format.buffer_size() {
        SupportedBufferSize::Range { min, max } if min <= max => {
            BufferSize::Fixed((format.sample_rate() / 25).clamp(min, max))
        }
        _ => BufferSize::Default,
    }
}

fn build(
    device: &cpal::Device,
    format: SampleFormat,
    config: StreamConfig,
    renderer: &mut dyn FnMut(u32) -> Renderer,
    troubles: &Troubles,
) -> Result<cpal::Stream, cpal::Error> {
    let renderer = renderer(config.sample_rate);
    let build = match format {
        SampleFormat::F32 => stream::<f32>,
        SampleFormat::F64 => stream::<f64>,
        SampleFormat::I8 => stream::<i8>,
        SampleFormat::I16 => stream::<i16>,
        SampleFormat::I24 => stream::<cpal::I24>,
        SampleFormat::I32 => stream::<i32>,
        SampleFormat::I64 => stream::<i64>,
        SampleFormat::U8 => stream::<u8>,
        SampleFormat::U16 => stream::<u16>,
        SampleFormat::U24 => stream::<cpal::U24>,
        SampleFormat::U32 => stream::<u32>,
        SampleFormat::U64 => stream::<u64>,
        other => {
            return Err(cpal::Error::with_message(
                ErrorKind::UnsupportedConfig,
                format!("its samples are of the kind {other}"),
            ));
        }
    };
    build(device, config, renderer, troubles.clone())
}

fn stream<T: SizedSample + FromSample<f32>>(
    device: &cpal::Device,
    config: StreamConfig,
    mut renderer: Renderer,
    troubles: Troubles,
) -> Result<cpal::Stream, cpal::Error> {
    let channels = usize::from(config.channels).max(1);
    let mut pace = Pace::new(config.sample_rate);
    device.build_output_stream(
        config,
        move |out: &mut [T], _| {
            let frames = out.len() / channels;
            renderer.render(frames, |i, sample| {
                let frame = &mut out[i * channels..(i + 1) * channels];
                // Left and right; further loudspeakers stay silent.
                let (front, rest) = frame.split_at_mut(channels.min(2));
                front.fill(T::from_sample(sample));
                rest.fill(T::EQUILIBRIUM);
            });
            pace.wait(frames);
        },
        move |error| match error.kind() {
            ErrorKind::Xrun => troubles.dropout(),
            ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {}
            // A dying sound server calls this hundreds of thousands of times, until the stream is dropped.
            _ => {
                if !troubles.failed(error.to_string()) {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        },
        Some(Duration::from_millis(500)),
    )
}

/// Slows down devices without a clock of their own (ALSA's null and file), which would otherwise take an hour of sound in a
/// second and a whole core with it. No real device gets this far ahead of time.
#[derive(Debug)]
struct Pace {
    rate: f64,
    /// Seconds of sound taken that have not yet passed.
    ahead: f64,
    last: Instant,
}

impl Pace {
    /// A device may be ahead by this much before it has to wait.
    const SLACK: f64 = 0.3;
    /// Time is taken to pass this much faster than it does, so that a real device's clock never seems ahead of ours.
    const HASTE: f64 = 1.01;

    fn new(rate: u32) -> Self {
        Self {
            rate: f64::from(rate.max(1)),
            ahead: 0.0,
            last: Instant::now(),
        }
    }

    fn wait(&mut self, frames: usize) {
        let now = Instant::now();
        let passed = (now - self.last).as_secs_f64() * Self::HASTE;
        self.last = now;
        self.ahead = (self.ahead - passed).max(0.0) + frames as f64 / self.rate;
        if self.ahead > Self::SLACK {
            // Half a second is also the most that dropping the stream has to wait for.
            let pause = (self.ahead - Self::SLACK).min(0.5);
            std::thread::sleep(Duration::from_secs_f64(pause));
        }
    }
}
