/* Properties and case of code points and of strings; the only file of the VM that knows utf8proc.
 *
 * Categories, simple case mappings and decompositions come from utf8proc. It has no mappings to several code points,
 * no digit and numeric values, and lacks the cased letters whose category does not say so: those are tables of our
 * own (unicode_tables.c, Unicode 15.1), and the few code points that Unicode 15.1 added after utf8proc's data are
 * known here by range. ASCII never gets as far as a table.
 */
#include "object/str_internal.h"

#include <utf8proc.h>

#include "object/number_text.h"
#include "object/unicode_tables.h"

/* --- properties ------------------------------------------------------------------------------------------------ */

static utf8proc_category_t category(uint32_t c) {
    if (c - 0x4E00 < 0xA000 - 0x4E00) /* most of Chinese text */
        return UTF8PROC_CATEGORY_LO;
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    if (unlikely(k == UTF8PROC_CATEGORY_CN)) {
        if (c >= 0x2EBF0 && c <= 0x2EE5D)
            return UTF8PROC_CATEGORY_LO;
        if ((c >= 0x2FFC && c <= 0x2FFF) || c == 0x31EF)
            return UTF8PROC_CATEGORY_SO;
    }
    return k;
}

#define CATEGORY_BIT(name) (1u << UTF8PROC_CATEGORY_##name)
#define LETTERS (CATEGORY_BIT(LU) | CATEGORY_BIT(LL) | CATEGORY_BIT(LT) | CATEGORY_BIT(LM) | CATEGORY_BIT(LO))

static bool in_category(uint32_t c, uint32_t set) { return set >> category(c) & 1; }

static bool in_ranges(uint32_t c, const CodeRange *ranges, size_t n) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ranges[middle].last < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && ranges[low].first <= c;
}

static ALWAYS_INLINE bool ascii_lower(uint32_t c) { return c - 'a' < 26; }
static ALWAYS_INLINE bool ascii_upper(uint32_t c) { return c - 'A' < 26; }

bool unicode_is_alpha(uint32_t c) { return c < 128 ? ascii_lower(c | 32) : in_category(c, LETTERS); }

bool unicode_is_lower(uint32_t c) {
    if (c < 128)
        return ascii_lower(c);
    return category(c) == UTF8PROC_CATEGORY_LL || in_ranges(c, unicode_other_lower, unicode_other_lower_count);
}

bool unicode_is_upper(uint32_t c) {
    if (c < 128)
        return ascii_upper(c);
    return category(c) == UTF8PROC_CATEGORY_LU || in_ranges(c, unicode_other_upper, unicode_other_upper_count);
}

bool unicode_is_title(uint32_t c) { return c >= 128 && category(c) == UTF8PROC_CATEGORY_LT; }
bool unicode_is_cased(uint32_t c) { return unicode_is_lower(c) || unicode_is_upper(c) || unicode_is_title(c); }
bool unicode_is_space(uint32_t c) { return number_is_space(c); }

bool unicode_is_line_break(uint32_t c) {
    return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool unicode_is_printable(uint32_t c) {
    if (c < 127)
        return c >= 32;
    return !in_category(c, CATEGORY_BIT(CC) | CATEGORY_BIT(CF) | CATEGORY_BIT(CS) | CATEGORY_BIT(CO) |
                               CATEGORY_BIT(CN) | CATEGORY_BIT(ZL) | CATEGORY_BIT(ZP) | CATEGORY_BIT(ZS));
}

/* Letters that compatibility normalization turns into something that no identifier may contain. */
static bool unfit_letter(uint32_t c) {
    static const CodeRange unfit[] = {
        {0x37A, 0x37A},   {0x2E2F, 0x2E2F}, {0xFC5E, 0xFC63}, {0xFDFA, 0xFDFB}, {0xFE70, 0xFE70}, {0xFE72, 0xFE72},
        {0xFE74, 0xFE74}, {0xFE76, 0xFE76}, {0xFE78, 0xFE78}, {0xFE7A, 0xFE7A}, {0xFE7C, 0xFE7C}, {0xFE7E, 0xFE7E},
    };
    return (c < 0x3000 || c >= 0xFC5E) && in_ranges(c, unfit, ARRAY_LEN(unfit));
}

bool unicode_is_identifier_start(uint32_t c) {
    if (c < 128)
        return ascii_lower(c | 32) || c == '_';
    if (in_category(c, LETTERS | CATEGORY_BIT(NL)))
        return !unfit_letter(c) && c != 0xE33 && c != 0xEB3 && c != 0xFF9E && c != 0xFF9F;
    return c == 0x1885 || c == 0x1886 || c == 0x2118 || c == 0x212E;
}

bool unicode_is_identifier_part(uint32_t c) {
    if (c < 128)
        return ascii_lower(c | 32) || c == '_' || c - '0' < 10;
    if (in_category(c, LETTERS | CATEGORY_BIT(NL) | CATEGORY_BIT(MN) | CATEGORY_BIT(MC) | CATEGORY_BIT(ND) |
                           CATEGORY_BIT(PC)))
        return !unfit_letter(c);
    return c == 0xB7 || c == 0x387 || (c >= 0x1369 && c <= 0x1371) || c == 0x19DA || c == 0x200C || c == 0x200D ||
           c == 0x2118 || c == 0x212E || c == 0x30FB || c == 0xFF65;
}

/* --- numbers --------------------------------------------------------------------------------------------------- */

static bool find_number(uint32_t c, const NumberRow *rows, size_t n, double *out) {
    size_t low = 0, high = n;
    while (low < high) { /* the first row that begins beyond c */
        size_t middle = (low + high) / 2;
        if (rows[middle].first <= c)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || c - rows[low - 1].first >= rows[low - 1].count)
        return false;
    const NumberRow *r = &rows[low - 1];
    *out = (double)(r->numerator + (int64_t)(c - r->first) * r->step) / r->denominator;
    return true;
}

int unicode_decimal(uint32_t c) { return number_digit_value(c); }

int unicode_digit(uint32_t c) {
    int d = number_digit_value(c);
    double value;
    if (d >= 0 || c < 128)
        return d;
    return find_number(c, unicode_digits, unicode_digits_count, &value) ? (int)value : -1;
}

bool unicode_numeric(uint32_t c, double *out) {
    int d = unicode_digit(c);
    if (d < 0)
        return c >= 128 && find_number(c, unicode_numbers, unicode_numbers_count, out);
    *out = d;
    return true;
}

bool unicode_is_decimal(uint32_t c) { return number_digit_value(c) >= 0; }
bool unicode_is_digit(uint32_t c) { return unicode_digit(c) >= 0; }
bool unicode_is_numeric(uint32_t c) {
    double value;
    return unicode_numeric(c, &value);
}

/* --- case of a code point -------------------------------------------------------------------------------------- */

/* A bit for each 16 code points up to U+1FFF: has any of the three tables rows for them? None has any from there to
 * U+FB00, neither scripts of East Asia nor symbols. */
static const uint64_t case_blocks[] = {0xba10000080902800, 0x1000000, 0, 0, 0, 0, 0, 0xff20020000000100};

static unsigned find_case(uint32_t c, const CaseRow *rows, size_t n, uint32_t *out) {
    if (c < 0x2000 ? !(case_blocks[c >> 10] >> (c >> 4 & 63) & 1) : c < 0xFB00)
        return 0;
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rows[middle].from < c)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == n || rows[low].from != c)
        return 0;
    unsigned k = 0;
    while (k < CASE_MAPPING_MAX && rows[low].to[k] != 0) {
        out[k] = rows[low].to[k];
        k++;
    }
    return k;
}

unsigned unicode_upper(uint32_t c, uint32_t *out) {
    if (c < 128) {
        *out = ascii_lower(c) ? c - 32 : c;
        return 1;
    }
    if (c < 0xFF && c != 0xB5 && c != 0xDF) { /* Latin-1, but for what becomes something else or two characters */
        *out = c >= 0xE0 && c != 0xF7 ? c - 32 : c;
        return 1;
    }
    unsigned n = find_case(c, unicode_special_upper, unicode_special_upper_count, out);
    if (n == 0)
        out[n++] = (uint32_t)utf8proc_toupper((utf8proc_int32_t)c);
    return n;
}

unsigned unicode_lower(uint32_t c, uint32_t *out) {
    if (c < 128) {
        *out = ascii_upper(c) ? c + 32 : c;
        return 1;
    }
    if (c < 0x100) {
        *out = c >= 0xC0 && c < 0xDF && c != 0xD7 ? c + 32 : c;
        return 1;
    }
    if (c == 0x130) { /* the only one of two code points */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    *out = (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
    return 1;
}

unsigned unicode_title(uint32_t c, uint32_t *out) {
    if (c < 128)
        return unicode_upper(c, out);
    unsigned n = find_case(c, unicode_special_title, unicode_special_title_count, out);
    if (n == 0)
        n = find_case(c, unicode_special_upper, unicode_special_upper_count, out);
    if (n == 0)
        out[n++] = (uint32_t)utf8proc_totitle((utf8proc_int32_t)c);
    return n;
}

unsigned unicode_fold(uint32_t c, uint32_t *out) {
    if (c < 128)
        return unicode_lower(c, out);
    if (c >= 0x13A0 && c <= 0xABBF) { /* Cherokee folds to capitals */
        if (c <= 0x13FD || c >= 0xAB70) {
            *out = c <= 0x13F5 ? c : c <= 0x13FD ? (c >= 0x13F8 ? c - 8 : c) : c - 0xAB70 + 0x13A0;
            return 1;
        }
    }
    unsigned n = find_case(c, unicode_special_fold, unicode_special_fold_count, out);
    if (n != 0)
        return n;
    n = find_case(c, unicode_special_upper, unicode_special_upper_count, out);
    for (unsigned i = 0; i < n; i++)
        unicode_lower(out[i], &out[i]);
    return n != 0 ? n : unicode_lower(c, out);
}

/* --- case of strings ------------------------------------------------------------------------------------------- */

/* The case bit (0x20) for each of eight bytes that is an ASCII letter from `first` to `last`: adding to the low seven
 * bits puts whether a byte reaches a bound into its top bit, and never carries into the next. */
static ALWAYS_INLINE uint64_t case_bits(uint64_t w, char first, char last) {
    const uint64_t ones = 0x0101010101010101ull, high = ones << 7;
    uint64_t low = w & ~high;
    uint64_t from_first = low + ones * (uint64_t)(0x80 - first), past_last = low + ones * (uint64_t)(0x7F - last);
    return (from_first & ~past_last & ~w & high) >> 2;
}

void text_map_case(char *to, const char *from, size_t n, bool to_upper) {
    char first = to_upper ? 'a' : 'A', last = to_upper ? 'z' : 'Z';
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t w;
        memcpy(&w, from + i, 8);
        w ^= case_bits(w, first, last);
        memcpy(to + i, &w, 8);
    }
    for (; i < n; i++)
        to[i] = (char)(from[i] >= first && from[i] <= last ? from[i] ^ 0x20 : from[i]);
}

static Value map_ascii(VM *vm, Value v, bool to_upper) {
    size_t n = as_str(v)->nbytes;
    Value r = str_alloc(vm, n, n);
    if (r != 0 && n != 0)
        text_map_case(as_str(r)->data, str_data(v), n, to_upper);
    return r;
}

typedef unsigned (*CaseMapping)(uint32_t c, uint32_t *out);

static void add_mapped(StrBuilder *b, uint32_t c, CaseMapping map) {
    uint32_t out[CASE_MAPPING_MAX];
    unsigned n = map(c, out);
    for (unsigned i = 0; i < n; i++)
        strbuilder_add_char(b, out[i]);
}

/* May stand between a letter and a final sigma without counting. */
static bool is_case_ignorable(uint32_t c) {
    static const uint16_t marks[] = {'\'',   '.',    ':',    '^',    '`',    0xA8,   0xAD,   0xAF,
                                     0xB4,   0xB7,   0xB8,   0x387,  0x55F,  0x5F4,  0x2018, 0x2019,
                                     0x2024, 0x2027, 0xFE13, 0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        if (c == marks[i])
            return true;
    return c >= 128 && in_category(c, CATEGORY_BIT(MN) | CATEGORY_BIT(ME) | CATEGORY_BIT(CF) | CATEGORY_BIT(LM) |
                                          CATEGORY_BIT(SK));
}

#define CAPITAL_SIGMA 0x3A3

/* Lower case of the capital sigma at p: another letter at the end of a word. */
static uint32_t lower_sigma(Value s, const char *p) {
    const char *start = str_data(s), *end = start + as_str(s)->nbytes, *q = p;
    unsigned n;
    bool before = false, after = false;
    while (q > start && !before) {
        q = utf8_previous(q);
        uint32_t c = utf8_decode(q, &n);
        before = !is_case_ignorable(c) && unicode_is_cased(c);
        if (!before && !is_case_ignorable(c))
            break;
    }
    for (q = p + utf8_length(*p); before && q < end && !after;) {
        uint32_t c = utf8_next(&q);
        after = !is_case_ignorable(c) && unicode_is_cased(c);
        if (!after && !is_case_ignorable(c))
            break;
    }
    return before && !after ? 0x3C2 : 0x3C3;
}

static void add_lower(StrBuilder *b, Value s, const char *p, uint32_t c) {
    if (unlikely(c == CAPITAL_SIGMA))
        strbuilder_add_char(b, lower_sigma(s, p));
    else
        add_mapped(b, c, unicode_lower);
}

/* Nothing from U+3000 to U+9FFF, whose first bytes these are, has case: runs of it are taken as they are. */
static bool add_caseless(StrBuilder *b, const char **p, const char *end) {
    const char *start = *p;
    while (*p < end && (uint8_t) * *p - 0xE3u < 7)
        *p += 3;
    return *p > start && strbuilder_add(b, start, (size_t)(*p - start));
}

/* map: unicode_upper, unicode_lower or unicode_fold. */
static Value map_all(VM *vm, Value s, CaseMapping map) {
    StrBuilder b;
    strbuilder_init(&b, vm);
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    while (p < end && !b.failed) {
        if ((uint8_t)*p < 0x80) {
            size_t n = utf8_ascii_prefix(p, (size_t)(end - p));
            char *to = strbuilder_room(&b, n);
            if (to != NULL)
                text_map_case(to, p, n, map == unicode_upper);
            p += n;
            continue;
        }
        if (add_caseless(&b, &p, end))
            continue;
        const char *at = p;
        uint32_t c = utf8_next(&p);
        if (map == unicode_lower)
            add_lower(&b, s, at, c);
        else
            add_mapped(&b, c, map);
    }
    return strbuilder_finish(&b);
}

Value str_upper(VM *vm, Value s) {
    return str_is_ascii(as_str(s)) ? map_ascii(vm, s, true) : map_all(vm, s, unicode_upper);
}
Value str_lower(VM *vm, Value s) {
    return str_is_ascii(as_str(s)) ? map_ascii(vm, s, false) : map_all(vm, s, unicode_lower);
}
Value str_casefold(VM *vm, Value s) {
    return str_is_ascii(as_str(s)) ? map_ascii(vm, s, false) : map_all(vm, s, unicode_fold);
}

Value str_capitalize(VM *vm, Value s) {
    if (as_str(s)->nbytes == 0)
        return str_unchanged(vm, s);
    StrBuilder b;
    strbuilder_init(&b, vm);
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    add_mapped(&b, utf8_next(&p), unicode_title);
    while (p < end && !b.failed) {
        const char *at = p;
        uint32_t c = utf8_next(&p);
        add_lower(&b, s, at, c);
    }
    return strbuilder_finish(&b);
}

Value str_title(VM *vm, Value s) {
    StrBuilder b;
    strbuilder_init(&b, vm);
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    bool in_word = false;
    while (p < end && !b.failed) {
        if (add_caseless(&b, &p, end)) {
            in_word = false;
            continue;
        }
        const char *at = p;
        uint32_t c = utf8_next(&p);
        if (in_word)
            add_lower(&b, s, at, c);
        else
            add_mapped(&b, c, unicode_title);
        in_word = unicode_is_cased(c);
    }
    return strbuilder_finish(&b);
}

Value str_swapcase(VM *vm, Value s) {
    StrBuilder b;
    strbuilder_init(&b, vm);
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    while (p < end && !b.failed) {
        if (add_caseless(&b, &p, end))
            continue;
        const char *at = p;
        uint32_t c = utf8_next(&p);
        if (unicode_is_upper(c))
            add_lower(&b, s, at, c);
        else if (unicode_is_lower(c))
            add_mapped(&b, c, unicode_upper);
        else
            strbuilder_add_char(&b, c);
    }
    return strbuilder_finish(&b);
}

/* --- questions about strings ----------------------------------------------------------------------------------- */

bool str_all(Value s, bool (*property)(uint32_t)) {
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    if (p == end)
        return false;
    while (p < end)
        if (!property(utf8_next(&p)))
            return false;
    return true;
}

/* At least one cased character, and none of the wrong case. */
static bool has_only_case(Value s, bool (*right)(uint32_t), bool (*wrong)(uint32_t)) {
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    bool found = false;
    while (p < end) {
        uint32_t c = utf8_next(&p);
        if (wrong(c) || unicode_is_title(c))
            return false;
        found = found || right(c);
    }
    return found;
}

bool str_is_lower(Value s) { return has_only_case(s, unicode_is_lower, unicode_is_upper); }
bool str_is_upper(Value s) { return has_only_case(s, unicode_is_upper, unicode_is_lower); }

bool str_is_title(Value s) {
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    bool found = false, in_word = false;
    while (p < end) {
        uint32_t c = utf8_next(&p);
        if (unicode_is_upper(c) || unicode_is_title(c)) {
            if (in_word)
                return false;
            in_word = found = true;
        } else if (unicode_is_lower(c)) {
            if (!in_word)
                return false;
            found = true;
        } else {
            in_word = false;
        }
    }
    return found;
}

bool str_is_identifier(Value s) {
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    if (p == end || !unicode_is_identifier_start(utf8_next(&p)))
        return false;
    while (p < end)
        if (!unicode_is_identifier_part(utf8_next(&p)))
            return false;
    return true;
}

/* --- normal forms ---------------------------------------------------------------------------------------------- */

#define DECOMPOSITION_MAX 32 /* of a single code point; the longest known has 18 */

static unsigned combining_class(utf8proc_int32_t c) { return (unsigned)utf8proc_get_property(c)->combining_class; }

/* Puts marks of different classes into their canonical order (an insertion sort of each run of marks). */
static void order_marks(utf8proc_int32_t *codes, size_t n) {
    for (size_t i = 1; i < n; i++) {
        utf8proc_int32_t c = codes[i];
        unsigned k = combining_class(c);
        size_t to = i;
        while (k != 0 && to > 0 && combining_class(codes[to - 1]) > k) {
            codes[to] = codes[to - 1];
            to--;
        }
        codes[to] = c;
    }
}

typedef struct Codes {
    utf8proc_int32_t *items;
    size_t n, cap;
} Codes;

static bool decompose(VM *vm, Value s, int options, Codes *out) {
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    *out = (Codes){.cap = as_str(s)->nchars + DECOMPOSITION_MAX};
    out->items = mem_alloc(vm, out->cap * sizeof *out->items);
    if (out->items == NULL)
        return false;
    while (p < end) {
        if (out->cap - out->n < DECOMPOSITION_MAX) {
            size_t cap = out->cap + out->cap / 2 + DECOMPOSITION_MAX;
            utf8proc_int32_t *items = mem_realloc(vm, out->items, out->cap * sizeof *items, cap * sizeof *items);
            if (items == NULL) {
                mem_free(vm, out->items, out->cap * sizeof *items);
                return false;
            }
            out->items = items;
            out->cap = cap;
        }
        utf8proc_int32_t c = (utf8proc_int32_t)utf8_next(&p);
        int boundary = 0;
        utf8proc_ssize_t k =
            utf8proc_decompose_char(c, out->items + out->n, DECOMPOSITION_MAX, (utf8proc_option_t)options, &boundary);
        if (k < 0 || k > DECOMPOSITION_MAX) {
            out->items[out->n] = c;
            k = 1;
        }
        out->n += (size_t)k;
    }
    order_marks(out->items, out->n);
    return true;
}

/* Ranges of characters that stay what they are in these normal forms, whatever stands around them: the usual ones. */
#define FORM_BIT(name) (1 << UNICODE_##name)
#define COMPOSED (FORM_BIT(NFC) | FORM_BIT(NFKC))
#define CANONICAL (FORM_BIT(NFC) | FORM_BIT(NFD))
static const struct Stable {
    CodeRange range;
    int forms;
} stable[] = {
    {{0x0, 0x9F}, COMPOSED | FORM_BIT(NFD) | FORM_BIT(NFKD)},
    {{0x3400, 0xA48C}, COMPOSED | FORM_BIT(NFD) | FORM_BIT(NFKD)},
    {{0x3001, 0x3029}, COMPOSED | FORM_BIT(NFD) | FORM_BIT(NFKD)},
    {{0xFF01, 0xFF5E}, CANONICAL},
    {{0xA0, 0xBF}, CANONICAL},
    {{0xC0, 0x131}, COMPOSED},
    {{0x132, 0x2FF}, FORM_BIT(NFC)},
    {{0x3A3, 0x3CF}, COMPOSED},
    {{0x3FA, 0x482}, COMPOSED},
    {{0x2002, 0x2064}, CANONICAL},
    {{0x3000, 0x3000}, CANONICAL},
    {{0x3041, 0x3096}, COMPOSED},
    {{0x30A0, 0x30FE}, COMPOSED},
    {{0xAC00, 0xD7A3}, COMPOSED},
};

static bool is_stable(const Str *s, UnicodeForm form) {
    const char *p = s->data, *end = p + s->nbytes;
    const struct Stable *row = stable;
    while (p < end) {
        uint32_t c = utf8_next(&p);
        if (c - row->range.first > row->range.last - row->range.first) {
            const struct Stable *rows_end = stable + ARRAY_LEN(stable);
            for (row = stable; row < rows_end && c - row->range.first > row->range.last - row->range.first;)
                row++;
            if (row == rows_end)
                return false;
        }
        if (!(row->forms >> form & 1))
            return false;
    }
    return true;
}

Value unicode_normalize(VM *vm, Value s, UnicodeForm form) {
    if (str_is_ascii(as_str(s)) || is_stable(as_str(s), form))
        return str_unchanged(vm, s);
    int options = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
    if (form == UNICODE_NFKC || form == UNICODE_NFKD)
        options |= UTF8PROC_COMPAT;
    Codes codes;
    if (!decompose(vm, s, options, &codes))
        return VALUE_ERROR;
    size_t n = codes.n;
    if (form == UNICODE_NFC || form == UNICODE_NFKC)
        n = (size_t)utf8proc_normalize_utf32(codes.items, (utf8proc_ssize_t)n, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    StrBuilder b;
    strbuilder_init(&b, vm);
    for (size_t i = 0; i < n && !b.failed; i++)
        strbuilder_add_char(&b, (uint32_t)codes.items[i]);
    mem_free(vm, codes.items, codes.cap * sizeof *codes.items);
    return strbuilder_finish(&b);
}

Value unicode_normalize_identifier(VM *vm, Value s) {
    if (s == 0 || str_is_ascii(as_str(s)))
        return s;
    Value r = unicode_normalize(vm, s, UNICODE_NFKC);
    decref(vm, s);
    return r;
}
