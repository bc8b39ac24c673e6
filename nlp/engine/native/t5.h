/* A T5 in int8 on a CPU: decoder passes over rows of a slot cache, and encoder passes in pieces.
 *
 * The functions that nlp/engine/native/loading.py calls. All pointers are of the caller, floats are fp32, and calls for
 * one model come one at a time. Functions that return int return 0, or -1 when memory is short.
 */
#ifndef T5_H
#define T5_H

#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

typedef struct t5 t5;

/* In the order of `ACTIVATIONS` in nlp/engine/config.py. */
enum { ACT_RELU, ACT_GELU, ACT_GELU_NEW, ACT_SILU };

typedef struct {
    int32_t vocabulary, d_model, d_kv, d_ff, heads;
    int32_t encoder_layers, decoder_layers;
    int32_t activation, gated;
    int32_t slots, max_tokens, window;
    int32_t threads;
    float epsilon;
} t5_shape;

/* Matrices are numbered: for each encoder layer its ENCODER_KINDS, for each decoder layer its DECODER_KINDS, the head.
 * QKV and KV lie below one another in one matrix, as do the two input matrices of a gated feed-forward. */
enum { ENC_QKV, ENC_O, ENC_IN, ENC_OUT, ENCODER_KINDS };
enum { DEC_QKV, DEC_O, CROSS_Q, CROSS_KV, CROSS_O, DEC_IN, DEC_OUT, DECODER_KINDS };

/* Whether this processor has what the kernels need. */
EXPORT int t5_supported(void);

/* Makes a model without weights. NULL when memory or threads are short. */
EXPORT t5 *t5_new(const t5_shape *shape);

EXPORT void t5_free(t5 *model);

/* Packs the weight [outputs, inputs] of a matrix; `norm` [inputs] is that of its input, NULL: none. */
EXPORT int t5_set_matrix(t5 *model, int number, int outputs, int inputs, const float *weight, const float *norm);

/* Gives the embedding [vocabulary, d_model], which the caller keeps, and copies the position biases:
 * `own` [heads, max_tokens] by distance to an earlier key, `prompt` [heads, 2 * window - 1] by key - query. */
EXPORT void t5_set_tables(t5 *model, const float *embedding, const float *own, const float *prompt);

/* Runs rows through the decoder: row r is a token at a position of the reply in a slot. Its keys and values are kept.
 * `logits` [wanted_count, vocabulary] are those of the rows in `wanted`. */
EXPORT int t5_decode(t5 *model, int rows, const int32_t *tokens, const int32_t *slots, const int32_t *positions,
                     int wanted_count, const int32_t *wanted, float *logits);

/* The first part of an encoder layer: x [rows, d_model] to qkv [rows, 3 * heads * d_kv]. */
EXPORT int t5_encode_project(t5 *model, int layer, const float *x, int rows, float *qkv);

/* Attention within prompts: for each item the prompt that begins at row `starts`, of `lengths` rows, and `counts` of its
 * queries from the `firsts` one on. Writes mixed [rows, heads * d_kv]. */
EXPORT void t5_encode_attend(t5 *model, const float *qkv, int items, const int32_t *starts, const int32_t *lengths,
                             const int32_t *firsts, const int32_t *counts, float *mixed);

/* The rest of an encoder layer: changes x [rows, d_model] in place. */
EXPORT int t5_encode_finish(t5 *model, int layer, float *x, const float *mixed, int rows);

/* Keeps the keys and values of encoder outputs x, before the last norm, for one decoder layer: row r is a position of
 * the prompt in a slot. */
EXPORT int t5_store_prompt(t5 *model, int layer, const float *x, int rows, const int32_t *slots,
                           const int32_t *positions);

/* Says how long the prompt in a slot is. */
EXPORT void t5_set_prompt_length(t5 *model, int slot, int length);

/* Kernels one at a time, for tests. out [rows, outputs] = (mode 0), += (1) or = max(0, .) (2) x times the weight. */
EXPORT int t5_check_linear(int rows, int outputs, int inputs, int mode, int threads, const float *x,
                           const float *weight, const float *norm, float epsilon, float *out);

/* One query [width] to keys and values [length, width] in 8 bits; bias [length, rounded up to 16] or NULL. */
EXPORT int t5_check_store(int width, int length, const float *query, const float *keys, const float *values,
                          const float *bias, float *out);

/* Some queries of a prompt's qkv [length, 3 * width]; bias [2 * length - 1] by key - query; out [length, width]. */
EXPORT int t5_check_prompt(int width, int length, int first, int count, const float *qkv, const float *bias,
                           float *out);

/* Copies the seconds that products, attention and quantising (with norms and activations) have taken so far. */
EXPORT void t5_seconds(const t5 *model, double seconds[3]);

#endif
