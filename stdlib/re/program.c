/* Patterns as PCRE2 compiles and runs them; no other file knows that library.
 *
 * A program is run by PCRE2's interpreter first and turned into machine code when it has been used for a while.
 *
 * A match can take very long, and a script must stay interruptible, other threads must get their turn. A search looks
 * at a limited number of starting points in one go, fewer when it turns out to be slow. What happens at one starting
 * point has a limit too; a pattern that exceeds it is compiled once more with a callout before each item, from which
 * interrupts are served, and starts again.
 */
#include "stdlib/re/re.h"

#include "base/utf8.h"
#include "stdlib/library.h"

#ifdef COVE_WITH_PCRE2

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <time.h>

enum {
    MATCH_LIMIT = 500000,  /* steps at one starting point before callouts are used ... */
    WATCHED_LIMIT = 50000, /* ... and while a host has set limits, which shall hold more exactly */
    FIRST_STRIDE = 1024,   /* starting points that are looked at in one go, to begin with */
    GO_SHORT_US = 2000,    /* a go that took less may be longer the next time */
    GO_LONG_US = 20000,    /* one that took more must be shorter */
    JIT_HEAT = 8192,       /* bytes searched before machine code pays */
    CALL_HEAT = 64,        /* what a call counts for */
    NEST_LIMIT = 1000,     /* parentheses: PCRE2's compiler recurses */
    KEEP_MEMORY = 1 << 20, /* bytes that one match may leave behind for the next */
};

typedef struct ReLibrary {
    LIBRARY_FUNCTION(pcre2_config_8);
    LIBRARY_FUNCTION(pcre2_general_context_create_8);
    LIBRARY_FUNCTION(pcre2_general_context_free_8);
    LIBRARY_FUNCTION(pcre2_compile_context_create_8);
    LIBRARY_FUNCTION(pcre2_compile_context_free_8);
    LIBRARY_FUNCTION(pcre2_set_newline_8);
    LIBRARY_FUNCTION(pcre2_set_parens_nest_limit_8);
    LIBRARY_FUNCTION(pcre2_match_context_create_8);
    LIBRARY_FUNCTION(pcre2_match_context_free_8);
    LIBRARY_FUNCTION(pcre2_set_match_limit_8);
    LIBRARY_FUNCTION(pcre2_set_offset_limit_8);
    LIBRARY_FUNCTION(pcre2_set_callout_8);
    LIBRARY_FUNCTION(pcre2_compile_8);
    LIBRARY_FUNCTION(pcre2_jit_compile_8);
    LIBRARY_FUNCTION(pcre2_code_free_8);
    LIBRARY_FUNCTION(pcre2_match_data_create_8);
    LIBRARY_FUNCTION(pcre2_match_data_free_8);
    LIBRARY_FUNCTION(pcre2_match_8);
    LIBRARY_FUNCTION(pcre2_get_ovector_pointer_8);
    LIBRARY_FUNCTION(pcre2_get_error_message_8);
    pcre2_match_context *callouts; /* the match context of interruptible programs */
    size_t allocated;              /* bytes PCRE2 holds now */
} ReLibrary;

static const LibrarySymbol symbols[] = {
    LIBRARY_SYMBOL(ReLibrary, pcre2_config_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_general_context_create_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_general_context_free_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_compile_context_create_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_compile_context_free_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_set_newline_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_set_parens_nest_limit_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_match_context_create_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_match_context_free_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_set_match_limit_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_set_offset_limit_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_set_callout_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_compile_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_jit_compile_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_code_free_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_match_data_create_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_match_data_free_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_match_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_get_ovector_pointer_8),
    LIBRARY_SYMBOL(ReLibrary, pcre2_get_error_message_8),
    {0},
};

static const LibrarySpec library_spec = {"libpcre2-8.so.0", "libpcre2-8-0", symbols};

struct Program {
    pcre2_code *code;
    /* Bytes searched, and calls. The heat of matches is counted in the program of searches, which serves for them too
     * until a program of their own pays. UINT32_MAX: machine code has been made, or cannot be. */
    uint32_t heat[MATCH_MODES];
};

/* ---- PCRE2's memory -------------------------------------------------------------------------------------------- */

typedef union BlockHead {
    size_t size;
    max_align_t align;
} BlockHead;

static void *block_alloc(size_t size, void *data) {
    VM *vm = data;
    bool pending = error_pending(vm);
    BlockHead *head = size > PTRDIFF_MAX ? NULL : mem_alloc(vm, size + sizeof *head);
    if (!head) {
        if (!pending && !error_pending(vm))
            raise_memory(vm);
        return NULL;
    }
    head->size = size;
    re_state(vm)->library->allocated += size;
    return head + 1;
}

static void block_free(void *block, void *data) {
    if (!block)
        return;
    VM *vm = data;
    BlockHead *head = (BlockHead *)block - 1;
    re_state(vm)->library->allocated -= head->size;
    mem_free(vm, head, head->size + sizeof *head);
}

/* ---- the library ----------------------------------------------------------------------------------------------- */

static int on_callout(pcre2_callout_block *block, void *data) {
    VM *vm = data;
    return likely(!vm_interrupted(vm)) || vm_safepoint(vm) ? 0 : PCRE2_ERROR_CALLOUT;
}

/* \w has had marks and connecting punctuation among its characters since 10.43; \b goes by it. */
static bool words_are_python(ReLibrary *l) {
    char version[64] = "";
    if (l->pcre2_config_8(PCRE2_CONFIG_VERSION, NULL) <= (int)sizeof version)
        l->pcre2_config_8(PCRE2_CONFIG_VERSION, version);
    return strncmp(version, "10.", 3) == 0 && version[3] && version[3] < '5' && strncmp(version, "10.43", 5) < 0;
}

bool program_library_open(VM *vm, ReState *state) {
    ReLibrary *l = mem_zalloc(vm, sizeof *l);
    if (!l)
        return false;
    state->library = l;
    if (!library_open(vm, "re", &library_spec, l)) {
        mem_free(vm, l, sizeof *l);
        state->library = NULL;
        return false;
    }
    state->native_words = words_are_python(l);
    state->context = l->pcre2_general_context_create_8(block_alloc, block_free, vm);
    if (state->context) {
        state->compile_context = l->pcre2_compile_context_create_8(state->context);
        state->match_context = l->pcre2_match_context_create_8(state->context);
        l->callouts = l->pcre2_match_context_create_8(state->context);
    }
    if (!state->compile_context || !state->match_context || !l->callouts) {
        program_library_close(vm, state);
        return false;
    }
    l->pcre2_set_newline_8(state->compile_context, PCRE2_NEWLINE_LF);
    l->pcre2_set_parens_nest_limit_8(state->compile_context, NEST_LIMIT);
    l->pcre2_set_match_limit_8(l->callouts, UINT32_MAX);
    l->pcre2_set_callout_8(l->callouts, on_callout, vm);
    return true;
}

void program_library_close(VM *vm, ReState *state) {
    ReLibrary *l = state->library;
    if (!l)
        return;
    while (state->patterns)
        programs_drop(vm, state->patterns);
    l->pcre2_match_context_free_8(l->callouts);
    l->pcre2_match_context_free_8(state->match_context);
    l->pcre2_compile_context_free_8(state->compile_context);
    l->pcre2_general_context_free_8(state->context);
    state->match_context = state->compile_context = state->context = NULL;
    state->library = NULL;
    mem_free(vm, l, sizeof *l);
}

/* ---- compiling ------------------------------------------------------------------------------------------------- */

static uint32_t compile_options(const Parser *p, MatchMode mode, bool interruptible) {
    uint32_t options = PCRE2_ALT_CIRCUMFLEX | PCRE2_NO_UTF_CHECK;
    int flags = p->flags;
    if (p->wide || p->has_utf8)
        options |= PCRE2_UTF;
    if (p->wide && !(flags & RE_ASCII))
        options |= PCRE2_UCP;
    if (emit_folds(p, flags))
        options |= PCRE2_CASELESS;
    if (flags & RE_MULTILINE)
        options |= PCRE2_MULTILINE;
    if (flags & RE_DOTALL)
        options |= PCRE2_DOTALL;
    if (mode == MODE_SEARCH)
        options |= PCRE2_USE_OFFSET_LIMIT;
    else
        options |= PCRE2_ANCHORED | (mode == MODE_FULLMATCH ? PCRE2_ENDANCHORED : 0);
    return options | (interruptible ? PCRE2_AUTO_CALLOUT : 0);
}

bool program_make(VM *vm, Pattern *pattern, Parser *parsed, MatchMode mode, bool interruptible) {
    ReState *state = re_state(vm);
    ReLibrary *l = state->library;
    Program *program = mem_zalloc(vm, sizeof *program);
    if (!program)
        return false;
    int error;
    PCRE2_SIZE where;
    program->code =
        l->pcre2_compile_8((PCRE2_SPTR)(parsed->out.data ? parsed->out.data : ""), parsed->out.len,
                           compile_options(parsed, mode, interruptible), &error, &where, state->compile_context);
    if (!program->code) {
        mem_free(vm, program, sizeof *program);
        char text[256] = "";
        l->pcre2_get_error_message_8(error, (PCRE2_UCHAR *)text, sizeof text);
        return !error_pending(vm) && parser_error(parsed, NULL, "%s", text);
    }
    if (!pattern->next) { /* the first program: into the VM's ring of patterns */
        Pattern *first = state->patterns;
        pattern->next = first ? first : pattern;
        pattern->previous = first ? first->previous : pattern;
        pattern->next->previous = pattern->previous->next = pattern;
        state->patterns = pattern;
    }
    pattern->programs[mode][parsed->wide][interruptible] = program;
    return true;
}

void programs_drop(VM *vm, Pattern *pattern) {
    ReState *state = re_state(vm);
    ReLibrary *l = state->library;
    if (!pattern->next)
        return;
    if (state->patterns == pattern)
        state->patterns = pattern->next == pattern ? NULL : pattern->next;
    pattern->next->previous = pattern->previous;
    pattern->previous->next = pattern->next;
    pattern->next = pattern->previous = NULL;
    Program **all = &pattern->programs[0][0][0];
    for (size_t i = 0; i < sizeof pattern->programs / sizeof *all; i++) {
        if (all[i]) {
            l->pcre2_code_free_8(all[i]->code);
            mem_free(vm, all[i], sizeof *all[i]);
            all[i] = NULL;
        }
    }
    l->pcre2_match_data_free_8(pattern->match_data);
    pattern->match_data = NULL;
}

static Program *program_for(VM *vm, Pattern *pattern, MatchMode mode, bool wide, bool interruptible) {
    Program **place = &pattern->programs[mode][wide][interruptible];
    if (unlikely(!*place)) {
        Parser parser;
        int flags = pattern->flags;
        bool ok = parser_run(&parser, vm, pattern->source, flags, wide, true) &&
                  program_make(vm, pattern, &parser, mode, interruptible);
        parser_drop(&parser);
        if (!ok)
            return NULL;
    }
    return *place;
}

/* ---- running --------------------------------------------------------------------------------------------------- */

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Is it worthwhile to have machine code? */
static bool warm_up(uint32_t *heat, size_t bytes) {
    if (*heat == UINT32_MAX)
        return false;
    *heat = bytes < JIT_HEAT ? *heat + (uint32_t)bytes + CALL_HEAT : JIT_HEAT;
    return *heat >= JIT_HEAT;
}

static void make_machine_code(VM *vm, Program *program, MatchMode mode) {
    program->heat[mode] = UINT32_MAX;
    if (re_state(vm)->library->pcre2_jit_compile_8(program->code, PCRE2_JIT_COMPLETE) != 0)
        error_clear(vm); /* without memory for it, it stays as it is */
}

static int failed(VM *vm, int code) {
    if (error_pending(vm))
        return -1;
    if (code == PCRE2_ERROR_NOMEMORY || code == PCRE2_ERROR_HEAPLIMIT)
        raise_memory(vm);
    else
        raise_runtime(vm, "matching a regular expression failed (PCRE2 error %d)", code);
    return -1;
}

typedef struct Run { /* a match under way */
    VM *vm;
    Pattern *pattern;
    MatchMode mode;
    const Subject *subject;
    pcre2_match_data *data;
    bool interruptible;
    uint32_t options;
    size_t from, stride;
} Run;

/* The program for this run, and the options it needs. NULL with an exception. */
static Program *choose(Run *r, uint32_t *options) {
    VM *vm = r->vm;
    bool wide = r->subject->wide;
    *options = r->options;
    if (r->interruptible || r->mode == MODE_SEARCH)
        return program_for(vm, r->pattern, r->mode, wide, r->interruptible);
    Program *own = r->pattern->programs[r->mode][wide][0];
    if (own)
        return own;
    Program *program = program_for(vm, r->pattern, MODE_SEARCH, wide, false);
    if (!program)
        return NULL;
    if (warm_up(&program->heat[r->mode], 0)) {
        own = program_for(vm, r->pattern, r->mode, wide, false);
        if (own)
            make_machine_code(vm, own, r->mode);
        return own;
    }
    *options |= PCRE2_ANCHORED | (r->mode == MODE_FULLMATCH ? PCRE2_ENDANCHORED : 0);
    return program;
}

/* One go from r->from on. */
static int run_once(Run *r, size_t limit) {
    ReLibrary *l = re_state(r->vm)->library;
    const Subject *s = r->subject;
    uint32_t options;
    Program *program = choose(r, &options);
    if (!program)
        return PCRE2_ERROR_CALLOUT;
    pcre2_match_context *context = r->interruptible ? l->callouts : re_state(r->vm)->match_context;
    if (!r->interruptible) {
        bool watched = __atomic_load_n(&r->vm->interrupts, __ATOMIC_RELAXED) & INTERRUPT_LIMIT;
        l->pcre2_set_match_limit_8(context, watched ? WATCHED_LIMIT : MATCH_LIMIT);
    }
    l->pcre2_set_offset_limit_8(context, r->mode == MODE_SEARCH && !r->interruptible ? limit : PCRE2_UNSET);
    int code = l->pcre2_match_8(program->code, (PCRE2_SPTR)s->data, s->end, r->from, options, r->data, context);
    if (code == PCRE2_ERROR_JIT_STACKLIMIT)
        code = l->pcre2_match_8(program->code, (PCRE2_SPTR)s->data, s->end, r->from, options | PCRE2_NO_JIT, r->data,
                                context);
    if (r->mode == MODE_SEARCH && !r->interruptible && code != PCRE2_ERROR_MATCHLIMIT) {
        size_t to = code > 0 ? l->pcre2_get_ovector_pointer_8(r->data)[1] : limit;
        if (warm_up(&program->heat[MODE_SEARCH], to > r->from ? to - r->from : 0))
            make_machine_code(r->vm, program, MODE_SEARCH);
    }
    return code;
}

/* Interrupts, and how far to look the next time. */
static bool between_goes(Run *r, uint64_t *last) {
    uint64_t now = now_us();
    if (*last && now - *last > GO_LONG_US)
        r->stride = r->stride / 8 + 1;
    else if (!*last || now - *last < GO_SHORT_US)
        r->stride *= 4;
    *last = now;
    return likely(!vm_interrupted(r->vm)) || vm_safepoint(r->vm);
}

static int run(Run *r) {
    const Subject *s = r->subject;
    uint64_t last = 0;
    while (true) {
        size_t limit = r->interruptible || s->end - r->from <= r->stride ? s->end : r->from + r->stride;
        int code = run_once(r, limit);
        if (code == PCRE2_ERROR_MATCHLIMIT && !r->interruptible) {
            r->interruptible = true;
            if (vm_interrupted(r->vm) && !vm_safepoint(r->vm))
                return -1;
            continue;
        }
        if (code >= 0)
            return 1;
        if (code != PCRE2_ERROR_NOMATCH)
            return failed(r->vm, code);
        if (r->mode != MODE_SEARCH || limit == s->end)
            return 0;
        r->from = limit + 1;
        while (s->wide && r->from < s->end && utf8_is_continuation(s->data[r->from]))
            r->from++;
        r->options &= ~(uint32_t)PCRE2_NOTEMPTY_ATSTART;
        if (!between_goes(r, &last))
            return -1;
    }
}

int pattern_run(VM *vm, Pattern *pattern, MatchMode mode, const Subject *s, size_t from, bool not_empty,
                size_t *out) {
    ReLibrary *l = re_state(vm)->library;
    if (from > s->end)
        return 0;
    size_t before = l->allocated;
    Run r = {.vm = vm, .pattern = pattern, .mode = mode, .subject = s, .from = from, .stride = FIRST_STRIDE};
    r.options = PCRE2_NO_UTF_CHECK | (not_empty ? PCRE2_NOTEMPTY_ATSTART : 0);
    /* Scripts may run during a match and use the same pattern: they find no match data then and make their own. */
    r.data = pattern->match_data;
    pattern->match_data = NULL;
    if (!r.data)
        r.data = l->pcre2_match_data_create_8((uint32_t)pattern->ngroups + 1, re_state(vm)->context);
    if (!r.data)
        return failed(vm, PCRE2_ERROR_NOMEMORY);
    int result = run(&r);
    if (result > 0)
        memcpy(out, l->pcre2_get_ovector_pointer_8(r.data), 2 * (pattern->ngroups + 1) * sizeof *out);
    if (pattern->match_data || l->allocated > before + KEEP_MEMORY)
        l->pcre2_match_data_free_8(r.data);
    else
        pattern->match_data = r.data;
    return result;
}

#else

bool program_library_open(VM *vm, ReState *state) { return library_left_out(vm, "re", "libpcre2-dev"); }
void program_library_close(VM *vm, ReState *state) {}
bool program_make(VM *vm, Pattern *pattern, Parser *parsed, MatchMode mode, bool interruptible) { return false; }
void programs_drop(VM *vm, Pattern *pattern) {}
int pattern_run(VM *vm, Pattern *pattern, MatchMode mode, const Subject *s, size_t from, bool not_empty,
                size_t *out) {
    return -1;
}

#endif
