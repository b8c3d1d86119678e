/* The algorithms that text and bytes share: searching, splitting, replacing, stripping, padding. They work on bytes;
 * where characters count (blanks, columns, strip sets) the kind of the Text decides. Searching UTF-8 as bytes finds
 * exactly the places where the code points match, since no sequence occurs inside another.
 *
 * A result that is the whole original is the original, if that is immutable and of the plain class.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem, memrchr */
#endif
#include "object/str_internal.h"

#include "base/load.h"

#ifndef __GLIBC__
static const void *memrchr(const void *data, int c, size_t n) {
    const char *p = data;
    while (n-- > 0)
        if (p[n] == (char)c)
            return p + n;
    return NULL;
}
#endif

Text text_of_str(Value s) {
    const Str *t = as_str(s);
    return (Text){t->data, t->nbytes, KIND_STR, str_is_ascii(t), s};
}

Value text_make(VM *vm, const Text *t, const char *data, size_t n) {
    if (n == t->len && t->owner != 0 && t->kind != KIND_BYTEARRAY && !(as_obj(t->owner)->flags & OBJ_SUBTYPE))
        return incref(t->owner);
    switch (t->kind) {
    case KIND_STR:
        return t->ascii ? str_new_ascii(vm, data, n) : str_new(vm, data, n);
    case KIND_BYTES:
        return bytes_new(vm, data, n);
    default:
        return bytearray_new(vm, data, n);
    }
}

Value text_alloc(VM *vm, const Text *t, size_t n, size_t nchars, char **data) {
    Value r;
    if (t->kind == KIND_STR) {
        r = str_alloc(vm, n, nchars);
        *data = r ? as_str(r)->data : NULL;
    } else if (t->kind == KIND_BYTES) {
        r = bytes_new(vm, NULL, n);
        *data = r ? as_bytes(r)->data : NULL;
    } else {
        r = bytearray_new(vm, NULL, n);
        *data = r ? ((ByteArray *)as_obj(r))->data : NULL;
    }
    return r;
}

/* --- searching ------------------------------------------------------------------------------------------------- */

/* Looks for the needle's last byte, which tells more than the first one where characters have several. A byte that
 * turns up often is no help: then memmem goes on, whose tables are slow to make but bear with any text. */
ssize_t text_find(const char *hay, size_t n, const char *needle, size_t m) {
    if (m > n)
        return -1;
    if (m == 0)
        return 0;
    const char *p = hay + m - 1, *end = hay + n;
    if (m == 1) {
        p = memchr(hay, needle[0], n);
        return p != NULL ? p - hay : -1;
    }
    for (int misses = 0; misses < 16; misses++, p++) {
        p = memchr(p, needle[m - 1], (size_t)(end - p));
        if (p == NULL)
            return -1;
        const char *start = p - (m - 1);
        if (start[0] == needle[0] && memcmp(start, needle, m) == 0)
            return start - hay;
    }
    p -= m - 1;
    p = memmem(p, (size_t)(end - p), needle, m);
    return p != NULL ? p - hay : -1;
}

ssize_t text_rfind(const char *hay, size_t n, const char *needle, size_t m) {
    if (m > n)
        return -1;
    if (m == 0)
        return (ssize_t)n;
    size_t left = n - m + 1; /* places where the needle may start */
    while (left > 0) {
        const char *p = memrchr(hay, needle[0], left);
        if (p == NULL)
            return -1;
        if (memcmp(p, needle, m) == 0)
            return p - hay;
        left = (size_t)(p - hay);
    }
    return -1;
}

#define LOW_BITS 0x0101010101010101ull

/* 0x80 for each byte of the word that is c: adding carries into the top bit of the others, never beyond it. */
static ALWAYS_INLINE uint64_t equal_bytes(uint64_t word, char c) {
    const uint64_t low = 0x7F * LOW_BITS;
    word ^= (uint8_t)c * LOW_BITS;
    return ~(((word & low) + low) | word | low);
}

size_t text_count(const char *hay, size_t n, const char *needle, size_t m, size_t max) {
    size_t count = 0;
    const char *end = hay + n;
    if (m == 1) {
        if (max == SIZE_MAX) { /* without branches */
            for (; end - hay >= 8; hay += 8)
                count += (equal_bytes(load_64(hay), needle[0]) >> 7) * LOW_BITS >> 56;
            for (; hay < end; hay++)
                count += *hay == needle[0];
            return count;
        }
        while (count < max && (hay = memchr(hay, needle[0], (size_t)(end - hay))) != NULL) {
            count++;
            hay++;
        }
        return count;
    }
    while (count < max) {
        ssize_t i = text_find(hay, (size_t)(end - hay), needle, m);
        if (i < 0)
            break;
        count++;
        hay += (size_t)i + m;
    }
    return count;
}

/* --- blanks ---------------------------------------------------------------------------------------------------- */

static ALWAYS_INLINE bool is_byte_blank(uint8_t c) { return c == ' ' || (c >= 9 && c <= 13); }
static ALWAYS_INLINE bool is_ascii_blank(uint8_t c) { return is_byte_blank(c) || (c >= 28 && c <= 31); }

unsigned text_blank(const Text *t, const char *p, const char *end) {
    if (p >= end)
        return 0;
    if (t->kind != KIND_STR)
        return is_byte_blank((uint8_t)*p);
    if ((uint8_t)*p < 0x80)
        return is_ascii_blank((uint8_t)*p);
    unsigned n;
    return unicode_is_space(utf8_decode(p, &n)) ? n : 0;
}

unsigned text_blank_before(const Text *t, const char *start, const char *p) {
    if (p <= start)
        return 0;
    if (t->kind != KIND_STR)
        return is_byte_blank((uint8_t)p[-1]);
    if ((uint8_t)p[-1] < 0x80)
        return is_ascii_blank((uint8_t)p[-1]);
    unsigned n;
    return unicode_is_space(utf8_decode(utf8_previous(p), &n)) ? n : 0;
}

static const char *skip_blanks(const Text *t, const char *p, const char *end) {
    unsigned n;
    while ((n = text_blank(t, p, end)) != 0)
        p += n;
    return p;
}

/* Can a blank begin with this byte of a str? All blanks beyond ASCII have one of four first bytes. */
static ALWAYS_INLINE bool may_be_blank(uint8_t c) { return c <= ' ' || c == 0xC2 || c - 0xE1u < 3; }

static const char *skip_word(const Text *t, const char *p, const char *end) {
    if (t->kind != KIND_STR) {
        while (p < end && !is_byte_blank((uint8_t)*p))
            p++;
        return p;
    }
    while (p < end && (!may_be_blank((uint8_t)*p) || text_blank(t, p, end) == 0))
        p++; /* bytes within a sequence are no blanks either */
    return p;
}

static const char *skip_blanks_back(const Text *t, const char *start, const char *p) {
    unsigned n;
    while ((n = text_blank_before(t, start, p)) != 0)
        p -= n;
    return p;
}

static const char *skip_word_back(const Text *t, const char *start, const char *p) {
    while (p > start && text_blank_before(t, start, p) == 0)
        p = t->kind == KIND_STR ? utf8_previous(p) : p - 1;
    return p;
}

/* --- splitting ------------------------------------------------------------------------------------------------- */

static bool add_part(VM *vm, Value list, const Text *t, const char *from, const char *to) {
    Value part = text_make(vm, t, from, (size_t)(to - from));
    return part != 0 && list_append_steal(vm, list, part);
}

static Value finish_list(VM *vm, Value list, bool ok) {
    if (ok)
        return list;
    decref(vm, list);
    return VALUE_ERROR;
}

static bool split_blanks(VM *vm, Value list, const Text *t, size_t max) {
    const char *end = t->data + t->len, *p = skip_blanks(t, t->data, end);
    while (p < end && max-- > 0) {
        const char *word = p;
        p = skip_word(t, p, end);
        if (!add_part(vm, list, t, word, p))
            return false;
        p = skip_blanks(t, p, end);
    }
    return p >= end || add_part(vm, list, t, p, end); /* the rest keeps its blanks */
}

#define PARTS_EXPECTED 12

Value text_split(VM *vm, const Text *t, const char *sep, size_t nsep, ssize_t limit) {
    Value list = list_new(vm, 0);
    if (list == 0)
        return VALUE_ERROR;
    size_t max = limit < 0 ? SIZE_MAX : (size_t)limit;
    if (sep == NULL)
        return finish_list(vm, list, split_blanks(vm, list, t, max));
    const char *p = t->data, *end = p + t->len;
    /* room for the parts of a usual line, so that the list does not grow step by step */
    bool ok =
        t->len < PARTS_EXPECTED || list_reserve(vm, as_list(list), max < PARTS_EXPECTED ? max + 1 : PARTS_EXPECTED);
    while (ok && max-- > 0) {
        ssize_t i = text_find(p, (size_t)(end - p), sep, nsep);
        if (i < 0)
            break;
        ok = add_part(vm, list, t, p, p + i);
        p += (size_t)i + nsep;
    }
    return finish_list(vm, list, ok && add_part(vm, list, t, p, end));
}

static bool rsplit_blanks(VM *vm, Value list, const Text *t, size_t max) {
    const char *start = t->data, *p = skip_blanks_back(t, start, start + t->len);
    while (p > start && max-- > 0) {
        const char *end = p;
        p = skip_word_back(t, start, p);
        if (!add_part(vm, list, t, p, end))
            return false;
        p = skip_blanks_back(t, start, p);
    }
    return p <= start || add_part(vm, list, t, start, p);
}

static void reverse_list(Value list) {
    List *l = as_list(list);
    for (size_t i = 0, k = l->len; i + 1 < k; i++) {
        k--;
        Value v = l->items[i];
        l->items[i] = l->items[k];
        l->items[k] = v;
    }
}

Value text_rsplit(VM *vm, const Text *t, const char *sep, size_t nsep, ssize_t limit) {
    if (limit < 0 && sep != NULL)
        limit = SSIZE_MAX;
    Value list = list_new(vm, 0);
    if (list == 0)
        return VALUE_ERROR;
    size_t max = limit < 0 ? SIZE_MAX : (size_t)limit;
    bool ok = true;
    if (sep == NULL) {
        ok = rsplit_blanks(vm, list, t, max);
    } else {
        size_t left = t->len;
        while (ok && max-- > 0) {
            ssize_t i = text_rfind(t->data, left, sep, nsep);
            if (i < 0)
                break;
            ok = add_part(vm, list, t, t->data + i + nsep, t->data + left);
            left = (size_t)i;
        }
        ok = ok && add_part(vm, list, t, t->data, t->data + left);
    }
    if (ok)
        reverse_list(list);
    return finish_list(vm, list, ok);
}

/* Length of the line break at p, 0 if there is none. */
static unsigned line_break(const Text *t, const char *p, const char *end) {
    if (*p == '\n')
        return 1;
    if (*p == '\r')
        return p + 1 < end && p[1] == '\n' ? 2 : 1;
    uint8_t lead = (uint8_t)*p;
    if (t->kind != KIND_STR || (lead >= 0x20 && lead < 0xC2) || lead > 0xE2)
        return 0;
    unsigned n;
    return unicode_is_line_break(utf8_decode(p, &n)) ? n : 0;
}

/* Passes by bytes with which no line break begins: all but the control characters and two lead bytes. */
static const char *skip_plain(const char *p, const char *end) {
    while (p < end && (uint8_t)*p >= 0x20 && (uint8_t)*p != 0xC2 && (uint8_t)*p != 0xE2)
        p++;
    return p;
}

Value text_splitlines(VM *vm, const Text *t, bool keep) {
    Value list = list_new(vm, 0);
    if (list == 0)
        return VALUE_ERROR;
    const char *p = t->data, *end = p + t->len;
    bool ok = true;
    while (ok && p < end) {
        const char *line = p;
        unsigned n = 0;
        while ((p = skip_plain(p, end)) < end && (n = line_break(t, p, end)) == 0)
            p++;
        ok = add_part(vm, list, t, line, keep ? p + n : p);
        p += n;
    }
    return finish_list(vm, list, ok);
}

static Value triple_steal(VM *vm, Value a, Value b, Value c) {
    Value items[3] = {a, b, c};
    if (a != 0 && b != 0 && c != 0)
        return tuple_from_array_steal(vm, items, 3);
    for (int i = 0; i < 3; i++)
        decref(vm, items[i]);
    return VALUE_ERROR;
}

Value text_partition(VM *vm, const Text *t, const char *sep, size_t nsep, Value sep_value, bool last) {
    if (nsep == 0)
        return raise_value(vm, "empty separator");
    ssize_t i = (last ? text_rfind : text_find)(t->data, t->len, sep, nsep);
    if (i < 0) {
        Value whole = text_make(vm, t, t->data, t->len), e1 = whole ? text_make(vm, t, "", 0) : 0;
        Value e2 = e1 ? text_make(vm, t, "", 0) : 0;
        return last ? triple_steal(vm, e1, e2, whole) : triple_steal(vm, whole, e1, e2);
    }
    const char *rest = t->data + i + nsep;
    Value before = text_make(vm, t, t->data, (size_t)i);
    Value middle = before == 0 ? 0 : sep_value != 0 ? incref(sep_value) : text_make(vm, t, sep, nsep);
    Value after = middle ? text_make(vm, t, rest, t->len - (size_t)i - nsep) : 0;
    return triple_steal(vm, before, middle, after);
}

/* --- replacing ------------------------------------------------------------------------------------------------- */

/* `new` before every character (up to max), and at the end if max allows. */
static Value replace_empty(VM *vm, const Text *t, const char *new, size_t nnew, size_t max) {
    size_t chars = t->kind == KIND_STR ? utf8_count(t->data, t->len) : t->len;
    size_t times = chars + 1 < max ? chars + 1 : max;
    if (times == 0 || nnew == 0)
        return text_make(vm, t, t->data, t->len);
    if (nnew > (STR_BYTES_MAX - t->len) / times)
        return raise_overflow(vm, t->kind == KIND_STR ? "replace string is too long" : "replace bytes is too long");
    char *to;
    size_t new_chars = t->kind == KIND_STR ? utf8_count(new, nnew) : nnew;
    Value r = text_alloc(vm, t, t->len + times * nnew, chars + times * new_chars, &to);
    if (r == 0)
        return VALUE_ERROR;
    const char *p = t->data, *end = p + t->len;
    while (times-- > 0) {
        memcpy(to, new, nnew);
        to += nnew;
        if (p >= end)
            break;
        unsigned n = t->kind == KIND_STR ? utf8_length(*p) : 1;
        memcpy(to, p, n);
        to += n;
        p += n;
    }
    memcpy(to, p, (size_t)(end - p));
    return r;
}

static void replace_same_length(char *data, size_t n, const char *old, const char *new, size_t m, size_t count) {
    char *p = data, *end = data + n;
    while (count-- > 0) {
        ssize_t i = text_find(p, (size_t)(end - p), old, m);
        p += i;
        memcpy(p, new, m);
        p += m;
    }
}

static void replace_byte(char *data, size_t n, char old, char new) {
    uint64_t word, change = (uint8_t)(old ^ new) * LOW_BITS;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        memcpy(&word, data + i, 8);
        word ^= (equal_bytes(word, old) >> 7) * 0xFF & change;
        memcpy(data + i, &word, 8);
    }
    for (; i < n; i++)
        data[i] = data[i] == old ? new : data[i];
}

Value text_replace(VM *vm, const Text *t, const char *old, size_t nold, const char *new, size_t nnew, ssize_t limit) {
    size_t max = limit < 0 ? SIZE_MAX : (size_t)limit;
    if (nold == 0)
        return replace_empty(vm, t, new, nnew, max);
    size_t count = max == 0 ? 0 : text_count(t->data, t->len, old, nold, max);
    if (count == 0)
        return text_make(vm, t, t->data, t->len);
    size_t rest = t->len - count * nold;
    if (nnew != 0 && count > (STR_BYTES_MAX - rest) / nnew)
        return raise_overflow(vm, t->kind == KIND_STR ? "replace string is too long" : "replace bytes is too long");
    size_t n = rest + count * nnew, nchars = n;
    if (t->kind == KIND_STR)
        nchars = (t->owner ? as_str(t->owner)->nchars : utf8_count(t->data, t->len)) - count * utf8_count(old, nold) +
                 count * utf8_count(new, nnew);
    char *to;
    Value r = text_alloc(vm, t, n, nchars, &to);
    if (r == 0)
        return VALUE_ERROR;
    if (nold == nnew) {
        memcpy(to, t->data, n);
        if (nold == 1 && max == SIZE_MAX)
            replace_byte(to, n, old[0], new[0]);
        else
            replace_same_length(to, n, old, new, nold, count);
        return r;
    }
    const char *p = t->data, *end = p + t->len;
    while (count-- > 0) {
        size_t i = (size_t)text_find(p, (size_t)(end - p), old, nold);
        memcpy(to, p, i);
        memcpy(to + i, new, nnew);
        to += i + nnew;
        p += i + nold;
    }
    memcpy(to, p, (size_t)(end - p));
    return r;
}

/* --- stripping ------------------------------------------------------------------------------------------------- */

/* Is the character at p, n bytes long, among chars? */
static bool in_chars(const char *p, unsigned n, const char *chars, size_t nchars) {
    return n == 1 ? memchr(chars, *p, nchars) != NULL : memmem(chars, nchars, p, n) != NULL;
}

static Value strip_chars(VM *vm, const Text *t, const char *chars, size_t nchars, int sides) {
    const char *start = t->data, *end = start + t->len;
    bool text = t->kind == KIND_STR;
    while (sides & STRIP_LEFT && start < end) {
        unsigned n = text ? utf8_length(*start) : 1;
        if (!in_chars(start, n, chars, nchars))
            break;
        start += n;
    }
    while (sides & STRIP_RIGHT && start < end) {
        const char *p = text ? utf8_previous(end) : end - 1;
        if (!in_chars(p, (unsigned)(end - p), chars, nchars))
            break;
        end = p;
    }
    return text_make(vm, t, start, (size_t)(end - start));
}

Value text_strip(VM *vm, const Text *t, const char *chars, size_t nchars, int sides) {
    if (chars != NULL)
        return strip_chars(vm, t, chars, nchars, sides);
    const char *start = t->data, *end = start + t->len;
    if (sides & STRIP_LEFT)
        start = skip_blanks(t, start, end);
    if (sides & STRIP_RIGHT)
        end = skip_blanks_back(t, start, end);
    return text_make(vm, t, start, (size_t)(end - start));
}

/* --- filling --------------------------------------------------------------------------------------------------- */

void text_fill(char *to, const char *pattern, size_t n, size_t total) {
    if (n == 1) {
        memset(to, (uint8_t)pattern[0], total);
        return;
    }
    if (n == 0 || total == 0)
        return;
    memcpy(to, pattern, n < total ? n : total);
    for (size_t done = n; done < total;) { /* doubles what is there */
        size_t step = done < total - done ? done : total - done;
        memcpy(to + done, to, step);
        done += step;
    }
}

Value text_repeat(VM *vm, const Text *t, size_t times) {
    if (times == 0 || t->len == 0)
        return text_make(vm, t, "", 0);
    if (t->len > STR_BYTES_MAX / times)
        return raise_memory(vm);
    size_t nchars = t->kind == KIND_STR ? as_str(t->owner)->nchars : 0;
    char *to;
    Value r = text_alloc(vm, t, t->len * times, nchars * times, &to);
    if (r != 0)
        text_fill(to, t->data, t->len, t->len * times);
    return r;
}

Value text_pad(VM *vm, const Text *t, size_t left, size_t right, uint32_t fill) {
    if (left == 0 && right == 0)
        return text_make(vm, t, t->data, t->len);
    char bytes[4] = {(char)fill};
    size_t n = t->kind == KIND_STR ? utf8_encode(fill, bytes) : 1;
    if (left > STR_BYTES_MAX || right > STR_BYTES_MAX || left + right > (STR_BYTES_MAX - t->len) / n)
        return raise_overflow(vm, "padded string is too long");
    size_t nchars = t->kind == KIND_STR ? as_str(t->owner)->nchars + left + right : 0;
    char *to;
    Value r = text_alloc(vm, t, t->len + (left + right) * n, nchars, &to);
    if (r == 0)
        return VALUE_ERROR;
    text_fill(to, bytes, n, left * n);
    memcpy(to + left * n, t->data, t->len);
    text_fill(to + left * n + t->len, bytes, n, right * n);
    return r;
}

Value text_zfill(VM *vm, const Text *t, size_t nchars, ssize_t width) {
    if (width <= 0 || (size_t)width <= nchars)
        return text_make(vm, t, t->data, t->len);
    size_t zeros = (size_t)width - nchars;
    Value r = text_pad(vm, t, zeros, 0, '0');
    if (r == 0 || t->len == 0 || (t->data[0] != '+' && t->data[0] != '-'))
        return r;
    char *data = t->kind == KIND_STR     ? as_str(r)->data
                 : t->kind == KIND_BYTES ? as_bytes(r)->data
                                         : ((ByteArray *)as_obj(r))->data;
    data[0] = t->data[0]; /* the sign goes before the zeros */
    data[zeros] = '0';
    return r;
}

/* Adds up what expanding gives: bytes beyond those of the text, and the number of tabs replaced. False: too long. */
static bool tabs_measure(const Text *t, size_t tabsize, size_t *nbytes, size_t *tabs) {
    size_t column = 0;
    *nbytes = *tabs = 0;
    for (const char *p = t->data, *end = p + t->len; p < end; p++) {
        if (*p == '\t') {
            size_t blanks = tabsize != 0 ? tabsize - column % tabsize : 0;
            column += blanks;
            *nbytes += blanks;
            ++*tabs;
        } else {
            ++*nbytes;
            if (*p == '\n' || *p == '\r')
                column = 0;
            else if (t->kind != KIND_STR || !utf8_is_continuation(*p))
                column++;
        }
        if (*nbytes > STR_BYTES_MAX)
            return false;
    }
    return true;
}

Value text_expandtabs(VM *vm, const Text *t, ssize_t size) {
    size_t tabsize = size > 0 ? (size_t)size : 0, n, tabs;
    if (!tabs_measure(t, tabsize, &n, &tabs))
        return raise_overflow(vm, t->kind == KIND_STR ? "new string is too long" : "result too long");
    if (tabs == 0)
        return text_make(vm, t, t->data, t->len);
    size_t nchars = t->kind == KIND_STR ? as_str(t->owner)->nchars - tabs + (n - (t->len - tabs)) : 0;
    char *to;
    Value r = text_alloc(vm, t, n, nchars, &to);
    if (r == 0)
        return VALUE_ERROR;
    size_t column = 0;
    for (const char *p = t->data, *end = p + t->len; p < end; p++) {
        if (*p == '\t') {
            size_t blanks = tabsize != 0 ? tabsize - column % tabsize : 0;
            memset(to, ' ', blanks);
            to += blanks;
            column += blanks;
            continue;
        }
        *to++ = *p;
        if (*p == '\n' || *p == '\r')
            column = 0;
        else if (t->kind != KIND_STR || !utf8_is_continuation(*p))
            column++;
    }
    return r;
}
