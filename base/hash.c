/* MD5 (the container's own check sum) and SHA-256 (identity of an input), both from libmd. */
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
