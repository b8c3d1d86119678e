/* Environment variables that stand for options of the command line, named and understood as the python command's. */
#include "repl/host.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Variables that say how often a flag is given: a number, or any other text for once. */
static const struct {
    const char *name;
    size_t flag;   /* offset of a byte in VmFlags */
    bool any_text; /* what the text is does not matter, 0 counts too */
} variables[] = {
    {"PYTHONDEBUG", offsetof(VmFlags, debug), false},
    {"PYTHONDONTWRITEBYTECODE", offsetof(VmFlags, dont_write_bytecode), false},
    {"PYTHONINSPECT", offsetof(VmFlags, inspect), false},
    {"PYTHONNOUSERSITE", offsetof(VmFlags, no_user_site), false},
    {"PYTHONOPTIMIZE", offsetof(VmFlags, optimize), false},
    {"PYTHONUNBUFFERED", offsetof(VmFlags, unbuffered), false},
    {"PYTHONVERBOSE", offsetof(VmFlags, verbose), false},
    {"PYTHONDEVMODE", offsetof(VmFlags, dev_mode), true},
    {"PYTHONSAFEPATH", offsetof(VmFlags, safe_path), true},
};

/* A decimal number that is the whole text; false if it is none. */
static bool number_read(const char *text, unsigned long long *out) {
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
}

/* The variable's text; NULL if it is not set, or empty. */
static const char *variable(const Options *o, const char *name) {
    const char *text = o->flags.ignore_environment ? NULL : getenv(name);
    return text != NULL && *text != '\0' ? text : NULL;
}

static void read_flags(Options *o) {
    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        const char *text = variable(o, variables[i].name);
        unsigned long long n = 1;
        if (text == NULL)
            continue;
        if (!variables[i].any_text && (!number_read(text, &n) || n > UINT8_MAX))
            n = 1;
        /* a byte, or a bool, of which 1 is all there is to say */
        bool is_count = variables[i].flag <= offsetof(VmFlags, bytes_warning);
        uint8_t *flag = (uint8_t *)&o->flags + variables[i].flag, value = is_count ? (uint8_t)n : n != 0;
        if (*flag < value)
            *flag = value;
    }
}

static bool fatal(const char *what) {
    fprintf(stderr, "Fatal Cove error: %s\n", what);
    return false;
}

static bool read_hash_seed(Options *o) {
    const char *text = variable(o, "COVE_HASHSEED");
    if (text == NULL)
        text = variable(o, "PYTHONHASHSEED");
    unsigned long long seed = 0;
    if (text == NULL || strcmp(text, "random") == 0)
        return true;
    if (!number_read(text, &seed) || seed > UINT32_MAX)
        return fatal("PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]");
    o->hash_seed = seed != 0 ? seed : VM_HASH_SEED_ZERO;
    return true;
}

/* -X int_max_str_digits=N goes before PYTHONINTMAXSTRDIGITS. */
static bool read_digits(Options *o) {
    static const char option[] = "int_max_str_digits=";
    const char *text = variable(o, "PYTHONINTMAXSTRDIGITS"), *from = "PYTHONINTMAXSTRDIGITS";
    for (int i = 0; i < o->nxoptions; i++)
        if (strncmp(o->xoptions[i], option, sizeof option - 1) == 0)
            text = o->xoptions[i] + sizeof option - 1, from = "-X int_max_str_digits";
    unsigned long long n;
    o->int_max_str_digits = UINT32_MAX;
    if (text == NULL)
        return true;
    if (!number_read(text, &n) || (n != 0 && n < 640) || n > INT32_MAX) {
        fprintf(stderr, "Fatal Cove error: %s: invalid limit; must be >= 640 or 0 for unlimited.\n", from);
        return false;
    }
    o->int_max_str_digits = (uint32_t)n;
    return true;
}

bool environment_read(Options *o) {
    read_flags(o);
    for (int i = 0; i < o->nxoptions; i++)
        if (strcmp(o->xoptions[i], "dev") == 0)
            o->flags.dev_mode = true;
    return read_hash_seed(o) && read_digits(o);
}
