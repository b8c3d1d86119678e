/* Coded character sets by way of iconv, one sequence or character at a time.
 *
 * A question asked again is answered from memory: for numbers up to 0xFFFF from pages of 256 answers, which are made
 * when they are first needed, for others from a small table of recent answers (a slot for each hash of the question,
 * the last one stays). Descriptors and memory belong to the VM. */
#include "object/codec_charset.h"

#include <iconv.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "object/codec.h"
#include "runtime/vm.h"

#define MEMORY_BITS 8
#define MEMORY_SIZE (1u << MEMORY_BITS)
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define UNICODE_NAME "UTF-32BE"
#else
#define UNICODE_NAME "UTF-32LE"
#endif

typedef struct Decoded {
    uint32_t code, c, second; /* code 0: the slot is empty */
} Decoded;
typedef struct Encoded {
    uint32_t c, code; /* c 0: the slot is empty */
} Encoded;

typedef uint32_t *Pages[256];

typedef struct Charset {
    iconv_t to_unicode, from_unicode;
    Pages characters, codes; /* plus 2 and plus 1, so that 0 is what has not been asked for */
    Decoded decoded[MEMORY_SIZE];
    Encoded encoded[MEMORY_SIZE];
} Charset;

static Charset *charset_of(VM *vm, CharsetId id) { return ((Charset **)vm->charsets)[id]; }
static size_t memory_size(void) { return (CHARSETS + codec_tables_count) * sizeof(void *); }

static uint32_t slot_of(uint32_t key) { return key * 2654435769u >> (32 - MEMORY_BITS); }

/* Where the answer is kept; NULL: in the table. Without memory for a page that is so too. */
static uint32_t *place_of(VM *vm, Pages pages, uint32_t question) {
    if (question > 0xFFFF)
        return NULL;
    uint32_t **page = &pages[question >> 8];
    if (unlikely(*page == NULL)) {
        if (error_pending(vm))
            return NULL;
        *page = mem_zalloc(vm, 256 * sizeof(uint32_t));
        if (*page == NULL) {
            error_clear(vm);
            return NULL;
        }
    }
    return &(*page)[question & 0xFF];
}

/* The memory goes with the VM. */
static void close_all(VM *vm, void *unused) {
    for (int i = 0; i < CHARSETS; i++) {
        Charset *set = charset_of(vm, (CharsetId)i);
        if (set != NULL) {
            iconv_close(set->to_unicode);
            iconv_close(set->from_unicode);
        }
    }
}

static bool make_memory(VM *vm) {
    if (vm->charsets != NULL)
        return true;
    if ((vm->charsets = mem_zalloc(vm, memory_size())) == NULL)
        return false;
    if (vm_at_end(vm, close_all, NULL))
        return true;
    mem_free(vm, vm->charsets, memory_size());
    vm->charsets = NULL;
    return false;
}

void **codec_table_memory(VM *vm, const Codec *codec) {
    return make_memory(vm) ? (void **)vm->charsets + CHARSETS + (codec - codec_tables) : NULL;
}

bool charset_open(VM *vm, CharsetId id, const char *encoding) {
    const CharsetSpec *spec = &charset_specs[id];
    if (!make_memory(vm))
        return false;
    if (charset_of(vm, id) != NULL)
        return true;
    if (spec->fallback >= 0 && !charset_open(vm, (CharsetId)spec->fallback, encoding))
        return false;
    Charset *set = mem_zalloc(vm, sizeof *set);
    if (set == NULL)
        return false;
    set->to_unicode = iconv_open(UNICODE_NAME, spec->name);
    set->from_unicode = set->to_unicode != (iconv_t)-1 ? iconv_open(spec->name, UNICODE_NAME) : (iconv_t)-1;
    if (set->from_unicode == (iconv_t)-1) {
        if (set->to_unicode != (iconv_t)-1)
            iconv_close(set->to_unicode);
        mem_free(vm, set, sizeof *set);
        return raisef(vm, vm->exc.LookupError, "unknown encoding: %s (the system's iconv has no %s)", encoding,
                      spec->name);
    }
    ((Charset **)vm->charsets)[id] = set;
    return true;
}

/* Converts all of the input and flushes: bytes written, 0 if it cannot be converted. */
static size_t convert(iconv_t descriptor, const void *data, size_t n, void *out, size_t size) {
    char *in = (char *)data, *to = out; /* iconv does not write there, whatever its prototype says */
    size_t left = n, room = size;
    iconv(descriptor, NULL, NULL, NULL, NULL);
    if (iconv(descriptor, &in, &left, &to, &room) == (size_t)-1 || left != 0 ||
        iconv(descriptor, NULL, NULL, &to, &room) == (size_t)-1)
        return 0;
    return size - room;
}

static unsigned code_bytes(uint32_t code, char *out) {
    unsigned n = code < 0x100 ? 1 : code < 0x10000 ? 2 : code < 0x1000000 ? 3 : 4;
    for (unsigned i = 0; i < n; i++)
        out[i] = (char)(code >> 8 * (n - 1 - i));
    return n;
}

static const CharsetRun *find_run(const CharsetRun *runs, unsigned n, uint32_t key) {
    for (unsigned i = 0; i < n; i++)
        if (key - runs[i].from < runs[i].count)
            return &runs[i];
    return NULL;
}

static void decode_new(VM *vm, CharsetId id, Decoded *slot) {
    const CharsetSpec *spec = &charset_specs[id];
    const CharsetRun *run = find_run(spec->decode, spec->ndecode, slot->code);
    uint32_t out[3];
    char bytes[4];
    slot->c = CODE_POINT_NONE;
    slot->second = 0;
    if (run != NULL) {
        if (run->to != 0)
            slot->c = run->to + (slot->code - run->from);
        return;
    }
    unsigned n = code_bytes(slot->code, bytes);
    size_t got = convert(charset_of(vm, id)->to_unicode, bytes, n, out, sizeof out);
    /* two characters may also be those of two sequences */
    if (got == 4 || (got == 8 && convert(charset_of(vm, id)->to_unicode, bytes, 1, out + 2, 4) == 0)) {
        slot->c = out[0];
        slot->second = got == 8 ? out[1] : 0;
    } else if (spec->fallback >= 0) {
        slot->c = charset_decode(vm, (CharsetId)spec->fallback, slot->code, &slot->second);
    }
}

uint32_t charset_decode(VM *vm, CharsetId id, uint32_t code, uint32_t *second) {
    Charset *set = charset_of(vm, id);
    uint32_t *known = place_of(vm, set->characters, code);
    *second = 0;
    if (likely(known != NULL && *known != 0))
        return *known - 2;
    Decoded *slot = &set->decoded[slot_of(code)];
    if (slot->code != code || code == 0) {
        slot->code = code;
        decode_new(vm, id, slot);
    }
    *second = slot->second;
    if (known != NULL && slot->second == 0)
        *known = slot->c + 2;
    return slot->c;
}

static uint32_t convert_characters(VM *vm, CharsetId id, const uint32_t *text, size_t n) {
    uint8_t bytes[8];
    size_t got = convert(charset_of(vm, id)->from_unicode, text, n * 4, bytes, sizeof bytes);
    uint32_t code = 0;
    for (size_t i = 0; i < got && got <= 4; i++)
        code = code << 8 | bytes[i];
    return code;
}

/* CP932 has characters of IBM's extension twice; the copy in NEC's rows is the one that is written. */
static uint32_t nec_code(VM *vm, CharsetId id, uint32_t c, uint32_t code) {
    uint32_t second;
    for (uint32_t other = 0xED40; code >= 0xFA40 && code <= 0xFC4B && other <= 0xEEFC; other++)
        if (charset_decode(vm, id, other, &second) == c)
            return other;
    return code;
}

static uint32_t encode_new(VM *vm, CharsetId id, uint32_t c) {
    const CharsetSpec *spec = &charset_specs[id];
    const CharsetRun *run = find_run(spec->encode, spec->nencode, c);
    if (run != NULL)
        return run->to == 0 ? 0 : run->to + (c - run->from);
    for (unsigned i = 0; i < spec->ndecode; i++)
        if (spec->decode[i].to != 0 && c - spec->decode[i].to < spec->decode[i].count)
            return spec->decode[i].from + (c - spec->decode[i].to);
    uint32_t code = convert_characters(vm, id, &c, 1), second;
    /* what does not come back was an approximation, or has been corrected */
    if (code != 0 && ((code < 0x80 && c >= 0x80) || charset_decode(vm, id, code, &second) != c || second != 0))
        code = 0;
    if (spec->prefers_nec)
        code = nec_code(vm, id, c, code);
    return code == 0 && spec->fallback >= 0 ? charset_encode(vm, (CharsetId)spec->fallback, c) : code;
}

uint32_t charset_encode(VM *vm, CharsetId id, uint32_t c) {
    Charset *set = charset_of(vm, id);
    uint32_t *known = place_of(vm, set->codes, c);
    if (likely(known != NULL && *known != 0))
        return *known - 1;
    Encoded *slot = &set->encoded[slot_of(c)];
    if (slot->c != c || c == 0) {
        uint32_t code = encode_new(vm, id, c);
        slot->c = c;
        slot->code = code;
    }
    if (known != NULL)
        *known = slot->code + 1;
    return slot->code;
}

uint32_t charset_encode_pair(VM *vm, CharsetId id, uint32_t c, uint32_t second) {
    const uint32_t text[2] = {c, second};
    uint32_t code = convert_characters(vm, id, text, 2), other;
    return code != 0 && charset_decode(vm, id, code, &other) == c && other == second ? code : 0;
}
