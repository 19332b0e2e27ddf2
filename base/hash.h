/* Digests as lower-case hex text. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { HASH_MD5_BYTES = 16, HASH_MD5_HEX = 33, HASH_SHA256_HEX = 65 }; /* HEX: with the NUL */

void hash_md5(const void *data, size_t n, uint8_t digest[HASH_MD5_BYTES]);
void hash_md5_hex(const void *data, size_t n, char hex[HASH_MD5_HEX]);
void hash_sha256_hex(const void *data, size_t n, char hex[HASH_SHA256_HEX]);

#endif
