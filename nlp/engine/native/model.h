/* What a model consists of, and the steps that decoder and encoder share. */
#ifndef T5_MODEL_H
#define T5_MODEL_H

#include "attention.h"
#include "pool.h"
#include "product.h"
#include "t5.h"

struct t5 {
    t5_shape shape;
    int inner; /* heads * d_kv */
    int matrix_count;
    matrix *matrices;
    const float *embedding;
    float *own_bias;    /* [heads][own_length], greatest distance first, so that keys come in order */
    int own_length;     /* max_tokens and room for a vector */
    float *prompt_bias; /* [heads][2 * window - 1] and room for a vector */
    store own, cross;
    int32_t *prompt_lengths; /* by slot */
    pool *threads;
    float *scratch; /* for each thread */
    long scratch_length;
    /* Room for so many rows, which grows with them. */
    int rows;
    float *x, *wide, *mixed;
    int wide_stride;
    quantized bytes;
};

/* Makes room for so many rows. Returns 0, or -1 when memory is short. */
int model_reserve(t5 *model, int rows);

static inline const matrix *encoder_matrix(const t5 *m, int layer, int kind) {
    return &m->matrices[layer * ENCODER_KINDS + kind];
}

static inline const matrix *decoder_matrix(const t5 *m, int layer, int kind) {
    return &m->matrices[m->shape.encoder_layers * ENCODER_KINDS + layer * DECODER_KINDS + kind];
}

static inline const matrix *head_matrix(const t5 *m) { return &m->matrices[m->matrix_count - 1]; }

/* Phase: quantises the rows x [rows, stride] for a product with a matrix; `chosen` are the rows, NULL: all. */
void quantize(worker *self, t5 *model, const matrix *m, const float *x, long stride, int rows, const int32_t *chosen);

/* Phase: multiplies the rows that were quantised last. */
void multiply(worker *self, t5 *model, const matrix *m, float *out, int stride, int rows, product_mode mode);

/* Phases: norm, feed-forward and residual over x [rows, d_model]. */
void feed_forward(worker *self, t5 *model, const matrix *in, const matrix *out, float *x, int rows);

#endif
