/* Encodings with shift states: the ISO-2022 family, where escape sequences designate character sets to the registers
 * G0, G1 and G2, and HZ, where "~{" and "~}" enclose GB 2312. All their bytes are ASCII.
 *
 * The state of a conversion is one word, zero at the start: a set for each register and whether SO is in force. It is
 * what incremental decoders and encoders keep between their calls. */
#include "object/codec_multibyte.h"

#include "base/utf8.h"
#include "runtime/vm.h"

#define ILLEGAL "illegal multibyte sequence"
#define INCOMPLETE "incomplete multibyte sequence"
#define ESC 0x1B
#define SO 0x0E
#define SI 0x0F

typedef enum SetId {
    SET_ASCII,
    SET_JIS_ROMAN,
    SET_JIS_KATAKANA,
    SET_JISX0208_OLD,
    SET_JISX0208,
    SET_JISX0212,
    SET_KSX1001,
    SET_KSX1001_G1,
    SET_GB2312,
    SET_LATIN1,
    SET_GREEK,
    SET_JISX0213_OLD_1,
    SET_JISX0213_1,
    SET_JISX0213_2,
    SETS
} SetId;

/* How a set is designated: what follows ESC. */
static const struct {
    const char *escape;
    CharsetId charset;
    uint8_t reg, width;
} sets[SETS] = {
    [SET_ASCII] = {"(B", CHARSETS, 0, 1},
    [SET_JIS_ROMAN] = {"(J", CHARSETS, 0, 1},
    [SET_JIS_KATAKANA] = {"(I", CHARSETS, 0, 1},
    [SET_JISX0208_OLD] = {"$@", CHARSET_EUC_JP, 0, 2},
    [SET_JISX0208] = {"$B", CHARSET_EUC_JP, 0, 2},
    [SET_JISX0212] = {"$(D", CHARSET_EUC_JP, 0, 2},
    [SET_KSX1001] = {"$(C", CHARSET_EUC_KR, 0, 2},
    [SET_KSX1001_G1] = {"$)C", CHARSET_EUC_KR, 1, 2},
    [SET_GB2312] = {"$(A", CHARSET_GB2312, 0, 2},
    [SET_LATIN1] = {".A", CHARSETS, 2, 1},
    [SET_GREEK] = {".F", CHARSETS, 2, 1},
    [SET_JISX0213_OLD_1] = {"$(O", CHARSET_EUC_JISX0213, 0, 2},
    [SET_JISX0213_1] = {"$(Q", CHARSET_EUC_JIS_2004, 0, 2},
    [SET_JISX0213_2] = {"$(P", CHARSET_EUC_JIS_2004, 0, 2},
};

/* The sets of an encoding in the order in which they are tried for a character. */
typedef struct Family {
    const uint8_t *sets;
    uint8_t count;
    bool shifts, uses_g2,
        announces; /* SO and SI count; ESC N takes a character from G2; ESC & @ may precede ESC $ B */
} Family;

typedef struct State {
    uint8_t reg[3], shifted;
} State;

static State state_of(uint32_t word) {
    State s;
    memcpy(&s, &word, sizeof s);
    return s;
}
static uint32_t state_word(State s) {
    uint32_t word;
    memcpy(&word, &s, sizeof word);
    return word;
}

static bool open_charsets(VM *vm, const Family *f, const char *encoding) {
    for (unsigned i = 0; i < f->count; i++)
        if (sets[f->sets[i]].charset != CHARSETS && !charset_open(vm, sets[f->sets[i]].charset, encoding))
            return false;
    return true;
}

/* Rows of the second plane of JIS X 0213; the other rows of that plane in EUC are JIS X 0212's. */
static bool is_plane2_row(unsigned row) {
    return row == 1 || (row >= 3 && row <= 5) || row == 8 || (row >= 12 && row <= 15) || row >= 78;
}

/* --- decoding ------------------------------------------------------------------------------------------------- */

static uint32_t greek_character(uint8_t byte) { return single_byte_character(codec_find_module("iso8859_7"), byte); }

static uint32_t decode_in_set(VM *vm, unsigned set, const uint8_t *p, uint32_t *second) {
    *second = 0;
    if (set == SET_ASCII)
        return p[0];
    if (set == SET_JIS_ROMAN)
        return p[0] == '\\' ? 0xA5 : p[0] == '~' ? 0x203E : p[0];
    if (set == SET_JIS_KATAKANA)
        return p[0] >= 0x21 && p[0] <= 0x5F ? 0xFF61u + (p[0] - 0x21u) : CODE_POINT_NONE;
    if (p[0] < 0x21 || p[0] > 0x7E || p[1] < 0x21 || p[1] > 0x7E)
        return CODE_POINT_NONE;
    uint32_t code = (uint32_t)(p[0] | 0x80) << 8 | (p[1] | 0x80);
    bool plane2 = set == SET_JISX0213_2;
    if (plane2 && !is_plane2_row(p[0] - 0x20u))
        return CODE_POINT_NONE;
    return charset_decode(vm, sets[set].charset, plane2 || set == SET_JISX0212 ? 0x8F0000 | code : code, second);
}

/* The set that the escape sequence of n bytes designates, or -1. */
static int designated(const Family *f, const uint8_t *p, size_t n, unsigned *reg) {
    bool two_bytes = p[1] == '$';
    size_t at = two_bytes && n == 4 ? 2 : 1;
    *reg = n == 4 || !two_bytes ? (p[at] == '(' ? 0u : p[at] == ')' ? 1u : p[at] == '.' ? 2u : 3u) : 0u;
    if (*reg == 3 || (*reg == 2 && (!f->uses_g2 || two_bytes)) || n < 3 || n > 4 || (n == 4 && !two_bytes))
        return -1;
    for (unsigned i = 0; i < f->count; i++) {
        const char *escape = sets[f->sets[i]].escape;
        bool same = escape[strlen(escape) - 1] == (char)p[n - 1] && (escape[0] == '$') == two_bytes;
        if (same && (sets[f->sets[i]].reg == 2) == (*reg == 2))
            return f->sets[i];
    }
    return -1;
}

/* The escape sequence at p, whose second byte says that it is one. Bytes taken; 0: more are needed; less than 0: that
 * many are illegal. */
static int read_escape(const Family *f, const uint8_t *p, size_t n, State *state) {
    size_t length = 1;
    for (;; length++) {
        if (length >= n)
            return 0;
        if (length >= 16)
            return -1;
        if ((p[length] >= 'A' && p[length] <= 'Z') || p[length] == '@') {
            if (f->announces && length == 2 && p[1] == '&' && p[2] == '@')
                continue; /* the revision of the set that is designated next */
            break;
        }
    }
    length++;
    if (f->announces && length == 6 && memcmp(p + 1, "&@\x1B$B", 5) == 0) {
        state->reg[0] = SET_JISX0208;
        return 6;
    }
    unsigned reg;
    int set = designated(f, p, length, &reg);
    if (set < 0)
        return -(int)length;
    state->reg[reg] = (uint8_t)set;
    return (int)length;
}

typedef struct Step { /* what was found at a place: bytes (0 more are needed, < 0 illegal), and up to two characters
                       */
    int length;
    uint32_t c, second;
} Step;

static Step take_g2(const State *s, const uint8_t *p, size_t n) {
    Step step = {.length = 3, .c = CODE_POINT_NONE};
    if (n < 3)
        step.length = 0;
    else if (s->reg[2] == SET_LATIN1 && p[2] < 0x80)
        step.c = p[2] | 0x80u;
    else if (s->reg[2] == SET_GREEK && p[2] < 0x80)
        step.c = greek_character(p[2] | 0x80);
    if (step.length != 0 && step.c == CODE_POINT_NONE)
        step.length = -3;
    return step;
}

static bool starts_escape(uint8_t c) { return c == '(' || c == ')' || c == '$' || c == '.' || c == '&'; }

static Step iso2022_step(VM *vm, const Family *f, State *s, const uint8_t *p, size_t n) {
    Step step = {.length = 1, .c = p[0]};
    if (p[0] == ESC) {
        if (n < 2) {
            step.length = 0;
        } else if (starts_escape(p[1])) {
            step.length = read_escape(f, p, n, s);
            step.c = CODE_POINT_NONE;
        } else if (f->uses_g2 && p[1] == 'N') {
            return take_g2(s, p, n);
        }
    } else if (f->shifts && (p[0] == SO || p[0] == SI)) {
        s->shifted = p[0] == SO;
        step.c = CODE_POINT_NONE;
    } else if (p[0] == '\n') {
        s->shifted = 0;
    } else if (p[0] >= 0x80) {
        step.length = -1;
    } else if (p[0] >= 0x20) {
        unsigned set = s->reg[s->shifted], width = sets[set].width;
        step.length = n < width ? 0 : (int)width;
        step.c = step.length != 0 ? decode_in_set(vm, set, p, &step.second) : CODE_POINT_NONE;
        if (step.length != 0 && step.c == CODE_POINT_NONE)
            step.length = -(int)width;
    }
    return step;
}

static Step hz_step(VM *vm, const Family *f, State *s, const uint8_t *p, size_t n) {
    Step step = {.length = 1, .c = p[0]};
    (void)f;
    if (p[0] == '~' && n < 2) {
        step.length = 0;
    } else if (p[0] == '~') {
        bool fits = s->shifted ? p[1] == '}' : p[1] == '~' || p[1] == '{' || p[1] == '\n';
        step.length = fits ? 2 : -1;
        step.c = p[1] == '~' ? '~' : CODE_POINT_NONE;
        if (fits && p[1] != '~' && p[1] != '\n')
            s->shifted = p[1] == '{';
    } else if (p[0] >= 0x80) {
        step.length = -1;
    } else if (s->shifted) {
        step.length = n < 2 ? 0 : 2;
        step.c = n < 2 ? CODE_POINT_NONE : decode_in_set(vm, SET_GB2312, p, &step.second);
        if (n >= 2 && step.c == CODE_POINT_NONE)
            step.length = -1;
    }
    return step;
}

static bool decode_steps(Decoder *d, Step (*next)(VM *, const Family *, State *, const uint8_t *, size_t)) {
    const Family *f = d->codec->data;
    State state = state_of(d->state);
    size_t i = 0;
    bool ok = open_charsets(d->vm, f, d->encoding);
    while (ok && i < d->n) {
        Step step = next(d->vm, f, &state, (const uint8_t *)d->data + i, d->n - i);
        if (step.length > 0) {
            i += (size_t)step.length;
            ok = (step.c == CODE_POINT_NONE || strbuilder_add_char(&d->out, step.c)) &&
                 (step.second == 0 || strbuilder_add_char(&d->out, step.second));
        } else if (step.length < 0) {
            ok = decoder_error(d, i, i + (size_t)-step.length, ILLEGAL, &i);
        } else if (d->final) {
            ok = decoder_error(d, i, d->n, INCOMPLETE, &i);
        } else {
            break;
        }
    }
    d->state = state_word(state);
    d->consumed = i;
    return ok;
}

bool iso2022_decode(Decoder *d) { return decode_steps(d, iso2022_step); }
bool hz_decode(Decoder *d) { return decode_steps(d, hz_step); }

/* --- encoding ------------------------------------------------------------------------------------------------- */

static void put_byte(Encoder *e, uint32_t byte) {
    char c = (char)byte;
    strbuilder_add(&e->out, &c, 1);
}

static void designate(Encoder *e, State *s, unsigned set) {
    unsigned reg = sets[set].reg;
    if (s->shifted && reg == 0) {
        put_byte(e, SI);
        s->shifted = 0;
    }
    if (s->reg[reg] != set) {
        put_byte(e, ESC);
        strbuilder_add_c(&e->out, sets[set].escape);
        s->reg[reg] = (uint8_t)set;
    }
    if (reg == 1 && !s->shifted) {
        put_byte(e, SO);
        s->shifted = 1;
    }
}

/* The code of a character in a set, of two characters if next is not 0; or 0. */
static uint32_t code_in_set(Encoder *e, unsigned set, uint32_t c, uint32_t next) {
    if (set == SET_JIS_ROMAN)
        return next != 0 ? 0 : c == 0xA5 ? '\\' : c == 0x203E ? '~' : 0;
    if (set == SET_JIS_KATAKANA)
        return next == 0 && c - 0xFF61u < 0x3F ? c - 0xFF61u + 0x21 : 0;
    CharsetId id = sets[set].charset;
    uint32_t code = id == CHARSETS ? 0
                    : next != 0    ? charset_encode_pair(e->vm, id, c, next)
                                   : charset_encode(e->vm, id, c);
    bool plane2 = code >> 16 == 0x8F;
    if (plane2 ? set != SET_JISX0213_2 && set != SET_JISX0212 : set == SET_JISX0213_2 || set == SET_JISX0212)
        return 0;
    if (set == SET_JISX0213_2 && !is_plane2_row((code >> 8 & 0x7F) - 0x20))
        return 0;
    return code >= 0xA1A1 && (code & 0x80) ? code & 0x7F7F : 0;
}

static bool put_in_sets(Encoder *e, uint32_t c, uint32_t next) {
    const Family *f = e->codec->data;
    State s = state_of(e->state);
    for (unsigned i = 0; i < f->count; i++) {
        unsigned set = f->sets[i];
        uint32_t code = sets[set].reg < 2 ? code_in_set(e, set, c, next) : 0;
        if (code == 0)
            continue;
        designate(e, &s, set);
        if (sets[set].width == 2)
            put_byte(e, code >> 8);
        put_byte(e, code & 0xFF);
        e->state = state_word(s);
        return !e->out.failed;
    }
    return false;
}

static bool put_iso2022(Encoder *e, uint32_t c) {
    if (c < 0x80) {
        State s = state_of(e->state);
        designate(e, &s, SET_ASCII);
        put_byte(e, c);
        e->state = state_word(s);
        return !e->out.failed;
    }
    if (e->next != 0 && charset_second_of_pair(e->next) && put_in_sets(e, c, e->next)) {
        e->took_next = true;
        return true;
    }
    return !is_surrogate(c) && put_in_sets(e, c, 0);
}

bool iso2022_encode(Encoder *e) {
    if (!open_charsets(e->vm, e->codec->data, e->encoding))
        return false;
    e->pairs = true;
    e->put = put_iso2022;
    if (!encoder_run(e, ILLEGAL, false))
        return false;
    State s = state_of(e->state);
    if (e->final)
        designate(e, &s, SET_ASCII);
    e->state = e->final ? state_word((State){.reg = {0, s.reg[1], s.reg[2]}}) : state_word(s);
    return !e->out.failed;
}

static bool hz_shift(Encoder *e, bool shifted) {
    State s = state_of(e->state);
    if (s.shifted != shifted)
        strbuilder_add_c(&e->out, shifted ? "~{" : "~}");
    s.shifted = shifted;
    e->state = state_word(s);
    return !e->out.failed;
}

static bool put_hz(Encoder *e, uint32_t c) {
    if (c < 0x80) {
        hz_shift(e, false);
        if (c == '~')
            put_byte(e, c);
        put_byte(e, c);
        return !e->out.failed;
    }
    uint32_t code = is_surrogate(c) ? 0 : code_in_set(e, SET_GB2312, c, 0);
    if (code == 0 || !hz_shift(e, true))
        return false;
    put_byte(e, code >> 8);
    put_byte(e, code & 0xFF);
    return !e->out.failed;
}

bool hz_encode(Encoder *e) {
    if (!open_charsets(e->vm, e->codec->data, e->encoding))
        return false;
    e->put = put_hz;
    return encoder_run(e, ILLEGAL, false) && (!e->final || hz_shift(e, false));
}

/* --- the encodings -------------------------------------------------------------------------------------------- */

#define FAMILY(list, ...)                                                                                            \
    &(const Family) { list, ARRAY_LEN(list), __VA_ARGS__ }

static const uint8_t sets_jp[] = {SET_ASCII, SET_JISX0208, SET_JIS_ROMAN, SET_JISX0208_OLD};
static const uint8_t sets_jp_1[] = {SET_ASCII, SET_JISX0208, SET_JISX0212, SET_JIS_ROMAN, SET_JISX0208_OLD};
static const uint8_t sets_jp_2[] = {SET_ASCII,     SET_JISX0208,     SET_JISX0212, SET_KSX1001, SET_GB2312,
                                    SET_JIS_ROMAN, SET_JISX0208_OLD, SET_LATIN1,   SET_GREEK};
static const uint8_t sets_jp_2004[] = {SET_ASCII, SET_JISX0208, SET_JISX0213_1, SET_JISX0213_2};
static const uint8_t sets_jp_3[] = {SET_ASCII, SET_JISX0208, SET_JISX0213_OLD_1, SET_JISX0213_2};
static const uint8_t sets_jp_ext[] = {SET_ASCII,     SET_JISX0208,     SET_JISX0212,
                                      SET_JIS_ROMAN, SET_JIS_KATAKANA, SET_JISX0208_OLD};
static const uint8_t sets_kr[] = {SET_ASCII, SET_KSX1001_G1};
static const uint8_t sets_hz[] = {SET_GB2312};

const Codec codec_shifted[] = {
    {"hz", "hz", hz_decode, hz_encode, FAMILY(sets_hz, false, false, false), true},
    {"iso2022_jp", "iso2022_jp", iso2022_decode, iso2022_encode, FAMILY(sets_jp, false, false, true), true},
    {"iso2022_jp_1", "iso2022_jp_1", iso2022_decode, iso2022_encode, FAMILY(sets_jp_1, false, false, true), true},
    {"iso2022_jp_2", "iso2022_jp_2", iso2022_decode, iso2022_encode, FAMILY(sets_jp_2, false, true, true), true},
    {"iso2022_jp_2004", "iso2022_jp_2004", iso2022_decode, iso2022_encode, FAMILY(sets_jp_2004, false, false, true),
     true},
    {"iso2022_jp_3", "iso2022_jp_3", iso2022_decode, iso2022_encode, FAMILY(sets_jp_3, false, false, true), true},
    {"iso2022_jp_ext", "iso2022_jp_ext", iso2022_decode, iso2022_encode, FAMILY(sets_jp_ext, false, false, true),
     true},
    {"iso2022_kr", "iso2022_kr", iso2022_decode, iso2022_encode, FAMILY(sets_kr, true, false, false), true},
};
const size_t codec_shifted_count = ARRAY_LEN(codec_shifted);
