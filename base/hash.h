/* Digests as lower-case hex text, and the check sum of zip and PNG. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { HASH_MD5_BYTES = 16, HASH_MD5_HEX = 33, HASH_SHA256_HEX = 65 }; /* HEX: with the NUL */

void hash_md5(const void *data, size_t n, uint8_t digest[HASH_MD5_BYTES]);
void hash_md5_hex(const void *data, size_t n, char hex[HASH_MD5_HEX]);
void hash_sha256_hex(const void *data, size_t n, char hex[HASH_SHA256_HEX]);

/* CRC-32 (polynomial 0xEDB88320 reflected, start and end inverted) of what CRC already covers and N
 * bytes more; CRC 0: nothing yet. */
uint32_t hash_crc32(uint32_t crc, const void *data, size_t n);

#endif
