/* Multi-call entry: finds the command by the name of the program or by the first argument.
 *
 * "hb_perf ..." (a link), "npusim-profile ..." (a link) and "npusim profile ..." all work.  Knows
 * no command; the list is tools/command.def. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "tools/command.h"
#include "tools/opt.h"

enum { EXIT_USAGE = 2, EXIT_OUTPUT = 5 };

typedef struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *line;
} command;

static const command commands[] = {
#define C(id, name, function, link, line) { name, function, line },
#include "tools/command.def"
#undef C
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    return NULL;
}

static void print_commands(FILE *f)
{
    fputs("Commands:\n", f);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(f, "  %-18s %s\n", commands[i].name, commands[i].line);
}

static void print_help(void)
{
    puts("Usage: npusim COMMAND [OPTION...] [FILE...]\n"
         "Cycle-approximate simulator of neural processing units.\n"
         "\n"
         "Reads a compiled model, or compiles a network (.onnx, .prototxt), simulates\n"
         "every command of it on the engines and the memory of a chip, and reports where\n"
         "the time goes.\n");
    print_commands(stdout);
    puts("\n"
         "'npusim COMMAND --help' explains a command.\n"
         "\n"
         "Options:\n"
         "  -h, --help     print this help\n"
         "  -V, --version  print the version\n"
         "\n"
         "Environment:\n"
         "  NPUSIM_CHIP_DIR  folder of the chip files, instead of the installed one\n"
         "  TPU_ENABLE_PMU   1: model_runner prints the counters of the PMU, as on the\n"
         "                   board\n"
         "\n"
         "Exit status:\n"
         "  0  done\n"
         "  1  a comparison or limit failed\n"
         "  2  wrong use: option, configuration, chip file\n"
         "  3  an input file is unreadable or malformed\n"
         "  4  something in the model is not supported\n"
         "  5  internal or resource limit, or an output could not be written\n"
         "\n"
         "Examples:\n"
         "  npusim chips\n"
         "  npusim profile net.onnx\n"
         "  npusim profile --chip cv181x model.cvimodel\n"
         "  npusim hb_perf -o out model.cvimodel");
}

static int unknown(const char *word)
{
    const char *names[COMMANDS], *near;
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    near = base_nearest(word, names, COMMANDS);
    fprintf(stderr, "npusim: error: unknown %s '%s'", word[0] == '-' ? "option" : "command", word);
    fprintf(stderr, near ? "; did you mean %s?\n" : "\n", near);
    print_commands(stderr);
    return EXIT_USAGE;
}

static bool is_word(const char *word, const char *letter, const char *name)
{
    return !strcmp(word, letter) || !strcmp(word, name);
}

/* Shows the command to its user as "npusim profile", unless it was called through a link. */
static int run(const command *c, int argc, char **argv, const char *shown_as)
{
    char shown[64];
    snprintf(shown, sizeof shown, "%s", shown_as);
    argv[0] = shown;
    return c->run(argc, argv);
}

static int run_subcommand(int argc, char **argv)
{
    const command *c;
    char shown[64];
    if (argc < 2) {
        fputs("npusim: error: a command is missing\n", stderr);
        print_commands(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "help") && argc > 2) /* "help profile" is "profile --help" */
        return run_subcommand(3, (char *[]){argv[0], argv[2], "--help", NULL});
    if (is_word(argv[1], "-h", "--help") || !strcmp(argv[1], "help"))
        return print_help(), 0;
    if (is_word(argv[1], "-V", "--version"))
        return puts(PACKAGE_NAME " " PACKAGE_VERSION), 0;
    c = find(argv[1]);
    if (!c)
        return unknown(argv[1]);
    snprintf(shown, sizeof shown, "npusim %s", c->name);
    return run(c, argc - 1, argv + 1, shown);
}

/* A full disk must not look like success. */
static int flush(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fputs("npusim: error: standard output could not be written\n", stderr);
    return status ? status : EXIT_OUTPUT;
}

int main(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *base = slash ? slash + 1 : argc > 0 ? argv[0] : "npusim";
    const command *c = find(base);
    if (!c && !strncmp(base, "npusim-", 7))
        c = find(base + 7);
    return flush(c ? run(c, argc, argv, base) : run_subcommand(argc, argv));
}
