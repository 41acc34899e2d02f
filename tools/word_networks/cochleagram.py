"""The cochleagram of Feather et al. (2019), the word networks' input: 2 s of sound at 20 kHz to 211 x 400 values.

`exact` follows the definition. `Fast` gives nearly the same for about a tenth of the work: a channel's envelope is only
computed at as many points as its bandwidth calls for. Run as a script it compares both with a reference file:

    python3 tools/word_networks/cochleagram.py tests/data/golden/cochleagram/tf2019.npz
"""

import sys
import time

import numpy as np
from scipy import fft

RATE, SAMPLES, FRAMES = 20000, 40000, 400
STRIDE, WINDOW = 100, 1001  # samples between frames; taps of the low-pass filter
LOW, HIGH, COUNT, FACTOR = 20.0, 8000.0, 50, 4
SCALE, EXPONENT = 796.8741683745694, 0.3
CHANNELS = FACTOR * (COUNT + 1) - 1 + 2 * FACTOR


def erb_rate(hertz):
    return 9.265 * np.log(1 + hertz / (24.7 * 9.265))


def hertz(rate):
    return 24.7 * 9.265 * (np.exp(rate / 9.265) - 1)


def bands():
    """The filters, low frequencies first: the first bin of each with its gains, at the bins of 2 s of sound."""
    frequencies = np.linspace(0, RATE / 2, SAMPLES // 2 + 1)
    rates = erb_rate(frequencies)
    count = FACTOR * (COUNT + 1) - 1
    centres = np.linspace(erb_rate(LOW), erb_rate(HIGH), count + 2)[1:-1]
    reach = FACTOR * (erb_rate(HIGH) - erb_rate(LOW)) / (count + 1)

    def cosine(i):
        place = (rates - centres[i]) / (2 * reach)
        return np.where(np.abs(place) < 0.5, np.cos(np.pi * place), 0)

    def rest(i, kept):
        return np.where(kept, np.sqrt(np.maximum(1 - cosine(i) ** 2, 0)), 0)

    gains = [rest(i, frequencies < hertz(centres[i])) for i in range(FACTOR)]
    gains += [cosine(i) for i in range(count)]
    gains += [rest(count - 1 - i, frequencies > hertz(centres[count - 1 - i])) for i in reversed(range(FACTOR))]
    cut = []
    for g in gains:
        used = np.flatnonzero(g)
        cut.append((used[0], g[used[0] : used[-1] + 1] / np.sqrt(FACTOR)))
    return cut


def taps():
    """The low-pass filter of the envelopes. As published, its sinc's centre lies half a sample after its window's."""
    return np.sinc((np.arange(WINDOW) - WINDOW / 2) / STRIDE) / STRIDE * np.kaiser(WINDOW, 5)


def compressed(envelopes):
    return (SCALE * np.maximum(envelopes, 0)) ** EXPONENT


def exact(sound):
    """The cochleagram [211, 400] of a sound [40000]."""
    spectrum = np.fft.rfft(sound.astype(np.float64))
    before = (STRIDE * (FRAMES - 1) + WINDOW - SAMPLES) // 2
    filter_ = taps()
    rows = []
    for first, gains in bands():
        z = np.zeros(SAMPLES, complex)
        z[first : first + gains.size] = spectrum[first : first + gains.size] * gains
        padded = np.zeros(STRIDE * (FRAMES - 1) + WINDOW)
        padded[before : before + SAMPLES] = np.abs(np.fft.ifft(z))
        windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STRIDE]
        rows.append(windows @ filter_)
    return compressed(np.array(rows))


class Fast:
    """Envelopes are sampled at least `oversampling` times per bin of their band, then filtered in their spectrum.

    The envelope is followed by a tenth of its length of zeros, which the filter reaches into on both ends.
    """

    GRIDS = [880, 1760, 3520, 5280, 8800, 14080, 22000, 44000]  # lengths with the zeros; all have 440 frames' spectrum

    def __init__(self, oversampling=2):
        before = (STRIDE * (FRAMES - 1) + WINDOW - SAMPLES) // 2
        frequencies = np.arange(441) / (1.1 * SAMPLES)  # cycles per sample of the bins that the filter does not stop
        response = np.exp(2j * np.pi * np.outer(frequencies, np.arange(WINDOW) - before)) @ taps()
        filters = bands()
        members = {}
        for c, (_, gains) in enumerate(filters):
            grid = next((g for g in self.GRIDS if oversampling * gains.size <= g / 1.1), self.GRIDS[-1])
            members.setdefault(grid, []).append(c)
        self.groups = []
        for grid, channels in members.items():
            width = max(filters[c][1].size for c in channels)
            firsts = np.array([filters[c][0] for c in channels])
            index = np.minimum(firsts[:, None] + np.arange(width), SAMPLES // 2)
            gains = np.zeros((len(channels), width), np.float32)
            for row, c in enumerate(channels):
                gains[row, : filters[c][1].size] = filters[c][1]
            self.groups.append((channels, grid, index, gains, (response / grid).astype(np.complex64)))

    def __call__(self, sound):
        """The cochleagram [211, 400] of a sound [40000], 32-bit."""
        spectrum = fft.rfft(sound.astype(np.float32))
        out = np.empty((CHANNELS, FRAMES), np.float32)
        for channels, grid, index, gains, response in self.groups:
            points = grid * 10 // 11
            band = np.zeros((len(channels), points), np.complex64)
            band[:, : gains.shape[1]] = spectrum[index] * gains
            envelope = np.zeros((len(channels), grid), np.float32)
            envelope[:, :points] = np.abs(fft.ifft(band, overwrite_x=True)) * np.float32(points / SAMPLES)
            low = fft.rfft(envelope, overwrite_x=True)[:, :441] * response
            folded = low[:, :221] + np.conj(low[:, :219:-1])  # what lies beyond half the frame rate folds back
            folded[:, 0] = low[:, 0]
            out[channels] = fft.irfft(folded, 440, norm="forward")[:, :FRAMES]
        return (np.float32(SCALE) * np.maximum(out, 0)) ** np.float32(EXPONENT)


def main(reference):
    data = np.load(reference)
    sound, expected = data["wav"].reshape(SAMPLES), data["coch"].reshape(CHANNELS, FRAMES)
    for name, function in [("exact", exact), ("fast", Fast())]:
        start = time.process_time()
        difference = function(sound) - expected
        took = (time.process_time() - start) * 1e3
        rms, most = np.sqrt(np.mean(difference**2)), np.abs(difference).max()
        print(f"{name}: rms difference {rms:.1e}, largest {most:.1e} of {expected.max():.2f}, {took:.0f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:])
