/* Writing PCRE2's syntax.
 *
 * Letters, digits and characters beyond ASCII stand for themselves, everything else has a backslash before it, so
 * that nothing written here is taken for syntax that only PCRE2 has. \d, \s and \w are spelled out, as their meaning
 * in PCRE2 depends on its version and options. Case is PCRE2's business, with two exceptions: a few letters whose
 * equivalents it does not know, and Python's ASCII rules in a wide translation, where PCRE2 would go by Unicode's.
 */
#include "stdlib/re/re.h"

#include "base/utf8.h"

/* Letters that Python takes for one another when it ignores the case, and PCRE2, by the rules of another version of
 * Unicode or another reading of them, does not. */
static const char *const case_families[] = {
    "iI\u0130\u0131",
    "\u0390\u1fd3",
    "\u03b0\u1fe3",
    "\ufb05\ufb06",
};

typedef struct Category { /* what a class escape stands for, written for the inside of [...] */
    const char *yes, *no;
} Category;

static const Category unicode_word = {"\\p{L}\\p{N}_",
                                      "\\p{C}\\p{M}\\p{S}\\p{Z}\\p{Pd}\\p{Ps}\\p{Pe}\\p{Pi}\\p{Pf}\\p{Po}"
                                      "\\x{203f}\\x{2040}\\x{2054}\\x{fe33}\\x{fe34}\\x{fe4d}-\\x{fe4f}\\x{ff3f}"};
static const Category unicode_digit = {"\\p{Nd}", "\\P{Nd}"};
static const Category unicode_space = {
    "\\x09-\\x0d\\x1c-\\x20\\x85\\xa0\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}",
    "\\x00-\\x08\\x0e-\\x1b\\x21-\\x84\\x86-\\x9f\\xa1-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}"};
/* Unicode's rules where every character is ASCII */
static const Category narrow_space = {"\\x09-\\x0d\\x1c-\\x20", "\\x00-\\x08\\x0e-\\x1b\\x21-\\xff"};
static const Category ascii_word = {"a-zA-Z0-9_", "\\x00-\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\xff"};
static const Category ascii_digit = {"0-9", "\\x00-\\x2f\\x3a-\\xff"};
static const Category ascii_space = {"\\x09-\\x0d\\x20", "\\x00-\\x08\\x0e-\\x1f\\x21-\\xff"};
#define BEYOND_LATIN1 "\\x{100}-\\x{10ffff}"

static bool is_letter(uint32_t c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }
static bool ascii_rules(const Parser *p, int flags) { return p->is_bytes || (flags & RE_ASCII); }
/* Does the whole pattern go by Unicode's properties in PCRE2 (PCRE2_UCP)? */
static bool has_properties(const Parser *p) { return p->wide && !ascii_rules(p, p->flags); }

bool emit_folds(const Parser *p, int flags) { return (flags & RE_IGNORECASE) && !(p->wide && ascii_rules(p, flags)); }

bool emit_text(Parser *p, const char *text) { return strbuilder_add_c(&p->out, text); }

static bool emit_char(Parser *p, uint32_t c) {
    if (p->is_bytes || c < 0x80) {
        char text[2] = {'\\', (char)c};
        bool plain = c == 0 || c >= 0x80 || is_letter(c) || (c >= '0' && c <= '9');
        return plain ? strbuilder_add(&p->out, text + 1, 1) : strbuilder_add(&p->out, text, 2);
    }
    p->has_utf8 = true;
    return strbuilder_add_char(&p->out, c);
}

/* The number of the family that has a member in the range, from n on; -1: there is none. */
static int next_family(unsigned n, uint32_t low, uint32_t high) {
    for (; n < ARRAY_LEN(case_families); n++) {
        for (const char *at = case_families[n]; *at;) {
            uint32_t c = utf8_next(&at);
            if (c >= low && c <= high)
                return (int)n;
        }
    }
    return -1;
}

static bool emit_family(Parser *p, unsigned n) {
    for (const char *at = case_families[n]; *at;) {
        uint32_t c = utf8_next(&at);
        if ((p->wide || c < 0x80) && !emit_char(p, c))
            return false;
    }
    return true;
}

bool emit_literal(Parser *p, uint32_t c, int flags) {
    if (!(flags & RE_IGNORECASE) || !(c >= 0x80 || is_letter(c)))
        return emit_char(p, c);
    if (ascii_rules(p, flags)) {
        if (emit_folds(p, flags) && c >= 0x80 && !p->is_bytes) /* has no case */
            return emit_text(p, "(?-i:") && emit_char(p, c) && emit_text(p, ")");
        if (emit_folds(p, flags) || c >= 0x80)
            return emit_char(p, c);
        char both[] = {'[', (char)c, (char)(c ^ 32), ']', 0};
        return emit_text(p, both);
    }
    int family = next_family(0, c, c);
    if (family < 0 || !(p->wide || c >= 0x80))
        return emit_char(p, c);
    return emit_text(p, "[") && emit_char(p, c) && emit_family(p, (unsigned)family) && emit_text(p, "]");
}

static const Category *category(const Parser *p, char letter, int flags) {
    bool unicode = !ascii_rules(p, flags);
    switch (letter | 32) {
    case 'd':
        return unicode && p->wide ? &unicode_digit : &ascii_digit;
    case 's':
        return !unicode ? &ascii_space : p->wide ? &unicode_space : &narrow_space;
    default:
        return unicode && p->wide ? &unicode_word : &ascii_word;
    }
}

bool emit_class_category(Parser *p, char letter, int flags) {
    const Category *c = category(p, letter, flags);
    if (letter & 32)
        return emit_text(p, c->yes);
    bool more = p->wide && ascii_rules(p, flags);
    return emit_text(p, c->no) && (!more || emit_text(p, BEYOND_LATIN1));
}

bool emit_category(Parser *p, char letter, int flags) {
    const Category *c = category(p, letter, flags);
    char native[] = {'\\', letter, 0};
    if (!has_properties(p) && (c == &ascii_word || c == &ascii_digit || c == &ascii_space))
        return emit_text(p, native);
    if (c == &unicode_digit)
        return emit_text(p, letter & 32 ? c->yes : c->no);
    return emit_text(p, letter & 32 ? "[" : "[^") && emit_text(p, c->yes) && emit_text(p, "]");
}

/* Between a character of a word and one that is not, where PCRE2's \b means something else. */
static bool emit_boundary(Parser *p, bool boundary, int flags) {
    const char *word = category(p, 'w', flags)->yes;
    const char *parts[] = {"(?:(?<=[", word, "])(?", boundary ? "!" : "=", "[", word,
                           "])|(?<![", word, "])(?", boundary ? "=" : "!", "[", word,
                           "]))"};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (!emit_text(p, parts[i]))
            return false;
    }
    return true;
}

/* In an empty text there is no \B. */
#define NOT_EMPTY "(?!\\A\\z)"

bool emit_position(Parser *p, char letter, int flags) {
    if (letter == 'A')
        return emit_text(p, "\\A");
    if (letter == 'Z')
        return emit_text(p, "\\z");
    bool native = ascii_rules(p, flags) || !p->wide ? !has_properties(p) : has_properties(p) && p->native_words;
    if (letter == 'B' && !emit_text(p, NOT_EMPTY))
        return false;
    if (!native)
        return emit_boundary(p, letter == 'b', flags);
    return emit_text(p, letter == 'b' ? "\\b" : "\\B");
}

/* The other case of the letters in the range [low, high] that are also in [first, first + 25]. */
static bool emit_other_case(Parser *p, uint32_t first, uint32_t low, uint32_t high) {
    uint32_t from = low > first ? low : first, to = high < first + 25 ? high : first + 25;
    if (from > to)
        return true;
    return emit_char(p, from ^ 32) && emit_text(p, "-") && emit_char(p, to ^ 32);
}

bool emit_class_range(Parser *p, ClassState *c, uint32_t low, uint32_t high, int flags) {
    if (!emit_char(p, low) || (low != high && (!emit_text(p, "-") || !emit_char(p, high))))
        return false;
    if (!(flags & RE_IGNORECASE))
        return true;
    if (!ascii_rules(p, flags)) {
        for (int n = next_family(0, low, high); n >= 0; n = next_family((unsigned)n + 1, low, high))
            c->families |= 1u << n;
    } else if (!emit_folds(p, flags)) {
        return emit_other_case(p, 'a', low, high) && emit_other_case(p, 'A', low, high);
    }
    return true;
}

bool emit_class_end(Parser *p, const ClassState *c, int flags) {
    for (unsigned n = 0; n < ARRAY_LEN(case_families); n++) {
        if ((c->families & 1u << n) && !emit_family(p, n))
            return false;
    }
    return emit_text(p, "]");
}

static int native_flags(const Parser *p, int flags) {
    return (flags & (RE_MULTILINE | RE_DOTALL)) | (emit_folds(p, flags) ? RE_IGNORECASE : 0);
}

static bool emit_flag_letters(Parser *p, int flags) {
    return (!(flags & RE_IGNORECASE) || emit_text(p, "i")) && (!(flags & RE_MULTILINE) || emit_text(p, "m")) &&
           (!(flags & RE_DOTALL) || emit_text(p, "s"));
}

bool emit_group_flags(Parser *p, int outer, int inner) {
    int before = native_flags(p, outer), after = native_flags(p, inner);
    int on = after & ~before, off = before & ~after;
    return emit_text(p, "(?") && emit_flag_letters(p, on) &&
           (!off || (emit_text(p, "-") && emit_flag_letters(p, off))) && emit_text(p, ":");
}
