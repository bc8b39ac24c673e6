/* Encoder passes in pieces: what runs between two looks at the replies that are being decoded. */
#include <stddef.h>

#include "model.h"

typedef struct {
    t5 *model;
    int layer, rows;
    float *x, *out;
    const float *mixed;
    const int32_t *slots, *positions;
} piece;

typedef struct {
    t5 *model;
    const float *qkv;
    const int32_t *starts, *lengths, *firsts, *counts;
    int items;
    float *mixed;
} attention;

static void project_program(void *job, worker *self) {
    const piece *p = job;
    const matrix *qkv = encoder_matrix(p->model, p->layer, ENC_QKV);
    quantize(self, p->model, qkv, p->x, p->model->shape.d_model, p->rows, NULL);
    multiply(self, p->model, qkv, p->out, 3 * p->model->inner, p->rows, STORE);
}

int t5_encode_project(t5 *model, int layer, const float *x, int rows, float *qkv) {
    if (model_reserve(model, rows)) return -1;
    piece p = {model, layer, rows, (float *)x, qkv, NULL, NULL, NULL}; /* x is read only */
    pool_run(model->threads, project_program, &p);
    return 0;
}

static void attend_part(const void *work, int part, int index) {
    const attention *a = work;
    t5 *m = a->model;
    int head = part % m->shape.heads, item = part / m->shape.heads, stride = 3 * m->inner;
    long at = (long)head * m->shape.d_kv;
    const float *first = a->qkv + (long)a->starts[item] * stride + at;
    const float *bias = m->prompt_bias + (long)head * (2 * m->shape.window - 1) + m->shape.window - 1;
    prompt_head p = {first, first + m->inner, first + 2 * m->inner, stride, a->lengths[item], m->shape.d_kv, bias,
                     a->mixed + (long)a->starts[item] * m->inner + at, m->inner};
    attend_prompt(&p, a->firsts[item], a->counts[item], m->scratch + index * m->scratch_length);
}

static void attend_program(void *job, worker *self) {
    const attention *a = job;
    phase(self, ATTENTION, a->items * a->model->shape.heads, attend_part, a);
}

void t5_encode_attend(t5 *model, const float *qkv, int items, const int32_t *starts, const int32_t *lengths,
                      const int32_t *firsts, const int32_t *counts, float *mixed) {
    attention a = {model, qkv, starts, lengths, firsts, counts, items, mixed};
    pool_run(model->threads, attend_program, &a);
}

static void finish_program(void *job, worker *self) {
    const piece *p = job;
    t5 *m = p->model;
    const matrix *o = encoder_matrix(m, p->layer, ENC_O);
    quantize(self, m, o, p->mixed, m->inner, p->rows, NULL);
    multiply(self, m, o, p->x, m->shape.d_model, p->rows, ADD);
    feed_forward(self, m, encoder_matrix(m, p->layer, ENC_IN), encoder_matrix(m, p->layer, ENC_OUT), p->x, p->rows);
}

int t5_encode_finish(t5 *model, int layer, float *x, const float *mixed, int rows) {
    if (model_reserve(model, rows)) return -1;
    piece p = {model, layer, rows, x, NULL, mixed, NULL, NULL};
    pool_run(model->threads, finish_program, &p);
    return 0;
}

static void keep_part(const void *work, int row, int index) {
    (void)index;
    const piece *p = work;
    t5 *m = p->model;
    for (int head = 0; head < m->shape.heads; head++) {
        const float *key = m->wide + (long)row * m->wide_stride + (long)head * m->shape.d_kv;
        store_write(&m->cross, p->layer, p->slots[row], head, p->positions[row], key, key + m->inner);
    }
}

static void store_program(void *job, worker *self) {
    const piece *p = job;
    t5 *m = p->model;
    const matrix *kv = decoder_matrix(m, p->layer, CROSS_KV); /* its norm is the encoder's last */
    quantize(self, m, kv, p->x, m->shape.d_model, p->rows, NULL);
    multiply(self, m, kv, m->wide, m->wide_stride, p->rows, STORE);
    phase(self, ATTENTION, p->rows, keep_part, p);
}

int t5_store_prompt(t5 *model, int layer, const float *x, int rows, const int32_t *slots, const int32_t *positions) {
    if (model_reserve(model, rows)) return -1;
    piece p = {model, layer, rows, (float *)x, NULL, NULL, slots, positions}; /* x is read only */
    pool_run(model->threads, store_program, &p);
    return 0;
}
