/* The two slow places of the word networks' training, for one core. All arrays are 32-bit and channel-last. */

#include <stdint.h>
#include <string.h>

/* Weighted means along the middle axis of x [outer, from, inner], into y [outer, to, inner]; y starts as zeros. */
void pool(const float *x, float *y, long outer, long from, long to, long inner, const float *weights, long taps,
          long stride, long before)
{
    for (long o = 0; o < outer; o++)
        for (long i = 0; i < to; i++) {
            float *restrict out = y + (o * to + i) * inner;
            for (long k = 0; k < taps; k++) {
                long at = i * stride + k - before;
                if (at < 0 || at >= from || weights[k] == 0)
                    continue;
                const float *restrict in = x + (o * from + at) * inner;
                const float weight = weights[k];
                for (long c = 0; c < inner; c++)
                    out[c] += weight * in[c];
            }
        }
}

/* The transpose of `pool`: from the gradient dy to dx, which starts as zeros. */
void pool_back(const float *dy, float *dx, long outer, long from, long to, long inner, const float *weights, long taps,
               long stride, long before)
{
    for (long o = 0; o < outer; o++)
        for (long i = 0; i < to; i++) {
            const float *restrict out = dy + (o * to + i) * inner;
            for (long k = 0; k < taps; k++) {
                long at = i * stride + k - before;
                if (at < 0 || at >= from || weights[k] == 0)
                    continue;
                float *restrict in = dx + (o * from + at) * inner;
                const float weight = weights[k];
                for (long c = 0; c < inner; c++)
                    in[c] += weight * out[c];
            }
        }
}

/* conv_0 at stride 1, ReLU and pool_0_0 of the reduced-aliasing network in one go, a row at a time: what lies between
   them is 5 MB per example and never leaves the cache. 16 channels are one vector. */

enum { CHANNELS = 16, KERNEL = 7, BLOCK = 8, STRIDE = 3, TAPS = 13, BEFORE = 6, MOST = 512 };
typedef float vector __attribute__((vector_size(64), aligned(4)));
typedef int32_t mask __attribute__((vector_size(64)));
typedef int8_t narrow __attribute__((vector_size(16), aligned(1)));

struct shape {
    long height, width, rows, columns; /* of the sound's map, and of the pooled one */
};

/* x [height + 6, width + 6], width a multiple of 8; weight [7, 7, 16]; y [rows, columns, 16]; open [height, width, 16]: -1
   where the ReLU let something pass, else 0. */
static void forward_one(const float *x, const vector *weight, const vector *bias, const float *hann, vector *y,
                        narrow *open, struct shape s)
{
    static vector row[MOST + TAPS], pooled[MOST];
    const long pitch = s.width + KERNEL - 1;
    memset(row, 0, sizeof row);
    for (long h = 0; h < s.height; h++) {
        for (long w = 0; w < s.width; w += BLOCK) {
            vector sum[BLOCK];
            for (int b = 0; b < BLOCK; b++)
                sum[b] = *bias;
            for (int i = 0; i < KERNEL; i++)
                for (int j = 0; j < KERNEL; j++) {
                    const vector factor = weight[i * KERNEL + j];
                    const float *in = x + (h + i) * pitch + w + j;
                    for (int b = 0; b < BLOCK; b++)
                        sum[b] += factor * in[b];
                }
            for (int b = 0; b < BLOCK; b++) {
                const mask positive = sum[b] > 0;
                row[BEFORE + w + b] = (vector)((mask)sum[b] & positive);
                open[h * s.width + w + b] = __builtin_convertvector(positive, narrow);
            }
        }
        for (long j = 0; j < s.columns; j++) {
            vector sum = {0};
            for (int k = 0; k < TAPS; k++)
                sum += row[j * STRIDE + k] * hann[k];
            pooled[j] = sum;
        }
        for (long i = 0; i < s.rows; i++) {
            const long k = h + BEFORE - i * STRIDE;
            if (k >= 0 && k < TAPS && hann[k] != 0)
                for (long j = 0; j < s.columns; j++)
                    y[i * s.columns + j] += pooled[j] * hann[k];
        }
    }
}

static void backward_one(const float *x, const vector *dy, const narrow *open, const float *hann, vector *dweight,
                         vector *dbias, struct shape s)
{
    static vector row[MOST + TAPS], pooled[MOST];
    const long pitch = s.width + KERNEL - 1;
    for (long h = 0; h < s.height; h++) {
        memset(row, 0, sizeof row);
        memset(pooled, 0, sizeof pooled);
        for (long i = 0; i < s.rows; i++) {
            const long k = h + BEFORE - i * STRIDE;
            if (k >= 0 && k < TAPS && hann[k] != 0)
                for (long j = 0; j < s.columns; j++)
                    pooled[j] += dy[i * s.columns + j] * hann[k];
        }
        for (long j = 0; j < s.columns; j++)
            for (int k = 0; k < TAPS; k++)
                row[j * STRIDE + k] += pooled[j] * hann[k];
        vector *g = row + BEFORE;
        for (long w = 0; w < s.width; w++) {
            g[w] = (vector)((mask)g[w] & __builtin_convertvector(open[h * s.width + w], mask));
            *dbias += g[w];
        }
        for (int i = 0; i < KERNEL; i++) {
            vector sum[KERNEL] = {{0}};
            for (long w = 0; w < s.width; w++) {
                const float *in = x + (h + i) * pitch + w;
                for (int j = 0; j < KERNEL; j++)
                    sum[j] += g[w] * in[j];
            }
            for (int j = 0; j < KERNEL; j++)
                dweight[i * KERNEL + j] += sum[j];
        }
    }
}

void first_block(const float *x, const float *weight, const float *bias, const float *hann, float *y, int8_t *open,
                 long batch, long height, long width, long rows, long columns)
{
    const struct shape s = {height, width, rows, columns};
    for (long n = 0; n < batch; n++)
        forward_one(x + n * (height + KERNEL - 1) * (width + KERNEL - 1), (const vector *)weight, (const vector *)bias, hann,
                    (vector *)(y + n * rows * columns * CHANNELS), (narrow *)open + n * height * width, s);
}

void first_block_back(const float *x, const float *dy, const int8_t *open, const float *hann, float *dweight,
                      float *dbias, long batch, long height, long width, long rows, long columns)
{
    const struct shape s = {height, width, rows, columns};
    for (long n = 0; n < batch; n++)
        backward_one(x + n * (height + KERNEL - 1) * (width + KERNEL - 1),
                     (const vector *)(dy + n * rows * columns * CHANNELS), (const narrow *)open + n * height * width, hann,
                     (vector *)dweight, (vector *)dbias, s);
}
