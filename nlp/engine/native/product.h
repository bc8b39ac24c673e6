/* int8 matrix products: weights with a scale per output, inputs with a scale per row.
 *
 * Weights are kept as w + 128 in unsigned bytes, because VPDPBUSD takes one unsigned factor; 128 times the sum of a
 * row's input is subtracted. They lie in panels of 48 outputs, [panels][groups of 4 inputs][48][4]: one step of a
 * kernel reads three vectors, and a whole product reads its weights from end to end. Integer sums are exact.
 */
#ifndef T5_PRODUCT_H
#define T5_PRODUCT_H

#include <stdint.h>

#define PANEL 48

typedef struct {
    int outputs, inputs; /* as in the model */
    int panels, groups;  /* outputs in panels of 48, inputs in groups of 4, both rounded up */
    uint8_t *weights;
    float *scales; /* [panels * 48] */
    float *norm;   /* [inputs], times sqrt(inputs); NULL: the input is not normed */
} matrix;

/* Rows that are ready for a product. */
typedef struct {
    int8_t *bytes; /* [rows][stride] */
    int stride;
    float *scales; /* [rows]: what one step is worth */
    int32_t *sums; /* [rows]: 128 times the sum of a row's bytes */
} quantized;

typedef enum { STORE, ADD, RELU } product_mode;

/* One product: out[r, n] (=, += or = max(0, .)) the input rows times the matrix. */
typedef struct {
    const matrix *m;
    const quantized *in;
    float *out;
    int stride; /* of out, in floats */
    int rows;
    product_mode mode;
    int grain; /* panels of a part */
} product;

/* Packs a weight [outputs, inputs]; `weights` has matrix_bytes(), `scales` panels * 48 floats of room. */
void matrix_pack(matrix *m, const float *weight);

/* Sets the sizes of a matrix, without memory. */
void matrix_shape(matrix *m, int outputs, int inputs);

long matrix_bytes(const matrix *m);

/* Quantises one row; with the norm of the matrix when it has one. `row` is the place among `in`. */
void quantize_row(const matrix *m, const float *x, float epsilon, const quantized *in, int row);

/* Computes some outputs for all rows; a part_fn over a product. */
void product_part(const void *work, int part, int index);

/* Returns the number of parts, and sets the grain. */
int product_parts(product *p, int threads);

#endif
