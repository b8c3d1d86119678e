/* What the files of str share. */
#ifndef COVE_OBJECT_STR_INTERNAL_H
#define COVE_OBJECT_STR_INTERNAL_H

#include "runtime/vm.h"

#include "base/utf8.h"
#include "object/bytes.h"
#include "object/containers.h"
#include "object/unicode.h"

/* Bytes from which non-ASCII text may get an index: below, walking is as fast. */
#define STR_INDEX_MIN 256
/* No string is longer (bytes): sums of a few lengths cannot overflow. */
#define STR_BYTES_MAX ((size_t)PTRDIFF_MAX / 4)

/* Bytes of the block of a plain string. */
static ALWAYS_INLINE size_t str_block_size(size_t nbytes, bool ascii) {
    size_t size = sizeof(Str) + nbytes + 1;
    return unlikely(!ascii && nbytes >= STR_INDEX_MIN) ? size + 2 * sizeof(void *) : size;
}

/* The characters of a string as strings, owned; out has room for them. On failure there is none. */
bool str_chars(VM *vm, Value s, Value *out);

bool str_has_surrogates(const Str *s);

/* Resolves start and stop arguments (absent, None, or an index) against a length as str.find does. */
bool range_arguments(VM *vm, Value start, Value stop, size_t len, ssize_t *first, ssize_t *last);

/* str_search.c: text or bytes as the algorithms see them. What they find is made an object of the owner's kind. */
typedef struct Text {
    const char *data;
    size_t len;
    Kind kind;   /* KIND_STR, KIND_BYTES or KIND_BYTEARRAY */
    bool ascii;  /* of a str: known to be ASCII */
    Value owner; /* the object itself (borrowed), or 0 for an argument */
} Text;
Text text_of_str(Value s);
Value text_make(VM *vm, const Text *like, const char *data, size_t n);      /* a part of it: owned object */
ssize_t text_find(const char *hay, size_t n, const char *needle, size_t m); /* byte offset or -1 */
ssize_t text_rfind(const char *hay, size_t n, const char *needle, size_t m);
size_t text_count(const char *hay, size_t n, const char *needle, size_t m, size_t max); /* not overlapping; m > 0 */
/* Length of the blank at the start (before the end) of [p, end), 0 if there is none. */
unsigned text_blank(const Text *t, const char *p, const char *end);
unsigned text_blank_before(const Text *t, const char *start, const char *p);
Value text_split(VM *vm, const Text *t, const char *sep, size_t nsep, ssize_t max); /* sep NULL: blanks */
Value text_rsplit(VM *vm, const Text *t, const char *sep, size_t nsep, ssize_t max);
Value text_splitlines(VM *vm, const Text *t, bool keep);
/* sep_value is what stands in the middle of the result; found from the right if last */
Value text_partition(VM *vm, const Text *t, const char *sep, size_t nsep, Value sep_value, bool last);
Value text_replace(VM *vm, const Text *t, const char *old, size_t nold, const char *new, size_t nnew, ssize_t max);
enum { STRIP_LEFT = 1, STRIP_RIGHT = 2 };
Value text_strip(VM *vm, const Text *t, const char *chars, size_t nchars, int sides); /* chars NULL: blanks */
Value text_expandtabs(VM *vm, const Text *t, ssize_t tabsize);
/* left and right code points of fill around the text */
Value text_pad(VM *vm, const Text *t, size_t left, size_t right, uint32_t fill);
Value text_zfill(VM *vm, const Text *t, size_t nchars, ssize_t width);
Value text_repeat(VM *vm, const Text *t, size_t times);
/* Room for a result of n bytes (nchars code points), to be filled at once. */
Value text_alloc(VM *vm, const Text *like, size_t n, size_t nchars, char **data);
/* Copies n bytes with the ASCII letters among them in upper or lower case. */
void text_map_case(char *to, const char *from, size_t n, bool to_upper);
/* Copies n bytes over and over until `total` have been written. */
void text_fill(char *to, const char *pattern, size_t n, size_t total);

#endif
