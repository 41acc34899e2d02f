//! Sound files, decoded piece by piece to one channel.

use super::Sound;
use std::io::{Read, Seek, SeekFrom};
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as DecodeError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::packet::Packet;

/// A sound file that is being read from its beginning to its end.
pub struct Decoding {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    /// How many samples there must be, where the file says so and can be held to it.
    promised: Option<u64>,
    read: u64,
    rate: u32,
    channels: usize,
    packet: Vec<f64>,
}

/// What can be decoded.
pub trait Source: MediaSource + Read + Seek {}
impl<T: MediaSource + Read + Seek> Source for T {}

impl Decoding {
    /// Begins to read a WAV, FLAC, Ogg Vorbis or MP3 file; the content decides what it is.
    ///
    /// # Errors
    /// A sentence about the content, when it is none of these or damaged from the start.
    pub fn new(mut source: Box<dyn Source>) -> Result<Self, String> {
        let mut head = Vec::new();
        source
            .by_ref()
            .take(12)
            .read_to_end(&mut head)
            .and_then(|_| source.seek(SeekFrom::Start(0)))
            .map_err(|e| format!("Cannot be read: {e}"))?;
        if head.is_empty() {
            return Err("The file is empty".into());
        }
        if !Sound::recognises(&head) {
            return Err(
                "The content is neither WAV, FLAC, OGG nor MP3, whatever the name says".into(),
            );
        }
        // MP3 states its length as an estimate, Ogg in its last page: only these two say beforehand what must come.
        let length_is_promised = head.starts_with(b"RIFF") || head.starts_with(b"fLaC");
        let source = MediaSourceStream::new(source, Default::default());
        let format = symphonia::default::get_probe()
            .probe(&Hint::new(), source, Default::default(), Default::default())
            .map_err(damaged)?;
        let track = format
            .default_track(TrackType::Audio)
            .ok_or("The file holds no sound")?;
        let parameters = track
            .codec_params
            .as_ref()
            .and_then(|p| p.audio())
            .ok_or("The file holds no sound")?;
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())
            .map_err(|e| format!("The sound is of a kind that is not supported: {e}"))?;
        Ok(Self {
            track: track.id,
            promised: track.num_frames.filter(|_| length_is_promised),
            decoder,
            format,
            read: 0,
            rate: 0,
            channels: 0,
            packet: Vec::new(),
        })
    }

    /// Appends the next piece to `samples`, several channels as their mean. False at the end.
    ///
    /// # Errors
    /// A sentence, when the file is damaged or cut short, or changes its rate or channels.
    pub fn read(&mut self, samples: &mut Vec<f64>) -> Result<bool, String> {
        let packet = loop {
            match next_packet(self.format.as_mut()).map_err(damaged)? {
                Some(packet) if packet.track_id == self.track => break packet,
                Some(_) => {}
                None => return self.end().map(|()| false),
            }
        };
        let decoded = self.decoder.decode(&packet).map_err(damaged)?;
        let spec = decoded.spec();
        let (rate, channels) = (spec.rate(), spec.channels().count());
        if self.rate != 0 && (self.rate, self.channels) != (rate, channels) {
            return Err("The sample rate or the number of channels changes within the file".into());
        }
        (self.rate, self.channels) = (rate, channels);
        decoded.copy_to_vec_interleaved(&mut self.packet);
        let frames = self.packet.chunks(channels.max(1));
        self.read += frames.len() as u64;
        samples.extend(frames.map(|f| f.iter().sum::<f64>() / f.len() as f64));
        Ok(true)
    }

    fn end(&self) -> Result<(), String> {
        match self.promised {
            Some(promised) if promised > self.read => Err(format!(
                "The sound is cut short: {} of {promised} samples",
                self.read
            )),
            _ => Ok(()),
        }
    }

    /// Samples per second; 0 before the first piece.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Number of channels in the file; 0 before the first piece.
    pub fn channels(&self) -> usize {
        self.channels
    }
}

fn damaged(e: DecodeError) -> String {
    format!("The sound is damaged or cut short: {e}")
}

/// The next packet; the end of the file is no error, wherever it comes.
fn next_packet(format: &mut dyn FormatReader) -> Result<Option<Packet>, DecodeError> {
    match format.next_packet() {
        Err(DecodeError::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        other => other,
    }
}
