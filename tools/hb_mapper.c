/* hb_mapper: the vendor's conversion tool, which is several commands. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "npusim/err.h"
#include "tools/command.h"

static int infer(int argc, char **argv)
{
    (void)argc;
    fprintf(stderr, "%s: error: tensor values are not computed yet; there are checker and "
            "makertbin\n", argv[0]);
    return npu_exit_code(NPU_UNSUPPORTED);
}

static const struct {
    const char *name, *line;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"checker", "what of a network runs on the NPU, and why the rest does not", cmd_hb_checker},
    {"makertbin", "convert a network to a .bin", cmd_hb_makertbin},
    {"infer", "not in this version", infer},
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

static void list(FILE *f)
{
    fputs("Commands:\n", f);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(f, "  %-10s %s\n", verbs[i].name, verbs[i].line);
}

static int help(void)
{
    puts("Usage: hb_mapper COMMAND [OPTION...]\n"
         "Checks a network (.onnx, or Caffe), or converts it to a .bin for the X3 and J3.\n");
    list(stdout);
    puts("\n'hb_mapper COMMAND --help' explains a command.\n"
         "\n"
         "Options:\n"
         "  -h, --help     print this help\n"
         "  -V, --version  print the version\n"
         "\n"
         "Exit status:\n"
         "  0  done; 2 wrong use; 3 bad input; 4 not supported; 5 limit or output\n"
         "\n"
         "Examples:\n"
         "  hb_mapper checker --model-type onnx --march bernoulli2 --model net.onnx\n"
         "  hb_mapper makertbin --config net.yaml --model-type onnx");
    return 0;
}

static int unknown(const char *command, const char *word)
{
    const char *names[VERBS + 2] = {"--help", "--version"}, *near;
    for (size_t i = 0; i < VERBS; i++)
        names[i + 2] = verbs[i].name;
    bool option = word[0] == '-';
    near = base_nearest(word, option ? names : names + 2, option ? 2 : VERBS);
    fprintf(stderr, "%s: error: unknown %s '%s'", command, option ? "option" : "command", word);
    if (near)
        fprintf(stderr, "; did you mean %s?", near);
    fputc('\n', stderr);
    list(stderr);
    return npu_exit_code(NPU_USAGE);
}

int cmd_hb_mapper(int argc, char **argv)
{
    char shown[96];
    if (argc < 2) {
        fprintf(stderr, "%s: error: a command is missing\n", argv[0]);
        list(stderr);
        return npu_exit_code(NPU_USAGE);
    }
    if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))
        return help();
    if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version"))
        return puts(PACKAGE_NAME " " PACKAGE_VERSION), 0;
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(argv[1], verbs[i].name) == 0) {
            snprintf(shown, sizeof shown, "%s %s", argv[0], verbs[i].name);
            argv[1] = shown;
            return verbs[i].run(argc - 1, argv + 1);
        }
    return unknown(argv[0], argv[1]);
}
