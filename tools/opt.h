/* Command-line options: a table of opt_spec fills a struct.  The only reader of argv.
 *
 * How to use it (a whole command):
 *
 *     typedef struct { const char *output, *chip; long jobs; double limit; bool strict; int format;
 *                      opt_list set; } demo_options;
 *     #define AT(field) offsetof(demo_options, field)
 *     static const opt_spec demo_spec[] = {
 *         { "output", 'o', OPT_STRING, AT(output), "DIR",  "write the reports below DIR" },
 *         { "chip",   0,   OPT_STRING, AT(chip),   "NAME", "simulate chip NAME" },
 *         { "jobs",   'j', OPT_INT,    AT(jobs),   "N",    "run N jobs at once", 1, 256 },
 *         { "limit",  0,   OPT_DOUBLE, AT(limit),  "MS",   "fail above MS milliseconds", 0, 1e9 },
 *         { "strict", 's', OPT_BOOL,   AT(strict), NULL,   "stop at the first warning" },
 *         { "format", 'f', OPT_CHOICE, AT(format), "text|json|csv", "output format" },
 *         { "set",    0,   OPT_LIST,   AT(set),    "KEY=VALUE", "override a chip number" },
 *         OPT_END
 *     };
 *     static const opt_program demo = {
 *         .args = "FILE", .min_args = 1, .max_args = 1, .spec = demo_spec,
 *         .doc = "One sentence: what the command does.",
 *         .example = "npusim demo -o out model.cvimodel"
 *     };
 *     int cmd_demo(int argc, char **argv)
 *     {
 *         demo_options o = { .output = "hb_perf_result", .jobs = 1 };   (defaults)
 *         opt_rest rest;
 *         int status = opt_parse(&demo, argc, argv, &o, &rest);
 *         if (status >= 0)
 *             return status;                      (help, version or usage error: already printed)
 *         ... rest.arg[0] is FILE, rest.verbosity is -1 (-q), 0, 1 (-v), 2 (-v -v) ...
 *         opt_free(&demo, &o);
 *         return 0;
 *     }
 *
 * Both dialects of vendor commands work: --model-file x, --model_file=x, -model_file=x; a flag is
 * --strict, --strict=true or --strict=false; "--" ends the options; unique abbreviations count.
 * Every command has -h/--help, -V/--version, -q/--quiet, -v/--verbose. */
#ifndef NPUSIM_TOOLS_OPT_H
#define NPUSIM_TOOLS_OPT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    OPT_STRING, /* const char *; borrowed from argv */
    OPT_INT,    /* long */
    OPT_DOUBLE, /* double */
    OPT_BOOL,   /* bool */
    OPT_CHOICE, /* int: index of the word in ARG, which reads "text|json|csv" */
    OPT_LIST,   /* opt_list; the option may be repeated */
    OPT_PAIRS,  /* opt_list with two items for each time: --input-shape data 1x3x224x224 */
    OPT_GROUP   /* no option: HELP is a heading for the rows that follow */
} opt_kind;

typedef struct {
    const char **item; /* owned array of strings borrowed from argv */
    size_t n;
} opt_list;

typedef struct {
    const char *name;  /* long name, written with '-' */
    char letter;       /* short name, 0 for none */
    opt_kind kind;
    size_t offset;     /* of the field in the options struct */
    const char *arg;   /* name of the value in the help text */
    const char *help;  /* with the unit of the value; NULL hides the option (vendor aliases) */
    double min, max;   /* allowed range of OPT_INT and OPT_DOUBLE; equal: any value */
} opt_spec;

#define OPT_END { NULL, 0, OPT_GROUP, 0, NULL, NULL, 0, 0 }

typedef struct {
    const char *args;          /* positional arguments in the usage line, e.g. "FILE", or NULL */
    int min_args, max_args;    /* max_args < 0: any number */
    const char *doc;           /* what the command does; wrapped to 80 columns */
    const char *example;       /* command lines, one per line, or NULL */
    const opt_spec *spec;      /* ends with OPT_END; NULL: no options of its own */
} opt_program;

typedef struct {
    char **arg;                /* positional arguments, borrowed from argv */
    int n;
    int verbosity;             /* -1 quiet, 0 normal, 1 and more verbose */
} opt_rest;

/* Reads ARGV (argv[0] is the command as shown to the user, "npusim profile") into OUT, which holds
 * the defaults, and *REST.  Returns -1 to go on, else the exit status to return at once: 0 after
 * help or version (stdout), 2 after a usage error (stderr); lists are freed then. */
int opt_parse(const opt_program *program, int argc, char **argv, void *out, opt_rest *rest);

/* Frees the lists in OUT. */
void opt_free(const opt_program *program, void *out);

#endif
