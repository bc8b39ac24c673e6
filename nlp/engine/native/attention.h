/* Attention: of decoder rows to keys and values in 8 bits, and of prompts to themselves in fp32.
 *
 * A store holds keys and values of all slots. For each layer, slot and head, keys lie in blocks of 16 positions,
 * [length/16][width][16], so that a vector holds the same dimension of 16 keys; values lie [length][value_width]. Both
 * have a scale per position. T5 does not scale scores by width**-0.5.
 */
#ifndef T5_ATTENTION_H
#define T5_ATTENTION_H

#include <stdint.h>

typedef struct {
    int slots, heads, width; /* width of a head: d_kv */
    int length;              /* positions, a multiple of 16 */
    int value_width;         /* width, rounded up to 16 */
    int8_t *keys, *values;
    float *key_scales, *value_scales; /* [layers][slots][heads][length] */
} store;

/* Makes an empty store. Returns 0, or -1 when memory is short. Memory is touched when used. */
int store_new(store *s, int layers, int slots, int heads, int width, int length);

void store_free(store *s);

/* Keeps a key and a value [width] for one layer, slot, head and position. */
void store_write(store *s, int layer, int slot, int head, int position, const float *key, const float *value);

/* Attends from one query [width] to the first `length` positions; `bias` is added to their scores, NULL: none.
 * Writes `out` [width]. `scratch` has room for `length` floats, rounded up to 16. What lies in the slot `next` is
 * fetched on the way: it is the one that is attended to next. */
void attend_store(const store *s, int layer, int slot, int next, int head, int length, const float *query,
                  const float *bias, float *out, float *scratch);

/* One head of a prompt: rows of [queries, keys, values] and where to write. */
typedef struct {
    const float *queries, *keys, *values; /* of position 0 */
    int stride;                           /* from one position to the next, in floats */
    int length, width;
    const float *bias; /* by distance key - query; bias[0] is that of distance 0 */
    float *out;        /* of position 0 */
    int out_stride;
} prompt_head;

/* Attends from `count` queries, from the position `first` on, to all positions of the prompt. */
void attend_prompt(const prompt_head *p, int first, int count, float *scratch);

/* The floats that attend_prompt needs as scratch. */
long prompt_scratch(int length, int width);

#endif
