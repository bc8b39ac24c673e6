/* A decoder pass: all layers in one program, so that threads meet only at the ends of its phases. */
#include <string.h>

#include "model.h"

typedef struct {
    t5 *model;
    int rows;
    const int32_t *tokens, *slots, *positions;
    int wanted_count;
    const int32_t *wanted;
    float *logits;
} pass;

typedef struct {
    const pass *p;
    int layer;
} layer_work;

static void embed_part(const void *work, int row, int index) {
    (void)index;
    const pass *p = work;
    long width = p->model->shape.d_model;
    memcpy(p->model->x + row * width, p->model->embedding + p->tokens[row] * width, (size_t)width * sizeof(float));
}

/* One head of all rows: keeps the new keys and values first, as rows of one reply see one another. */
static void attend_own_part(const void *work, int head, int index) {
    const layer_work *w = work;
    const pass *p = w->p;
    t5 *m = p->model;
    long inner = m->inner, at = (long)head * m->shape.d_kv;
    for (int r = 0; r < p->rows; r++) {
        const float *qkv = m->wide + (long)r * m->wide_stride + at;
        store_write(&m->own, w->layer, p->slots[r], head, p->positions[r], qkv + inner, qkv + 2 * inner);
    }
    for (int r = 0; r < p->rows; r++) {
        const float *bias = m->own_bias + (long)head * m->own_length + m->shape.max_tokens - 1 - p->positions[r];
        attend_store(&m->own, w->layer, p->slots[r], p->slots[r + 1 < p->rows ? r + 1 : r], head, p->positions[r] + 1, m->wide + (long)r * m->wide_stride + at,
                     bias, m->mixed + r * inner + at, m->scratch + index * m->scratch_length);
    }
}

static void attend_cross_part(const void *work, int head, int index) {
    const layer_work *w = work;
    const pass *p = w->p;
    t5 *m = p->model;
    long inner = m->inner, at = (long)head * m->shape.d_kv;
    for (int r = 0; r < p->rows; r++)
        attend_store(&m->cross, w->layer, p->slots[r], p->slots[r + 1 < p->rows ? r + 1 : r], head, m->prompt_lengths[p->slots[r]],
                     m->wide + (long)r * m->wide_stride + at, NULL, m->mixed + r * inner + at,
                     m->scratch + index * m->scratch_length);
}

static void decoder_layer(worker *self, const pass *p, int layer) {
    t5 *m = p->model;
    int rows = p->rows, width = m->shape.d_model;
    layer_work work = {p, layer};
    const matrix *qkv = decoder_matrix(m, layer, DEC_QKV), *o = decoder_matrix(m, layer, DEC_O);
    quantize(self, m, qkv, m->x, width, rows, NULL);
    multiply(self, m, qkv, m->wide, m->wide_stride, rows, STORE);
    phase(self, ATTENTION, m->shape.heads, attend_own_part, &work);
    quantize(self, m, o, m->mixed, m->inner, rows, NULL);
    multiply(self, m, o, m->x, width, rows, ADD);
    const matrix *q = decoder_matrix(m, layer, CROSS_Q), *cross_o = decoder_matrix(m, layer, CROSS_O);
    quantize(self, m, q, m->x, width, rows, NULL);
    multiply(self, m, q, m->wide, m->wide_stride, rows, STORE);
    phase(self, ATTENTION, m->shape.heads, attend_cross_part, &work);
    quantize(self, m, cross_o, m->mixed, m->inner, rows, NULL);
    multiply(self, m, cross_o, m->x, width, rows, ADD);
    feed_forward(self, m, decoder_matrix(m, layer, DEC_IN), decoder_matrix(m, layer, DEC_OUT), m->x, rows);
}

static void decode_program(void *job, worker *self) {
    const pass *p = job;
    t5 *m = p->model;
    phase(self, QUANTIZING, p->rows, embed_part, p);
    for (int layer = 0; layer < m->shape.decoder_layers; layer++) decoder_layer(self, p, layer);
    quantize(self, m, head_matrix(m), m->x, m->shape.d_model, p->wanted_count, p->wanted);
    multiply(self, m, head_matrix(m), p->logits, m->shape.vocabulary, p->wanted_count, STORE);
}

int t5_decode(t5 *model, int rows, const int32_t *tokens, const int32_t *slots, const int32_t *positions,
              int wanted_count, const int32_t *wanted, float *logits) {
    if (model_reserve(model, rows)) return -1;
    pass p = {model, rows, tokens, slots, positions, wanted_count, wanted, logits};
    pool_run(model->threads, decode_program, &p);
    return 0;
}
