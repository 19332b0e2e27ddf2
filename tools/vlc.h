/* Compressed weights for test models: blobs a decompressor accepts, of a size one chooses.
 *
 * This is no compressor: only the size of the blob matters to a timing model.  Layout of the blob:
 * 16-byte header, one byte per block of 16 symbols (padded to 16), data. */
#ifndef TOOLS_VLC_H
#define TOOLS_VLC_H

#include <stddef.h>

#include "base/buf.h"
#include "npusim/err.h"

enum { VLC_DATA_MAX = (1 << 24) - 1 }; /* 24 bits in the header */

/* Appends RAW bytes to OUT: a blob for RAW bytes of int8 with DATA bytes of data (a multiple of
 * 16), then zeros, as the vendor's compiler leaves the space it saves. */
npu_status vlc_put(size_t raw, size_t data, buf_writer *out, npu_err *err);

#endif
