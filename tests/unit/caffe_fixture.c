/* See caffe_fixture.h. */
#include "tests/unit/caffe_fixture.h"

#include <stdbool.h>
#include <stdlib.h>

#include "formats/caffe.pb-c.h"

const char caffe_fixture_net[] =
    "name: 'small' input: 'x' input_shape { dim: 1 dim: 2 dim: 4 dim: 4 }\n"
    "layer { name: 'c' type: 'Convolution' bottom: 'x' top: 'c'\n"
    "  convolution_param { num_output: 3 kernel_size: 1 } }\n"
    "layer { name: 'b' type: 'BatchNorm' bottom: 'c' top: 'c' }\n"
    "layer { name: 's' type: 'Scale' bottom: 'c' top: 'c' scale_param { bias_term: true } }\n"
    "layer { name: 'i' type: 'InnerProduct' bottom: 'c' top: 'i'\n"
    "  inner_product_param { num_output: 2 } }\n";

enum { LAYERS = 4, BLOBS = 9, MAX_ELEMENTS = 96 };

static const struct {
    const char *layer;
    int64_t dim[4];
    unsigned rank;
} blobs[BLOBS] = {
    {"c", {3, 2, 1, 1}, 4}, {"c", {3}, 1}, {"b", {3}, 1}, {"b", {3}, 1}, {"b", {1}, 1},
    {"s", {3}, 1},          {"s", {3}, 1}, {"i", {2, 48}, 2}, {"i", {2}, 1},
};

typedef struct {
    CaffePb__NetParameter net;
    CaffePb__LayerParameter layer[LAYERS], *list[LAYERS];
    CaffePb__V1LayerParameter old[LAYERS], *old_list[LAYERS];
    CaffePb__BlobProto blob[BLOBS], *blob_list[BLOBS];
    CaffePb__BlobShape shape[BLOBS];
    int64_t dim[BLOBS][4];
    float f[BLOBS][MAX_ELEMENTS];
    double d[BLOBS][MAX_ELEMENTS];
} fixture;

static void make_blob(fixture *x, unsigned b, unsigned layer, unsigned k, caffe_fixture_form form)
{
    CaffePb__BlobProto *blob = &x->blob[b];
    size_t n = 1;
    caffe_pb__blob_proto__init(blob);
    caffe_pb__blob_shape__init(&x->shape[b]);
    for (unsigned d = 0; d < blobs[b].rank; d++)
        n *= (size_t)(x->dim[b][d] = blobs[b].dim[d]);
    for (size_t i = 0; i < n; i++)
        x->d[b][i] = layer == 1 && k == 2 ? 2 : 100.0 * layer + 10.0 * k + (double)i / 16;
    for (size_t i = 0; i < n; i++)
        x->f[b][i] = (float)x->d[b][i];
    x->shape[b].n_dim = blobs[b].rank;
    x->shape[b].dim = x->dim[b];
    if (form == CAFFE_FIXTURE_OLD) { /* padded with ones in front */
        int32_t four[4] = {1, 1, 1, 1};
        for (unsigned d = 0; d < blobs[b].rank; d++)
            four[4 - blobs[b].rank + d] = (int32_t)blobs[b].dim[d];
        blob->has_num = blob->has_channels = blob->has_height = blob->has_width = true;
        blob->num = four[0];
        blob->channels = four[1];
        blob->height = four[2];
        blob->width = four[3];
    } else {
        blob->shape = &x->shape[b];
    }
    blob->n_data = form == CAFFE_FIXTURE_DOUBLE ? 0 : n;
    blob->data = x->f[b];
    blob->n_double_data = form == CAFFE_FIXTURE_DOUBLE ? n : 0;
    blob->double_data = x->d[b];
    x->blob_list[b] = blob;
}

static void make_net(fixture *x, caffe_fixture_form form)
{
    unsigned b = 0;
    caffe_pb__net_parameter__init(&x->net);
    for (unsigned l = 0; l < LAYERS; l++) {
        unsigned first = b, k = 0;
        char *name = (char *)blobs[b].layer;
        for (; b < BLOBS && blobs[b].layer[0] == name[0]; b++, k++)
            make_blob(x, b, l, k, form);
        caffe_pb__layer_parameter__init(&x->layer[l]);
        caffe_pb__v1_layer_parameter__init(&x->old[l]);
        x->layer[l].name = x->old[l].name = name;
        x->layer[l].blobs = x->old[l].blobs = x->blob_list + first;
        x->layer[l].n_blobs = x->old[l].n_blobs = b - first;
        x->list[l] = &x->layer[l];
        x->old_list[l] = &x->old[l];
    }
    x->net.layer = x->list;
    x->net.layers = x->old_list;
    x->net.n_layer = form == CAFFE_FIXTURE_OLD ? 0 : LAYERS;
    x->net.n_layers = form == CAFFE_FIXTURE_OLD ? LAYERS : 0;
}

uint8_t *caffe_fixture_model(caffe_fixture_form form, size_t *n)
{
    fixture *x = calloc(1, sizeof *x);
    uint8_t *bytes = NULL;
    if (x) {
        make_net(x, form);
        *n = caffe_pb__net_parameter__get_packed_size(&x->net);
        bytes = malloc(*n);
        if (bytes)
            caffe_pb__net_parameter__pack(&x->net, bytes);
    }
    free(x);
    return bytes;
}
