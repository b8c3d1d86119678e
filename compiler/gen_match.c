/* match: patterns.
 *
 * Invariant: names are bound only when a whole pattern has matched. Until then captured values wait in temporaries
 * reserved for the pattern's names, at the bottom of what the pattern uses; a failing test jumps to the label for the
 * number of temporaries in use at that point, and from there on all of them are dropped, one after the other.
 * Dropping one that holds nothing any more does no harm, so a failure need not know which of them are still in use.
 */
#include "runtime/vm.h"

#include "compiler/gen.h"

typedef struct Capture {
    NameId id;
    Span span;
    bool taken; /* captured on the way to the present point */
} Capture;

typedef struct Matcher {
    Compiler *c;
    Capture *captures;
    int ncaptures, taken;
    int slots;        /* first of the temporaries that captured values wait in */
    bool foreign;     /* a name was captured that the first alternative does not have */
    bool irrefutable; /* a pattern that always matches may stand here */
    int base;         /* failing drops temporaries from here on */
    int *fail;        /* labels, by number of temporaries to drop; -1: not needed yet */
    int nfail;
} Matcher;

static void gen_pattern(Matcher *m, const Pattern *p, int reg, bool keep);

/* Failure -----------------------------------------------------------------------------------------------------------
 */

static int fail_label(Matcher *m) {
    Compiler *c = m->c;
    int n = c->unit->top - m->base;
    if (m->taken == 0 && m->base == m->slots && n == m->ncaptures)
        n = 0; /* nothing is held yet */
    if (n >= m->nfail) {
        int size = n + 16, *fail = arena_alloc(&c->arena, (size_t)size * sizeof *fail);
        if (!fail) {
            context_nomem(c);
            return 0;
        }
        for (int i = 0; i < size; i++)
            fail[i] = i < m->nfail ? m->fail[i] : -1;
        m->fail = fail;
        m->nfail = size;
    }
    if (m->fail[n] < 0)
        m->fail[n] = emit_label(c);
    return m->fail[n];
}

static void place_failures(Matcher *m) {
    Compiler *c = m->c;
    for (int n = m->nfail - 1; n > 0 && !c->failed; n--) {
        if (m->fail[n] >= 0)
            emit_place(c, m->fail[n]);
        emit(c, BC_CLEAR, m->base + n - 1, 0, 0, NULL);
    }
    if (m->nfail > 0 && m->fail[0] >= 0 && !c->failed)
        emit_place(c, m->fail[0]);
}

static void fail_if_false(Matcher *m, int reg, const Span *at) {
    m->c->unit->top = reg;
    emit_jump(m->c, BC_JUMP_IF_FALSE, reg, 0, 0, fail_label(m), at);
}

static void drop(Matcher *m, int reg, bool keep, const Span *at) {
    if (!keep && regs_is_temp(m->c, reg))
        emit(m->c, BC_CLEAR, reg, 0, 0, at);
}

/* A register that an instruction may consume, holding what is in reg; the next temporary unless reg itself will do.
 */
static int consumable(Matcher *m, int reg, bool keep, const Span *at) {
    if (!keep || !regs_is_temp(m->c, reg))
        return reg;
    int copy = regs_push(m->c);
    emit(m->c, BC_COPY, copy, reg, 0, at);
    return copy;
}

/* Captures ----------------------------------------------------------------------------------------------------------
 */

static void capture(Matcher *m, const Name *name, int reg, bool keep, const Span *at) {
    Compiler *c = m->c;
    NameId id = gen_id(c, name);
    if (gen_forbidden_name(c, id, CTX_STORE, at))
        return;
    for (int i = 0; i < m->ncaptures; i++) {
        if (m->captures[i].id != id)
            continue;
        if (m->captures[i].taken) {
            context_error(c, at, "multiple assignments to name %R in pattern", context_name(c, id));
            return;
        }
        m->captures[i].taken = true;
        m->captures[i].span = *at;
        m->taken++;
        if (keep && regs_is_temp(c, reg))
            emit(c, BC_COPY, m->slots + i, reg, 0, at);
        else
            emit(c, BC_MOVE, m->slots + i, reg, 0, at);
        return;
    }
    m->foreign = true;
    drop(m, reg, keep, at);
}

static void add_capture(Matcher *m, const Name *name) {
    if (!name)
        return;
    NameId id = gen_id(m->c, name);
    for (int i = 0; m->captures && i < m->ncaptures; i++) {
        if (m->captures[i].id == id)
            return;
    }
    if (m->captures)
        m->captures[m->ncaptures].id = id;
    m->ncaptures++;
}

/* Notes the names of a pattern in the order of the text; without room (captures NULL) it counts at most how many. */
static void collect_captures(Matcher *m, const Pattern *p) {
    if (!context_enter(m->c))
        return;
    switch ((PatternKind)p->kind) {
    case PATTERN_MATCHVALUE:
    case PATTERN_MATCHSINGLETON:
        break;
    case PATTERN_MATCHOR:
        collect_captures(m, p->seq.patterns.at[0]);
        break;
    case PATTERN_MATCHSEQUENCE:
        for (int i = 0; i < p->seq.patterns.n; i++)
            collect_captures(m, p->seq.patterns.at[i]);
        break;
    case PATTERN_MATCHMAPPING:
        for (int i = 0; i < p->mapping.patterns.n; i++)
            collect_captures(m, p->mapping.patterns.at[i]);
        add_capture(m, p->mapping.rest);
        break;
    case PATTERN_MATCHCLASS:
        for (int i = 0; i < p->cls.patterns.n; i++)
            collect_captures(m, p->cls.patterns.at[i]);
        for (int i = 0; i < p->cls.kwd_patterns.n; i++)
            collect_captures(m, p->cls.kwd_patterns.at[i]);
        break;
    case PATTERN_MATCHSTAR:
        add_capture(m, p->star.name);
        break;
    case PATTERN_MATCHAS:
        if (p->as.pattern)
            collect_captures(m, p->as.pattern);
        add_capture(m, p->as.name);
        break;
    }
    context_leave(m->c);
}

static bool is_wildcard(const Pattern *p) { return p->kind == PATTERN_MATCHAS && !p->as.pattern && !p->as.name; }

static bool is_star_wildcard(const Pattern *p) { return p->kind == PATTERN_MATCHSTAR && !p->star.name; }

static void gen_subpattern(Matcher *m, const Pattern *p, int reg) {
    bool irrefutable = m->irrefutable;
    m->irrefutable = true;
    gen_pattern(m, p, reg, false);
    m->irrefutable = irrefutable;
}

static void gen_subpatterns(Matcher *m, PatternSeq patterns, int first) {
    for (int i = 0; i < patterns.n && !m->c->failed; i++)
        gen_subpattern(m, patterns.at[i], first + i);
}

/* Values ------------------------------------------------------------------------------------------------------------
 */

static void gen_value(Matcher *m, const Pattern *p, int reg, bool keep) {
    Compiler *c = m->c;
    Unit *u = c->unit;
    int base = u->top, k = gen_k_operand(c, p->value.value);
    if (p->value.value->kind == EXPR_JOINEDSTR) {
        context_error(c, &p->span, "patterns may only match literals and attribute lookups");
        return;
    }
    int left = consumable(m, reg, keep, &p->span);
    int right = k >= 0 ? k : gen_any(c, p->value.value);
    u->top = base;
    emit_jump(c, k >= 0 ? BC_JNEQ_K : BC_JNEQ, 0, left, right, fail_label(m), &p->span);
}

static void gen_singleton(Matcher *m, const Pattern *p, int reg, bool keep) {
    Compiler *c = m->c;
    Unit *u = c->unit;
    int base = u->top, left = consumable(m, reg, keep, &p->span);
    if (p->singleton.value == CONST_NONE) {
        u->top = base;
        emit_jump(c, BC_JUMP_IF_NOT_NONE, left, 0, 0, fail_label(m), &p->span);
        return;
    }
    int right = gen_const(c, from_bool(p->singleton.value == CONST_TRUE), DST_TEMP, &p->span);
    u->top = base;
    int same = regs_push(c);
    emit(c, BC_IS, same, left, right, &p->span);
    fail_if_false(m, same, &p->span);
}

/* Sequences ---------------------------------------------------------------------------------------------------------
 */

static void check_length(Matcher *m, int reg, int op, int length, const Span *at) {
    Compiler *c = m->c;
    int base = c->unit->top, n = regs_push(c);
    emit(c, BC_GET_LEN, n, reg, 0, at);
    uint32_t k = emit_const(c, from_small_int(length));
    c->unit->top = base;
    if (k <= UINT16_MAX) {
        emit_jump(c, op + 1, 0, n, (int)k, fail_label(m), at);
        return;
    }
    c->unit->top = base + 1;
    int right = gen_const(c, from_small_int(length), DST_TEMP, at);
    c->unit->top = base;
    emit_jump(c, op, 0, n, right, fail_label(m), at);
}

/* Items one by one, for patterns such as [a, *_, b] that need not look at all of them. */
static void gen_indexed(Matcher *m, const Pattern *p, int star, int reg, bool keep) {
    Compiler *c = m->c;
    Unit *u = c->unit;
    PatternSeq patterns = p->seq.patterns;
    for (int i = 0; i < patterns.n && !c->failed; i++) {
        int base = u->top;
        if (i == star || is_wildcard(patterns.at[i]))
            continue;
        int container = consumable(m, reg, true, &p->span), index;
        if (i < star) {
            index = gen_const(c, from_small_int(i), DST_TEMP, &p->span);
        } else {
            index = regs_push(c);
            emit(c, BC_GET_LEN, index, reg, 0, &p->span);
            int back = gen_const(c, from_small_int(patterns.n - i), DST_TEMP, &p->span);
            emit(c, BC_SUB, index, index, back, &p->span);
        }
        u->top = base;
        int item = regs_push(c);
        emit(c, BC_GETITEM, item, container, index, &p->span);
        gen_subpattern(m, patterns.at[i], item);
        u->top = base;
    }
    drop(m, reg, keep, &p->span);
}

static void gen_unpacked(Matcher *m, const Pattern *p, int star, int reg, bool keep) {
    Compiler *c = m->c;
    Unit *u = c->unit;
    PatternSeq patterns = p->seq.patterns;
    int base = u->top, from = consumable(m, reg, keep, &p->span);
    u->top = base;
    int first = regs_push_many(c, patterns.n);
    if (star > 255 || (star >= 0 && patterns.n - star - 1 > UINT16_MAX)) {
        context_error(c, &p->span, "too many expressions in star-unpacking sequence pattern");
        return;
    }
    if (star >= 0)
        emit_cache(c, BC_UNPACK_EX, first, from, 0, (uint32_t)star | (uint32_t)(patterns.n - star - 1) << 16,
                   &p->span);
    else
        emit(c, BC_UNPACK, first, from, patterns.n, &p->span);
    gen_subpatterns(m, patterns, first);
    u->top = base;
}

static void gen_sequence_pattern(Matcher *m, const Pattern *p, int reg, bool keep) {
    Compiler *c = m->c;
    PatternSeq patterns = p->seq.patterns;
    int star = -1, n = patterns.n;
    bool only_wildcards = true, star_wildcard = false;
    for (int i = 0; i < n; i++) {
        if (patterns.at[i]->kind == PATTERN_MATCHSTAR) {
            if (star >= 0) {
                context_error(c, &p->span, "multiple starred names in sequence pattern");
                return;
            }
            star = i;
            star_wildcard = is_star_wildcard(patterns.at[i]);
            only_wildcards &= star_wildcard;
            continue;
        }
        only_wildcards &= is_wildcard(patterns.at[i]);
    }
    int is_sequence = regs_push(c);
    emit(c, BC_MATCH_SEQUENCE, is_sequence, reg, 0, &p->span);
    fail_if_false(m, is_sequence, &p->span);
    if (star < 0)
        check_length(m, reg, BC_JNEQ, n, &p->span);
    else if (n > 1)
        check_length(m, reg, BC_JNGE, n - 1, &p->span);
    if (only_wildcards)
        drop(m, reg, keep, &p->span);
    else if (star_wildcard)
        gen_indexed(m, p, star, reg, keep);
    else
        gen_unpacked(m, p, star, reg, keep);
}

/* Mappings ----------------------------------------------------------------------------------------------------------
 */

/* The tuple of keys in a new temporary. */
static int gen_keys(Matcher *m, const Pattern *p) {
    Compiler *c = m->c;
    ExprSeq keys = p->mapping.keys;
    int base = c->unit->top;
    Value seen = c->failed ? 0 : dict_new(c->vm);
    if (!seen) {
        context_fail(c);
        return base;
    }
    for (int i = 0; i < keys.n && !c->failed; i++) {
        Value key = fold_expr(c, keys.at[i]);
        if (!key && keys.at[i]->kind != EXPR_ATTRIBUTE) {
            context_error(c, &p->span, "mapping pattern keys may only match literals and attribute lookups");
        } else if (!key) {
            gen_temp(c, keys.at[i]);
        } else {
            int known = dict_contains(c->vm, seen, key);
            if (known > 0)
                context_error(c, &p->span, "mapping pattern checks duplicate key (%R)", key);
            else if (known < 0 || !dict_set(c->vm, seen, key, VALUE_NONE))
                context_fail(c);
            gen_const(c, key, DST_TEMP, &keys.at[i]->span);
        }
    }
    decref(c->vm, seen);
    c->unit->top = base;
    int out = regs_push(c);
    emit(c, BC_BUILD_TUPLE, out, base, keys.n, &p->span);
    return out;
}

static void gen_rest(Matcher *m, const Pattern *p, int keys, int reg) {
    Compiler *c = m->c;
    Unit *u = c->unit;
    int n = p->mapping.keys.n, rest = regs_push(c);
    emit(c, BC_BUILD_MAP, rest, rest, 0, &p->span);
    emit(c, BC_DICT_UPDATE, rest, consumable(m, reg, true, &p->span), 0, &p->span);
    u->top = rest + 1;
    int first = regs_push_many(c, n);
    emit(c, BC_UNPACK, first, keys, n, &p->span);
    for (int i = 0; i < n && !c->failed; i++) {
        int copy = regs_push(c);
        emit(c, BC_COPY, copy, rest, 0, &p->span);
        emit(c, BC_DELITEM, copy, first + i, 0, &p->span);
        u->top = first + n;
    }
    u->top = rest + 1;
    capture(m, p->mapping.rest, rest, false, &p->span);
}

static void gen_mapping_pattern(Matcher *m, const Pattern *p, int reg, bool keep) {
    Compiler *c = m->c;
    Unit *u = c->unit;
    int n = p->mapping.keys.n, base = u->top, is_mapping = regs_push(c);
    emit(c, BC_MATCH_MAPPING, is_mapping, reg, 0, &p->span);
    fail_if_false(m, is_mapping, &p->span);
    if (n > 0)
        check_length(m, reg, BC_JNGE, n, &p->span);
    if (n > 0 || p->mapping.rest) {
        int keys = gen_keys(m, p), values = regs_push(c);
        emit(c, BC_MATCH_KEYS, values, reg, keys, &p->span);
        int copy = regs_push(c);
        emit(c, BC_COPY, copy, values, 0, &p->span);
        u->top = values + 1;
        emit_jump(c, BC_JUMP_IF_NONE, copy, 0, 0, fail_label(m), &p->span);
        u->top = values;
        regs_push_many(c, n);
        emit(c, BC_UNPACK, values, values, n, &p->span);
        gen_subpatterns(m, p->mapping.patterns, values);
        u->top = keys + 1;
        if (p->mapping.rest)
            gen_rest(m, p, keys, reg);
        else
            emit(c, BC_CLEAR, keys, 0, 0, &p->span);
        u->top = base;
    }
    drop(m, reg, keep, &p->span);
}

/* Classes, alternatives, captures -----------------------------------------------------------------------------------
 */

static void check_attribute_names(Matcher *m, const Pattern *p) {
    NameSeq names = p->cls.kwd_attrs;
    for (int i = 0; i < names.n; i++) {
        if (gen_forbidden_name(m->c, context_id(m->c, names.at[i]), CTX_STORE, &p->cls.kwd_patterns.at[i]->span))
            return;
        for (int k = i + 1; k < names.n; k++) {
            if (context_id(m->c, names.at[i]) == context_id(m->c, names.at[k])) {
                context_error(m->c, &p->cls.kwd_patterns.at[k]->span, "attribute name repeated in class pattern: %s",
                              names.at[i]->text);
                return;
            }
        }
    }
}

static void gen_class_pattern(Matcher *m, const Pattern *p, int reg, bool keep) {
    Compiler *c = m->c;
    Unit *u = c->unit;
    int n = p->cls.patterns.n, attributes = p->cls.kwd_attrs.n, base = u->top;
    check_attribute_names(m, p);
    gen_temp(c, p->cls.cls);
    Value names = c->failed ? 0 : tuple_new(c->vm, (size_t)attributes);
    for (int i = 0; names && i < attributes; i++)
        as_tuple(names)->items[i] = incref(context_name(c, context_id(c, p->cls.kwd_attrs.at[i])));
    if (!names)
        context_fail(c);
    gen_const(c, names, DST_TEMP, &p->span);
    u->top = base;
    int found = regs_push(c);
    emit_cache(c, BC_MATCH_CLASS, found, reg, found, (uint32_t)n, &p->span);
    int copy = regs_push(c);
    emit(c, BC_COPY, copy, found, 0, &p->span);
    u->top = found + 1;
    emit_jump(c, BC_JUMP_IF_NONE, copy, 0, 0, fail_label(m), &p->span);
    u->top = base;
    regs_push_many(c, n + attributes);
    emit(c, BC_UNPACK, found, found, n + attributes, &p->span);
    gen_subpatterns(m, p->cls.patterns, found);
    gen_subpatterns(m, p->cls.kwd_patterns, found + n);
    u->top = base;
    drop(m, reg, keep, &p->span);
}

static bool same_captures(const Matcher *m, const bool *taken) {
    for (int i = 0; i < m->ncaptures; i++) {
        if (m->captures[i].taken != taken[i])
            return false;
    }
    return true;
}

static void gen_or_pattern(Matcher *m, const Pattern *p, int reg, bool keep) {
    Compiler *c = m->c;
    PatternSeq patterns = p->seq.patterns;
    int end = emit_label(c), taken_before = m->taken, base = m->base, *fail = m->fail, nfail = m->nfail;
    bool irrefutable = m->irrefutable, foreign = m->foreign;
    bool *before = arena_alloc(&c->arena, 2 * (size_t)m->ncaptures + 1), *first = before + m->ncaptures;
    if (!before) {
        context_nomem(c);
        return;
    }
    for (int i = 0; i < m->ncaptures; i++)
        before[i] = m->captures[i].taken;
    for (int i = 0; i < patterns.n && !c->failed; i++) {
        bool last = i == patterns.n - 1;
        for (int k = 0; k < m->ncaptures; k++)
            m->captures[k].taken = before[k];
        m->taken = taken_before;
        m->irrefutable = last && irrefutable;
        m->base = last ? base : c->unit->top;
        m->fail = last ? fail : NULL;
        m->nfail = last ? nfail : 0;
        m->foreign = false;
        if (last && m->taken < m->ncaptures)
            m->taken = m->ncaptures; /* an earlier alternative may have left values in the slots */
        gen_pattern(m, patterns.at[i], reg, last ? keep : true);
        for (int k = 0; i == 0 && k < m->ncaptures; k++)
            first[k] = m->captures[k].taken;
        if (m->foreign || !same_captures(m, first))
            context_error(c, &p->span, "alternative patterns bind different names");
        if (last)
            break;
        drop(m, reg, keep, &p->span);
        emit_goto(c, end, NULL);
        place_failures(m);
    }
    m->irrefutable = irrefutable;
    m->foreign = foreign;
    emit_place(c, end);
}

static void gen_as_pattern(Matcher *m, const Pattern *p, int reg, bool keep) {
    Compiler *c = m->c;
    if (p->as.pattern) {
        gen_pattern(m, p->as.pattern, reg, true);
        capture(m, p->as.name, reg, keep, &p->span);
        return;
    }
    if (!m->irrefutable) {
        if (p->as.name)
            context_error(c, &p->span, "name capture %R makes remaining patterns unreachable",
                          context_name(c, context_id(c, p->as.name)));
        else
            context_error(c, &p->span, "wildcard makes remaining patterns unreachable");
        return;
    }
    if (p->as.name)
        capture(m, p->as.name, reg, keep, &p->span);
    else
        drop(m, reg, keep, &p->span);
}

/* Tests reg against a pattern. With keep reg stays as it is, else it is used up; after the test top is as before. */
static void gen_pattern(Matcher *m, const Pattern *p, int reg, bool keep) {
    if (!context_enter(m->c))
        return;
    switch ((PatternKind)p->kind) {
    case PATTERN_MATCHVALUE:
        gen_value(m, p, reg, keep);
        break;
    case PATTERN_MATCHSINGLETON:
        gen_singleton(m, p, reg, keep);
        break;
    case PATTERN_MATCHSEQUENCE:
        gen_sequence_pattern(m, p, reg, keep);
        break;
    case PATTERN_MATCHMAPPING:
        gen_mapping_pattern(m, p, reg, keep);
        break;
    case PATTERN_MATCHCLASS:
        gen_class_pattern(m, p, reg, keep);
        break;
    case PATTERN_MATCHSTAR:
        if (p->star.name)
            capture(m, p->star.name, reg, keep, &p->span);
        else
            drop(m, reg, keep, &p->span);
        break;
    case PATTERN_MATCHAS:
        gen_as_pattern(m, p, reg, keep);
        break;
    case PATTERN_MATCHOR:
        gen_or_pattern(m, p, reg, keep);
        break;
    }
    context_leave(m->c);
}

/* Statement ---------------------------------------------------------------------------------------------------------
 */

static bool reserve_captures(Matcher *m, const Pattern *p) {
    Compiler *c = m->c;
    collect_captures(m, p); /* counts, repeated names too */
    m->captures = arena_alloc_zero(&c->arena, ((size_t)m->ncaptures + 1) * sizeof(Capture));
    if (!m->captures)
        return context_nomem(c);
    m->ncaptures = 0;
    collect_captures(m, p);
    m->slots = m->base = regs_push_many(c, m->ncaptures);
    return !c->failed;
}

static void gen_case(Compiler *c, const MatchCase *mc, int subject, bool last, int end) {
    Unit *u = c->unit;
    int base = u->top, next = emit_label(c);
    Matcher m = {.c = c, .irrefutable = last || mc->guard};
    if (!reserve_captures(&m, mc->pattern))
        return;
    gen_pattern(&m, mc->pattern, subject, true);
    for (int i = 0; i < m.ncaptures && !c->failed; i++)
        gen_store_id(c, m.captures[i].id, m.slots + i, &m.captures[i].span);
    u->top = base;
    if (mc->guard)
        gen_jump_if(c, mc->guard, next, false);
    if (!c->failed && regs_is_temp(c, subject))
        emit(c, BC_CLEAR, subject, 0, 0, NULL);
    u->top = !c->failed && regs_is_temp(c, subject) ? base - 1 : base;
    gen_body(c, mc->body);
    emit_goto(c, end, NULL);
    u->top = base;
    place_failures(&m);
    emit_place(c, next);
}

void gen_match(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    MatchCaseSeq cases = s->match.cases;
    int base = u->top, end = emit_label(c);
    bool guards = u->scope->walrus;
    for (int i = 0; i < cases.n; i++)
        guards |= cases.at[i].guard != NULL;
    /* a guard can fail after the names are bound, and the subject may be one of them */
    int subject = gen_expr(c, s->match.subject, guards ? DST_TEMP : DST_ANY);
    for (int i = 0; i < cases.n && !c->failed; i++)
        gen_case(c, &cases.at[i], subject, i == cases.n - 1, end);
    if (!c->failed && regs_is_temp(c, subject))
        emit(c, BC_CLEAR, subject, 0, 0, NULL);
    u->top = base;
    emit_place(c, end);
}
