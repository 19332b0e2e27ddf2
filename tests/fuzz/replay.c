/* Stands in for libFuzzer where there is none: runs the target once over each file named. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    size_t room = 1, size = 0, got;
    uint8_t *data = malloc(room);
    FILE *f = fopen(path, "rb");
    while (f && data && (got = fread(data + size, 1, room - size, f)) > 0) {
        size += got;
        if (size == room) {
            uint8_t *more = realloc(data, room *= 2);
            if (!more)
                break;
            data = more;
        }
    }
    if (!f || !data || ferror(f)) {
        fprintf(stderr, "replay: %s cannot be read\n", path);
        free(data);
        if (f)
            fclose(f);
        return 1;
    }
    fclose(f);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0;
    for (int i = 1; i < argc; i++)
        status |= replay(argv[i]);
    return status;
}
