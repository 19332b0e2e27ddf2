/* Option tables on top of glibc argp: two dialects, typed values, "did you mean".
 *
 * Knows nothing about any command.  argp does the splitting and the layout of the help text; this
 * file turns a row into argp options, a word into a value, and an error into one message. */
#include "tools/opt.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"

enum {
    EXIT_USAGE = 2,
    KEY_ROW = 256,  /* argp key of row 0: above every short option */
    ROWS_MAX = 64,
    PER_ROW = 3,    /* the option, its letter, its line in the help text */
    WORD_MAX = 64
};

static const opt_spec heading = { NULL, 0, OPT_GROUP, 0, NULL, "Options:", 0, 0 };

static const opt_spec common[] = {
    { NULL, 0, OPT_GROUP, 0, NULL, "Common options:", 0, 0 },
    { "quiet", 'q', OPT_BOOL, 0, NULL, "print errors only", 0, 0 },
    { "verbose", 'v', OPT_BOOL, 0, NULL, "print more about what is done; may be repeated", 0, 0 },
    { "help", 'h', OPT_BOOL, 0, NULL, "print this help", 0, 0 },
    { "version", 'V', OPT_BOOL, 0, NULL, "print the version", 0, 0 },
    OPT_END
};

typedef struct { /* argp's view of a program */
    struct argp_option option[ROWS_MAX * PER_ROW + 1];
    char text[ROWS_MAX * PER_ROW][WORD_MAX];
    const opt_spec *row[ROWS_MAX];
    int nrow, noption, ntext;
} table;

typedef struct { /* what the argp callback fills */
    const table *t;
    char *out;
    const char *name;
    opt_rest *rest;
    int stop;              /* argv index after the word argp failed at */
    bool help, version, failed;
} run;

static bool is_end(const opt_spec *s)
{
    return !s->name && !s->help;
}

/* --- table: rows to argp options ----------------------------------------------------------- */

static char *text_slot(table *t)
{
    return t->text[t->ntext++];
}

static void add_option(table *t, const char *name, int key, const char *arg, int flags,
                       const char *doc)
{
    struct argp_option *o = &t->option[t->noption++];
    o->name = name;
    o->key = key;
    o->arg = arg;
    o->flags = flags;
    o->doc = doc;
}

/* A long flag takes "=true" or "=false", its letter nothing (so "-qs" works); the help text shows
 * neither, but a line that only looks like an option. */
static void add_flag(table *t, const opt_spec *s, int key)
{
    char *word;
    add_option(t, s->name, key, "true|false", OPTION_ARG_OPTIONAL | OPTION_HIDDEN, "");
    if (s->letter)
        add_option(t, NULL, s->letter, NULL, OPTION_HIDDEN, "");
    if (!s->help)
        return;
    word = text_slot(t);
    if (s->letter)
        snprintf(word, WORD_MAX, "-%c, --%s", s->letter, s->name);
    else
        snprintf(word, WORD_MAX, "    --%s", s->name);
    add_option(t, word, 0, NULL, OPTION_DOC | OPTION_NO_USAGE, s->help);
}

static void add_row(table *t, const opt_spec *s)
{
    int key = KEY_ROW + t->nrow;
    if (t->nrow == ROWS_MAX)
        abort(); /* our own mistake: a table with more rows than any command needs */
    t->row[t->nrow++] = s;
    if (s->kind == OPT_GROUP) {
        add_option(t, NULL, 0, NULL, 0, s->help);
    } else if (s->kind == OPT_BOOL) {
        add_flag(t, s, key);
    } else {
        add_option(t, s->name, s->letter ? s->letter : key, s->arg, s->help ? 0 : OPTION_HIDDEN,
                   s->help ? s->help : "");
        }
}

static void fill_table(table *t, const opt_spec *spec)
{
    memset(t, 0, sizeof *t);
    if (spec && spec->kind != OPT_GROUP)
        add_row(t, &heading);
    for (const opt_spec *s = spec; s && !is_end(s); s++)
        add_row(t, s);
    for (const opt_spec *s = common; !is_end(s); s++)
        add_row(t, s);
}

static const opt_spec *row_of_key(const table *t, int key)
{
    for (int i = 0; i < t->nrow; i++)
        if (t->row[i]->name && (key == KEY_ROW + i || key == t->row[i]->letter))
            return t->row[i];
    return NULL;
}

/* Whether the name of S starts with the LEN bytes at WORD; '_' counts as '-'. */
static bool starts_option(const opt_spec *s, const char *word, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (s->name[i] != (word[i] == '_' ? '-' : word[i]))
            return false;
    return true;
}

/* Spells the options in ARGV with '-' where the user wrote '_'. */
static void unify(const table *t, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        char *word = argv[i] + strspn(argv[i], "-");
        size_t len = strcspn(word, "=");
        bool known = false;
        for (int k = 0; k < t->nrow && word != argv[i]; k++)
            known |= t->row[k]->name && starts_option(t->row[k], word, len);
        for (size_t k = 0; known && k < len; k++)
            if (word[k] == '_')
                word[k] = '-';
    }
}

/* --- values: words to fields --------------------------------------------------------------- */

static bool bad_value(const run *r, const opt_spec *s, const char *word, const char *want)
{
    fprintf(stderr, "%s: error: --%s: '%s' is not %s", r->name, s->name, word, want);
    if (s->max > s->min)
        fprintf(stderr, " from %.15g to %.15g", s->min, s->max);
    fputc('\n', stderr);
    return false;
}

static bool in_range(const opt_spec *s, double v)
{
    return s->max <= s->min || (v >= s->min && v <= s->max);
}

static bool set_int(const run *r, const opt_spec *s, const char *word)
{
    char *end;
    long v;
    errno = 0;
    v = strtol(word, &end, 0);
    if (errno || end == word || *end || !in_range(s, (double)v))
        return bad_value(r, s, word, "a whole number");
    *(long *)(void *)(r->out + s->offset) = v;
    return true;
}

static bool set_double(const run *r, const opt_spec *s, const char *word)
{
    char *end;
    double v = strtod(word, &end);
    if (end == word || *end || !(v - v == 0) || !in_range(s, v)) /* v - v: finite */
        return bad_value(r, s, word, "a number");
    *(double *)(void *)(r->out + s->offset) = v;
    return true;
}

static bool flag_value(const char *word, bool *v)
{
    *v = !word || !strcmp(word, "true") || !strcmp(word, "1") || !strcmp(word, "yes");
    return *v || !strcmp(word, "false") || !strcmp(word, "0") || !strcmp(word, "no");
}

static bool set_choice(const run *r, const opt_spec *s, const char *word)
{
    size_t n = strlen(word);
    int index = 0;
    char want[WORD_MAX * 2];
    for (const char *p = s->arg; *p; index++) {
        size_t len = strcspn(p, "|");
        if (len == n && !memcmp(p, word, n)) {
            *(int *)(void *)(r->out + s->offset) = index;
            return true;
        }
        p += len + (p[len] == '|');
    }
    snprintf(want, sizeof want, "one of %s", s->arg);
    return bad_value(r, s, word, want);
}

static bool add_item(const run *r, const opt_spec *s, const char *word)
{
    opt_list *l = (opt_list *)(void *)(r->out + s->offset);
    const char **more = realloc(l->item, (l->n + 1) * sizeof *more);
    if (!more) {
        fprintf(stderr, "%s: error: no memory\n", r->name);
        return false;
    }
    l->item = more;
    l->item[l->n++] = word;
    return true;
}

static bool set_flag(run *r, const opt_spec *s, const char *word)
{
    bool v;
    if (!flag_value(word, &v))
        return bad_value(r, s, word, "true or false");
    if (s == &common[1])
        r->rest->verbosity = v ? -1 : 0;
    else if (s == &common[2])
        r->rest->verbosity = v ? (r->rest->verbosity < 0 ? 1 : r->rest->verbosity + 1) : 0;
    else if (s == &common[3])
        r->help = v;
    else if (s == &common[4])
        r->version = v;
    else
        *(bool *)(void *)(r->out + s->offset) = v;
    return true;
}

static bool set_value(run *r, const opt_spec *s, char *word)
{
    switch (s->kind) {
    case OPT_STRING:
        *(const char **)(void *)(r->out + s->offset) = word;
        return true;
    case OPT_INT:
        return set_int(r, s, word);
    case OPT_DOUBLE:
        return set_double(r, s, word);
    case OPT_BOOL:
        return set_flag(r, s, word);
    case OPT_CHOICE:
        return set_choice(r, s, word);
    case OPT_LIST:
    case OPT_PAIRS:
        return add_item(r, s, word);
    case OPT_GROUP:
        break;
    }
    return false;
}

/* --- errors -------------------------------------------------------------------------------- */

static const char *nearest_option(const table *t, const char *word)
{
    const char *names[ROWS_MAX];
    size_t n = 0;
    for (int i = 0; i < t->nrow; i++)
        if (t->row[i]->name && t->row[i]->help)
            names[n++] = t->row[i]->name;
    return base_nearest(word, names, n);
}

/* Rows WORD (without its dashes and "=value") may stand for: an exact name counts alone. */
static int count_matches(const table *t, const char *word, size_t len, const opt_spec **one)
{
    int n = 0;
    for (int i = 0; i < t->nrow; i++) {
        const opt_spec *s = t->row[i];
        if (!s->name || !starts_option(s, word, len))
            continue;
        *one = s;
        if (!s->name[len])
            return 1;
        n++;
    }
    return n;
}

/* argp was told to print nothing; says what is wrong with the option WORD it stopped at. */
static void explain(const run *r, const char *word)
{
    const char *bare = word + strspn(word, "-"), *near;
    size_t len = strcspn(bare, "=");
    const opt_spec *s = NULL;
    char name[WORD_MAX];
    int n = count_matches(r->t, bare, len, &s);
    if (word[0] == '-' && word[1] != '-' && word[1] && !word[2]) {
        n = (s = row_of_key(r->t, word[1])) != NULL;
        len = 1;
    }
    snprintf(name, sizeof name, "%.*s", (int)(len < WORD_MAX ? len : WORD_MAX - 1), bare);
    near = nearest_option(r->t, name);
    if (n == 1 && s->kind != OPT_BOOL)
        fprintf(stderr, "%s: error: --%s needs a value (%s)\n", r->name, s->name, s->arg);
    else if (n > 1)
        fprintf(stderr, "%s: error: option '%s' is ambiguous\n", r->name, word);
    else if (near)
        fprintf(stderr, "%s: error: unknown option '%s'; did you mean --%s?\n", r->name, word,
                near);
    else
        fprintf(stderr, "%s: error: unknown option '%s'\n", r->name, word);
}

/* --- help ---------------------------------------------------------------------------------- */

static const char exit_text[] =
    "\nExit status:\n"
    "  0  done\n"
    "  1  a comparison or limit failed\n"
    "  2  wrong use: option, configuration, chip file\n"
    "  3  an input file is unreadable or malformed\n"
    "  4  something in the model is not supported\n"
    "  5  internal or resource limit, or an output could not be written\n";

static void print_examples(const char *lines)
{
    fputs("\nExamples:\n", stdout);
    for (const char *p = lines; *p;) {
        int len = (int)strcspn(p, "\n");
        printf("  %.*s\n", len, p);
        p += len + (p[len] == '\n');
    }
}

static void print_help(const opt_program *program, const struct argp *argp, char *name)
{
    /* Columns that help2man reads well; the user's own setting wins. */
    setenv("ARGP_HELP_FMT", "no-dup-args-note,header-col=0,opt-doc-col=31", 0);
    argp_help(argp, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_PRE_DOC | ARGP_HELP_LONG, name);
    fputs(exit_text, stdout);
    if (program->example)
        print_examples(program->example);
}

/* --- parsing ------------------------------------------------------------------------------- */

/* The second word of an OPT_PAIRS option: the next of the command line. */
static bool set_second(const run *r, const opt_spec *s, struct argp_state *state)
{
    if (state->next >= state->argc) {
        fprintf(stderr, "%s: error: --%s needs two values: %s\n", r->name, s->name, s->arg);
        return false;
    }
    return add_item(r, s, state->argv[state->next++]);
}

static error_t on_key(int key, char *arg, struct argp_state *state)
{
    run *r = state->input;
    const opt_spec *s;
    if (key == ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN; /* ARGP_KEY_ARGS then gives all of them at once */
    if (key == ARGP_KEY_ARGS) {
        r->rest->arg = state->argv + state->next;
        r->rest->n = state->argc - state->next;
        return 0;
    }
    if (key == ARGP_KEY_ERROR)
        return r->stop = state->next, 0;
    s = row_of_key(r->t, key);
    if (!s)
        return ARGP_ERR_UNKNOWN;
    r->failed = !set_value(r, s, arg) || (s->kind == OPT_PAIRS && !set_second(r, s, state));
    return r->failed ? EINVAL : 0;
}

static bool right_number(const opt_program *p, const run *r)
{
    int n = r->rest->n;
    if (n < p->min_args)
        fprintf(stderr, "%s: error: %s is missing\n", r->name, p->args);
    else if (p->max_args >= 0 && n > p->max_args)
        fprintf(stderr, "%s: error: unexpected argument '%s'\n", r->name,
                r->rest->arg[p->max_args]);
    else
        return true;
    return false;
}

static int usage_error(const opt_program *program, const run *r)
{
    fprintf(stderr, "Try '%s --help'.\n", r->name);
    opt_free(program, r->out);
    return EXIT_USAGE;
}

int opt_parse(const opt_program *program, int argc, char **argv, void *out, opt_rest *rest)
{
    table t;
    run r = { .t = &t, .out = out, .name = argv[0], .rest = rest };
    struct argp argp = { t.option, on_key, program->args, program->doc, NULL, NULL, NULL };
    int rest_at = 0;
    error_t e;
    *rest = (opt_rest){ NULL, 0, 0 };
    fill_table(&t, program->spec);
    unify(&t, argc, argv);
    e = argp_parse(&argp, argc, argv,
                   ARGP_NO_ERRS | ARGP_NO_HELP | ARGP_NO_EXIT | ARGP_LONG_ONLY, &rest_at, &r);
    if (r.help || r.version) {
        if (r.help)
            print_help(program, &argp, argv[0]);
        else
            puts(PACKAGE_NAME " " PACKAGE_VERSION);
        opt_free(program, out);
        return 0;
    }
    if (e && !r.failed)
        explain(&r, argv[r.stop > 1 ? r.stop - 1 : 1]);
    if (e || !right_number(program, &r))
        return usage_error(program, &r);
    return -1;
}

void opt_free(const opt_program *program, void *out)
{
    for (const opt_spec *s = program->spec; s && !is_end(s); s++)
        if (s->kind == OPT_LIST || s->kind == OPT_PAIRS) {
            opt_list *l = (opt_list *)(void *)((char *)out + s->offset);
            free(l->item);
            *l = (opt_list){ NULL, 0 };
        }
}
