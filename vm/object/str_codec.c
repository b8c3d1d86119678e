/* Text to bytes and back: the table of encodings, what they share when something cannot be turned over, and those of
 * one byte a unit (UTF-8, ASCII, Latin-1).
 *
 * UTF-8 without errors is a copy. Otherwise a codec appends to the builder of its Decoder or Encoder and calls
 * decoder_error or encoder_error where it is stuck; the usual handlers are answered there, the others are called.
 */
#include "object/codec.h"

#include "object/str_internal.h"

/* --- errors ---------------------------------------------------------------------------------------------------- */

static Value error_new(VM *vm, Type *type, const char *encoding, Value object, size_t start, size_t end,
                       const char *reason) {
    Value args[5] = {str_from_c(vm, encoding), incref(object), int_from_ssize(vm, (ssize_t)start),
                     int_from_ssize(vm, (ssize_t)end), 0};
    if (args[0] != 0)
        args[4] = str_from_c(vm, reason);
    Value exc = args[4] != 0 ? exception_new(vm, type, args, 5) : VALUE_ERROR;
    for (size_t i = 0; i < ARRAY_LEN(args); i++)
        decref(vm, args[i]);
    return exc;
}

/* The position of a handler's answer: its second item, counted from the end when negative. */
static bool answer_position(VM *vm, Value v, size_t n, size_t *out) {
    ssize_t i;
    if (!to_ssize(vm, v, &i))
        return false;
    ssize_t at = i < 0 ? i + (ssize_t)n : i;
    if (at < 0 || (size_t)at > n)
        return raise_index(vm, "position %z from error handler out of bounds", at);
    *out = (size_t)at;
    return true;
}

bool decoder_answer(Decoder *d, Value answer, size_t *resume) {
    VM *vm = d->vm;
    bool ok = is_tuple(answer) && as_tuple(answer)->len == 2 && is_str(as_tuple(answer)->items[0]) &&
              is_int(as_tuple(answer)->items[1]);
    if (ok)
        ok = strbuilder_add_value(&d->out, as_tuple(answer)->items[0]) &&
             answer_position(vm, as_tuple(answer)->items[1], d->n, resume);
    else
        raise_type(vm, "decoding error handler must return (str, int) tuple");
    decref(vm, answer);
    return ok;
}

bool decoder_error(Decoder *d, size_t start, size_t end, const char *reason, size_t *resume) {
    VM *vm = d->vm;
    *resume = end;
    if (strcmp(d->errors, "ignore") == 0)
        return true;
    if (strcmp(d->errors, "replace") == 0)
        return strbuilder_add_char(&d->out, 0xFFFD);
    if (d->object == 0 && (d->object = bytes_new(vm, d->data, d->n)) == 0)
        return false;
    Value exc = error_new(vm, vm->exc.UnicodeDecodeError, d->encoding, d->object, start, end, reason);
    if (exc == 0)
        return false;
    if (strcmp(d->errors, "strict") == 0)
        return raise_new(vm, exc);
    Value answer = codec_handle_error(vm, d->errors, exc);
    decref(vm, exc);
    return answer != 0 && decoder_answer(d, answer, resume);
}

static bool put_all(Encoder *e, Value s) {
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    e->next = 0;
    while (p < end) {
        if (e->run != NULL)
            e->run(e, &p, end);
        if (p < end && !e->put(e, utf8_next(&p)))
            return false;
    }
    return true;
}

/* Writes the answer of a handler. When the encoding cannot take it either, the error is what it was. Consumes exc. */
static bool encoder_answer(Encoder *e, Value answer, Value exc, size_t *resume) {
    VM *vm = e->vm;
    if (!is_tuple(answer) || as_tuple(answer)->len != 2 || !is_int(as_tuple(answer)->items[1]) ||
        !(is_str(as_tuple(answer)->items[0]) || is_bytes(as_tuple(answer)->items[0]))) {
        decref(vm, exc);
        return raise_type(vm, "encoding error handler must return (str/bytes, int) tuple");
    }
    Value text = as_tuple(answer)->items[0];
    bool ok;
    if (is_bytes(text)) {
        ok = as_bytes(text)->len % e->unit == 0;
        if (ok)
            strbuilder_add(&e->out, as_bytes(text)->data, as_bytes(text)->len);
    } else {
        ok = put_all(e, text);
    }
    if (!ok)
        return raise_new(vm, exc);
    decref(vm, exc);
    return !e->out.failed && answer_position(vm, as_tuple(answer)->items[1], as_str(e->text)->nchars, resume);
}

/* The first one may come with a change of state; all after the second one are like that. */
static bool put_many(Encoder *e, uint32_t c, size_t n) {
    size_t length = 0;
    for (size_t i = 0; i < n && i < 2; i++) {
        length = e->out.len;
        if (!e->put(e, c))
            return !e->out.failed;
    }
    length = e->out.len - length;
    if (n <= 2)
        return true;
    char *to = strbuilder_room(&e->out, length * (n - 2));
    if (to != NULL)
        text_fill(to, to - length, length, length * (n - 2));
    return to != NULL;
}

bool encoder_error(Encoder *e, size_t start, size_t end, const char *reason, size_t *resume) {
    VM *vm = e->vm;
    *resume = end;
    if (strcmp(e->errors, "ignore") == 0)
        return true;
    if (strcmp(e->errors, "replace") == 0)
        return put_many(e, '?', end - start);
    Value exc = error_new(vm, vm->exc.UnicodeEncodeError, e->encoding, e->text, start, end, reason);
    if (exc == 0)
        return false;
    if (strcmp(e->errors, "strict") == 0)
        return raise_new(vm, exc);
    Value answer = codec_handle_error(vm, e->errors, exc);
    if (answer == 0) {
        decref(vm, exc);
        return false;
    }
    bool ok = encoder_answer(e, answer, exc, resume);
    decref(vm, answer);
    return ok;
}

/* Puts the character at *p and moves on; false: it was refused, and *p is behind it. */
static bool put_next(Encoder *e, const char **p, const char *end, size_t *at) {
    uint32_t c = utf8_next(p);
    const char *behind = *p;
    e->next = e->pairs && behind < end ? utf8_next(&behind) : 0;
    e->took_next = false;
    ++*at;
    bool ok = e->put(e, c);
    if (e->took_next) {
        *p = behind;
        ++*at;
    }
    return ok;
}

/* Skips what is refused in a row. */
static void skip_refused(Encoder *e, const char **p, const char *end, size_t *at) {
    while (*p < end) {
        size_t length = e->out.len;
        const char *here = *p;
        uint32_t c = utf8_next(p);
        /* nothing is written by a refusal, so an accepted one is taken back */
        if ((e->refused == 0 || c < e->refused) && e->put(e, c)) {
            e->out.len = length;
            *p = here;
            return;
        }
        ++*at;
    }
}

bool encoder_run(Encoder *e, const char *reason, bool runs) {
    const Str *s = as_str(e->text);
    const char *p = s->data, *end = p + s->nbytes;
    size_t at = 0;
    while (p < end) {
        if (e->run != NULL)
            at += e->run(e, &p, end);
        size_t start = at, resume;
        if (p == end || put_next(e, &p, end, &at))
            continue;
        if (e->out.failed || error_pending(e->vm))
            return false;
        if (runs)
            skip_refused(e, &p, end, &at);
        if (!encoder_error(e, start, at, reason, &resume))
            return false;
        if (resume != at) {
            at = resume;
            p = s->data + str_byte_offset(e->vm, e->text, at);
        }
    }
    return !e->out.failed;
}

static size_t ascii_run(Encoder *e, const char **p, const char *end) {
    size_t n = utf8_ascii_prefix(*p, (size_t)(end - *p));
    if (!strbuilder_add(&e->out, *p, n))
        return 0;
    *p += n;
    return n;
}

/* --- UTF-8 ----------------------------------------------------------------------------------------------------- */

static bool utf8_decode_all(Decoder *d) {
    size_t i = 0;
    while (i < d->n) {
        size_t from = i;
        unsigned length = 0;
        Utf8Fault fault = UTF8_FINE;
        while (i < d->n) {
            while (d->n - i >= 4 && (length = utf8_plain_length(d->data + i)) != 0)
                i += length;
            i += utf8_ascii_prefix(d->data + i, d->n - i);
            if (i >= d->n || (fault = utf8_check(d->data + i, d->n - i, &length)) != UTF8_FINE)
                break;
            i += length;
        }
        if (!strbuilder_add(&d->out, d->data + from, i - from))
            return false;
        if (fault == UTF8_FINE)
            break;
        if (fault == UTF8_TRUNCATED && !d->final)
            break;
        const char *reason = fault == UTF8_BAD_START          ? "invalid start byte"
                             : fault == UTF8_BAD_CONTINUATION ? "invalid continuation byte"
                                                              : "unexpected end of data";
        if (!decoder_error(d, i, i + length, reason, &i))
            return false;
    }
    d->consumed = i;
    return true;
}

static bool put_utf8(Encoder *e, uint32_t c) { return !is_surrogate(c) && strbuilder_add_char(&e->out, c); }

static bool utf8_encode_all(Encoder *e) {
    e->put = put_utf8;
    e->run = ascii_run;
    return encoder_run(e, "surrogates not allowed", true);
}

bool str_has_surrogates(const Str *s) {
    if (str_is_ascii(s))
        return false;
    const char *p = s->data, *end = p + s->nbytes;
    while ((p = memchr(p, 0xED, (size_t)(end - p))) != NULL) {
        if ((uint8_t)p[1] >= 0xA0)
            return true;
        p++;
    }
    return false;
}

static bool utf8_sig_decode(Decoder *d) {
    size_t skip = 0;
    if (d->n >= 3 && memcmp(d->data, "\xEF\xBB\xBF", 3) == 0) {
        skip = 3;
    } else if (d->n < 3 && !d->final && memcmp(d->data, "\xEF\xBB\xBF", d->n) == 0) {
        d->consumed = 0; /* it may become the signature */
        return true;
    }
    d->data += skip; /* positions in errors are behind the signature, as in CPython */
    d->n -= skip;
    bool ok = utf8_decode_all(d);
    d->consumed += skip;
    return ok;
}

static bool utf8_sig_encode(Encoder *e) {
    strbuilder_add(&e->out, "\xEF\xBB\xBF", 3);
    return utf8_encode_all(e);
}

/* --- one byte a character -------------------------------------------------------------------------------------- */

static bool ascii_decode(Decoder *d) {
    for (size_t i = 0; i < d->n;) {
        size_t n = utf8_ascii_prefix(d->data + i, d->n - i);
        if (!strbuilder_add(&d->out, d->data + i, n))
            return false;
        i += n;
        if (i < d->n && !decoder_error(d, i, i + 1, "ordinal not in range(128)", &i))
            return false;
    }
    d->consumed = d->n;
    return true;
}

static bool put_ascii(Encoder *e, uint32_t c) {
    char byte = (char)c;
    return c < 128 && strbuilder_add(&e->out, &byte, 1);
}

static bool ascii_encode(Encoder *e) {
    e->put = put_ascii;
    e->run = ascii_run;
    e->refused = 128;
    return encoder_run(e, "ordinal not in range(128)", true);
}

static bool latin1_decode(Decoder *d) {
    for (size_t i = 0; i < d->n;) {
        size_t n = utf8_ascii_prefix(d->data + i, d->n - i);
        strbuilder_add(&d->out, d->data + i, n);
        i += n;
        n = d->n - i < 64 ? d->n - i : 64;
        char *to = strbuilder_room(&d->out, 2 * n);
        if (to == NULL)
            return false;
        for (size_t stop = i + n; i < stop; i++)
            to += utf8_encode((uint8_t)d->data[i], to);
        d->out.len = (size_t)(to - d->out.data);
    }
    d->consumed = d->n;
    return true;
}

static bool put_latin1(Encoder *e, uint32_t c) {
    char byte = (char)c;
    return c < 256 && strbuilder_add(&e->out, &byte, 1);
}

static size_t latin1_run(Encoder *e, const char **p, const char *end) {
    size_t most = (size_t)(end - *p);
    char *start = strbuilder_room(&e->out, most), *to = start;
    if (start == NULL)
        return 0;
    const char *q = *p;
    while (q < end && (uint8_t)*q < 0xC4) { /* one byte, or two whose first one is C2 or C3 */
        uint8_t byte = (uint8_t)*q++;
        *to++ = (char)(byte < 0x80 ? byte : byte << 6 | (*q++ & 0x3F));
    }
    *p = q;
    e->out.len -= most - (size_t)(to - start);
    return (size_t)(to - start);
}

static bool latin1_encode(Encoder *e) {
    e->put = put_latin1;
    e->run = latin1_run;
    e->refused = 256;
    return encoder_run(e, "ordinal not in range(256)", true);
}

/* --- the encodings --------------------------------------------------------------------------------------------- */

enum {
    UTF8,
    UTF8_SIG,
    ASCII,
    LATIN1,
    UTF16,
    UTF16_LE,
    UTF16_BE,
    UTF32,
    UTF32_LE,
    UTF32_BE,
    UTF7,
    CHARMAP,
    UNICODE_ESCAPE,
    RAW_UNICODE_ESCAPE
};

static const Codec codecs[] = {
    [UTF8] = {"utf-8", "utf-8", utf8_decode_all, utf8_encode_all, NULL, false},
    [UTF8_SIG] = {"utf-8-sig", "utf-8", utf8_sig_decode, utf8_sig_encode, NULL, false},
    [ASCII] = {"ascii", "ascii", ascii_decode, ascii_encode, NULL, false},
    [LATIN1] = {"iso8859-1", "latin-1", latin1_decode, latin1_encode, NULL, false},
    [UTF16] = {"utf-16", "utf-16", utf16_decode, utf16_encode, NULL, false},
    [UTF16_LE] = {"utf-16-le", "utf-16-le", utf16_decode, utf16_encode, NULL, false},
    [UTF16_BE] = {"utf-16-be", "utf-16-be", utf16_decode, utf16_encode, NULL, false},
    [UTF32] = {"utf-32", "utf-32", utf32_decode, utf32_encode, NULL, false},
    [UTF32_LE] = {"utf-32-le", "utf-32-le", utf32_decode, utf32_encode, NULL, false},
    [UTF32_BE] = {"utf-32-be", "utf-32-be", utf32_decode, utf32_encode, NULL, false},
    [UTF7] = {"utf-7", "utf7", utf7_decode, utf7_encode, NULL, false},
    [CHARMAP] = {"charmap", "latin-1", latin1_decode, latin1_encode, NULL, false},
    [UNICODE_ESCAPE] = {"unicode-escape", "unicodeescape", unicode_escape_decode, unicode_escape_encode, NULL, false},
    [RAW_UNICODE_ESCAPE] = {"raw-unicode-escape", "rawunicodeescape", raw_unicode_escape_decode,
                            raw_unicode_escape_encode, NULL, false},
};

bool codec_normalize(const char *name, char *out, size_t size) {
    size_t n = 0;
    bool gap = false;
    for (; *name != 0; name++) {
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name;
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.')) {
            gap = true;
            continue;
        }
        if (n + 3 > size)
            return false;
        if (gap && n > 0)
            out[n++] = '_';
        gap = false;
        out[n++] = c;
    }
    out[n] = 0;
    return true;
}

static const char *find_alias(const char *name) {
    size_t low = 0, high = codec_aliases_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, codec_aliases[middle].name);
        if (order == 0)
            return codec_aliases[middle].codec;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* Is `name` the name of the encoding, but for underscores where that has hyphens? */
static bool same_name(const char *name, const char *canonical) {
    for (; *name != 0 && (*name == *canonical || (*name == '_' && *canonical == '-')); name++)
        canonical++;
    return *name == *canonical;
}

static const Codec *find_among(const char *name, const Codec *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (list[i].name[0] == name[0] && same_name(name, list[i].name))
            return &list[i];
    return NULL;
}

/* One of those in this file, by its own name. */
static const Codec *find_here(const char *name) {
    return strcmp(name, "latin_1") == 0 ? &codecs[LATIN1] : find_among(name, codecs, ARRAY_LEN(codecs));
}

const Codec *codec_find_module(const char *name) {
    const Codec *c = find_here(name);
    if (c == NULL)
        c = find_among(name, codec_tables, codec_tables_count);
    if (c == NULL)
        c = find_among(name, codec_multibytes, codec_multibytes_count);
    return c != NULL ? c : find_among(name, codec_shifted, codec_shifted_count);
}

const Codec *codec_find(const char *name) {
    char text[40];
    if (strcmp(name, "utf-8") == 0)
        return &codecs[UTF8];
    if (!codec_normalize(name, text, sizeof text))
        return NULL;
    const Codec *here = find_here(text);
    if (here != NULL)
        return here;
    const char *real = find_alias(text);
    for (char *dot = text; real == NULL && (dot = strchr(dot, '.')) != NULL;)
        *dot = '_';
    if (real == NULL)
        real = find_alias(text);
    return codec_find_module(real != NULL ? real : text);
}

/* --- entrances ------------------------------------------------------------------------------------------------- */

Value codec_decode(VM *vm, const Codec *codec, const char *data, size_t n, const char *errors, bool final,
                   size_t *consumed, uint32_t *state) {
    size_t chars;
    *consumed = n;
    if ((codec == &codecs[UTF8] && utf8_validate(data, n, false, &chars)))
        return str_new_counted(vm, data, n, chars);
    if ((codec == &codecs[ASCII] || codec == &codecs[LATIN1]) && utf8_is_ascii(data, n))
        return str_new_ascii(vm, data, n);
    Decoder d = {.vm = vm,
                 .codec = codec,
                 .encoding = codec->label,
                 .errors = errors != NULL ? errors : "strict",
                 .data = data,
                 .n = n,
                 .final = final,
                 .state = state != NULL ? *state : 0};
    strbuilder_init(&d.out, vm);
    bool ok = codec->decode(&d);
    decref(vm, d.object);
    *consumed = d.consumed;
    if (state != NULL)
        *state = d.state;
    if (ok)
        return strbuilder_finish(&d.out);
    strbuilder_drop(&d.out);
    return VALUE_ERROR;
}

Value codec_encode(VM *vm, const Codec *codec, Value text, const char *errors, bool final, uint32_t *state) {
    const Str *s = as_str(text);
    bool ascii = str_is_ascii(s);
    if ((codec == &codecs[UTF8] && !str_has_surrogates(s)) ||
        (ascii && (codec == &codecs[ASCII] || codec == &codecs[LATIN1])))
        return bytes_new(vm, s->data, s->nbytes);
    Encoder e = {.vm = vm,
                 .codec = codec,
                 .encoding = codec->label,
                 .errors = errors != NULL ? errors : "strict",
                 .text = text,
                 .final = final,
                 .state = state != NULL ? *state : 0,
                 .unit = 1};
    strbuilder_init(&e.out, vm);
    bool ok = codec->encode(&e);
    if (state != NULL)
        *state = e.state;
    Value r = ok && !e.out.failed ? bytes_new(vm, e.out.len != 0 ? e.out.data : "", e.out.len) : VALUE_ERROR;
    strbuilder_drop(&e.out);
    return r;
}

/* Names by which encodings are reached without the registry: failing gets no note. */
static bool is_direct_name(const char *name) {
    static const char *const direct[] = {"utf_8",   "utf8",   "utf_16",     "utf16",     "utf_32", "utf32",
                                         "latin_1", "latin1", "iso_8859_1", "iso8859_1", "ascii",  "us_ascii"};
    char text[16];
    for (size_t i = 0; codec_normalize(name, text, sizeof text) && i < ARRAY_LEN(direct); i++)
        if (strcmp(text, direct[i]) == 0)
            return true;
    return false;
}

Value str_decode(VM *vm, const char *data, size_t n, const char *encoding, const char *errors) {
    const Codec *codec = encoding == NULL ? &codecs[UTF8] : codec_find(encoding);
    if (codec == NULL)
        return codec_script_decode(vm, data, n, encoding, errors);
    size_t consumed;
    Value r = codec_decode(vm, codec, data, n, errors, true, &consumed, NULL);
    if (r == 0 && encoding != NULL && !is_direct_name(encoding))
        codec_add_note(vm, "decoding", encoding);
    return r;
}

Value str_encode(VM *vm, Value s, const char *encoding, const char *errors) {
    const Codec *codec = encoding == NULL ? &codecs[UTF8] : codec_find(encoding);
    if (codec == NULL)
        return codec_script_encode(vm, s, encoding, errors);
    Value r = codec_encode(vm, codec, s, errors, true, NULL);
    if (r == 0 && encoding != NULL && !is_direct_name(encoding))
        codec_add_note(vm, "encoding", encoding);
    return r;
}
