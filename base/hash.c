/* MD5 (the container's own check sum) and SHA-256 (identity of an input), both from libmd; CRC-32
 * four bits at a time, from a table of 16. */
#include "base/hash.h"

#include <sys/types.h>

#include <md5.h>
#include <sha2.h>

static void to_hex(const uint8_t *digest, size_t n, char *hex)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[2 * n] = '\0';
}

void hash_md5(const void *data, size_t n, uint8_t digest[HASH_MD5_BYTES])
{
    MD5_CTX ctx;

    MD5Init(&ctx);
    if (n)
        MD5Update(&ctx, data, n);
    MD5Final(digest, &ctx);
}

void hash_md5_hex(const void *data, size_t n, char hex[HASH_MD5_HEX])
{
    uint8_t digest[HASH_MD5_BYTES];

    hash_md5(data, n, digest);
    to_hex(digest, sizeof digest, hex);
}

void hash_sha256_hex(const void *data, size_t n, char hex[HASH_SHA256_HEX])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA2_CTX ctx;

    SHA256Init(&ctx);
    if (n)
        SHA256Update(&ctx, data, n);
    SHA256Final(digest, &ctx);
    to_hex(digest, sizeof digest, hex);
}

/* Remainders of the 16 half bytes. */
static const uint32_t crc_nibble[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint32_t hash_crc32(uint32_t crc, const void *data, size_t n)
{
    const uint8_t *p = data;

    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ crc_nibble[crc & 15];
        crc = crc >> 4 ^ crc_nibble[crc & 15];
    }
    return ~crc;
}
