/* See product.h. Kernels hold up to 8 rows by 48 outputs in registers: 24 sums, 3 weights and an input. */
#include "product.h"

#include <math.h>
#include <string.h>

#include "simd.h"

#define ROWS 8
#define VECTORS (PANEL / LANES)
#define STEP_BYTES (PANEL * 4) /* of weights, per group of inputs */
#define AHEAD 24               /* steps: how far a kernel that is alone with its weights reads ahead */
#define SMALLEST 1e-20f        /* a row that is nowhere larger counts as zero: dividing by it would overflow */

void matrix_shape(matrix *m, int outputs, int inputs) {
    m->outputs = outputs;
    m->inputs = inputs;
    m->panels = (outputs + PANEL - 1) / PANEL;
    m->groups = (inputs + 3) / 4;
}

long matrix_bytes(const matrix *m) { return (long)m->panels * m->groups * STEP_BYTES; }

void matrix_pack(matrix *m, const float *weight) {
    memset(m->weights, 128, (size_t)matrix_bytes(m));
    memset(m->scales, 0, (size_t)m->panels * PANEL * sizeof *m->scales);
    for (int n = 0; n < m->outputs; n++) {
        const float *row = weight + (long)n * m->inputs;
        float largest = SMALLEST * 127;
        for (int k = 0; k < m->inputs; k++) largest = fmaxf(largest, fabsf(row[k]));
        float scale = largest / 127;
        m->scales[n] = scale;
        uint8_t *first = m->weights + (long)(n / PANEL) * m->groups * STEP_BYTES + n % PANEL * 4;
        for (int k = 0; k < m->inputs; k++)
            first[(long)(k / 4) * STEP_BYTES + k % 4] = (uint8_t)(lrintf(row[k] / scale) + 128);
    }
}

KERNEL void quantize_row(const matrix *m, const float *x, float epsilon, const quantized *in, int row) {
    int width = m->inputs;
    __m512 largest = _mm512_setzero_ps(), squares = _mm512_setzero_ps();
    for (int k = 0; k < width; k += LANES) {
        __mmask16 lanes = first_lanes(width - k);
        __m512 v = _mm512_maskz_loadu_ps(lanes, x + k);
        if (m->norm) {
            squares = _mm512_fmadd_ps(v, v, squares);
            v = _mm512_mul_ps(v, _mm512_maskz_loadu_ps(lanes, m->norm + k));
        }
        largest = _mm512_max_ps(largest, _mm512_abs_ps(v));
    }
    float most = fmaxf(_mm512_reduce_max_ps(largest), SMALLEST);
    __m512 factor = _mm512_set1_ps(127 / most);
    __m512i sum = _mm512_setzero_si512();
    int8_t *out = in->bytes + (long)row * in->stride;
    for (int k = 0; k < width; k += LANES) {
        __mmask16 lanes = first_lanes(width - k);
        __m512 v = _mm512_maskz_loadu_ps(lanes, x + k);
        if (m->norm) v = _mm512_mul_ps(v, _mm512_maskz_loadu_ps(lanes, m->norm + k));
        __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(v, factor));
        sum = _mm512_add_epi32(sum, whole);
        _mm_storeu_si128((__m128i *)(out + k), _mm512_cvtsepi32_epi8(whole)); /* rows end with room to spare */
    }
    float scale = most / 127;
    if (m->norm) scale /= sqrtf(_mm512_reduce_add_ps(squares) + epsilon * (float)width);
    in->scales[row] = scale;
    in->sums[row] = 128 * _mm512_reduce_add_epi32(sum);
}

/* Adds the products of four neighbours each. Written out, because GCC 12 keeps several copies of so many sums. */
INLINE void add_products(__m512i *sum, __m512i weights, __m512i x) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(*sum) : "v"(weights), "v"(x));
}

/* Computes `rows` rows of one panel, and fetches the weights at `ahead` on the way, some lines for each group. */
INLINE void kernel(const int rows, const int lines, const product *p, int first, int panel, const uint8_t *ahead) {
    const matrix *m = p->m;
    const uint8_t *weights = m->weights + (long)panel * m->groups * STEP_BYTES;
    const int8_t *in = p->in->bytes + (long)first * p->in->stride;
    const long stride = p->in->stride;
    __m512i sums[ROWS][VECTORS];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (int v = 0; v < VECTORS; v++) sums[r][v] = _mm512_set1_epi32(-p->in->sums[first + r]);
    for (int g = 0; g < m->groups; g++) {
        __m512i w[VECTORS];
#pragma GCC unroll 3
        for (int v = 0; v < VECTORS; v++) w[v] = _mm512_loadu_si512(weights + g * STEP_BYTES + v * 64);
#pragma GCC unroll 3
        for (int i = 0; i < lines; i++) _mm_prefetch((const char *)ahead + (g * lines + i) * 64, _MM_HINT_T0);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, in + r * stride + g * 4, 4);
            __m512i x = _mm512_set1_epi32(four);
#pragma GCC unroll 3
            for (int v = 0; v < VECTORS; v++) add_products(&sums[r][v], w[v], x);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        __m512 scale = _mm512_set1_ps(p->in->scales[first + r]);
        float *out = p->out + (long)(first + r) * p->stride + panel * PANEL;
#pragma GCC unroll 3
        for (int v = 0; v < VECTORS; v++) {
            __mmask16 lanes = first_lanes(m->outputs - panel * PANEL - v * LANES);
            __m512 weight_scale = _mm512_loadu_ps(m->scales + panel * PANEL + v * LANES);
            __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[r][v]), weight_scale);
            if (p->mode == ADD)
                value = _mm512_fmadd_ps(value, scale, _mm512_maskz_loadu_ps(lanes, out + v * LANES));
            else value = _mm512_mul_ps(value, scale);
            if (p->mode == RELU) value = _mm512_max_ps(value, _mm512_setzero_ps());
            _mm512_mask_storeu_ps(out + v * LANES, lanes, value);
        }
    }
}

/* A function for each number of rows: together in one, the compiler does not keep all sums in registers. */
typedef void (*kernel_fn)(const product *, int, int, const uint8_t *);
#define FOR_ROWS(N)                                                                                                 \
    static KERNEL void alone_##N(const product *p, int first, int panel, const uint8_t *ahead) {                   \
        kernel(N, VECTORS, p, first, panel, ahead);                                                                \
    }                                                                                                              \
    static KERNEL void among_##N(const product *p, int first, int panel, const uint8_t *ahead) {                   \
        kernel(N, 1, p, first, panel, ahead);                                                                      \
    }
FOR_ROWS(1)
FOR_ROWS(2)
FOR_ROWS(3)
FOR_ROWS(4)
FOR_ROWS(5)
FOR_ROWS(6)
FOR_ROWS(7)
FOR_ROWS(8)
static const kernel_fn alone[] = {alone_1, alone_2, alone_3, alone_4, alone_5, alone_6, alone_7, alone_8};
static const kernel_fn among[] = {among_1, among_2, among_3, among_4, among_5, among_6, among_7, among_8};

void product_part(const void *work, int part, int index) {
    (void)index;
    const product *p = work;
    int last = (part + 1) * p->grain < p->m->panels ? (part + 1) * p->grain : p->m->panels;
    int blocks = (p->rows + ROWS - 1) / ROWS;
    for (int panel = part * p->grain; panel < last; panel++) {
        /* With few blocks of rows, memory is read in step with them. With many, the next panel comes while this one
         * is used again, a third of it with each of the first blocks. */
        const uint8_t *own = p->m->weights + (long)panel * p->m->groups * STEP_BYTES;
        const uint8_t *next = own + (long)p->m->groups * STEP_BYTES;
        for (int block = 0, first = 0; block < blocks; block++) {
            int rows = (p->rows - first + blocks - block - 1) / (blocks - block);
            if (blocks < VECTORS) alone[rows - 1](p, first, panel, own + AHEAD * STEP_BYTES);
            else among[rows - 1](p, first, panel, next + (long)(block % VECTORS) * p->m->groups * 64);
            first += rows;
        }
    }
}

int product_parts(product *p, int threads) {
    /* Few enough parts to read memory in long runs, many enough that a slow thread does not hold up the others. */
    int grain = p->m->panels / (threads * 4);
    p->grain = threads == 1 ? p->m->panels : grain < 1 ? 1 : grain > 16 ? 16 : grain;
    return (p->m->panels + p->grain - 1) / p->grain;
}
