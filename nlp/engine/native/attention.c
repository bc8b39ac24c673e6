/* See attention.h. */
#include "attention.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "simd.h"

#define CHUNK 64 /* columns of a tile of the fp32 product: four vectors */
#define TILE 6   /* rows of it */
#define SMALLEST 1e-20f

static long rounded(long n, long to) { return (n + to - 1) / to * to; }

int store_new(store *s, int layers, int slots, int heads, int width, int length) {
    s->slots = slots;
    s->heads = heads;
    s->width = width;
    s->length = (int)rounded(length, LANES);
    s->value_width = (int)rounded(width, LANES);
    size_t positions = (size_t)layers * slots * heads * s->length;
    /* Zeros, because masked positions are multiplied by 0 and must be finite. */
    s->keys = calloc(positions, (size_t)width);
    s->values = calloc(positions, (size_t)s->value_width);
    s->key_scales = calloc(positions, sizeof(float));
    s->value_scales = calloc(positions, sizeof(float));
    return s->keys && s->values && s->key_scales && s->value_scales ? 0 : -1;
}

void store_free(store *s) {
    free(s->keys);
    free(s->values);
    free(s->key_scales);
    free(s->value_scales);
}

/* The first position of a layer, slot and head, counted over the whole store. */
static long base_of(const store *s, int layer, int slot, int head) {
    return (((long)layer * s->slots + slot) * s->heads + head) * s->length;
}

/* Quantises up to CHUNK numbers at a time; returns what one step is worth. */
KERNEL static float largest_of(const float *x, int width) {
    __m512 most = _mm512_setzero_ps();
    for (int k = 0; k < width; k += LANES)
        most = _mm512_max_ps(most, _mm512_abs_ps(_mm512_maskz_loadu_ps(first_lanes(width - k), x + k)));
    return fmaxf(_mm512_reduce_max_ps(most), SMALLEST);
}

INLINE __m128i bytes_of(const float *x, int count, float factor) {
    __m512 v = _mm512_maskz_loadu_ps(first_lanes(count), x);
    return _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(v, _mm512_set1_ps(factor))));
}

KERNEL void store_write(store *s, int layer, int slot, int head, int position, const float *key, const float *value) {
    long base = base_of(s, layer, slot, head);
    int8_t *keys = s->keys + (base + position / LANES * LANES) * s->width + position % LANES;
    int8_t *values = s->values + (base + position) * s->value_width;
    float most = largest_of(key, s->width);
    s->key_scales[base + position] = most / 127;
    for (int k = 0; k < s->width; k += LANES) {
        int8_t some[LANES];
        _mm_storeu_si128((__m128i *)some, bytes_of(key + k, s->width - k, 127 / most));
        for (int i = 0; i < LANES && k + i < s->width; i++) keys[(long)(k + i) * LANES] = some[i];
    }
    most = largest_of(value, s->width);
    s->value_scales[base + position] = most / 127;
    for (int k = 0; k < s->width; k += LANES)
        _mm_storeu_si128((__m128i *)(values + k), bytes_of(value + k, s->width - k, 127 / most));
}

INLINE __m512 floats_of(const int8_t *bytes) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)bytes)));
}

/* The products of a query with 16 keys. Four sums, so that one need not wait for the other. */
INLINE __m512 scores_of(const int8_t *keys, const int8_t *next, const float *query, int width) {
    __m512 sums[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    int k = 0;
    for (; k + 4 <= width; k += 4) {
        _mm_prefetch((const char *)next + k * LANES, _MM_HINT_T1);
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++)
            sums[i] = _mm512_fmadd_ps(floats_of(keys + (k + i) * LANES), _mm512_set1_ps(query[k + i]), sums[i]);
    }
    for (; k < width; k++) sums[0] = _mm512_fmadd_ps(floats_of(keys + k * LANES), _mm512_set1_ps(query[k]), sums[0]);
    return _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]));
}

/* Turns scores into e**(score - most), zeros beyond `length`; returns their sum. */
KERNEL static float exponentials(float *scores, int length, float most) {
    __m512 total = _mm512_setzero_ps();
    for (int j = 0; j < length; j += LANES) {
        __m512 e = exp512(_mm512_sub_ps(_mm512_loadu_ps(scores + j), _mm512_set1_ps(most)));
        e = _mm512_maskz_mov_ps(first_lanes(length - j), e);
        _mm512_storeu_ps(scores + j, e);
        total = _mm512_add_ps(total, e);
    }
    return _mm512_reduce_add_ps(total);
}

/* out = factor * sum over positions of weight * value, for `vectors` vectors of a value. */
INLINE void mix(const int vectors, const int8_t *values, const int8_t *next, long stride, const float *weights,
                int length, float factor, int width, float *out) {
    __m512 sums[4];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) sums[v] = _mm512_setzero_ps();
    for (int j = 0; j < length; j++) {
        __m512 weight = _mm512_set1_ps(weights[j]);
        _mm_prefetch((const char *)next + j * stride, _MM_HINT_T1);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            sums[v] = _mm512_fmadd_ps(floats_of(values + j * stride + v * LANES), weight, sums[v]);
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++)
        _mm512_mask_storeu_ps(out + v * LANES, first_lanes(width - v * LANES),
                              _mm512_mul_ps(sums[v], _mm512_set1_ps(factor)));
}

KERNEL static void mixed(const store *s, long base, long next_base, int length, const float *weights, float factor,
                         float *out) {
    const int8_t *values = s->values + base * s->value_width, *next = s->values + next_base * s->value_width;
    for (int k = 0; k < s->width; k += CHUNK) {
        int left = s->width - k;
        switch ((left + LANES - 1) / LANES) {
        case 1: mix(1, values + k, next + k, s->value_width, weights, length, factor, left, out + k); break;
        case 2: mix(2, values + k, next + k, s->value_width, weights, length, factor, left, out + k); break;
        case 3: mix(3, values + k, next + k, s->value_width, weights, length, factor, left, out + k); break;
        default: mix(4, values + k, next + k, s->value_width, weights, length, factor, left, out + k);
        }
    }
}

KERNEL void attend_store(const store *s, int layer, int slot, int next, int head, int length, const float *query,
                         const float *bias, float *out, float *scratch) {
    long base = base_of(s, layer, slot, head), next_base = base_of(s, layer, next, head);
    __m512 most = _mm512_set1_ps(-INFINITY);
    for (int j = 0; j < length; j += LANES) {
        __m512 score = scores_of(s->keys + (base + j) * s->width, s->keys + (next_base + j) * s->width, query, s->width);
        _mm_prefetch((const char *)(s->key_scales + next_base + j), _MM_HINT_T1);
        _mm_prefetch((const char *)(s->value_scales + next_base + j), _MM_HINT_T1);
        __m512 add = bias ? _mm512_loadu_ps(bias + j) : _mm512_setzero_ps();
        score = _mm512_fmadd_ps(score, _mm512_loadu_ps(s->key_scales + base + j), add);
        _mm512_storeu_ps(scratch + j, score);
        most = _mm512_mask_max_ps(most, first_lanes(length - j), most, score);
    }
    float total = exponentials(scratch, length, _mm512_reduce_max_ps(most));
    for (int j = 0; j < length; j += LANES)
        _mm512_storeu_ps(scratch + j, _mm512_mul_ps(_mm512_loadu_ps(scratch + j),
                                                    _mm512_loadu_ps(s->value_scales + base + j)));
    mixed(s, base, next_base, length, scratch, 1 / total, out);
}

/* One tile of an fp32 product: [rows, depth] times [depth, CHUNK], from `left` with a stride to `out` with another. */
INLINE void tile(const int rows, const float *left, long left_stride, const float *right, long right_stride, int depth,
                 float *out, long out_stride) {
    __m512 sums[TILE][4];
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int v = 0; v < 4; v++) sums[r][v] = _mm512_setzero_ps();
    for (int k = 0; k < depth; k++) {
        __m512 b[4];
#pragma GCC unroll 4
        for (int v = 0; v < 4; v++) b[v] = _mm512_loadu_ps(right + k * right_stride + v * LANES);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            __m512 a = _mm512_set1_ps(left[r * left_stride + k]);
#pragma GCC unroll 4
            for (int v = 0; v < 4; v++) sums[r][v] = _mm512_fmadd_ps(a, b[v], sums[r][v]);
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int v = 0; v < 4; v++) _mm512_storeu_ps(out + r * out_stride + v * LANES, sums[r][v]);
}

/* The product for all columns, a multiple of CHUNK. */
KERNEL static void fp32_product(int rows, const float *left, long left_stride, const float *right, long right_stride,
                                int depth, int columns, float *out, long out_stride) {
    for (int c = 0; c < columns; c += CHUNK) switch (rows) {
        case 1: tile(1, left, left_stride, right + c, right_stride, depth, out + c, out_stride); break;
        case 2: tile(2, left, left_stride, right + c, right_stride, depth, out + c, out_stride); break;
        case 3: tile(3, left, left_stride, right + c, right_stride, depth, out + c, out_stride); break;
        case 4: tile(4, left, left_stride, right + c, right_stride, depth, out + c, out_stride); break;
        case 5: tile(5, left, left_stride, right + c, right_stride, depth, out + c, out_stride); break;
        default: tile(6, left, left_stride, right + c, right_stride, depth, out + c, out_stride);
        }
}

long prompt_scratch(int length, int width) {
    long columns = rounded(length, CHUNK), wide = rounded(width, CHUNK);
    return columns * width + columns * wide + TILE * columns + TILE * wide;
}

/* Lays out keys [width][columns] and values [length][wide], both filled up with zeros. */
static void lay_out(const prompt_head *p, float *keys, long columns, float *values, long wide) {
    memset(keys, 0, (size_t)(columns * p->width) * sizeof *keys);
    for (int j = 0; j < p->length; j++)
        for (int k = 0; k < p->width; k++) keys[k * columns + j] = p->keys[(long)j * p->stride + k];
    for (int j = 0; j < p->length; j++) {
        memcpy(values + j * wide, p->values + (long)j * p->stride, (size_t)p->width * sizeof *values);
        memset(values + j * wide + p->width, 0, (size_t)(wide - p->width) * sizeof *values);
    }
}

/* Adds the bias to the scores of one query, and turns them into weights but for their sum, which is returned. */
KERNEL static float weights_of(float *scores, int length, const float *bias) {
    __m512 most = _mm512_set1_ps(-INFINITY);
    for (int j = 0; j < length; j += LANES) {
        __mmask16 lanes = first_lanes(length - j);
        __m512 score = _mm512_add_ps(_mm512_loadu_ps(scores + j), _mm512_maskz_loadu_ps(lanes, bias + j));
        _mm512_storeu_ps(scores + j, score);
        most = _mm512_mask_max_ps(most, lanes, most, score);
    }
    return exponentials(scores, length, _mm512_reduce_max_ps(most));
}

KERNEL void attend_prompt(const prompt_head *p, int first, int count, float *scratch) {
    long columns = rounded(p->length, CHUNK), wide = rounded(p->width, CHUNK);
    float *keys = scratch, *values = keys + columns * p->width;
    float *scores = values + columns * wide, *results = scores + TILE * columns;
    lay_out(p, keys, columns, values, wide);
    for (int row = first; row < first + count; row += TILE) {
        int rows = first + count - row < TILE ? first + count - row : TILE;
        const float *queries = p->queries + (long)row * p->stride;
        fp32_product(rows, queries, p->stride, keys, columns, p->width, (int)columns, scores, columns);
        float totals[TILE];
        for (int r = 0; r < rows; r++) totals[r] = weights_of(scores + r * columns, p->length, p->bias - (row + r));
        fp32_product(rows, scores, columns, values, wide, p->length, (int)wide, results, wide);
        for (int r = 0; r < rows; r++) {
            float *out = p->out + (long)(row + r) * p->out_stride;
            for (int k = 0; k < p->width; k += LANES)
                _mm512_mask_storeu_ps(out + k, first_lanes(p->width - k),
                                      _mm512_mul_ps(_mm512_loadu_ps(results + r * wide + k),
                                                    _mm512_set1_ps(1 / totals[r])));
        }
    }
}
