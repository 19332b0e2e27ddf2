/* Status and error text of every fallible function.
 *
 * One status, one message, made where the facts are.  The message names the object, the value
 * found and the value allowed; only tools/ prints it and turns the status into an exit code. */
#ifndef NPUSIM_ERR_H
#define NPUSIM_ERR_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    NPU_OK = 0,
    NPU_GATE,        /* a comparison or budget failed                     exit 1 */
    NPU_USAGE,       /* command line or configuration (chip file, --set)  exit 2 */
    NPU_BAD_INPUT,   /* input unreadable or malformed                     exit 3 */
    NPU_UNSUPPORTED, /* something in the model is not modelled            exit 4 */
    NPU_LIMIT,       /* out of memory, resource limit, own mistake        exit 5 */
    NPU_IO           /* an output could not be written                    exit 5 */
} npu_status;

typedef struct {
    npu_status status;
    char text[512];
} npu_err;

/* Stores S and the formatted message in ERR (ERR may be NULL) and returns S. */
npu_status npu_fail(npu_err *err, npu_status s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "PREFIX: " in front of the message already in ERR; returns its status. */
npu_status npu_fail_in(npu_err *err, const char *prefix);

/* Process exit code of a status: 0, 1, 2, 3, 4 or 5. */
int npu_exit_code(npu_status s);

#define NPU_TRY(call)                                                                              \
    do {                                                                                           \
        npu_status try_ = (call);                                                                  \
        if (try_ != NPU_OK)                                                                        \
            return try_;                                                                           \
    } while (0)

#ifdef __cplusplus
}
#endif
#endif
