//! What is read out at the cursor.

use super::{Place, SoundAxes, ticks::frequency};
use crate::export::Cells;
use crate::gui::format;

/// The place of the cursor, and the value that each map has there.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Seconds from the sound's beginning.
    pub seconds: f64,
    /// Centre of the channel in Hz; none where only time is pointed at.
    pub hertz: Option<f64>,
    /// The values, in the maps' order; none beyond a map.
    pub values: Vec<Option<f32>>,
}

/// Reads the maps at a place.
pub fn read(axes: &SoundAxes, cursor: Option<Place>, maps: &[&Cells]) -> Option<Reading> {
    let place = cursor?;
    let cell = axes.cell(place);
    let value = |map: &&Cells| cell.and_then(|(channel, frame)| map.value(channel, frame));
    Some(Reading {
        seconds: place.seconds,
        hertz: place.channel.map(|c| axes.hertz_at(c.floor() + 0.5)),
        values: maps.iter().map(value).collect(),
    })
}

impl Reading {
    /// Place and values by name as one text: `0.832 s, 512 Hz, reference 3.21`.
    pub fn sentence(&self, names: &[&str]) -> String {
        let place = [
            Some(format!("{:.3} s", self.seconds)),
            self.hertz.map(|h| frequency(h.round())),
        ];
        let values = names.iter().zip(&self.values);
        let values = values.filter_map(|(n, v)| Some(format!("{n} {}", format::figure((*v)?))));
        place
            .into_iter()
            .flatten()
            .chain(values)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Cochleagram, FrontEnd};

    #[test]
    fn every_map_is_read_at_the_same_cell() {
        let axes = SoundAxes::of(&Cochleagram::new(FrontEnd::FEATHER2019, 40_000).unwrap());
        let map = |offset: usize| {
            let values: Vec<f32> = (0..211 * 400).map(|i| (i + offset) as f32).collect();
            Cells::new(211, 400, values).unwrap()
        };
        let (a, b) = (map(0), map(7));
        let place = Place {
            seconds: 0.502,
            channel: Some(100.9),
        };
        let reading = read(&axes, Some(place), &[&a, &b]).unwrap();
        assert_eq!(reading.values, [Some(40_100.0), Some(40_107.0)]);
        assert_eq!(reading.hertz, Some(axes.hertz_at(100.5)));
        assert!(reading.sentence(&["a", "b"]).starts_with("0.502 s, "));
        assert!(
            reading
                .sentence(&["a", "b"])
                .ends_with("Hz, a 40100, b 40107")
        );
        let time_only = Place {
            channel: None,
            ..place
        };
        let reading = read(&axes, Some(time_only), &[&a]).unwrap();
        assert_eq!(reading.sentence(&["a"]), "0.502 s");
        assert_eq!(read(&axes, None, &[&a]), None);
    }
}
