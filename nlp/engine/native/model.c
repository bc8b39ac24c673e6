/* Memory of a model, and the steps that decoder and encoder share. */
#define _DEFAULT_SOURCE /* madvise */
#include "model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "simd.h"

#define HUGE_PAGE (2L << 20)
#define PHASES_PER_LAYER 14 /* of a decoder layer; no program has more phases than a decoder pass */
#define PHASES_AROUND 3
#define CACHE_LINE 64

int t5_supported(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma");
}

static long rounded(long n, long to) { return (n + to - 1) / to * to; }

static int larger(int a, int b) { return a > b ? a : b; }

/* Weights are read from end to end in every pass: large pages save half of the address look-ups. */
static void *weight_memory(long bytes) {
    long whole = rounded(bytes, bytes < HUGE_PAGE ? CACHE_LINE : HUGE_PAGE);
    void *memory = aligned_alloc((size_t)(bytes < HUGE_PAGE ? CACHE_LINE : HUGE_PAGE), (size_t)whole);
    if (memory && bytes >= HUGE_PAGE) madvise(memory, (size_t)whole, MADV_HUGEPAGE);
    return memory;
}

t5 *t5_new(const t5_shape *shape) {
    t5 *m = calloc(1, sizeof *m);
    if (!m) return NULL;
    m->shape = *shape;
    m->inner = shape->heads * shape->d_kv;
    m->matrix_count = shape->encoder_layers * ENCODER_KINDS + shape->decoder_layers * DECODER_KINDS + 1;
    m->own_length = shape->max_tokens + LANES;
    m->wide_stride = larger(3 * m->inner, shape->d_ff * (shape->gated ? 2 : 1));
    m->bytes.stride = (int)rounded(larger(larger(shape->d_model, m->inner), shape->d_ff), CACHE_LINE);
    m->scratch_length = rounded(larger((int)prompt_scratch(shape->window, shape->d_kv), shape->max_tokens), LANES);
    m->matrices = calloc((size_t)m->matrix_count, sizeof *m->matrices);
    m->prompt_lengths = calloc((size_t)shape->slots, sizeof *m->prompt_lengths);
    m->own_bias = calloc((size_t)shape->heads * m->own_length, sizeof *m->own_bias);
    m->prompt_bias = calloc((size_t)shape->heads * (2 * shape->window - 1), sizeof *m->prompt_bias);
    m->threads = pool_new(shape->threads, shape->decoder_layers * PHASES_PER_LAYER + PHASES_AROUND);
    m->scratch = aligned_alloc(CACHE_LINE, (size_t)(m->scratch_length * shape->threads) * sizeof *m->scratch);
    int layers = shape->decoder_layers;
    int own = store_new(&m->own, layers, shape->slots, shape->heads, shape->d_kv, shape->max_tokens);
    int cross = store_new(&m->cross, layers, shape->slots, shape->heads, shape->d_kv, shape->window);
    if (m->matrices && m->prompt_lengths && m->own_bias && m->prompt_bias && m->threads && m->scratch && !own && !cross)
        return m;
    t5_free(m);
    return NULL;
}

static void free_rows(t5 *m) {
    free(m->x);
    free(m->wide);
    free(m->mixed);
    free(m->bytes.bytes);
    free(m->bytes.scales);
    free(m->bytes.sums);
}

void t5_free(t5 *m) {
    if (m->threads) pool_free(m->threads);
    for (int i = 0; m->matrices && i < m->matrix_count; i++) {
        free(m->matrices[i].weights);
        free(m->matrices[i].scales);
        free(m->matrices[i].norm);
    }
    free_rows(m);
    store_free(&m->own);
    store_free(&m->cross);
    free(m->matrices);
    free(m->prompt_lengths);
    free(m->own_bias);
    free(m->prompt_bias);
    free(m->scratch);
    free(m);
}

int t5_set_matrix(t5 *model, int number, int outputs, int inputs, const float *weight, const float *norm) {
    matrix *m = &model->matrices[number];
    matrix_shape(m, outputs, inputs);
    m->weights = weight_memory(matrix_bytes(m));
    m->scales = malloc((size_t)m->panels * PANEL * sizeof *m->scales);
    if (!m->weights || !m->scales) return -1;
    matrix_pack(m, weight);
    if (!norm) return 0;
    m->norm = malloc((size_t)inputs * sizeof *m->norm);
    if (!m->norm) return -1;
    /* x / rms(x) = x * sqrt(inputs) / sqrt(|x|**2 + epsilon * inputs) */
    for (int k = 0; k < inputs; k++) m->norm[k] = norm[k] * sqrtf((float)inputs);
    return 0;
}

void t5_set_tables(t5 *m, const float *embedding, const float *own, const float *prompt) {
    int tokens = m->shape.max_tokens;
    m->embedding = embedding;
    for (int h = 0; h < m->shape.heads; h++)
        for (int i = 0; i < tokens; i++) m->own_bias[h * m->own_length + i] = own[h * tokens + tokens - 1 - i];
    memcpy(m->prompt_bias, prompt, (size_t)m->shape.heads * (2 * m->shape.window - 1) * sizeof *prompt);
}

void t5_seconds(const t5 *m, double seconds[PHASE_KINDS]) { pool_seconds(m->threads, seconds); }

void t5_set_prompt_length(t5 *m, int slot, int length) { m->prompt_lengths[slot] = length; }

int model_reserve(t5 *m, int rows) {
    if (rows <= m->rows) return 0;
    free_rows(m);
    m->rows = 0;
    size_t n = (size_t)rows;
    m->x = aligned_alloc(CACHE_LINE, (size_t)rounded((long)(n * m->shape.d_model * sizeof(float)), CACHE_LINE));
    m->wide = aligned_alloc(CACHE_LINE, (size_t)rounded((long)(n * m->wide_stride * sizeof(float)), CACHE_LINE));
    m->mixed = aligned_alloc(CACHE_LINE, (size_t)rounded((long)(n * m->inner * sizeof(float)), CACHE_LINE));
    m->bytes.bytes = aligned_alloc(CACHE_LINE, n * m->bytes.stride);
    m->bytes.scales = malloc(n * sizeof *m->bytes.scales);
    m->bytes.sums = malloc(n * sizeof *m->bytes.sums);
    if (!m->x || !m->wide || !m->mixed || !m->bytes.bytes || !m->bytes.scales || !m->bytes.sums) return -1;
    m->rows = rows;
    return 0;
}

typedef struct {
    const t5 *model;
    const matrix *m;
    const float *x;
    long stride;
    const int32_t *chosen;
} rows_work;

static void quantize_part(const void *work, int part, int index) {
    (void)index;
    const rows_work *w = work;
    int row = w->chosen ? w->chosen[part] : part;
    quantize_row(w->m, w->x + row * w->stride, w->model->shape.epsilon, &w->model->bytes, part);
}

void quantize(worker *self, t5 *model, const matrix *m, const float *x, long stride, int rows, const int32_t *chosen) {
    rows_work work = {model, m, x, stride, chosen};
    phase(self, QUANTIZING, rows, quantize_part, &work);
}

void multiply(worker *self, t5 *model, const matrix *m, float *out, int stride, int rows, product_mode mode) {
    product work = {m, &model->bytes, out, stride, rows, mode, 1};
    int parts = product_parts(&work, pool_threads(model->threads));
    phase(self, PRODUCTS, parts, product_part, &work);
}

INLINE __m512 sigmoid(__m512 x) {
    __m512 e = exp512(_mm512_min_ps(_mm512_sub_ps(_mm512_setzero_ps(), x), _mm512_set1_ps(87.0f)));
    return _mm512_div_ps(_mm512_set1_ps(1.0f), _mm512_add_ps(_mm512_set1_ps(1.0f), e));
}

KERNEL static void activate_vectors(int kind, float *h, int width) {
    for (int k = 0; k < width; k += LANES) {
        __mmask16 lanes = first_lanes(width - k);
        __m512 x = _mm512_maskz_loadu_ps(lanes, h + k), y;
        if (kind == ACT_RELU) y = _mm512_max_ps(x, _mm512_setzero_ps());
        else if (kind == ACT_SILU) y = _mm512_mul_ps(x, sigmoid(x));
        else {
            /* x/2 * (1 + tanh(u)) = x * sigmoid(2u), u = sqrt(2/pi) * (x + 0.044715 x**3) */
            __m512 cube = _mm512_mul_ps(_mm512_mul_ps(x, x), x);
            __m512 u = _mm512_fmadd_ps(cube, _mm512_set1_ps(0.044715f), x);
            y = _mm512_mul_ps(x, sigmoid(_mm512_mul_ps(u, _mm512_set1_ps(2 * 0.7978845608f))));
        }
        _mm512_mask_storeu_ps(h + k, lanes, y);
    }
}

/* Applies the activation to h [width], and multiplies with the gate's other half, which follows it, if there is one. */
KERNEL static void activate(const t5_shape *shape, float *h) {
    int width = shape->d_ff;
    if (shape->activation == ACT_GELU)
        for (int k = 0; k < width; k++) h[k] = 0.5f * h[k] * (1 + erff(h[k] * 0.7071067812f));
    else activate_vectors(shape->activation, h, width);
    for (int k = 0; shape->gated && k < width; k += LANES) {
        __mmask16 lanes = first_lanes(width - k);
        __m512 other = _mm512_maskz_loadu_ps(lanes, h + width + k);
        _mm512_mask_storeu_ps(h + k, lanes, _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, h + k), other));
    }
}

static void activate_part(const void *work, int part, int index) {
    const rows_work *w = work;
    activate(&w->model->shape, w->model->wide + (long)part * w->stride);
    quantize_part(work, part, index);
}

void feed_forward(worker *self, t5 *model, const matrix *in, const matrix *out, float *x, int rows) {
    const t5_shape *shape = &model->shape;
    int relu = !shape->gated && shape->activation == ACT_RELU;
    quantize(self, model, in, x, shape->d_model, rows, NULL);
    multiply(self, model, in, model->wide, model->wide_stride, rows, relu ? RELU : STORE);
    rows_work work = {model, out, model->wide, model->wide_stride, NULL};
    phase(self, QUANTIZING, rows, relu ? quantize_part : activate_part, &work);
    multiply(self, model, out, x, shape->d_model, rows, ADD);
}
