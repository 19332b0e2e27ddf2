/* A small Caffe network with weights, for tests of the importer. */
#ifndef NPUSIM_TESTS_CAFFE_FIXTURE_H
#define NPUSIM_TESTS_CAFFE_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

/* Convolution 2 -> 3 channels, BatchNorm, Scale, InnerProduct to 2. */
extern const char caffe_fixture_net[];

typedef enum {
    CAFFE_FIXTURE_NEW,    /* "layer", blobs with a shape, float data */
    CAFFE_FIXTURE_OLD,    /* "layers", blobs with num, channels, height, width */
    CAFFE_FIXTURE_DOUBLE  /* as NEW with double data */
} caffe_fixture_form;

/* Its .caffemodel: blob K of layer L holds 100 * L + 10 * K + i / 16 at element i; the factor of
 * BatchNorm is 2.  The bytes are the caller's, to free; NULL: no memory. */
uint8_t *caffe_fixture_model(caffe_fixture_form form, size_t *n);

#endif
