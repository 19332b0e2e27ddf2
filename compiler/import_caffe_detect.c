/* Caffe layers of detectors: PriorBox, DetectionOutput, YOLO outputs, regions of interest.  They
 * stay what they are: op.def has them as operators of their own. */
#include <math.h>
#include <string.h>

#include "compiler/import_caffe.h"

enum { BOXES_MAX = 256 };

void cf_prior_box(cf_net *c, cf_layer *l);
void cf_detection_output(cf_net *c, cf_layer *l);
void cf_yolo(cf_net *c, cf_layer *l);
void cf_roi_pooling(cf_net *c, cf_layer *l);
void cf_psroi_pooling(cf_net *c, cf_layer *l);

/* Copies a repeated number of P to an attribute; returns how many there are. */
static size_t copy_nums(cf_net *c, cf_layer *l, const prototxt_field *p, const char *name,
                        int32_t node, float *v)
{
    size_t n = cf_nums(c, l, p, name, v, BOXES_MAX);
    if (n)
        cf_set_floats(c, node, name, v, n);
    return n;
}

static void copy_num(cf_net *c, cf_layer *l, const prototxt_field *p, const char *name,
                     double dflt, int32_t node)
{
    cf_set_float(c, node, name, cf_num(c, l, p, name, dflt));
}

static void copy_int(cf_net *c, cf_layer *l, const prototxt_field *p, const char *name,
                     int64_t dflt, int32_t node)
{
    cf_set_int(c, node, name, cf_int(c, l, p, name, dflt, -1, INT32_MAX));
}

/* Boxes per place: every size in every shape, and one larger square per max_size.  Shapes: 1, each
 * new aspect_ratio, with flip also its inverse. */
static int64_t boxes(cf_net *c, cf_layer *l, const prototxt_field *p)
{
    float given[BOXES_MAX], ratio[2 * BOXES_MAX + 1] = {1};
    size_t n = cf_nums(c, l, p, "aspect_ratio", given, BOXES_MAX), ratios = 1;
    bool flip = cf_bool(c, l, p, "flip", true);
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        for (size_t k = 0; k < ratios; k++)
            known |= fabsf(given[i] - ratio[k]) < 1e-6f;
        if (!(given[i] > 0))
            cf_fail(c, l, NPU_BAD_INPUT, "aspect_ratio %g, above 0 expected", (double)given[i]);
        if (known)
            continue;
        ratio[ratios++] = given[i];
        if (flip)
            ratio[ratios++] = 1 / given[i];
    }
    size_t min = cf_nums(c, l, p, "min_size", given, BOXES_MAX);
    size_t max = cf_nums(c, l, p, "max_size", given, BOXES_MAX);
    if (min == 0 || (max && max != min))
        cf_fail(c, l, NPU_BAD_INPUT, "%zu min_size and %zu max_size, at least one and none or as "
                "many expected", min, max);
    return (int64_t)(ratios * min + max);
}

void cf_prior_box(cf_net *c, cf_layer *l)
{
    static const char *const lists[] = {"min_size", "max_size", "aspect_ratio", "variance"};
    const prototxt_field *p = prototxt_get(l->m, "prior_box_param");
    cf_shape x = cf_shape_of(c, l->in[0]), image = cf_shape_of(c, l->in[1]);
    float v[BOXES_MAX];
    if (x.rank != 4 || image.rank != 4) {
        cf_fail(c, l, NPU_BAD_INPUT, "bottoms of %d and %d dimensions, 4 expected", x.rank,
                image.rank);
        return;
    }
    cf_shape y = {3, {1, 2, 0}};
    if (__builtin_mul_overflow(cf_count(&x, 2, 4), 4 * boxes(c, l, p), &y.dim[2]))
        y.dim[2] = 0;
    int32_t n = cf_node2(c, l, NPU_OP_PRIORBOX, NULL, l->in[0], l->in[1], cf_top(c, l, 0, y));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        copy_nums(c, l, p, lists[i], n, v);
    cf_set_int(c, n, "flip", cf_bool(c, l, p, "flip", true));
    cf_set_int(c, n, "clip", cf_bool(c, l, p, "clip", false));
    int64_t size = cf_int(c, l, p, "img_size", 0, 0, INT32_MAX);
    double step = cf_num(c, l, p, "step", 0);
    cf_set_int(c, n, "img_h", cf_int(c, l, p, "img_h", size, 0, INT32_MAX));
    cf_set_int(c, n, "img_w", cf_int(c, l, p, "img_w", size, 0, INT32_MAX));
    copy_num(c, l, p, "step_h", step, n);
    copy_num(c, l, p, "step_w", step, n);
    copy_num(c, l, p, "offset", 0.5, n);
}

/* Seven numbers per detection, the most that can come out. */
static cf_shape detections(int64_t n)
{
    return cf_shape4(1, 1, n, 7);
}

void cf_detection_output(cf_net *c, cf_layer *l)
{
    static const char *const codes[] = {"CORNER", "CENTER_SIZE", "CORNER_SIZE", NULL};
    static const int numbers[] = {1, 2, 3};
    const prototxt_field *p = prototxt_get(l->m, "detection_output_param");
    const prototxt_field *nms = prototxt_get(p, "nms_param");
    int64_t classes = cf_int(c, l, p, "num_classes", 0, 1, 1 << 20);
    int64_t keep = cf_int(c, l, p, "keep_top_k", -1, -1, INT32_MAX), n;
    cf_shape prior = cf_shape_of(c, l->in[2]);
    if (prior.rank != 3)
        cf_fail(c, l, NPU_BAD_INPUT, "third bottom with %d dimensions, the 3 of a PriorBox "
                "expected", prior.rank);
    n = keep > 0 ? keep : prior.dim[2] / 4 * classes;
    int32_t node = cf_node(c, l, NPU_OP_DETECTIONOUTPUT, NULL, l->in, l->nbottom,
                           cf_top(c, l, 0, detections(n)));
    cf_set_int(c, node, "num_classes", classes);
    cf_set_int(c, node, "keep_top_k", n); /* -1, keep all, as a number */
    copy_int(c, l, p, "background_label_id", 0, node);
    cf_set_int(c, node, "share_location", cf_bool(c, l, p, "share_location", true));
    cf_set_int(c, node, "variance_encoded_in_target",
               cf_bool(c, l, p, "variance_encoded_in_target", false));
    cf_set_text(c, node, "code_type", codes[cf_choice(c, l, p, "code_type", codes, numbers, 0)]);
    copy_num(c, l, p, "confidence_threshold", 0, node);
    copy_num(c, l, nms, "nms_threshold", 0.3, node);
    copy_int(c, l, nms, "top_k", -1, node);
    copy_num(c, l, nms, "eta", 1, node);
}

/* Forks of YOLO: boxes of all places of all bottoms. */
void cf_yolo(cf_net *c, cf_layer *l)
{
    bool three = strcmp(l->type, "Yolov3DetectionOutput") == 0;
    const prototxt_field *p = prototxt_get(l->m, three ? "yolov3_detection_output_param"
                                                       : "yolo_detection_output_param");
    int64_t classes = cf_int(c, l, p, "num_classes", 20, 1, 1 << 20), mask[BOXES_MAX], n = 0;
    int64_t box = cf_int(c, l, p, "num_box", three ? 3 : 5, 1, BOXES_MAX), scale[BOXES_MAX];
    int64_t groups = cf_int(c, l, p, "mask_group_num", 2, 1, BOXES_MAX);
    size_t masks = cf_ints(c, l, p, "mask", 0, BOXES_MAX, mask, BOXES_MAX);
    size_t scales = cf_ints(c, l, p, "anchors_scale", 1, INT32_MAX, scale, BOXES_MAX);
    float v[BOXES_MAX];
    if (masks)
        box = (int64_t)masks / groups;
    for (unsigned i = 0; i < l->nbottom; i++) {
        cf_shape x = cf_shape_of(c, l->in[i]);
        if (x.rank != 4 || x.dim[1] != box * (5 + classes))
            cf_fail(c, l, NPU_BAD_INPUT, "bottom '%s' with %lld channels, %lld boxes of 5 + %lld "
                    "numbers expected", l->bottom[i], (long long)x.dim[1], (long long)box,
                    (long long)classes);
        n += cf_count(&x, 2, 4) * box;
    }
    int32_t node = cf_node(c, l, NPU_OP_YOLODETECTION, NULL, l->in, l->nbottom,
                           cf_top(c, l, 0, detections(n)));
    cf_set_int(c, node, "num_classes", classes);
    cf_set_int(c, node, "num_box", box);
    cf_set_int(c, node, "keep_top_k", n);
    cf_set_int(c, node, "mask_group_num", groups);
    copy_num(c, l, p, "confidence_threshold", 0.01, node);
    copy_num(c, l, p, "nms_threshold", 0.45, node);
    copy_nums(c, l, p, "biases", node, v);
    if (masks)
        cf_set_ints(c, node, "mask", mask, masks);
    if (scales)
        cf_set_ints(c, node, "anchors_scale", scale, scales);
}

static void roi_node(cf_net *c, cf_layer *l, const prototxt_field *p, int64_t channels, int64_t h,
                     int64_t w, int32_t *node)
{
    cf_shape rois = cf_shape_of(c, l->in[1]);
    if (rois.rank < 2 || rois.dim[1] != 5)
        cf_fail(c, l, NPU_BAD_INPUT, "second bottom without 5 numbers per region");
    *node = cf_node2(c, l, l->kind->op, NULL, l->in[0], l->in[1],
                     cf_top(c, l, 0, cf_shape4(rois.dim[0], channels, h, w)));
    copy_num(c, l, p, "spatial_scale", 1, *node);
}

void cf_roi_pooling(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "roi_pooling_param");
    int64_t h = cf_int(c, l, p, "pooled_h", 0, 1, 1 << 20);
    int64_t w = cf_int(c, l, p, "pooled_w", 0, 1, 1 << 20);
    int32_t node;
    roi_node(c, l, p, cf_shape_of(c, l->in[0]).dim[1], h, w, &node);
    cf_set_int(c, node, "pooled_h", h);
    cf_set_int(c, node, "pooled_w", w);
}

void cf_psroi_pooling(cf_net *c, cf_layer *l)
{
    const prototxt_field *p = prototxt_get(l->m, "psroi_pooling_param");
    int64_t out = cf_int(c, l, p, "output_dim", 0, 1, 1 << 20);
    int64_t side = cf_int(c, l, p, "group_size", 0, 1, 1 << 10);
    int64_t channels = cf_shape_of(c, l->in[0]).dim[1];
    int32_t node;
    if (channels != out * side * side)
        cf_fail(c, l, NPU_BAD_INPUT, "%lld channels, output_dim %lld times group_size %lld squared "
                "expected", (long long)channels, (long long)out, (long long)side);
    roi_node(c, l, p, out, side, side, &node);
    cf_set_int(c, node, "output_dim", out);
    cf_set_int(c, node, "group_size", side);
}
