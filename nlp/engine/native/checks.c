/* Kernels one at a time, on memory of their own: what the tests compare with exact references. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

typedef struct {
    const matrix *m;
    const quantized *in;
    const float *x;
    float epsilon;
    float *out;
    int rows;
    product_mode mode;
} linear;

static void quantize_check(const void *work, int row, int index) {
    (void)index;
    const linear *l = work;
    quantize_row(l->m, l->x + (long)row * l->m->inputs, l->epsilon, l->in, row);
}

static void linear_program(void *job, worker *self) {
    const linear *l = job;
    phase(self, QUANTIZING, l->rows, quantize_check, l);
    product p = {l->m, l->in, l->out, l->m->outputs, l->rows, l->mode, 1};
    int parts = product_parts(&p, pool_threads(self->owner));
    phase(self, PRODUCTS, parts, product_part, &p);
}

int t5_check_linear(int rows, int outputs, int inputs, int mode, int threads, const float *x, const float *weight,
                    const float *norm, float epsilon, float *out) {
    matrix m = {0};
    matrix_shape(&m, outputs, inputs);
    int stride = (inputs + 63) / 64 * 64;
    quantized in = {malloc((size_t)rows * stride), stride, malloc((size_t)rows * sizeof(float)),
                    malloc((size_t)rows * sizeof(int32_t))};
    m.weights = aligned_alloc(64, (size_t)matrix_bytes(&m));
    m.scales = malloc((size_t)m.panels * PANEL * sizeof(float));
    m.norm = norm ? malloc((size_t)inputs * sizeof(float)) : NULL;
    pool *p = pool_new(threads, 2);
    int complete = in.bytes && in.scales && in.sums && m.weights && m.scales && (m.norm || !norm) && p;
    if (complete) {
        for (int k = 0; norm && k < inputs; k++) m.norm[k] = norm[k] * sqrtf((float)inputs);
        matrix_pack(&m, weight);
        linear l = {&m, &in, x, epsilon, out, rows, (product_mode)mode};
        pool_run(p, linear_program, &l);
    }
    if (p) pool_free(p);
    free(in.bytes);
    free(in.scales);
    free(in.sums);
    free(m.weights);
    free(m.scales);
    free(m.norm);
    return complete ? 0 : -1;
}

int t5_check_store(int width, int length, const float *query, const float *keys, const float *values, const float *bias,
                   float *out) {
    store s;
    float *scratch = malloc((size_t)(length + 16) * sizeof *scratch);
    int complete = !store_new(&s, 2, 3, 2, width, length) && scratch;
    if (complete) {
        /* In one of several layers, slots and heads, so that a wrong place is found out. */
        for (int j = 0; j < length; j++)
            store_write(&s, 1, 2, 1, j, keys + (long)j * width, values + (long)j * width);
        attend_store(&s, 1, 2, 2, 1, length, query, bias, out, scratch);
    }
    store_free(&s);
    free(scratch);
    return complete ? 0 : -1;
}

int t5_check_prompt(int width, int length, int first, int count, const float *qkv, const float *bias, float *out) {
    float *scratch = malloc((size_t)prompt_scratch(length, width) * sizeof *scratch);
    if (!scratch) return -1;
    prompt_head p = {qkv, qkv + width, qkv + 2 * width, 3 * width, length, width, bias + length - 1, out, width};
    attend_prompt(&p, first, count, scratch);
    free(scratch);
    return 0;
}
